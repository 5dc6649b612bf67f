"""Layers that learn their sizes from their first input."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor
from portfire.nn.modules.batchnorm import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from portfire.nn.modules.linear import Linear
from portfire.nn.modules.module import Module
from portfire.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy

__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
    "LazyModuleMixin",
]


class LazyModuleMixin(Module):
    """What lazy layers share: the first call gives the parameters their shapes.

    A subclass makes `UninitializedParameter` and defines ``initialize_parameters``, which gets the
    arguments of the call. After it the layer is one of ``cls_to_become``, if that is set.

    Attributes:
        cls_to_become: the class of the layer after its first call.

    Raises:
        RuntimeError: when ``initialize_parameters`` leaves a parameter without a shape.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyLinear(2)
        >>> layer(portfire.ones(1, 3)).shape
        portfire.Size([1, 2])
        >>> layer
        Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become: type[Module] | None = None

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes; every subclass defines it.

        Args:
            *args: those of the call.
            **kwargs: likewise.

        Raises:
            NotImplementedError: in a class that does not define it.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.LazyLinear(2)
            >>> layer.initialize_parameters(portfire.ones(1, 3))
            >>> layer.weight.shape
            portfire.Size([2, 3])
        """
        name = type(self).__name__
        raise NotImplementedError(f"initialize_parameters is not implemented for {name}")

    def has_uninitialized_params(self) -> bool:
        """Tell whether a parameter or buffer of this layer has no shape yet.

        Returns:
            Whether there is one.

        Example:
            >>> import portfire
            >>> portfire.nn.LazyLinear(2).has_uninitialized_params()
            True
        """
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take the shapes from the arguments, become the other class, and compute the output."""
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        if self.cls_to_become is not None:
            self.__class__ = self.cls_to_become  # type: ignore[assignment]  # the lazy part is done
        return Module.__call__(self, *args, **kwargs)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], *reports: Any
    ) -> None:
        # What is loaded tells the shapes as well as an input does.
        for name, member in (*self._parameters.items(), *self._buffers.items()):
            found = state_dict.get(prefix + name)
            if isinstance(member, _LAZY) and isinstance(found, Tensor) and not is_lazy(found):
                with portfire.no_grad():
                    member.materialize(tuple(found.shape))
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *reports)


_LAZY = (UninitializedParameter, UninitializedBuffer)


