"""The wish for the precision of products: torch's choices, and what becomes of others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import portfire


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave the precision as it was."""
    before = portfire.get_float32_matmul_precision()
    yield
    portfire.set_float32_matmul_precision(before)


@pytest.mark.parametrize("precision", ["medium", "high", "highest"])
def test_is_kept(precision: str) -> None:
    portfire.set_float32_matmul_precision(precision)
    assert portfire.get_float32_matmul_precision() == precision


def test_starts_with_the_highest() -> None:
    assert portfire.get_float32_matmul_precision() == "highest"


def test_another_text_warns_and_changes_nothing() -> None:
    with pytest.warns(UserWarning, match="tf32 is not one of 'highest', 'high', or 'medium'"):
        portfire.set_float32_matmul_precision("tf32")
    assert portfire.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize(("wrong", "name"), [(3, "int"), (None, "NoneType")])
def test_takes_text_only(wrong: object, name: str) -> None:
    with pytest.raises(RuntimeError, match=f"expects a str, but got {name}"):
        portfire.set_float32_matmul_precision(wrong)  # type: ignore[arg-type]  # the test
