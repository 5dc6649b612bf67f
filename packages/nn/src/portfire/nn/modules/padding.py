"""Layers that put a border around signals, images and volumes."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules._sizes import Size, spread
from portfire.nn.modules.module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Border(Module):
    """What the layers share: the sizes, the last dimension first."""

    rank: int
    mode = "constant"
    value: float = 0

    def __init__(self, padding: Size) -> None:
        super().__init__()
        self.padding = spread(padding, 2 * self.rank)

    def forward(self, input: Tensor) -> Tensor:
        """Put the border around; see `portfire.nn.functional.pad`."""
        if self.mode == "constant":
            return F.pad(input, self.padding, "constant", self.value)
        if self.mode == "circular" and input.ndim not in (self.rank + 1, self.rank + 2):
            raise ValueError(
                f"expected {self.rank + 1}D or {self.rank + 2}D input (got {input.ndim}D input)"
            )
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return f"{self.padding}"


class _ConstantBorder(_Border):
    """A border of a number that the layer is made with."""

    def __init__(self, padding: Size, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """Return the sizes and the number, as printed."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantBorder):
    """Put a border of a number around signals.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.
        value: the number.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ConstantPad1d((1, 2), 9)(portfire.tensor([[1, 2, 3]]))
        tensor([[9, 1, 2, 3, 9, 9]])
    """

    rank = 1


class ConstantPad2d(_ConstantBorder):
    """Put a border of a number around images.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.
        value: the number.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ConstantPad2d((1, 0, 0, 1), 9)(portfire.tensor([[[1, 2], [3, 4]]]))
        tensor([[[9, 1, 2],
                 [9, 3, 4],
                 [9, 9, 9]]])
    """

    rank = 2


class ConstantPad3d(_ConstantBorder):
    """Put a border of a number around volumes.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.
        value: the number.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ConstantPad3d((1, 0, 0, 0, 0, 0), 9)(portfire.tensor([[[[1, 2], [3, 4]]]]))
        tensor([[[[9, 1, 2],
                  [9, 3, 4]]]])
    """

    rank = 3


class ZeroPad1d(_Border):
    """Put a border of zeros around signals.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ZeroPad1d((1, 2))(portfire.tensor([[1, 2, 3]]))
        tensor([[0, 1, 2, 3, 0, 0]])
    """

    rank = 1


class ZeroPad2d(_Border):
    """Put a border of zeros around images.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ZeroPad2d((1, 0, 0, 1))(portfire.tensor([[[1, 2], [3, 4]]]))
        tensor([[[0, 1, 2],
                 [0, 3, 4],
                 [0, 0, 0]]])
    """

    rank = 2


class ZeroPad3d(_Border):
    """Put a border of zeros around volumes.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ZeroPad3d((1, 0, 0, 0, 0, 0))(portfire.tensor([[[[1, 2], [3, 4]]]]))
        tensor([[[[0, 1, 2],
                  [0, 3, 4]]]])
    """

    rank = 3


class ReflectionPad1d(_Border):
    """Put a border of the input mirrored at its edge around signals.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ReflectionPad1d((1, 2))(portfire.tensor([[1, 2, 3]]))
        tensor([[2, 1, 2, 3, 2, 1]])
    """

    rank = 1
    mode = "reflect"


class ReflectionPad2d(_Border):
    """Put a border of the input mirrored at its edge around images.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ReflectionPad2d((1, 0, 0, 1))(portfire.tensor([[[1, 2], [3, 4]]]))
        tensor([[[2, 1, 2],
                 [4, 3, 4],
                 [2, 1, 2]]])
    """

    rank = 2
    mode = "reflect"


class ReflectionPad3d(_Border):
    """Put a border of the input mirrored at its edge around volumes.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ReflectionPad3d((1, 0, 0, 0, 0, 0))(portfire.tensor([[[[1, 2], [3, 4]]]]))
        tensor([[[[2, 1, 2],
                  [4, 3, 4]]]])
    """

    rank = 3
    mode = "reflect"


class ReplicationPad1d(_Border):
    """Put a border of copies of its edge around signals.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ReplicationPad1d((1, 2))(portfire.tensor([[1, 2, 3]]))
        tensor([[1, 1, 2, 3, 3, 3]])
    """

    rank = 1
    mode = "replicate"


class ReplicationPad2d(_Border):
    """Put a border of copies of its edge around images.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ReplicationPad2d((1, 0, 0, 1))(portfire.tensor([[[1, 2], [3, 4]]]))
        tensor([[[1, 1, 2],
                 [3, 3, 4],
                 [3, 3, 4]]])
    """

    rank = 2
    mode = "replicate"


class ReplicationPad3d(_Border):
    """Put a border of copies of its edge around volumes.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.ReplicationPad3d((1, 0, 0, 0, 0, 0))(portfire.tensor([[[[1, 2], [3, 4]]]]))
        tensor([[[[1, 1, 2],
                  [3, 3, 4]]]])
    """

    rank = 3
    mode = "replicate"


class CircularPad1d(_Border):
    """Put a border of its other end around signals.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')``.

    Example:
        >>> import portfire
        >>> portfire.nn.CircularPad1d((1, 2))(portfire.tensor([[1, 2, 3]]))
        tensor([[3, 1, 2, 3, 1, 2]])
    """

    rank = 1
    mode = "circular"


class CircularPad2d(_Border):
    """Put a border of its other end around images.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.CircularPad2d((1, 0, 0, 1))(portfire.tensor([[[1, 2], [3, 4]]]))
        tensor([[[2, 1, 2],
                 [4, 3, 4],
                 [2, 1, 2]]])
    """

    rank = 2
    mode = "circular"


class CircularPad3d(_Border):
    """Put a border of its other end around volumes.

    Args:
        padding: one size for all sides, or two for each dimension, the last dimension first;
            negative ones cut off.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.CircularPad3d((1, 0, 0, 0, 0, 0))(portfire.tensor([[[[1, 2], [3, 4]]]]))
        tensor([[[[2, 1, 2],
                  [4, 3, 4]]]])
    """

    rank = 3
    mode = "circular"
