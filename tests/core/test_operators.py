"""Every operator record, on every device: values, gradients, second gradients, errors.

Nothing here knows an operator by name but the tables of exceptions, each with its reason.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import portfire
from portfire import _device, ops, plugins
from portfire import testing as kit
from portfire.ops import Kind, Operator, Sample

# Composites of nn are in the same registry where it is installed.
with contextlib.suppress(ModuleNotFoundError):
    import portfire.nn

LEAVES = ("input", "scalar")  # bound when a program runs; nothing to compute
OPERATORS = [op for op in ops.registry() if op.name not in LEAVES]
SOURCES = Path(portfire.__file__).parents[4]

# Where an operator's name is a word for something else.
HOMONYMS = {
    "full": ("_printing.py", "ops/_linalg.py"),  # set_printoptions; all columns of a matrix
    "expand": ("_functions/copies.py",),  # the function expand_copy is made from
    "permute": ("_functions/copies.py",),
    # Modes of put and scatter, and what `reduce=` may say.
    "add": (
        "ops/_indexing.py", "ops/_along.py", "ops/_scan.py", "ops/_strided.py",
        "backend/_array_api_order.py", "_functions/indexing.py", "_functions/along.py",
        "_functions/counting.py", "_functions/scattering.py", "_functions/rearranging.py",
    ),
    "mul": ("ops/_along.py", "backend/_array_api_order.py", "_functions/along.py"),
    "sum": ("_functions/along.py",),
    "prod": ("_functions/along.py",),
    "mean": ("_functions/along.py",),
    "max": ("_limits.py", "_dtype.py"),  # fields of finfo and iinfo
    "min": ("_limits.py",),
}  # fmt: skip


def named(items: Any) -> Any:
    return pytest.mark.parametrize("op", items, ids=lambda op: op.name)


def pairs() -> Iterator[Any]:
    for op in OPERATORS:
        for dtype in kit.dtypes_of(op):
            if op.samples:
                yield pytest.param(op, dtype, id=f"{op.name}-{dtype.name}")


def samples(second: bool = False) -> Iterator[Any]:
    for op in OPERATORS:
        for number, sample in enumerate(op.samples):
            if kit.differentiable(op, sample) and not (second and _is_empty(sample)):
                yield pytest.param(op, sample, id=f"{op.name}-{number}")


def _is_empty(sample: Sample) -> bool:
    return any(0 in shape for shape in sample.shapes)


def widest(device: str) -> Any:
    dtypes = _device.resolve(device).runtime.dtypes
    return portfire.float64 if portfire.float64 in dtypes else portfire.float32


def need(device: str, dtype: Any) -> None:
    if dtype not in _device.resolve(device).runtime.dtypes:
        pytest.skip(f"{device} has no {dtype.name}")


@pytest.mark.parametrize(("op", "dtype"), list(pairs()))
def test_value(op: Operator, dtype: Any, device: str) -> None:
    need(device, dtype)
    kit.check_forward(op, dtype, device)


@named([op for op in OPERATORS if any(sample.shapes for sample in op.samples)])
def test_layouts(op: Operator, device: str) -> None:
    """In one dtype: where the elements lie is the same question for all of them.

    Composites are made of operators that are tested in all layouts; two of them are enough there.
    """
    layouts = ["stepped", "pending"] if op.kind is Kind.COMPOSITE else sorted(kit.LAYOUTS)
    dtypes = [d for d in kit.dtypes_of(op) if d in _device.resolve(device).runtime.dtypes]
    dtype = portfire.float32 if portfire.float32 in dtypes else dtypes[-1]
    kit.check_forward(op, dtype, device, [name for name in layouts if name != "contiguous"])


@pytest.mark.parametrize(("op", "sample"), list(samples()))
def test_gradient(op: Operator, sample: Sample, device: str) -> None:
    kit.check_gradient(op, sample, widest(device), device)


@pytest.mark.parametrize(("op", "sample"), list(samples(second=True)))
def test_second_gradient(op: Operator, sample: Sample) -> None:
    """On one device: it is a question about the rules, and `test_gradient` runs them on all."""
    device = "cpu" if "cpu" in plugins.backend_specs() else str(portfire.get_default_device())
    need(device, portfire.float64)
    kit.check_second_gradient(op, sample, device)


@named([op for op in OPERATORS if any(kit.has_edges(op, d) for d in kit.dtypes_of(op))])
def test_limits_infinities_and_nan(op: Operator, device: str) -> None:
    has = _device.resolve(device).runtime.dtypes
    for dtype in kit.dtypes_of(op):
        if dtype in has and kit.has_edges(op, dtype):
            kit.check_edges(op, dtype, device)


@named([op for op in OPERATORS if op.errors])
def test_wrong_calls(op: Operator, device: str) -> None:
    for wrong in op.errors:
        kit.check_wrong_call(op, wrong, device)


@named([op for op in OPERATORS if op.fallible])
def test_an_index_out_of_range(op: Operator, device: str) -> None:
    assert op.samples
    for sample in op.samples:
        kit.check_wrong_index(op, sample, device)


# The records themselves


@named(OPERATORS)
def test_a_record_is_complete(op: Operator) -> None:
    assert op.samples, "a record has samples"
    assert op.doc.endswith("."), "a record has a sentence"
    assert callable(op.reference)
    assert (op.kind is Kind.COMPOSITE) == (op.decompose is not None)
    assert all(len(sample.attrs) == len(op.attrs) for sample in op.samples)
    if op.fallible:
        assert any(sample.extent > 1 for sample in op.samples)


@named(OPERATORS)
def test_a_record_shows_a_wrong_call_where_one_is_possible(op: Operator) -> None:
    """One array without attributes can not be wrong, and neither can a constant."""
    arrays = max(len(sample.shapes) for sample in op.samples)
    possible = arrays > 1 or (arrays == 1 and bool(op.attrs))
    if op.name in ("cast", "random_bits"):
        possible = False  # every shape and dtype is valid
    assert bool(op.errors) == possible


@named([op for op in OPERATORS if op.gradient is not None])
def test_a_gradient_reads_only_what_is_saved(op: Operator) -> None:
    count = max(len(sample.shapes) for sample in op.samples)
    assert all(-1 <= position < count for position in op.saves)
    assert len(set(op.saves)) == len(op.saves)


@named(OPERATORS)
def test_an_operator_is_named_in_few_files(op: Operator) -> None:
    """In core: the record, the public function, the table of a base for backends."""
    files = [
        path
        for path, strings in _strings_of_core().items()
        if op.name in strings and not path.endswith("__init__.py") and "testing" not in path
        if path not in HOMONYMS.get(op.name, ())
    ]
    assert len(files) <= 3, files


_STRINGS: dict[str, set[str]] = {}


def _strings_of_core() -> dict[str, set[str]]:
    if not _STRINGS:
        folder = Path(ops.__file__).parents[1]
        for path in folder.rglob("*.py"):
            if path.relative_to(folder).parts[0] in ("nn", "optim"):
                continue  # where wheels are installed, they lie beside core
            tree = ast.parse(path.read_text(encoding="utf-8"))
            # What a module exports are functions, not operators.
            tree.body = [n for n in tree.body if not ast.unparse(n).startswith("__all__")]
            found = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
            words = {w for s in found if isinstance(s, str) for w in re.findall(r"^\w+$", s)}
            _STRINGS[str(path.relative_to(folder))] = words
    return _STRINGS


@pytest.mark.parametrize("dtype", [portfire.int8, portfire.int64])
def test_integers_to_negative_powers(dtype: Any, device: str) -> None:
    bases = portfire.tensor([2, -1, -1, 1, 0, -3], dtype=dtype, device=device)
    powers = portfire.tensor([-2, -3, -2, -1, -1, 3], dtype=dtype, device=device)
    assert (bases**powers).tolist() == [0, -1, 1, 1, 0, -27]


def test_extremes_of_bools_along_a_dimension(device: str) -> None:
    x = portfire.tensor([[False, True, True], [False, False, False]], device=device)
    values, indices = x.max(1)
    assert (values.tolist(), indices.tolist()) == ([True, False], [1, 0])
    values, indices = x.min(0)
    assert (values.tolist(), indices.tolist()) == ([False] * 3, [0, 1, 1])


def test_the_mean_of_halves_whose_sum_is_too_large(device: str) -> None:
    x = portfire.full((200, 5), 1000.0, dtype=portfire.float16, device=device)
    assert x.mean().item() == 1000
    assert x.mean(0).tolist() == [1000] * 5
    assert x.mean().dtype is portfire.float16
