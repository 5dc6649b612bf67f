"""Tools around modules."""

from portfire.nn.utils import rnn

__all__ = ["rnn"]
