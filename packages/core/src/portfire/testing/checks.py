"""Does a device do what an operator's record says: values, gradients, second gradients, errors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from portfire import _device, _tensor
from portfire import _dispatch as dispatch
from portfire import _dtype as d
from portfire._dtype import DType
from portfire._functions.creation import tensor, zeros
from portfire.autograd import grad
from portfire.backend import UnsupportedError
from portfire.ops._record import Kind, Operator, Sample, WrongCall
from portfire.ops._source import is_leaf
from portfire.testing.gradients import directional_derivative, numeric_gradients
from portfire.testing.samples import LAYOUTS, arrays_of, edge_values, fixed_dtypes, seed_of
from portfire.testing.tolerances import GRADIENT, Tolerance, assert_close

__all__ = [
    "check_edges",
    "check_forward",
    "check_gradient",
    "check_operator",
    "check_second_gradient",
    "check_wrong_call",
    "check_wrong_index",
    "differentiable",
    "expected_of",
    "has_edges",
    "record",
]

Array = np.ndarray[Any, Any]

# Where the second derivative is compared with differences of the first one.
SECOND = Tolerance(1e-5, 1e-6)

# C leaves shifts by more than the width undefined; integers to negative powers are no integers.
OF_ITS_DTYPE = ("nextafter",)  # not the rounded result of single precision
UNDEFINED_EDGES = ("shift_left", "shift_right", "pow")


def record(op: Operator, tensors: list[_tensor.Tensor], attrs: Any, device: Any) -> Any:
    """Record an operator, also one without inputs, and return its tensor."""
    if tensors:
        return dispatch.apply(op, tensors, attrs)
    return _tensor.Tensor._wrap(_device.resolve(device).record(op, (), attrs))


def expected_of(op: Operator, arrays: Iterable[Array], attrs: Any) -> Array:
    """Return what the record's reference gives; of half precision, computed in single."""
    given = list(arrays)
    half = any(a.dtype == np.float16 for a in given) and op.name not in OF_ITS_DTYPE
    with np.errstate(all="ignore"):
        wide = [a.astype(np.float32) if half and a.dtype == np.float16 else a for a in given]
        result = np.asarray(op.reference(*wide, *attrs))
        return result.astype(np.float16) if half and result.dtype == np.float32 else result


def check_forward(
    op: Operator,
    dtype: DType,
    device: Any,
    layouts: Iterable[str] = ("contiguous",),
) -> None:
    """Compare an operator with its reference: all samples, in several layouts, in one graph.

    All results are recorded before the first one is read, so a backend gets them as one program.
    """
    if not _device.resolve(device).computes(op):
        _check_refused(op, dtype, device)
        return
    wanted = []
    for number, sample in enumerate(op.samples):
        arrays = arrays_of(op, sample, dtype)
        for layout in layouts:
            made = [LAYOUTS[layout](array, device) for array in arrays]
            result = record(op, [t for t, _ in made], sample.attrs, device)
            label = f"{op.name} of {dtype.name} on {device}, sample {number} {sample}, {layout}"
            wanted.append((label, result, expected_of(op, (a for _, a in made), sample.attrs)))
        if op.kind is Kind.ELEMENTWISE and len(arrays) > 1:
            wanted += list(_scalar_forms(op, number, sample, arrays, device))
    for label, result, expected in wanted:
        assert_close(result, expected, message=label)


def _check_refused(op: Operator, dtype: DType, device: Any) -> None:
    """A device may lack a decomposition, if it says so and names the remedy."""
    tensors = [tensor(a, device=device) for a in arrays_of(op, op.samples[0], dtype)]
    try:
        record(op, tensors, op.samples[0].attrs, device)
    except UnsupportedError as error:
        if op.name in str(error) and 'fallback("cpu")' in str(error):
            return
        raise
    raise AssertionError(f"{device} lacks {op.name}, but does not refuse it")


def _scalar_forms(
    op: Operator, number: int, sample: Sample, arrays: list[Array], device: Any
) -> Any:
    """An elementwise operator takes each of its inputs as one element for all."""
    for position, array in enumerate(arrays):
        if not array.size or not array.ndim:
            continue
        mixed = [*arrays[:position], np.asarray(array.reshape(-1)[0]), *arrays[position + 1 :]]
        result = record(op, [tensor(a, device=device) for a in mixed], sample.attrs, device)
        label = f"{op.name} on {device}, sample {number} with input {position} as 0-d"
        yield label, result, expected_of(op, mixed, sample.attrs)


