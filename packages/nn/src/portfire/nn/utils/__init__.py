"""Tools around modules."""

from portfire.nn.utils import averaging, rnn

__all__ = ["averaging", "rnn"]
