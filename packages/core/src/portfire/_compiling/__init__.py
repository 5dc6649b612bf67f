"""`portfire.compile`: what a function recorded is appended again without calling it."""

from portfire._compiling._function import compile

__all__ = ["compile"]
