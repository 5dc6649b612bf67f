"""What comparing random calls of nn.functional with PyTorch found, kept so that it stays right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import portfire
import portfire.nn.functional as F

Call = Callable[[], Any]


def bytes_() -> Any:
    return portfire.tensor([1, 2], dtype=portfire.uint8, device="cpu")


REFUSED: dict[str, tuple[Call, type[Exception], str]] = {
    "a gate of integers": (
        lambda: F.glu(bytes_()),
        NotImplementedError,
        "\"glu_cpu\" not implemented for 'Byte'",
    ),
    "a negative bound of unsigned numbers": (
        lambda: F.hardtanh(bytes_()),
        RuntimeError,
        "cannot do hardtanh on an unsigned type with negative limits",
    ),
    "a bound that is too large": (
        lambda: F.hardtanh(bytes_(), 0, 1000),
        RuntimeError,
        "value cannot be converted to type uint8_t without overflow",
    ),
    "a value that is too small": (
        lambda: F.threshold(bytes_(), 0.5, -2.0),
        RuntimeError,
        "value cannot be converted to type uint8_t without overflow",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_at_the_call(name: str) -> None:
    """And not when the elements are read, where it would take other pending work with it."""
    call, error, pattern = REFUSED[name]
    with pytest.raises(error, match=pattern):
        call()
