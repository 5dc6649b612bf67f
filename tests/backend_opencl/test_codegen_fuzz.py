"""Random programs over the whole operator table, in both schedules."""

from __future__ import annotations

import pytest

from tests.backend_opencl._fuzz import Fuzzer
from tests.backend_opencl._run_plan import check

# 17: reductions over shapes that differ by axes of size 1; the others cover the table.
SEEDS = (0, 3, 17, 29, 42, 77, 101)


@pytest.mark.parametrize("schedule_name", ["cpu", "gpu"])
@pytest.mark.parametrize("seed", SEEDS)
def test_random_program(seed: int, schedule_name: str) -> None:
    sketch, outputs = Fuzzer(seed).program(6 + seed % 30)
    check(sketch, *outputs, schedule_name=schedule_name, scale=30)
