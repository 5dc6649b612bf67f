"""The cases of ``tests/core/functions`` against torch: values, dtypes, gradients, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import portfire
from portfire import testing as kit
from tests.core.functions.case import (
    Case,
    Wrong,
    arrays_of,
    call_with,
    flat,
    function_of,
    labelled,
)
from tests.core.functions.test_cases import differentiable, dtypes_of, float_arrays

# as_strided_scatter: there the gradient of what is not written is zero, although the result shows
# it; ldexp: there the gradient is cut to the exponent's integer dtype.
OWN_GRADIENT = ("as_strided_scatter", "ldexp")
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # what torch will remove
CASES = [pytest.param(case, id=label) for label, case in labelled("CASES")]
WRONG = [pytest.param(wrong, id=label) for label, wrong in labelled("WRONG")]


def with_dtypes(value: Any, module: Any) -> Any:
    """Arguments that are portfire's dtypes are torch's for torch."""
    if isinstance(value, portfire.DType) and module is torch:
        return getattr(torch, value.name)
    return value


def outcome(module: Any, case: Case, arrays: Any, grad: bool = False) -> tuple[list[Any], Any]:
    def make(array: Any) -> Any:
        tensor = module.tensor(np.ascontiguousarray(array).reshape(array.shape))
        return tensor.requires_grad_(True) if grad and array.dtype.kind == "f" else tensor

    tensors = [make(a) for a in arrays]
    args, kwargs = call_with(case, tensors)
    args = [with_dtypes(a, module) for a in args]
    kwargs = {k: with_dtypes(v, module) for k, v in kwargs.items()}
    return flat(function_of(module, case.name)(*args, **kwargs)), tensors


@pytest.mark.parametrize("case", CASES)
def test_values(case: Case) -> None:
    for name in dtypes_of(case, "cpu"):
        arrays = arrays_of(case, name)
        with portfire.device("cpu"):
            ours, _ = outcome(portfire, case, arrays)
        theirs, _ = outcome(torch, case, arrays)
        assert len(ours) == len(theirs)
        for got, wanted in zip(ours, theirs, strict=True):
            kit.assert_close(got, wanted.numpy(), case.tolerance, f"{case.name} of {name}")


@pytest.mark.parametrize(
    "case",
    [p for p in CASES if differentiable(p.values[0]) and p.values[0].name not in OWN_GRADIENT],
)
def test_gradients(case: Case) -> None:
    arrays = float_arrays(case, "float64")
    grads = []
    for module in (torch, portfire):
        results, tensors = outcome(module, case, arrays, grad=True)
        total: Any = sum(
            (r * module.tensor(np.cos(np.arange(r.numel())).reshape(tuple(r.shape)))).sum()
            for r in results
            if r.requires_grad
        )
        try:
            total.backward()
        except RuntimeError as error:
            if module is portfire:
                raise
            pytest.skip(f"torch has no gradient: {error}")
        grads.append([t.grad for t in tensors])
    for theirs, ours in zip(*grads, strict=True):
        if theirs is None or ours is None:
            continue
        kit.assert_close(ours, theirs.numpy(force=True), kit.Tolerance(1e-7, 1e-9), case.name)


@pytest.mark.parametrize("wrong", WRONG)
def test_errors(wrong: Wrong) -> None:
    def make(*shape: int, dtype: str = "float32") -> Any:
        return torch.ones(*shape, dtype=getattr(torch, dtype))

    assert type(error_of(lambda: wrong.call(torch, make))) is wrong.error


def error_of(call: Callable[[], Any]) -> Exception | None:
    try:
        call()
    except Exception as error:  # noqa: BLE001  (its type is the result)
        return error
    return None
