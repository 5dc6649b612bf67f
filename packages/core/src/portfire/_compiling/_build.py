"""From the log of a captured call to what is to be done again."""

from __future__ import annotations

from typing import Any

from portfire._compiling._captured import Captured, Made, Owner, Part
from portfire._compiling._history import Backward, boundary, is_freed, region
from portfire._compiling._structure import Slot, UnfamiliarError, template
from portfire._compiling._watch import Watch
from portfire._storage import Storage
from portfire._tensor import Tensor
from portfire.autograd._node import Edge, edge_of
from portfire.engine._body import cut, needs
from portfire.engine._capture import Log
from portfire.engine._recorder import Recorder
from portfire.engine._value import Value
from portfire.ops._source import INPUT, SCALAR

__all__ = ["Before", "UnfollowedError", "build"]

UNKNOWN = "it reads a tensor that is none of its arguments, variables or attributes"
UNKNOWN_WRITE = "it changes a tensor that is none of its arguments, variables or attributes"


class UnfollowedError(Exception):
    """A call did something that cannot be done again without calling the function."""


class Before:
    """The tensors that a function can reach, as they are before it is called."""

    def __init__(self, watch: Watch, arguments: list[Tensor]) -> None:
        self.arguments = arguments
        self.owners: list[tuple[Owner, Tensor]] = []
        self.cells: list[Storage] = []
        self.captured = Captured()
        self.names: list[Any] = []  # of the cells, equal where another call finds the same
        self.number: dict[Storage, int] = {}
        for position, tensor in enumerate(arguments):
            self.owners.append((position, tensor))
            if tensor._storage not in self.number:
                self.captured.arguments.append((len(self.cells), position))
                self._add(tensor._storage, ("argument", position), fixed=False)
        taken = {id(tensor) for tensor in arguments}
        reached = {id(t): t for t in watch.tensors if id(t) not in taken}
        for tensor in reached.values():
            self.owners.append((tensor, tensor))
            if tensor._storage not in self.number:
                self._add(tensor._storage, ("cell", id(tensor._storage)), fixed=True)
        self.grads = [(owner, tensor, tensor._grad) for owner, tensor in self.owners]
        for owner, _, grad in self.grads:
            if grad is not None and grad._storage not in self.number:
                self.captured.gradients.append((len(self.cells), owner))
                name = owner if isinstance(owner, int) else id(owner)
                self._add(grad._storage, ("gradient", name), fixed=False)
        self.held = [cell.value for cell in self.cells]
        self.values: dict[int, list[int]] = {}
        for i, value in enumerate(self.held):
            self.values.setdefault(id(value), []).append(i)
        self.states = [(t, t._storage, t._path, t._requires_grad, t._grad_fn) for t in arguments]

    def _add(self, cell: Storage, name: Any, fixed: bool) -> None:
        self.number[cell] = len(self.cells)
        self.cells.append(cell)
        self.captured.cells.append(cell if fixed else None)
        self.names.append(name)

    def check(self) -> None:
        """Raise UnfollowedError if an argument is not a view of what it was a view of."""
        for tensor, storage, path, tracked, node in self.states:
            if (tensor._storage, tensor._path) != (storage, path):
                raise UnfollowedError("it changes which elements an argument has")
            if tensor._requires_grad is not tracked or tensor._grad_fn is not node:
                raise UnfollowedError("it changes the history of an argument")


