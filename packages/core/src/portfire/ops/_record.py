"""The one declaration of an operator: every layer, and every generic test, reads it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from portfire._spec import Attrs, Shape, Spec

__all__ = [
    "Attrs",
    "Kind",
    "Operator",
    "Sample",
    "Shape",
    "Spec",
    "WrongCall",
    "lookup",
    "register",
    "registry",
]


class Kind(enum.Enum):
    """What a backend may assume of an operator without knowing its name."""

    SOURCE = "source"  # no array inputs: full, iota, random_bits; and the leaves input, scalar
    ELEMENTWISE = "elementwise"  # inputs have the output's shape, or are 0-d
    MOVEMENT = "movement"  # each output element is one input element, or zero (pad)
    REDUCTION = "reduction"  # drops the axes in its first attribute
    SCAN = "scan"  # same shape, one axis in order
    CONTRACTION = "contraction"  # batched matrix product
    INDEXING = "indexing"  # addresses come from an array: take, put
    JOIN = "join"  # concat
    HOST = "host"  # a decomposition: only for runtimes that list it in `host_operators`
    COMPOSITE = "composite"  # has a decomposition into other operators


class Sample(NamedTuple):
    """One valid call for the generic tests: how to make the inputs, and the attributes.

    Elements are drawn from ``low`` to ``high``; those of inputs that are integers whatever the
    dtype under test (indices, classes) from ``range(extent)``.
    """

    shapes: tuple[Shape, ...]
    attrs: Attrs = ()
    low: float = -2.0
    high: float = 2.0
    extent: int = 1


class WrongCall(NamedTuple):
    """One invalid call for the generic tests: what is raised, and what it must say."""

    specs: tuple[Spec, ...]
    attrs: Attrs
    error: type[Exception]
    match: str


@dataclass(frozen=True, eq=False)
class Operator:
    """An operator: its meaning (shape rule, reference, gradient) and its tests, in one place.

    Attributes:
        name: unique name; also the key under which backends look it up.
        kind: the family, see `Kind`.
        infer: shape and dtype rule ``(specs, attrs) -> Spec``; raises for impossible calls.
        reference: NumPy definition ``(*arrays, *attrs) -> array``.
        attrs: names of the static parameters, in the order in which they are passed.
        gradient: ``(ctx, grad) -> tuple`` of one tensor or None per input, in tensor operations;
            None where the operator has no derivative.
        saves: what ``gradient`` reads: input positions, and -1 for the output.
        constants: inputs that ``gradient`` takes as constants although the result depends on them.
        decompose: for composites, ``(*tensors, *attrs) -> tensor`` in tensor operations.
        fallible: true if a run can fail on values (an index out of range).
        label: the name that ``grad_fn`` prints, where it is not made from ``name``.
        autocast: the precision inside `portfire.autocast`: ``"lower"``, ``"float32"``, or that of
            the operands if empty.
        samples: valid calls for the generic tests.
        errors: invalid calls for the generic tests.
        dtypes: categories that the inputs may have, for the generic tests ("bif").
        doc: one sentence.
    """

    name: str
    kind: Kind
    infer: Callable[[tuple[Spec, ...], Attrs], Spec]
    reference: Callable[..., Any]
    attrs: tuple[str, ...] = ()
    gradient: Callable[[Any, Any], tuple[Any, ...]] | None = None
    saves: tuple[int, ...] = ()
    constants: tuple[int, ...] = ()
    decompose: Callable[..., Any] | None = None
    fallible: bool = False
    label: str = ""
    autocast: str = ""
    samples: tuple[Sample, ...] = ()
    errors: tuple[WrongCall, ...] = ()
    dtypes: str = "f"
    doc: str = field(default="", repr=False)

    def __repr__(self) -> str:
        return f"<operator {self.name}>"

    @property
    def grad_name(self) -> str:
        """The name that ``grad_fn`` prints."""
        return self.label or "".join(p.capitalize() for p in self.name.split("_")) + "Backward0"


_REGISTRY: dict[str, Operator] = {}


def register(operator: Operator) -> Operator:
    """Add an operator to the registry; ValueError if its name is taken."""
    if operator.name in _REGISTRY:
        raise ValueError(f"the operator {operator.name!r} is registered already")
    _REGISTRY[operator.name] = operator
    return operator


def registry() -> Iterable[Operator]:
    """Return all operators, in the order of their registration."""
    return tuple(_REGISTRY.values())


def lookup(name: str) -> Operator:
    """Return the operator of that name; KeyError where there is none."""
    return _REGISTRY[name]
