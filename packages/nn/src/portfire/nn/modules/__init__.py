"""The layers, containers and losses."""

from portfire.nn.modules.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from portfire.nn.modules.container import ModuleList, Sequential
from portfire.nn.modules.convolution import Conv2d
from portfire.nn.modules.dropout import Dropout
from portfire.nn.modules.flatten import Flatten, Unflatten
from portfire.nn.modules.linear import Identity, Linear
from portfire.nn.modules.loss import BCELoss, CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from portfire.nn.modules.module import Module
from portfire.nn.modules.module_dict import ModuleDict
from portfire.nn.modules.normalization import LayerNorm
from portfire.nn.modules.pooling import MaxPool2d

__all__ = [
    "BCELoss",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "L1Loss",
    "LayerNorm",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Unflatten",
]