class _Builder:
    def __init__(self, log: Log, before: Before, first: int) -> None:
        self.log = log
        self.before = before
        self.first = first  # the sequence number of the first node of the call
        self.captured = before.captured
        self.wanted: dict[Recorder, list[int]] = {r: [] for r in log.recorders}
        self.fresh: dict[Storage, int] = {}
        self.fresh_results: list[tuple[Recorder, int]] = []
        self.writes: list[tuple[int, tuple[Recorder, int]]] = []
        self.saved: list[tuple[Recorder, int]] = []
        self.slots: dict[int, int] = {}
        self.tensors: list[Tensor] = []

    def place(self, value: Value) -> tuple[Recorder, int]:
        """The step of a value."""
        recorder: Recorder = value.recorder
        if recorder not in self.wanted:
            raise UnfollowedError("it uses a device for the first time")
        if value.epoch != recorder.epoch:
            recorder._enter(value)
        return recorder, value.index

    def want(self, value: Value) -> tuple[Recorder, int]:
        """Have the value of a step as a result: its place in the list of its device."""
        recorder, index = self.place(value)
        return self.want_step(recorder, index)

    def want_step(self, recorder: Recorder, index: int) -> tuple[Recorder, int]:
        wanted = self.wanted[recorder]
        wanted.append(index)
        return recorder, len(wanted) - 1

    def note_writes(self) -> None:
        for storage, old in self.log.written.items():
            cell = self.before.number.get(storage)
            if cell is not None:
                if storage.value is not self.before.held[cell]:
                    self.writes.append((cell, self.want(storage.value)))
            elif old.epoch != old.recorder.epoch and id(old) not in self.log.uploaded:
                raise UnfollowedError(UNKNOWN_WRITE)

    def note_gradients(self) -> None:
        for owner, tensor, old in self.before.grads:
            new = tensor._grad
            if new is None and old is not None:
                self.captured.grads.append((owner, -1))
            elif new is not None and new is not old:
                if new._requires_grad:
                    raise UnfollowedError("it makes gradients that have a history")
                self.captured.grads.append((owner, self.put(new).index))

    def put(self, tensor: Tensor) -> Slot:
        """Have a tensor made, or found, at each call."""
        if id(tensor) not in self.slots:
            self.slots[id(tensor)] = len(self.tensors)
            self.tensors.append(tensor)
        return Slot(self.slots[id(tensor)])

    def cell_of(self, storage: Storage) -> int:
        found = self.before.number.get(storage)
        if found is not None:
            return found
        if storage not in self.fresh:
            self.fresh[storage] = len(self.before.cells) + len(self.fresh)
            self.fresh_results.append(self.want(storage.value))
        return self.fresh[storage]

    def make_all(self) -> None:
        owners = {id(tensor): owner for owner, tensor in self.before.owners}
        tracked: list[Tensor] = []
        for tensor in self.tensors:
            owner = owners.get(id(tensor))
            if owner is not None:
                self.captured.made.append(Made(owner, -1, (), (), -1, ""))
                continue
            if type(tensor) is not Tensor:
                raise UnfollowedError(f"it returns a new {type(tensor).__name__}")
            cell = self.cell_of(tensor._storage)
            output, freed = -1, ""
            if tensor._requires_grad:
                node = tensor._node()
                if node is None:
                    raise UnfollowedError("it returns a new tensor that requires a gradient")
                if is_freed(region([node], self.first)):
                    freed = node.name()
                else:
                    output = len(tracked)
                    tracked.append(tensor)
            self.captured.made.append(Made(None, cell, tensor._path, tensor._shape, output, freed))
        if tracked:
            self.record_backward(tracked)

    def record_backward(self, outputs: list[Tensor]) -> None:
        """Record the gradients of results after the function, and cut them off."""
        from portfire._dispatch import zeros
        from portfire.autograd._engine import apply_rules
        from portfire.autograd._mode import no_grad

        roots = [edge for tensor in outputs if (edge := edge_of(tensor)) is not None]
        nodes = region([node for node, _ in roots], self.first)
        if any(node.hooks or node.pre_hooks or node.captured for node in nodes):
            raise UnfollowedError("it registers hooks")
        owners: dict[Edge, Owner] = {}
        for owner, tensor in self.before.owners:
            edge = edge_of(tensor)
            if edge is not None:
                owners[edge] = owner
        if not boundary(nodes) <= owners.keys():
            raise UnfollowedError(
                "the history of its result leads to a tensor that it does not reach"
            )
        recorder: Recorder = outputs[0]._storage.value.recorder
        if any(tensor._storage.value.recorder is not recorder for tensor in outputs):
            raise UnfollowedError("it returns tensors with history on several devices")
        steps = recorder._steps
        start = len(steps)
        with no_grad():
            seeds = [zeros(tensor._shape, tensor) for tensor in outputs]
            found = apply_rules(list(zip(roots, seeds, strict=True)), set(owners))
        given = [self.place(seed._read())[1] for seed in seeds]
        results = [self.place(grad._read()) for grad in found.values()]
        if any(place[0] is not recorder for place in results):
            raise UnfollowedError("its gradients are on several devices")
        ends = [index for _, index in results]
        needed = needs(steps, ends, {*given, *range(start)})
        saved = sorted(i for i in needed if i < start)
        if any(steps[i].op is SCALAR for i in saved):
            raise UnfollowedError("its backward pass reads a number of its forward pass")
        numbers = [i for i in sorted(needed) if i >= start and steps[i].op is SCALAR]
        late = [i for i in sorted(needed) if i >= start and steps[i].op is INPUT]
        body = cut(steps, [*given, *saved, *late], numbers, ends)
        self.saved = [self.want_step(recorder, i) for i in [*saved, *late]]
        self.captured.backward = Backward(
            recorder,
            body,
            [recorder._scalars[steps[i].attrs[0]] for i in numbers],
            [],
            [(tensor._shape, tensor._dtype) for tensor in outputs],
            [owners[edge] for edge in found],
        )

    def finish(self) -> Captured:
        captured, before = self.captured, self.before
        offsets: dict[Recorder, int] = {}
        total = 0
        for recorder in self.log.recorders:
            if self.wanted[recorder] or self.log.live[recorder]:
                offsets[recorder] = total
                total += len(self.wanted[recorder])
                captured.parts.append(self.part(recorder))
        captured.writes = [(cell, offsets[r] + i) for cell, (r, i) in self.writes]
        captured.fresh = [offsets[r] + i for r, i in self.fresh_results]
        if captured.backward is not None:
            captured.backward.saved = [offsets[r] + i for r, i in self.saved]
        # Cells of host data were appended while the parts were made; new cells come after all.
        shift = len(captured.cells) - len(before.held)
        if shift:
            captured.made = [
                m._replace(cell=m.cell + shift) if m.cell >= len(before.held) else m
                for m in captured.made
            ]
        captured.fixed = frozenset(c for c in captured.cells if c is not None)
        captured.shared = [(group[0], i) for group in before.values.values() for i in group[1:]]
        captured.flushes = self.log.flushed
        captured.signature = self.signature()
        return captured

    def part(self, recorder: Recorder) -> Part:
        steps, outputs = recorder._steps, self.wanted[recorder]
        needed = sorted(needs(steps, outputs))
        leaves = [i for i in needed if steps[i].op is INPUT]
        numbers = [i for i in needed if steps[i].op is SCALAR]
        cells = [self.source(self.log.entered[recorder][i]) for i in leaves]
        rank = {position: k for k, position in enumerate(numbers)}
        live = [
            (source, [(rank[i], k) for k, i in enumerate(places) if i in rank])
            for places, source in self.log.live[recorder]
        ]
        body = cut(steps, leaves, numbers, outputs)
        values = [recorder._scalars[steps[i].attrs[0]] for i in numbers]
        return Part(recorder, body, cells, values, live)

    def source(self, value: Value) -> int:
        """The cell that a value was read from."""
        found = self.before.values.get(id(value))
        if found is not None:
            return found[0]
        if id(value) not in self.log.uploaded:
            raise UnfollowedError(UNKNOWN)
        _, array = self.log.uploaded[id(value)]
        self.captured.cells.append(Storage(value))
        self.before.names.append((array.shape, array.dtype.str, array.tobytes()))
        return len(self.captured.cells) - 1

    def signature(self) -> Any:
        captured = self.captured
        parts = []
        for part in captured.parts:
            live = {i for _, spots in part.live for i, _ in spots}
            numbers = ["" if i in live else repr(n) for i, n in enumerate(part.numbers)]
            sources = [spots for _, spots in part.live]
            body = part.body
            parts.append((body.steps, body.outputs, body.order, part.cells, numbers, sources))
        made = [(*m[1:], _name(m.owner)) for m in captured.made]
        grads = [(_name(owner), i) for owner, i in captured.grads]
        backward = captured.backward
        after = None if backward is None else (backward.body.steps, backward.saved)
        return (
            parts, self.before.names, captured.shared, captured.writes, captured.fresh, made,
            grads, captured.result, captured.flushes, after,
        )  # fmt: skip


def _name(owner: Owner | None) -> int:
    return owner if isinstance(owner, int) else id(owner)


def build(log: Log, before: Before, result: Any, first: int) -> Captured:
    """Find out what a captured call did.

    Args:
        log: of the call.
        before: how things were before it.
        result: what it returned.
        first: the sequence number that the next node of the backward graph had before it.

    Raises:
        UnfollowedError: if that cannot be done again without calling the function.
    """
    before.check()
    builder = _Builder(log, before, first)
    builder.note_writes()
    try:
        before.captured.result = template(result, builder.put)
    except UnfamiliarError as error:
        raise UnfollowedError(str(error)) from error
    builder.note_gradients()
    builder.make_all()
    return builder.finish()
