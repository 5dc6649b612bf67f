"""How the rule of an optimizer reaches the graph: recorded once, appended at each step.

A rule computes new tensors from old ones and some numbers. What it records depends on the shapes
and dtypes, on which state there is, and on the options that are no numbers: for each such variant
it is run once, on tensors that stand for the real ones, and the steps are kept as a body. A step of
the optimizer then appends one body per parameter, with the numbers of that step as its arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from portfire import Tensor
from portfire.engine import Body, record_body

if TYPE_CHECKING:
    from portfire.optim._optimizer import Optimizer

__all__ = ["advance", "renew"]

Hyper = dict[str, Any]


class _Variant(NamedTuple):
    body: Body
    changed: tuple[str, ...]  # the state that the rule gives, after the parameter


def advance(optimizer: Optimizer, param: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
    """Apply an optimizer's rule to one parameter."""
    known = optimizer.state.get(param)
    state = known or optimizer.init(param, group)
    hyper = optimizer.hyper(state, group)
    if optimizer.defaults.get("differentiable"):
        _record(optimizer, param, grad, state, hyper)
    else:
        names = [name for name, item in state.items() if isinstance(item, Tensor)]
        values = [param._read(), grad._read(), *[state[name]._read() for name in names]]
        key, numbers = _key(optimizer, hyper, names)
        recorder = values[0].recorder
        specs = tuple([(value.shape, value.dtype) for value in values])
        variant = recorder.bodies.get((key, specs))
        if variant is None:
            variant = _prepare(recorder, key, specs, optimizer, hyper, names)
        live = (renew, optimizer, state, group, key)
        new, *rest = recorder.splice(variant.body, values, numbers, live)
        param._write(new)
        for name, value in zip(variant.changed, rest, strict=True):
            _put(state, name, Tensor._wrap(value))
    if state and state is not known:
        optimizer.state[param] = state


def renew(
    draft: dict[int, Any], optimizer: Optimizer, state: Any, group: Any, key: Any
) -> list[float] | None:
    """Return the numbers of a further step without taking it, None if another variant is due.

    Args:
        draft: by the identity of a state: the state, and how that step leaves it.
        optimizer: whose rule it is.
        state: of the parameter.
        group: its options.
        key: the variant that was recorded.
    """
    _, ahead = draft.setdefault(id(state), (state, dict(state)))
    hyper = optimizer.hyper(ahead, group)
    names = [name for name, item in state.items() if isinstance(item, Tensor)]
    due, numbers = _key(optimizer, hyper, names)
    return numbers if due == key else None


def _key(optimizer: Optimizer, hyper: Hyper, names: list[str]) -> tuple[Any, list[float]]:
    """What decides the variant beside shapes and dtypes, and the numbers that do not."""
    numbers = []
    fixed: list[Any] = []
    for name, item in hyper.items():
        if type(item) is float:
            numbers.append(item)
            fixed.append(name)
        else:
            fixed.append((name, item))
    return (type(optimizer).update, tuple(fixed), tuple(names)), numbers


def _prepare(
    recorder: Any, key: Any, specs: Any, optimizer: Optimizer, hyper: Hyper, names: list[str]
) -> _Variant:
    changed: list[str] = []
    floats = [name for name, item in hyper.items() if type(item) is float]

    def rule(param: Tensor, grad: Tensor, *others: Tensor) -> list[Tensor]:
        state = dict(zip(names, others[: len(names)], strict=True))
        numbers = dict(zip(floats, others[len(names) :], strict=True))
        new, results = _checked(optimizer, param, grad, state, {**hyper, **numbers})
        changed.extend(results)
        return [new, *results.values()]

    dtype = specs[0][1]
    body = record_body(recorder, rule, specs, [dtype] * len(floats))
    variant = _Variant(body, tuple(changed))
    recorder.remember((key, specs), variant)
    return variant


def _checked(
    optimizer: Optimizer, param: Tensor, grad: Tensor, state: dict[str, Any], hyper: Hyper
) -> tuple[Tensor, dict[str, Tensor]]:
    new, results = optimizer.update(param, grad, state, hyper)
    if new.shape != param.shape or new.dtype != param.dtype:
        raise RuntimeError(
            f"{type(optimizer).__name__}.update() gave a parameter of shape {list(new.shape)} and "
            f"dtype {new.dtype}, but it is of shape {list(param.shape)} and dtype {param.dtype}"
        )
    return new, results


def _record(
    optimizer: Optimizer, param: Tensor, grad: Tensor, state: dict[str, Any], hyper: Hyper
) -> None:
    """Run the rule on the tensors themselves, so that autograd sees it."""
    new, results = _checked(optimizer, param, grad, state, hyper)
    for name, tensor in results.items():
        _put(state, name, tensor)
    param.copy_(new)


def _put(state: dict[str, Any], name: str, tensor: Tensor) -> None:
    old = state.get(name)
    if old is None:
        state[name] = tensor
    elif tensor.requires_grad:
        old.copy_(tensor)
    else:
        old._write(tensor._read())
