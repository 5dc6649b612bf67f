"""What comparing random calls with PyTorch found, kept so that it stays right.

The literals were obtained by running PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import portfire

Call = Callable[[], Any]


def make(*shape: int, dtype: Any = None) -> Any:
    return portfire.ones(*shape, dtype=dtype, device="cpu")


REFUSED: dict[str, tuple[Call, type[Exception], str]] = {
    "a mean of floats asked for as integers": (
        lambda: portfire.nanmean(make(2), dtype=portfire.int32),
        RuntimeError,
        r"nanmean\(\): could not infer output dtype.*Got: Int",
    ),
    "running sums as bool": (
        lambda: portfire.cumsum(make(2), 0, dtype=portfire.bool),
        NotImplementedError,
        "\"cumsum_out_cpu\" not implemented for 'Bool'",
    ),
    "running products as bool": (
        lambda: portfire.cumprod(make(2), 0, dtype=portfire.bool),
        NotImplementedError,
        "\"cumprod_out_cpu\" not implemented for 'Bool'",
    ),
    "distances of two dtypes": (
        lambda: portfire.cdist(make(2, 2), make(2, 2, dtype=portfire.float64)),
        RuntimeError,
        "expected scalar type Float but found Double",
    ),
    "the Frobenius norm of three dimensions": (
        lambda: portfire.linalg.norm(make(2, 2, 2), ord="fro"),
        RuntimeError,
        "the input must be 1D or 2D. Got 3D",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused(name: str) -> None:
    call, error, pattern = REFUSED[name]
    with pytest.raises(error, match=pattern):
        call()


def test_running_sums_of_nothing_may_be_bool(device: str) -> None:
    empty = portfire.ones(2, 0, device=device)
    assert portfire.cumsum(empty, 0, dtype=portfire.bool).shape == (2, 0)
    one = portfire.tensor(True, device=device)
    assert portfire.cumsum(one, 0, dtype=portfire.bool).tolist() is True


def test_a_size_of_one_that_meets_more_keeps_the_dtype(device: str) -> None:
    a = portfire.ones(4, 1, dtype=portfire.int32, device=device)
    b = portfire.ones(1, 3, dtype=portfire.int32, device=device)
    met = portfire.tensordot(a, b, 2)
    assert (met.dtype, met.item()) == (portfire.int32, 12)
