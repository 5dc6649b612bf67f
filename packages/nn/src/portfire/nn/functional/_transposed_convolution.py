"""Transposed convolutions: `portfire.nn.functional.conv2d`'s gradient, as a layer's function."""

from __future__ import annotations

import portfire
from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._convolution import CONVOLUTION_INPUT_GRAD
from portfire.nn.functional._convolution import Size, Sizes, batched, check_settings, sizes_of
from portfire.ops import lookup

__all__ = ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

_PAD = lookup("pad")


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    r"""Spread each element of signals out by filters: what `conv1d` does to gradients.

    Args:
        input: the signals.
        weight: the filters.
        bias: one number per channel of the output.
        stride: distance at which neighboring elements are put down.
        padding: how much of the result is cut off at each side.
        output_padding: how much is put on at the high sides.
        groups: number of blocks of channels that do not see each other.
        dilation: distance between neighboring elements of a filter.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - weight: ``(C, K / groups, kL)``.
        - bias: ``(K,)``.
        - output: ``(N, K, L')`` or ``(K, L')`` with ``L' = (L - 1) * stride -
          2 * padding + dilation * (kL - 1) + output_padding + 1``.

    Returns:
        The result.

    Raises:
        RuntimeError: for sizes, channels or dtypes that do not fit.

    Example:
        >>> import portfire
        >>> x, w = portfire.tensor([[[1.0, 2.0]]]), portfire.ones(1, 1, 2)
        >>> portfire.nn.functional.conv_transpose1d(x, w, stride=2)
        tensor([[[1., 1., 2., 2.]]])
    """
    return _transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    r"""Spread each element of images out by filters: what `conv2d` does to gradients.

    Args:
        input: the images.
        weight: the filters.
        bias: one number per channel of the output.
        stride: distance at which neighboring elements are put down.
        padding: how much of the result is cut off at each side.
        output_padding: how much is put on at the high sides.
        groups: number of blocks of channels that do not see each other.
        dilation: distance between neighboring elements of a filter.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - weight: ``(C, K / groups, kH, kW)``.
        - bias: ``(K,)``.
        - output: ``(N, K, H', W')`` or ``(K, H', W')`` with ``H' = (H - 1) * stride -
          2 * padding + dilation * (kH - 1) + output_padding + 1``.

    Returns:
        The result.

    Raises:
        RuntimeError: for sizes, channels or dtypes that do not fit.

    Example:
        >>> import portfire
        >>> x, w = portfire.ones(1, 1, 2, 2), portfire.ones(1, 1, 2, 2)
        >>> portfire.nn.functional.conv_transpose2d(x, w)
        tensor([[[[1., 2., 1.],
                  [2., 4., 2.],
                  [1., 2., 1.]]]])
    """
    return _transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    r"""Spread each element of volumes out by filters: what `conv3d` does to gradients.

    Args:
        input: the volumes.
        weight: the filters.
        bias: one number per channel of the output.
        stride: distance at which neighboring elements are put down.
        padding: how much of the result is cut off at each side.
        output_padding: how much is put on at the high sides.
        groups: number of blocks of channels that do not see each other.
        dilation: distance between neighboring elements of a filter.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - weight: ``(C, K / groups, kD, kH, kW)``.
        - bias: ``(K,)``.
        - output: ``(N, K, D', H', W')`` or ``(K, D', H', W')`` with ``D' = (D - 1) * stride -
          2 * padding + dilation * (kD - 1) + output_padding + 1``.

    Returns:
        The result.

    Raises:
        RuntimeError: for sizes, channels or dtypes that do not fit.

    Example:
        >>> import portfire
        >>> x, w = portfire.ones(1, 1, 1, 1, 2), portfire.ones(1, 1, 1, 1, 2)
        >>> portfire.nn.functional.conv_transpose3d(x, w)
        tensor([[[[[1., 2., 1.]]]]])
    """
    return _transposed(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _transposed(
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size,
    output_padding: Size,
    groups: int,
    dilation: Size,
) -> Tensor:
    images = batched(f"conv_transpose{rank}d", rank, input, weight)
    strides = sizes_of(stride, "stride", rank)
    paddings = sizes_of(padding, "padding", rank)
    extra = sizes_of(output_padding, "output_padding", rank)
    dilations = sizes_of(dilation, "dilation", rank)
    check_settings(strides, dilations, groups)
    if min(paddings) < 0:
        raise RuntimeError("negative padding is not supported")
    _check_extra(extra, strides, dilations)
    _check_channels(images, weight, bias, groups)
    reach = zip(
        images.shape[2:], weight.shape[2:], strides, paddings, extra, dilations, strict=True
    )
    sizes = tuple((n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, k, s, p, e, d in reach)
    if min(sizes) < 1:
        raise RuntimeError(
            f"Given input size per channel: {_by(images.shape[2:])}. Calculated output size per "
            f"channel: {_by(sizes)}. Output size is too small"
        )
    # Where more is put on than one stride, zeros at the end of the input take the room.
    more = [e // s for e, s in zip(extra, strides, strict=True)]
    if any(more):
        none, ones = (0,) * (rank + 2), (1,) * (rank + 2)
        images = apply(_PAD, (images,), (none, (0, 0, *more), ones))
    settings = (sizes, strides, paddings, dilations, groups)
    result = apply(CONVOLUTION_INPUT_GRAD, (images, weight), settings)
    if bias is not None:
        result = result + bias.to(result.dtype).reshape(1, -1, *(1,) * rank)
    return result if input.ndim == rank + 2 else result.squeeze(0)


_SIDES = ("depth", "height", "width")


def _check_extra(extra: Sizes, stride: Sizes, dilation: Sizes) -> None:
    if min(extra) < 0:
        raise RuntimeError("negative output_padding is not supported")
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        lists = {"output_padding": extra, "stride": stride, "dilation": dilation}
        words = [
            f"{name}_{side}: {value}"
            for name, values in lists.items()
            for side, value in zip(_SIDES[-len(values) :], values, strict=True)
        ]
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got "
            + " ".join(words)
        )


def _check_channels(images: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    channels, filters = weight.shape[0], weight.shape[1] * groups
    given = f"Given transposed=1, weight of size {list(weight.shape)}, expected"
    if channels < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but "
            f"got weight of size {list(weight.shape)} instead"
        )
    if channels % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size {list(weight.shape)} instead"
        )
    if images.shape[1] != channels:
        raise RuntimeError(
            f"{given} input{list(images.shape)} to have {channels} channels, but got "
            f"{images.shape[1]} channels instead"
        )
    mixed = portfire.is_autocast_enabled()
    if images.dtype is not weight.dtype and not mixed:
        raise RuntimeError(
            f"expected scalar type {images.dtype.scalar_name} but found {weight.dtype.scalar_name}"
        )
    if bias is not None and tuple(bias.shape) != (filters,):
        raise RuntimeError(
            f"{given} bias to be 1-dimensional with {filters} elements, but got bias of size "
            f"{list(bias.shape)} instead"
        )
    if bias is not None and bias.dtype is not images.dtype and not mixed:
        raise RuntimeError(
            f"Input type ({images.dtype.c_name}) and bias type ({bias.dtype.c_name}) should be "
            "the same"
        )


def _by(sizes: Sizes) -> str:
    return f"({' x '.join(map(str, sizes))})"
