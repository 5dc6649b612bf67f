"""Activation layers made of straight lines."""

from __future__ import annotations

import warnings
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.init import constant_
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = [
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "PReLU",
    "RReLU",
    "ReLU6",
    "Softshrink",
    "Threshold",
]


class LeakyReLU(Module):
    r"""Multiply negative elements by a slope.

    Args:
        negative_slope: the slope.
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.LeakyReLU(0.1)(portfire.tensor([-1.0, 2.0]))
        tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.leaky_relu`."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    r"""Multiply negative elements by a slope that is learned.

    Args:
        num_parameters: one slope for all, or one for each channel (dimension 1).
        init: its first value.
        device: where the slopes live.
        dtype: their type.

    Shape:
        - input: any, or ``(N, num_parameters, *)``.
        - output: that of the input.

    Attributes:
        weight: ``(num_parameters,)``, the slopes.

    Note:
        He and others, Delving Deep into Rectifiers, 2015.

    Example:
        >>> import portfire
        >>> portfire.nn.PReLU()(portfire.tensor([-1.0, 2.0]))
        tensor([-0.2500,  2.0000], grad_fn=<WhereBackward0>)
    """

    weight: Parameter

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(portfire.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slopes to their first value."""
        constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.prelu`."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Return the number of slopes, as printed."""
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    r"""Multiply negative elements by slopes that are drawn at random in training.

    Args:
        lower: the least slope.
        upper: the largest slope.
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Note:
        Xu and others, Empirical Evaluation of Rectified Activations, 2015.

    Example:
        >>> import portfire
        >>> portfire.nn.RReLU(0.1, 0.3).eval()(portfire.tensor([-1.0, 2.0]))
        tensor([-0.2000,  2.0000])
    """

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.rrelu`."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return f"lower={self.lower}, upper={self.upper}" + (
            ", inplace=True" if self.inplace else ""
        )


class Hardtanh(Module):
    r"""Clamp elements to two bounds.

    Args:
        min_val: the lower one.
        max_val: the upper one.
        inplace: whether to change the input itself.
        min_value: old name of ``min_val``.
        max_value: old name of ``max_val``.

    Shape:
        - input: any.
        - output: that of the input.

    Raises:
        AssertionError: when the upper bound is not above the lower one.

    Example:
        >>> import portfire
        >>> portfire.nn.Hardtanh()(portfire.tensor([-2.0, 0.5, 2.0]))
        tensor([-1.0000,  0.5000,  1.0000])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        if min_value is not None:
            _renamed("min_value", "min_val")
            min_val = min_value
        if max_value is not None:
            _renamed("max_value", "max_val")
            max_val = max_value
        if not max_val > min_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.hardtanh`."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        inplace = ", inplace=True" if self.inplace else ""
        return f"min_val={self.min_val}, max_val={self.max_val}{inplace}"


def _renamed(old: str, new: str) -> None:
    warnings.warn(
        f"keyword argument `{old}` is deprecated and renamed to `{new}`",
        FutureWarning,
        stacklevel=3,
    )


class ReLU6(Hardtanh):
    r"""Clamp elements to 0 and 6.

    Args:
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.ReLU6()(portfire.tensor([-1.0, 2.0, 7.0]))
        tensor([0., 2., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """Return what differs from the default, as printed."""
        return "inplace=True" if self.inplace else ""


class Hardsigmoid(Module):
    r"""Apply :math:`x / 6 + 1 / 2`, clamped to 0 and 1.

    Args:
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Hardsigmoid()(portfire.tensor([-1.0, 0.0, 1.5]))
        tensor([0.3333, 0.5000, 0.7500])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.hardsigmoid`."""
        return F.hardsigmoid(input, self.inplace)


class Hardswish(Module):
    r"""Multiply elements by `Hardsigmoid` of them.

    Args:
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Note:
        Howard and others, Searching for MobileNetV3, 2019.

    Example:
        >>> import portfire
        >>> portfire.nn.Hardswish()(portfire.tensor([-1.0, 0.0, 1.5]))
        tensor([-0.3333,  0.0000,  1.1250])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.hardswish`."""
        return F.hardswish(input, self.inplace)


class Softshrink(Module):
    r"""Move elements towards zero by :math:`\lambda`; the nearer ones become zero.

    Args:
        lambd: :math:`\lambda`.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Softshrink()(portfire.tensor([-2.0, 0.1, 2.0]))
        tensor([-1.5000,  0.0000,  1.5000])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.softshrink`."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return str(self.lambd)


class Hardshrink(Module):
    r"""Set elements nearer to zero than :math:`\lambda` to zero.

    Args:
        lambd: :math:`\lambda`.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Hardshrink()(portfire.tensor([-2.0, 0.1, 2.0]))
        tensor([-2.,  0.,  2.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.hardshrink`."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return str(self.lambd)


class Threshold(Module):
    r"""Replace the elements up to a threshold by a number.

    Args:
        threshold: the threshold.
        value: the number.
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Threshold(0.5, 9.0)(portfire.tensor([0.0, 0.5, 2.0]))
        tensor([9., 9., 2.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.threshold`."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return f"threshold={self.threshold}, value={self.value}" + (
            ", inplace=True" if self.inplace else ""
        )