def has_edges(op: Operator, dtype: DType) -> bool:
    """Tell whether an operator's results at the limits of a dtype are defined."""
    if op.name in UNDEFINED_EDGES and not (dtype.is_floating_point and op.name == "pow"):
        return False
    return op.kind is Kind.ELEMENTWISE


def check_edges(op: Operator, dtype: DType, device: Any) -> None:
    """Compare an elementwise operator with its reference at limits, infinities and NaN."""
    sample = op.samples[0]
    values = edge_values(dtype)
    columns: list[Array] = []
    for fixed in fixed_dtypes(op, sample):
        columns.append(values if fixed is None else edge_values(fixed))
    grid = [np.ascontiguousarray(g).reshape(-1) for g in np.meshgrid(*columns, indexing="ij")]
    result = record(op, [tensor(g, device=device) for g in grid], sample.attrs, device)
    expected = expected_of(op, grid, sample.attrs)
    try:
        assert_close(result, expected, message=f"{op.name} of {dtype.name} on {device}")
    except AssertionError as error:
        at = re.search(r"the first at \[(\d+)", str(error))
        where = f"; its inputs are {[g[int(at[1])] for g in grid]}" if at else ""
        raise AssertionError(f"{error}{where}") from None


def differentiable(op: Operator, sample: Sample) -> bool:
    """Tell whether a sample has float inputs, and a float result that has a gradient."""
    if op.gradient is None or not sample.shapes or is_leaf(op):
        return False
    result = expected_of(op, arrays_of(op, sample, d.float32), sample.attrs)
    return result.dtype.kind == "f" and any(f is None for f in fixed_dtypes(op, sample))


def check_gradient(
    op: Operator, sample: Sample, dtype: DType, device: Any, layout: str = "contiguous"
) -> None:
    """Compare gradients on the device with central differences of the float64 reference.

    The inputs and the incoming gradient lie in the layout.
    """
    made = [LAYOUTS[layout](array, device) for array in arrays_of(op, sample, dtype)]
    tensors, arrays = [t for t, _ in made], [np.array(a) for _, a in made]
    shape = expected_of(op, arrays, sample.attrs).shape
    rng = np.random.default_rng(seed_of("weights", op.name, sample))
    drawn: Array = np.asarray(rng.uniform(0.5, 1.5, shape), dtype.numpy)
    incoming, weights = LAYOUTS[layout](drawn, device)
    for position, t in enumerate(tensors):
        if t.dtype is dtype and position not in op.constants:
            t.requires_grad_(True)
    result = record(op, tensors, sample.attrs, device)
    result.backward(incoming)
    slopes = numeric_gradients(
        lambda *point: op.reference(*point, *sample.attrs), arrays, weights.astype(np.float64)
    )
    for position, (t, slope) in enumerate(zip(tensors, slopes, strict=True)):
        if slope is None or position in op.constants:
            continue
        got = t.grad if t.grad is not None else zeros(slope.shape, dtype=dtype, device=device)
        assert_close(
            got,
            np.asarray(slope, dtype.numpy),
            GRADIENT[dtype],
            f"gradient of input {position} of {op.name} on {device}, {sample}, {layout}",
        )


def _variables(op: Operator, arrays: list[Array]) -> list[int]:
    """The positions of the inputs that have a gradient."""
    return [i for i, a in enumerate(arrays) if a.dtype.kind == "f" and i not in op.constants]


def _first_gradients(
    op: Operator, sample: Sample, arrays: list[Array], device: Any, create_graph: bool
) -> tuple[list[_tensor.Tensor], list[_tensor.Tensor]]:
    """The float inputs (the last one is the incoming gradient), and the gradients of the others."""
    tensors = [tensor(a, device=device) for a in arrays]
    floats = [tensors[i].requires_grad_(True) for i in _variables(op, arrays)]
    result = record(op, tensors[:-1], sample.attrs, device)
    grads = grad(
        result, floats[:-1], tensors[-1], create_graph=create_graph, materialize_grads=True
    )
    return floats, list(grads)


