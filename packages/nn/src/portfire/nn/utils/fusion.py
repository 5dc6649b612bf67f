"""Layers merged with the batch normalization behind them, for evaluation."""

from __future__ import annotations

import copy
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn.parameter import Parameter

__all__ = [
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
]


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """Return a convolution that does what a convolution and a batch normalization do together.

    Args:
        conv: the convolution, in evaluation mode.
        bn: the normalization, likewise.
        transpose: whether the convolution is transposed.

    Returns:
        A new convolution.

    Raises:
        AssertionError: when one is in training mode or the normalization has no statistics.

    Example:
        >>> import portfire
        >>> from portfire import nn
        >>> conv, norm = nn.Conv2d(1, 2, 3).eval(), nn.BatchNorm2d(2).eval()
        >>> nn.utils.fuse_conv_bn_eval(conv, norm)
        Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))
    """
    _check(conv, bn)
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight,
        fused.bias,
        bn.running_mean,
        bn.running_var,
        bn.eps,
        bn.weight,
        bn.bias,
        transpose,
    )
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Return the filters and the bias of a convolution merged with a batch normalization.

    Args:
        conv_w: the filters.
        conv_b: the bias, or None.
        bn_rm: the running mean.
        bn_rv: the running variance.
        bn_eps: what keeps the root from zero.
        bn_w: the weight of the normalization, or None.
        bn_b: its bias, or None.
        transpose: whether the convolution is transposed.

    Returns:
        The two new parameters.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils import fuse_conv_bn_weights
        >>> one = portfire.ones(1)
        >>> w, b = fuse_conv_bn_weights(portfire.ones(1, 1, 1), None, one, one, 0.0, one, None)
        >>> b.item()
        -1.0
    """
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    return _fused(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, shape)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """Return a linear layer that does what it and a batch normalization do together.

    Args:
        linear: the layer, in evaluation mode.
        bn: the normalization, likewise.

    Returns:
        A new layer.

    Raises:
        AssertionError: when one is in training mode, or the sizes do not fit.

    Example:
        >>> import portfire
        >>> from portfire import nn
        >>> nn.utils.fuse_linear_bn_eval(nn.Linear(3, 2).eval(), nn.BatchNorm1d(2).eval())
        Linear(in_features=3, out_features=2, bias=True)
    """
    _check(linear, bn)
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1"
        )
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor,
    bn_b: Tensor,
) -> tuple[Parameter, Parameter]:
    """Return the weight and the bias of a linear layer merged with a batch normalization.

    Args:
        linear_w: the weight.
        linear_b: the bias, or None.
        bn_rm: the running mean.
        bn_rv: the running variance.
        bn_eps: what keeps the root from zero.
        bn_w: the weight of the normalization.
        bn_b: its bias.

    Returns:
        The two new parameters.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils import fuse_linear_bn_weights
        >>> one = portfire.ones(1)
        >>> fuse_linear_bn_weights(portfire.ones(1, 1), one, one, one, 0.0, one * 2, one)[0].item()
        2.0
    """
    return _fused(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, [-1, 1])


def _check(layer: Any, norm: Any) -> None:
    if layer.training or norm.training:
        raise AssertionError("Fusion only for eval!")
    if norm.running_mean is None or norm.running_var is None:
        raise AssertionError("Only support bn.running_mean and bn.running_var not None")


def _fused(
    weight: Tensor,
    bias: Tensor | None,
    mean: Tensor,
    var: Tensor,
    eps: float,
    factor: Tensor | None,
    shift: Tensor | None,
    shape: list[int],
) -> tuple[Parameter, Parameter]:
    with portfire.no_grad():
        scale = (var + eps).rsqrt()
        if factor is not None:
            scale = factor * scale
        moved = (-mean if bias is None else bias - mean) * scale
        if shift is not None:
            moved = moved + shift
        kind = weight.dtype if bias is None else bias.dtype
        grads = (weight.requires_grad, weight.requires_grad if bias is None else bias.requires_grad)
        return (
            Parameter((weight * scale.reshape(shape)).to(weight.dtype), grads[0]),
            Parameter(moved.to(kind), grads[1]),
        )
