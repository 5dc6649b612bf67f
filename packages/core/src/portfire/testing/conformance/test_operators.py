"""Every operator record on the device."""

from __future__ import annotations

from typing import Any

import pytest

from portfire import _device, float32, float64
from portfire import testing as kit
from portfire.ops import Operator, Sample


def _dtypes(device: str) -> Any:
    return _device.resolve(device).runtime.dtypes


def test_value(op: Operator, dtype: Any, device: str) -> None:
    kit.check_forward(op, dtype, device)
    if kit.has_edges(op, dtype):
        kit.check_edges(op, dtype, device)


def test_layouts(op: Operator, device: str) -> None:
    dtypes = [dtype for dtype in kit.dtypes_of(op) if dtype in _dtypes(device)]
    if not dtypes:
        pytest.skip("the device has none of the operator's dtypes")
    dtype = float32 if float32 in dtypes else dtypes[-1]
    layouts = [name for name in kit.LAYOUTS if name != "contiguous"]
    kit.check_forward(op, dtype, device, layouts)


def test_gradient(op: Operator, sample: Sample, device: str) -> None:
    dtype = float64 if float64 in _dtypes(device) else float32
    kit.check_gradient(op, sample, dtype, device)


def test_errors(op: Operator, device: str) -> None:
    for wrong in op.errors:
        kit.check_wrong_call(op, wrong, device)
    if op.fallible:
        for sample in op.samples:
            kit.check_wrong_index(op, sample, device)