def check_second_gradient(op: Operator, sample: Sample, device: Any) -> None:
    """Compare the gradient of the gradient with differences of the gradient, in float64."""
    arrays = arrays_of(op, sample, d.float64)
    shape = expected_of(op, arrays, sample.attrs).shape
    rng = np.random.default_rng(seed_of("second", op.name, sample))
    arrays.append(np.asarray(rng.uniform(0.5, 1.5, shape)))
    floats, grads = _first_gradients(op, sample, arrays, device, True)
    weights = [rng.uniform(-1, 1, g._shape) for g in grads]
    total = _weighted_sum(grads, weights, device)
    directions = [rng.uniform(-1, 1, t._shape) for t in floats]
    analytic = 0.0
    if total.requires_grad:
        seconds = grad(total, floats, materialize_grads=True)
        analytic = float(
            sum(np.sum(s._host() * v) for s, v in zip(seconds, directions, strict=True))
        )
    spots = _variables(op, arrays)

    def first(point: Any) -> float:
        moved = list(arrays)
        for spot, array in zip(spots, point, strict=True):
            moved[spot] = array
        _, found = _first_gradients(op, sample, moved, device, False)
        return float(_weighted_sum(found, weights, device).item())

    numeric = directional_derivative(first, [arrays[i] for i in spots], directions)
    assert_close(
        np.float64(analytic), np.float64(numeric), SECOND, f"second gradient of {op.name}, {sample}"
    )


def _weighted_sum(grads: list[_tensor.Tensor], weights: list[Array], device: Any) -> Any:
    total: Any = zeros((), dtype=d.float64, device=device)
    for g, w in zip(grads, weights, strict=True):
        total = total + (g * tensor(w, device=device)).sum()
    return total


def check_wrong_call(op: Operator, wrong: WrongCall, device: Any) -> None:
    """A recorded mistake raises what the record says, at the call."""
    tensors = [zeros(s.shape, dtype=s.dtype, device=device) for s in wrong.specs]
    try:
        record(op, tensors, wrong.attrs, device)
    except wrong.error as error:
        if not re.search(wrong.match, str(error)):
            raise AssertionError(
                f"{op.name}: expected a text like {wrong.match!r}, got {str(error)!r}"
            ) from error
        return
    raise AssertionError(f"{op.name} accepts {wrong.specs} with {wrong.attrs}")


def check_wrong_index(op: Operator, sample: Sample, device: Any) -> None:
    """An index outside its range raises IndexError at the flush, with the value in the text."""
    arrays = arrays_of(op, sample, d.float32)
    fixed = fixed_dtypes(op, sample)
    for position, array in enumerate(arrays):
        if fixed[position] is None or not array.size:
            continue
        for value in (-1, sample.extent, sample.extent + (1 << 20)):
            bad = array.copy()
            bad.reshape(-1)[-1] = value
            tensors = [
                tensor(bad if i == position else a, device=device) for i, a in enumerate(arrays)
            ]
            _expect_index_error(op, tensors, sample, value, device)


def _expect_index_error(
    op: Operator, tensors: list[_tensor.Tensor], sample: Sample, value: int, device: Any
) -> None:
    result = record(op, tensors, sample.attrs, device)
    try:
        result._host()
    except IndexError as error:
        if not re.search(rf"index {value} is out of bounds", str(error)):
            raise AssertionError(f"{op.name}: the error does not name {value}: {error}") from error
        return
    raise AssertionError(f"{op.name} on {device} takes the index {value} of {sample.extent}")


def check_operator(op: Operator, sample: Sample, dtype: DType, device: Any) -> None:
    """Check one sample of an operator on a device: value, gradient, second gradient, errors.

    Args:
        op: the operator's record.
        sample: one of its samples.
        dtype: the dtype of its inputs, where they do not have one of their own.
        device: where to run it.

    Raises:
        AssertionError: where the device and the record disagree.

    Example:
        >>> from portfire import float32, ops
        >>> from portfire.testing import check_operator
        >>> exp = ops.lookup("exp")
        >>> check_operator(exp, exp.samples[0], float32, "cpu")
    """
    arrays = arrays_of(op, sample, dtype)
    result = record(op, [tensor(a, device=device) for a in arrays], sample.attrs, device)
    assert_close(result, expected_of(op, arrays, sample.attrs), message=f"{op.name} on {device}")
    if dtype.is_floating_point and differentiable(op, sample):
        check_gradient(op, sample, dtype, device)
        if d.float64 in _device.resolve(device).runtime.dtypes:
            check_second_gradient(op, sample, device)
    for wrong in op.errors:
        check_wrong_call(op, wrong, device)
    if op.fallible:
        check_wrong_index(op, sample, device)
