"""A plugin that raises when it is imported."""

raise ImportError("libacme.so.7: cannot open shared object file")
