"""concat: pieces share launches and code, and large column sums are cut into bands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from portfire_opencl.codegen.rewrite import plan_split
from tests.backend_opencl._run_plan import Sketch, check


def pieces(sketch: Sketch, *shapes: tuple[int, ...]) -> list[int]:
    """Inputs of some shapes, all elements different."""
    starts = np.cumsum([0, *(int(np.prod(s)) for s in shapes)])
    return [
        sketch.input(np.arange(a, b, dtype=np.float32).reshape(s))
        for a, b, s in zip(starts, starts[1:], shapes, strict=False)
    ]


@pytest.mark.parametrize("schedule", ["cpu", "gpu"])
def test_equal_pieces_have_one_code(schedule: str) -> None:
    sketch = Sketch()
    joined = sketch("concat", *pieces(sketch, *[(6, 21)] * 9), attrs=(1,))
    plan = check(sketch, joined, schedule_name=schedule)
    assert len(plan.launches) == 1
    assert "if (_all" not in plan.source, "one branch serves all pieces"


@pytest.mark.parametrize("schedule", ["cpu", "gpu"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_unequal_pieces_have_branches(axis: int, schedule: str) -> None:
    sizes = (3, 17, 3, 1, 0, 40, 17)
    shapes = [tuple(n if a == axis else m for a, m in enumerate((5, 4, 6))) for n in sizes]
    sketch = Sketch()
    joined = sketch("concat", *pieces(sketch, *shapes), attrs=(axis,))
    assert len(check(sketch, joined, schedule_name=schedule).launches) == 1


def test_computed_pieces_are_part_of_the_launch() -> None:
    sketch = Sketch()
    a, b, c, d = pieces(sketch, *[(8, 32)] * 4)
    joined = sketch(
        "concat", sketch("neg", a), sketch("neg", b), sketch("mul", c, d), b, attrs=(0,)
    )
    assert len(check(sketch, joined).launches) == 1


def test_many_pieces_take_several_launches() -> None:
    """A launch has room for so many buffers only."""
    sketch = Sketch()
    joined = sketch("concat", *pieces(sketch, *[(4,)] * 150), attrs=(0,))
    assert len(check(sketch, joined).launches) == 3


@pytest.mark.parametrize(
    ("shape", "axes", "chunks"),
    [
        ((4096, 4096), (0,), 16),  # larger than caches, and nothing else to cut
        ((4, 2048, 1024), (1,), 4),
        ((64, 256, 1024), (1,), None),  # the kept dims before the columns are bands enough
        ((512, 4096), (0,), None),  # fits into caches
    ],
)
def test_bands_of_columns(shape: Any, axes: Any, chunks: int | None) -> None:
    split = plan_split(shape, axes)
    assert (split.chunks if split else None) == chunks
