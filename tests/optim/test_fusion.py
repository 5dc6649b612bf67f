"""What a step costs: one program of elementwise operators, one launch per parameter."""

from __future__ import annotations

from typing import Any

import pytest

import portfire
from portfire import optim
from portfire.ops import Kind
from portfire.testing.null import null_device
from tests.conftest import available_devices

RULES = {
    "sgd": (optim.SGD, {"lr": 0.1, "weight_decay": 0.1}),
    "momentum": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "adam": (optim.Adam, {"weight_decay": 0.1}),
    "amsgrad": (optim.Adam, {"amsgrad": True, "maximize": True}),
    "adamw": (optim.AdamW, {}),
    "adamax": (optim.Adamax, {"weight_decay": 0.1}),
    "nadam": (optim.NAdam, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    "radam": (optim.RAdam, {}),
    "adagrad": (optim.Adagrad, {"lr_decay": 0.1}),
    "adadelta": (optim.Adadelta, {}),
    "rmsprop": (optim.RMSprop, {"centered": True, "momentum": 0.9}),
    "rprop": (optim.Rprop, {}),
    "asgd": (optim.ASGD, {}),
}


def prepared(make: Any, options: dict[str, Any], count: int, device: str) -> tuple[Any, Any]:
    """An optimizer two steps old, with computed gradients; and the recorder of its device."""
    params = [portfire.zeros(5, i + 3, device=device).requires_grad_() for i in range(count)]
    optimizer = make(params, **options)
    for ready in (False, False, True):
        for param in params:
            param.grad = portfire.rand(*param.shape, device=device)
        portfire.flush()
        if not ready:
            optimizer.step()
    return optimizer, params[0]._read().recorder


@pytest.mark.parametrize("name", RULES)
def test_a_step_is_one_program_of_elementwise_operators(name: str) -> None:
    make, options = RULES[name]
    with null_device() as runtime:
        optimizer, _ = prepared(make, options, 2, "null")
        before = len(runtime.launches)
        optimizer.step()
        assert len(runtime.launches) == before + 1
        steps = runtime.launches[-1].program.instructions
    constants = ("input", "scalar", "full", "expand")  # a zero to compare with is one too
    assert {s.op.kind for s in steps if s.op.name not in constants} == {Kind.ELEMENTWISE}


@pytest.mark.parametrize("device", [name for name in available_devices() if name == "opencl"])
@pytest.mark.parametrize("name", RULES)
def test_a_step_is_one_launch_per_parameter(name: str, device: str) -> None:
    make, options = RULES[name]
    optimizer, recorder = prepared(make, options, 3, device)
    flushes = recorder.flushes
    optimizer.step()
    assert recorder.flushes == flushes + 1
    plan = next(reversed(recorder._plans.values()))
    assert len(plan.execute.plan.launches) == 3
