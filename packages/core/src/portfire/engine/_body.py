"""A body: steps that were recorded once and are appended to a graph together.

A rule of an optimizer, the gradient rule of an operator, a compiled function: each is a function of
tensors whose steps are the same at every call. It is run once on a scratch recorder; afterwards
`Recorder.splice` appends its steps as one, for the price of a single operator. Nothing downstream
knows of bodies: simplification, fusion and plans see the steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from portfire._dtype import DType
from portfire.backend._contract import Instruction
from portfire.ops._record import Shape, Spec
from portfire.ops._source import INPUT, SCALAR, is_leaf

if TYPE_CHECKING:
    from portfire._tensor import Tensor
    from portfire.engine._recorder import Recorder

__all__ = ["Body", "Placed", "cut", "needs", "place", "record_body"]


class Body:
    """Steps with open ends.

    The first steps stand for the inputs, the next ones for the numbers; the others read these.

    Attributes:
        steps: all of them, in topological order.
        inputs: how many inputs there are.
        numbers: the dtypes of the numbers.
        outputs: the steps whose values are wanted, each once.
        order: which of them are the results, where one step gives several.
        fallible: whether a run of the steps can fail.
    """

    __slots__ = (
        "blank", "fallible", "inputs", "nbytes", "numbers", "order", "outputs", "specs", "steps",
    )  # fmt: skip

    def __init__(
        self,
        steps: Sequence[Instruction],
        inputs: int,
        numbers: Sequence[DType],
        outputs: Sequence[int],
    ) -> None:
        self.steps = tuple(steps)
        self.inputs = inputs
        self.numbers = tuple(numbers)
        self.outputs = tuple(dict.fromkeys(outputs))
        self.order: list[int] | None = None
        if len(self.outputs) != len(outputs):
            self.order = [self.outputs.index(i) for i in outputs]
        self.fallible = any(step.op.fallible for step in steps)
        own = self.steps[inputs:]
        self.blank: list[None] = [None] * len(own)  # what the recorder extends its list by
        self.nbytes = sum(
            step.dtype.itemsize * math.prod(step.shape) for step in own if not is_leaf(step.op)
        )
        self.specs = tuple((self.steps[i].shape, self.steps[i].dtype) for i in self.outputs)


class Placed(NamedTuple):
    """A body at a place of a graph."""

    state: int
    steps: list[Instruction]


def place(body: Body, state: int, inputs: Sequence[int], start: int, slot: int) -> Placed:
    """Return the steps of a body as they are at a place of a graph.

    Args:
        body: the steps.
        state: the state of the recorder after them.
        inputs: the positions of its inputs in the graph.
        start: the position of the first step that is appended.
        slot: the slot of its first number.
    """
    shift = start - body.inputs
    steps = []
    for i, step in enumerate(body.steps[body.inputs :]):
        if i < len(body.numbers):
            attrs: tuple[Any, ...] = (slot + i, step.dtype)
            steps.append(Instruction(SCALAR, (), attrs, (), step.dtype))
            continue
        wired = tuple([inputs[j] if j < body.inputs else j + shift for j in step.inputs])
        steps.append(Instruction(step.op, wired, step.attrs, step.shape, step.dtype))
    return Placed(state, steps)


def record_body(
    recorder: Recorder,
    function: Callable[..., Sequence[Tensor]],
    inputs: Sequence[tuple[Shape, DType]],
    numbers: Sequence[DType] = (),
) -> Body:
    """Run a function of tensors on a scratch recorder and keep what it recorded.

    Args:
        recorder: for whose device.
        function: takes a tensor for each input, then a 0-d one for each number; returns tensors.
        inputs: shapes and dtypes.
        numbers: dtypes.

    Raises:
        RuntimeError: if the function reads the value of a tensor.
    """
    from portfire import _tensor
    from portfire.autograd._mode import no_grad
    from portfire.engine._scratch import ScratchRecorder

    scratch = ScratchRecorder(recorder.device, recorder.runtime)
    leaves = [scratch.leaf(*spec) for spec in (*inputs, *[((), dtype) for dtype in numbers])]
    with no_grad():
        values = [t._read() for t in function(*[_tensor.Tensor._wrap(leaf) for leaf in leaves])]
    if any(value.recorder is not scratch for value in values):
        raise RuntimeError("a function that is recorded once has to compute from its arguments")
    outputs = [value.index for value in values]
    return cut(scratch.steps, range(len(inputs)), range(len(inputs), len(leaves)), outputs)


def needs(
    steps: Sequence[Instruction], outputs: Sequence[int], given: Container[int] = ()
) -> set[int]:
    """Return the steps that some outputs need, but not through those that are given."""
    needed = set(outputs)
    for i in range(len(steps) - 1, -1, -1):
        if i in needed and i not in given:
            needed.update(steps[i].inputs)
    return needed


def cut(
    steps: Sequence[Instruction],
    inputs: Sequence[int],
    numbers: Sequence[int],
    outputs: Sequence[int],
) -> Body:
    """Make a body of those steps of a graph that some outputs need.

    Args:
        steps: the graph.
        inputs: the positions that are inputs of the body, which need not be leaves.
        numbers: the positions of its numbers.
        outputs: the positions that are wanted.

    Raises:
        RuntimeError: if the outputs need a leaf that is neither an input nor a number.
    """
    position: dict[int, int] = {}
    kept: list[Instruction] = []
    for i in inputs:
        spec = Spec(steps[i].shape, steps[i].dtype)
        position.setdefault(i, len(kept))
        kept.append(Instruction(INPUT, (), (len(kept), *spec), *spec))
    for slot, i in enumerate(numbers):
        position[i] = len(kept)
        kept.append(Instruction(SCALAR, (), (slot, steps[i].dtype), (), steps[i].dtype))
    needed = needs(steps, outputs, position)
    for i in sorted(needed - position.keys()):
        step = steps[i]
        if is_leaf(step.op):
            raise RuntimeError("the steps read a value that they were not given")
        wired = tuple([position[j] for j in step.inputs])
        position[i] = len(kept)
        kept.append(Instruction(step.op, wired, step.attrs, step.shape, step.dtype))
    return Body(
        kept, len(inputs), [steps[i].dtype for i in numbers], [position[i] for i in outputs]
    )
