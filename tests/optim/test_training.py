"""Ten thousand steps of training: memory stays as it is, and nothing is built."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import Tensor, optim
from portfire.engine import Value


def trainer(device: str, compiled: bool) -> tuple[Callable[[int], Tensor], Any]:
    """A step of a small network whose learning rate depends on its number; and the recorder."""
    draw = np.random.default_rng(0).standard_normal
    x, first, second = (
        portfire.tensor(draw(shape).astype(np.float32), device=device)
        for shape in ((16, 4), (4, 8), (8, 1))
    )
    y = x.sum(1, keepdim=True).tanh()
    weights = [first.requires_grad_(), second.requires_grad_()]
    optimizer = optim.Adam(weights)

    def step() -> Tensor:
        optimizer.zero_grad()
        loss = (((x @ first).relu() @ second - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    call = portfire.compile(step, fullgraph=True) if compiled else step

    def numbered(number: int) -> Tensor:
        optimizer.param_groups[0]["lr"] = 0.01 / (1 + number)
        return call()

    portfire.flush()
    return numbered, x._read().recorder


def live_values() -> int:
    gc.collect()
    return sum(type(found) is Value for found in gc.get_objects())


@pytest.mark.parametrize("compiled", [False, True])
def test_memory_stays_flat(device: str, compiled: bool) -> None:
    step, recorder = trainer(device, compiled)
    for number in range(8):
        loss = step(number)
    values = live_values()
    allocated = recorder.runtime.memory().allocated
    tables = len(recorder._transitions), len(recorder._placed)
    for number in range(8, 10_000 if compiled and device != "cpu" else 2_000):
        loss = step(number)
    assert np.isfinite(loss.item())
    assert live_values() <= values
    assert recorder.runtime.memory().allocated <= allocated
    assert (len(recorder._transitions), len(recorder._placed)) == tables


@pytest.mark.parametrize("compiled", [False, True])
def test_another_learning_rate_builds_nothing(device: str, compiled: bool) -> None:
    step, recorder = trainer(device, compiled)
    programs = getattr(recorder.runtime, "programs", None)
    step(0)
    kernels = programs and programs.counters.from_source
    for number in range(1, 5):
        step(number)
    plans = recorder.plans_built
    for number in range(5, 40):
        step(number)
    assert recorder.plans_built == plans
    assert (programs and programs.counters.from_source) == kernels
