"""The version of portfire-core."""

__version__ = "0.1.0"
