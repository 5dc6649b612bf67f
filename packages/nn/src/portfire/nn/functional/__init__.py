"""The layers' functions, without state.

Example:
    >>> import portfire
    >>> import portfire.nn.functional as F
    >>> F.relu(portfire.tensor([-1.0, 1.0]))
    tensor([0., 1.])
"""

from portfire.nn.functional._activations import (
    log_softmax,
    relu,
    relu_,
    sigmoid,
    softmax,
    tanh,
)
from portfire.nn.functional._classification import cross_entropy, nll_loss
from portfire.nn.functional._convolution import conv2d
from portfire.nn.functional._dropout import dropout
from portfire.nn.functional._linear import linear
from portfire.nn.functional._losses import binary_cross_entropy, l1_loss, mse_loss
from portfire.nn.functional._normalization import layer_norm
from portfire.nn.functional._pooling import max_pool2d, max_pool2d_with_indices

__all__ = [
    "binary_cross_entropy",
    "conv2d",
    "cross_entropy",
    "dropout",
    "l1_loss",
    "layer_norm",
    "linear",
    "log_softmax",
    "max_pool2d",
    "max_pool2d_with_indices",
    "mse_loss",
    "nll_loss",
    "relu",
    "relu_",
    "sigmoid",
    "softmax",
    "tanh",
]