class LazyLinear(LazyModuleMixin, Linear):
    r"""A `Linear` whose ``in_features`` is the size of its first input.

    Args:
        out_features: size of each output vector.
        bias: whether there is a vector ``b``.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(*, in_features)``.
        - output: ``(*, out_features)``.

    Attributes:
        weight: ``(out_features, in_features)``, without a shape at first.
        bias: ``(out_features,)``, likewise; None without bias.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyLinear(2)
        >>> layer(portfire.ones(1, 3)).shape
        portfire.Size([1, 2])
    """

    cls_to_become = Linear

    def __init__(
        self,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw new values for weight and bias, once they have a shape."""
        if self.in_features and not self.has_uninitialized_params():
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take ``in_features`` from the last dimension of the input."""
        lazy = self.has_uninitialized_params()
        if self.in_features == 0:
            self.in_features = input.shape[-1]
        if lazy:
            _materialize(self, "weight", (self.out_features, self.in_features))
            _materialize(self, "bias", (self.out_features,))
            self.reset_parameters()


def _materialize(layer: Module, name: str, shape: tuple[int, ...]) -> None:
    """Give a member its shape, if it waits for one."""
    member = getattr(layer, name)
    if isinstance(member, _LAZY):
        with portfire.no_grad():
            member.materialize(shape)


class _LazyNorm(LazyModuleMixin):
    """What lazy normalizations share: the channels are those of the first input."""

    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any
    num_features: int

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        made: Any = super().__init__
        made(0, eps, momentum, False, False, device, dtype)
        self.affine = affine
        self.track_running_stats = track_running_stats
        factory = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**factory)
            if bias:
                self.bias = UninitializedParameter(**factory)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**factory)
            self.running_var = UninitializedBuffer(**factory)
            self.num_batches_tracked = portfire.tensor(0, dtype=portfire.int64, device=device)

    def reset_parameters(self) -> None:
        """Set all to their first values, once they have a shape."""
        if self.num_features and not self.has_uninitialized_params():
            reset: Any = super().reset_parameters  # type: ignore[misc]  # of the other base
            reset()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take ``num_features`` from the dimension of the channels."""
        self._check_input_dim(input)
        lazy = self.has_uninitialized_params()
        if self.num_features == 0:
            unbatched = getattr(self, "_unbatched", None)
            self.num_features = input.shape[1 if unbatched is None else input.ndim - unbatched]
        if lazy:
            for name in ("weight", "bias", "running_mean", "running_var"):
                _materialize(self, name, (self.num_features,))
            self.reset_parameters()

    def _check_input_dim(self, input: Tensor) -> None:
        check: Any = super()._check_input_dim  # type: ignore[misc]  # of the other base
        check(input)


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    r"""A `BatchNorm1d` whose ``num_features`` is the number of channels of its first input.

    Args:
        eps: what keeps the root from zero.
        momentum: how far the running statistics move.
        affine: whether there is a weight.
        track_running_stats: whether there are running statistics.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a bias too.

    Shape:
        - input: ``(N, C)`` or ``(N, C, L)``.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyBatchNorm1d()
        >>> layer(portfire.rand(8, 3, 4)).shape
        portfire.Size([8, 3, 4])
        >>> layer.num_features
        3
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    r"""A `BatchNorm2d` whose ``num_features`` is the number of channels of its first input.

    Args:
        eps: what keeps the root from zero.
        momentum: how far the running statistics move.
        affine: whether there is a weight.
        track_running_stats: whether there are running statistics.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a bias too.

    Shape:
        - input: ``(N, C, H, W)``.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyBatchNorm2d()
        >>> layer(portfire.rand(8, 3, 4, 4)).shape
        portfire.Size([8, 3, 4, 4])
        >>> layer.num_features
        3
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    r"""A `BatchNorm3d` whose ``num_features`` is the number of channels of its first input.

    Args:
        eps: what keeps the root from zero.
        momentum: how far the running statistics move.
        affine: whether there is a weight.
        track_running_stats: whether there are running statistics.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a bias too.

    Shape:
        - input: ``(N, C, D, H, W)``.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyBatchNorm3d()
        >>> layer(portfire.rand(8, 3, 4, 4, 4)).shape
        portfire.Size([8, 3, 4, 4, 4])
        >>> layer.num_features
        3
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    r"""A `InstanceNorm1d` whose ``num_features`` is the number of channels of its first input.

    Args:
        eps: what keeps the root from zero.
        momentum: how far the running statistics move.
        affine: whether there is a weight.
        track_running_stats: whether there are running statistics.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a bias too.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyInstanceNorm1d()
        >>> layer(portfire.rand(8, 3, 4)).shape
        portfire.Size([8, 3, 4])
        >>> layer.num_features
        3
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    r"""A `InstanceNorm2d` whose ``num_features`` is the number of channels of its first input.

    Args:
        eps: what keeps the root from zero.
        momentum: how far the running statistics move.
        affine: whether there is a weight.
        track_running_stats: whether there are running statistics.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a bias too.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyInstanceNorm2d()
        >>> layer(portfire.rand(8, 3, 4, 4)).shape
        portfire.Size([8, 3, 4, 4])
        >>> layer.num_features
        3
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    r"""A `InstanceNorm3d` whose ``num_features`` is the number of channels of its first input.

    Args:
        eps: what keeps the root from zero.
        momentum: how far the running statistics move.
        affine: whether there is a weight.
        track_running_stats: whether there are running statistics.
        device: where parameters and buffers live.
        dtype: their type.
        bias: whether there is a bias too.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyInstanceNorm3d()
        >>> layer(portfire.rand(8, 3, 4, 4, 4)).shape
        portfire.Size([8, 3, 4, 4, 4])
        >>> layer.num_features
        3
    """

    cls_to_become = InstanceNorm3d
