"""A plugin that misspells a hook."""

from portfire.plugins import hookimpl


@hookimpl
def portfire_bakends() -> list[object]:
    """Announce nothing, since nobody asks for this name."""
    return []
