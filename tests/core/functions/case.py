"""What a test case of a public function is, and how its inputs are made.

A family of functions lists its cases in ``cases_<family>.py``, as ``CASES`` and ``WRONG``;
`test_cases.py` runs them all on every device, and ``tests/parity`` holds them against torch.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from portfire.testing import Tolerance

Array = np.ndarray[Any, Any]


class T(NamedTuple):
    """Stands for a tensor in the arguments of a case.

    Its kind is the dtype under test ("*"), or fixed: "f" float, "i" int64, "b" bool. Numbers are
    drawn from [low, high), so that an index tensor says its extent; ``values`` gives them instead.
    """

    shape: tuple[int, ...] = (2, 3)
    low: float = -3
    high: float = 4
    kind: str = "*"
    values: Any = None


def index(shape: tuple[int, ...], extent: int) -> T:
    """An int64 tensor of positions in a dimension."""
    return T(shape, 0, extent, "i")


def mask(*shape: int) -> T:
    """A bool tensor."""
    return T(shape, kind="b")


class Case(NamedTuple):
    """One call of a public function.

    Attributes:
        name: the function's name in the module, dots included: ``linalg.norm``.
        args: the arguments, with a `T` for each tensor, also inside lists and tuples.
        reference: the same in NumPy; it gets the arguments with arrays for tensors.
        kwargs: arguments by name; they are given to the reference too.
        dtypes: which dtypes the `T` of kind "*" take: any of "f" float, "i" integer, "b" bool.
        grad: whether there are gradients; they are compared with differences of the reference.
        second: whether gradients of gradients are compared too.
        method: whether ``args[0].name(*args[1:])`` is the same.
        inplace: whether there is a method ``name_`` (used where the result has the dtype of self).
        out: whether the function takes ``out=``.
        host: whether the case is told on the host alone: other devices see the same operators.
        layouts: whether the result is the same wherever the elements of the inputs lie.
        tolerance: where the one of the dtype does not do.
    """

    name: str
    args: tuple[Any, ...]
    reference: Callable[..., Any]
    kwargs: dict[str, Any] = {}  # noqa: RUF012  (never changed)
    dtypes: str = "fib"
    grad: bool = True
    second: bool = True
    method: bool = True
    inplace: bool = False
    out: bool = False
    host: bool = False
    layouts: bool = True
    tolerance: Tolerance | None = None


class Wrong(NamedTuple):
    """A call that is refused: it gets the module and a function that makes ones of a shape."""

    name: str
    call: Callable[[Any, Callable[..., Any]], Any]
    error: type[Exception]
    pattern: str


def is_tensor(item: Any) -> bool:
    """Tell whether an argument stands for a tensor."""
    return isinstance(item, T)


def convert(item: Any, replace: Callable[[T], Any]) -> Any:
    """Replace each `T` in an argument, also inside lists, tuples and dictionaries."""
    if is_tensor(item):
        return replace(item)
    if type(item) in (list, tuple):
        return type(item)(convert(x, replace) for x in item)
    if isinstance(item, dict):
        return {key: convert(x, replace) for key, x in item.items()}
    return item


def arrays_of(case: Case, dtype: Any) -> list[Array]:
    """Arrays for the tensors of a case, in the order in which `convert` meets them."""
    rng = np.random.default_rng(zlib.crc32(f"{case.name}{case.args}{case.kwargs}".encode()))
    found: list[Array] = []
    fixed = {"f": "float32", "i": "int64", "b": "bool"}

    def draw(t: T) -> None:
        kind = np.dtype(fixed.get(t.kind, dtype))
        if t.values is not None:
            array = np.array(t.values).astype(kind)
        elif kind.kind == "b":
            array = rng.random(t.shape) < 0.5
        elif kind.kind == "f":
            array = rng.uniform(t.low, t.high, t.shape).astype(kind)
        else:
            low = 0 if kind.kind == "u" else int(np.ceil(t.low))
            array = rng.integers(low, max(int(np.ceil(t.high)), low + 1), t.shape).astype(kind)
        found.append(np.asarray(array))

    convert((case.args, case.kwargs), draw)
    return found


def call_with(case: Case, tensors: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a case with tensors (or arrays) in their places."""
    remaining = iter(tensors)
    args, kwargs = convert((list(case.args), dict(case.kwargs)), lambda _: next(remaining))
    return args, kwargs


def expected_of(case: Case, arrays: list[Array]) -> list[Array]:
    """What the reference gives. Floats have the width of the floats that went in."""
    args, kwargs = call_with(case, [a.copy() for a in arrays])
    with np.errstate(all="ignore"):
        results = case.reference(*args, **kwargs)
    wide = any(a.dtype == np.float64 for a in arrays)
    narrowed = []
    for result in results if isinstance(results, tuple | list) else [results]:
        result = np.asarray(result)
        if result.dtype == np.float64 and not wide:
            result = result.astype(np.float32)
        narrowed.append(result)
    return narrowed


def function_of(module: Any, name: str) -> Any:
    """The function of a name with dots."""
    for part in name.split("."):
        module = getattr(module, part)
    return module


def flat(result: Any) -> list[Any]:
    """The tensors of a result."""
    return list(result) if isinstance(result, tuple | list) else [result]


def families() -> Iterator[Any]:
    """The modules with cases."""
    for path in sorted(Path(__file__).parent.glob("cases_*.py")):
        yield importlib.import_module(f"tests.core.functions.{path.stem}")


def labelled(lists: str) -> Iterator[tuple[str, Any]]:
    """All cases (or wrong calls) with a label each."""
    for family in families():
        short = family.__name__.rpartition("cases_")[2]
        for number, item in enumerate(getattr(family, lists, ())):
            yield f"{short}-{number}-{item.name}", item
