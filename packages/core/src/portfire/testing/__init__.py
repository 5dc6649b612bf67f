"""The kit for tests of backends and of code that uses portfire: comparisons, fakes, conformance.

Example:
    >>> import portfire
    >>> from portfire.testing import assert_close
    >>> assert_close(portfire.ones(2).exp().log(), portfire.ones(2))
"""

from portfire.testing.checks import (
    check_edges,
    check_forward,
    check_gradient,
    check_operator,
    check_second_gradient,
    check_wrong_call,
    check_wrong_index,
    differentiable,
    has_edges,
)
from portfire.testing.fakes import ReferenceRuntime, fake_devices, fakes
from portfire.testing.gradients import directional_derivative, numeric_gradients
from portfire.testing.null import Launch, NullRuntime, null_device
from portfire.testing.samples import LAYOUTS, arrays_of, dtypes_of
from portfire.testing.tolerances import GRADIENT, TOLERANCES, Tolerance, assert_close

__all__ = [
    "GRADIENT",
    "LAYOUTS",
    "TOLERANCES",
    "Launch",
    "NullRuntime",
    "ReferenceRuntime",
    "Tolerance",
    "arrays_of",
    "assert_close",
    "check_edges",
    "check_forward",
    "check_gradient",
    "check_operator",
    "check_second_gradient",
    "check_wrong_call",
    "check_wrong_index",
    "differentiable",
    "directional_derivative",
    "dtypes_of",
    "fake_devices",
    "fakes",
    "has_edges",
    "null_device",
    "numeric_gradients",
]
