"""Normalization over the batch, or of each sample, with running statistics."""

from __future__ import annotations

import warnings
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn import init
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
]


class _Statistics(Module):
    """What both families share: weight and bias per channel, and the running statistics."""

    _version = 2
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            empty = portfire.empty(num_features, device=device, dtype=dtype)
            self.register_parameter(name, Parameter(empty) if wanted else None)
        for name in ("running_mean", "running_var"):
            zeros = portfire.zeros(num_features, device=device, dtype=dtype)
            self.register_buffer(name, zeros if track_running_stats else None)
        count = portfire.tensor(0, dtype=portfire.int64, device=device)
        self.register_buffer("num_batches_tracked", count if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget all batches: the mean becomes 0, the variance 1.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.BatchNorm1d(1)
            >>> _ = layer(portfire.tensor([[1.0], [3.0]]))
            >>> layer.reset_running_stats()
            >>> layer.running_mean
            tensor([0.])
        """
        if self.running_mean is not None:
            self.running_mean.zero_()
        if self.running_var is not None:
            self.running_var.fill_(1)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros, and forget all batches."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError(f"{type(self).__name__} does not say which inputs it takes")

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        *reports: Any,
    ) -> None:
        # Version 1 did not count batches; what it saved keeps the count that is here.
        key = prefix + "num_batches_tracked"
        old = local_metadata.get("version") in (None, 1)
        if old and self.num_batches_tracked is not None and key not in state_dict:
            state_dict = {**state_dict, key: self.num_batches_tracked}
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *reports)

    def extra_repr(self) -> str:
        """Return the sizes and options, as printed."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Statistics):
    def forward(self, input: Tensor) -> Tensor:
        """Normalize, and follow the statistics; see `portfire.nn.functional.batch_norm`."""
        self._check_input_dim(input)
        momentum: float | Tensor = 0.0 if self.momentum is None else self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                # A tensor: what does not leave the device need not be waited for.
                momentum = 1.0 / self.num_batches_tracked
        tracked = self.track_running_stats or not self.training
        return F.batch_norm(
            input,
            self.running_mean if tracked else None,
            self.running_var if tracked else None,
            self.weight,
            self.bias,
            self.training or (self.running_mean is None and self.running_var is None),
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    r"""Normalize each channel of vectors or sequences over the batch, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    In training the mean and the (biased) variance are those of the batch, and the running
    statistics move towards them, with the unbiased variance; in evaluation mode the running ones
    are taken.

    Args:
        num_features: the number of channels.
        eps: what keeps the root from zero.
        momentum: how far the running statistics move; None for the average of all batches.
        affine: whether there is a weight ``w``.
        track_running_stats: whether there are running statistics.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a ``b`` too.

    Shape:
        - input: ``(N, C)`` or ``(N, C, L)``.
        - output: that of the input.

    Attributes:
        weight: ``(num_features,)``, ones at first; None without affine.
        bias: ``(num_features,)``, zeros at first; None without bias.
        running_mean: ``(num_features,)``, a buffer, zeros at first.
        running_var: ``(num_features,)``, a buffer, ones at first.
        num_batches_tracked: a buffer, how many batches were seen.

    Raises:
        ValueError: for an input of other dimensions, or with one element per channel in training.
        RuntimeError: for another number of channels.

    Note:
        Ioffe and Szegedy, Batch Normalization, 2015.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.BatchNorm1d(3)
        >>> layer(portfire.rand(8, 3)).mean().abs().item() < 1e-5
        True
        >>> layer.num_batches_tracked
        tensor(1)
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.ndim}D input)")


class BatchNorm2d(_BatchNorm):
    r"""Normalize each channel of images over the batch, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    In training the mean and the (biased) variance are those of the batch, and the running
    statistics move towards them, with the unbiased variance; in evaluation mode the running ones
    are taken.

    Args:
        num_features: the number of channels.
        eps: what keeps the root from zero.
        momentum: how far the running statistics move; None for the average of all batches.
        affine: whether there is a weight ``w``.
        track_running_stats: whether there are running statistics.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a ``b`` too.

    Shape:
        - input: ``(N, C, H, W)``.
        - output: that of the input.

    Attributes:
        weight: ``(num_features,)``, ones at first; None without affine.
        bias: ``(num_features,)``, zeros at first; None without bias.
        running_mean: ``(num_features,)``, a buffer, zeros at first.
        running_var: ``(num_features,)``, a buffer, ones at first.
        num_batches_tracked: a buffer, how many batches were seen.

    Raises:
        ValueError: for an input of other dimensions, or with one element per channel in training.
        RuntimeError: for another number of channels.

    Note:
        Ioffe and Szegedy, Batch Normalization, 2015.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.BatchNorm2d(3)
        >>> layer(portfire.rand(8, 3, 4, 4)).mean().abs().item() < 1e-5
        True
        >>> layer.num_batches_tracked
        tensor(1)
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim != 4:
            raise ValueError(f"expected 4D input (got {input.ndim}D input)")


class BatchNorm3d(_BatchNorm):
    r"""Normalize each channel of volumes over the batch, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    In training the mean and the (biased) variance are those of the batch, and the running
    statistics move towards them, with the unbiased variance; in evaluation mode the running ones
    are taken.

    Args:
        num_features: the number of channels.
        eps: what keeps the root from zero.
        momentum: how far the running statistics move; None for the average of all batches.
        affine: whether there is a weight ``w``.
        track_running_stats: whether there are running statistics.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a ``b`` too.

    Shape:
        - input: ``(N, C, D, H, W)``.
        - output: that of the input.

    Attributes:
        weight: ``(num_features,)``, ones at first; None without affine.
        bias: ``(num_features,)``, zeros at first; None without bias.
        running_mean: ``(num_features,)``, a buffer, zeros at first.
        running_var: ``(num_features,)``, a buffer, ones at first.
        num_batches_tracked: a buffer, how many batches were seen.

    Raises:
        ValueError: for an input of other dimensions, or with one element per channel in training.
        RuntimeError: for another number of channels.

    Note:
        Ioffe and Szegedy, Batch Normalization, 2015.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.BatchNorm3d(3)
        >>> layer(portfire.rand(8, 3, 2, 2, 2)).mean().abs().item() < 1e-5
        True
        >>> layer.num_batches_tracked
        tensor(1)
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim != 5:
            raise ValueError(f"expected 5D input (got {input.ndim}D input)")


class _InstanceNorm(_Statistics):
    _unbatched: int  # the number of dimensions of one sample

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: portfire.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _check_input_dim(self, input: Tensor) -> None:
        one = self._unbatched
        if input.ndim not in (one, one + 1):
            raise ValueError(f"expected {one}D or {one + 1}D input (got {input.ndim}D input)")

    def forward(self, input: Tensor) -> Tensor:
        """Normalize each sample; see `portfire.nn.functional.instance_norm`."""
        self._check_input_dim(input)
        channels = input.ndim - self._unbatched
        found = input.shape[channels]
        if found != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={channels} to match num_features "
                    f"({self.num_features}), but got: {found}."
                )
            warnings.warn(
                f"input's size at dim={channels} does not match num_features. "
                "You can silence this warning by not passing in num_features, "
                "which is not used because affine=False",
                stacklevel=2,
            )
        batch = input if channels else input.unsqueeze(0)
        result = F.instance_norm(
            batch,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return result if channels else result.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    r"""Normalize each channel of each of some sequences, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    Args:
        num_features: the number of channels.
        eps: what keeps the root from zero.
        momentum: how far the running statistics move.
        affine: whether there is a weight ``w``.
        track_running_stats: whether there are running statistics, for evaluation mode.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a ``b`` too.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: that of the input.

    Attributes:
        weight: ``(num_features,)``, ones at first; None without affine.
        bias: ``(num_features,)``, zeros at first; None without bias.
        running_mean: ``(num_features,)``, a buffer; None where it is not tracked.
        running_var: ``(num_features,)``, a buffer; None where it is not tracked.

    Raises:
        ValueError: for an input of other dimensions or channels, or with one element per channel.

    Note:
        Ulyanov, Vedaldi and Lempitsky, Instance Normalization, 2016.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.InstanceNorm1d(3)
        >>> layer(portfire.rand(8, 3, 5))[0, 0].mean().abs().item() < 1e-5
        True
    """

    _unbatched = 2


class InstanceNorm2d(_InstanceNorm):
    r"""Normalize each channel of each of some images, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    Args:
        num_features: the number of channels.
        eps: what keeps the root from zero.
        momentum: how far the running statistics move.
        affine: whether there is a weight ``w``.
        track_running_stats: whether there are running statistics, for evaluation mode.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a ``b`` too.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: that of the input.

    Attributes:
        weight: ``(num_features,)``, ones at first; None without affine.
        bias: ``(num_features,)``, zeros at first; None without bias.
        running_mean: ``(num_features,)``, a buffer; None where it is not tracked.
        running_var: ``(num_features,)``, a buffer; None where it is not tracked.

    Raises:
        ValueError: for an input of other dimensions or channels, or with one element per channel.

    Note:
        Ulyanov, Vedaldi and Lempitsky, Instance Normalization, 2016.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.InstanceNorm2d(3)
        >>> layer(portfire.rand(8, 3, 4, 4))[0, 0].mean().abs().item() < 1e-5
        True
    """

    _unbatched = 3


class InstanceNorm3d(_InstanceNorm):
    r"""Normalize each channel of each of some volumes, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    Args:
        num_features: the number of channels.
        eps: what keeps the root from zero.
        momentum: how far the running statistics move.
        affine: whether there is a weight ``w``.
        track_running_stats: whether there are running statistics, for evaluation mode.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a ``b`` too.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: that of the input.

    Attributes:
        weight: ``(num_features,)``, ones at first; None without affine.
        bias: ``(num_features,)``, zeros at first; None without bias.
        running_mean: ``(num_features,)``, a buffer; None where it is not tracked.
        running_var: ``(num_features,)``, a buffer; None where it is not tracked.

    Raises:
        ValueError: for an input of other dimensions or channels, or with one element per channel.

    Note:
        Ulyanov, Vedaldi and Lempitsky, Instance Normalization, 2016.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.InstanceNorm3d(3)
        >>> layer(portfire.rand(8, 3, 2, 2, 2))[0, 0].mean().abs().item() < 1e-5
        True
    """

    _unbatched = 4
