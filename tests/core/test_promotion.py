"""Which dtype an operation computes in: torch's answers, as literal tables."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import portfire

CODES = {
    "?": portfire.bool,
    "B": portfire.uint8,
    "b": portfire.int8,
    "h": portfire.int16,
    "i": portfire.int32,
    "l": portfire.int64,
    "e": portfire.float16,
    "f": portfire.float32,
    "d": portfire.float64,
}
ORDER = "?Bbhilefd"
NUMBERS: tuple[Any, ...] = (True, 1, 1.0)

# Rows are the left operand, columns the right one, both in ORDER. From torch 2.13's result_type.
BOTH_WITH_DIMS = {
    "?": "?Bbhilefd",
    "B": "BBhhilefd",
    "b": "bhbhilefd",
    "h": "hhhhilefd",
    "i": "iiiiilefd",
    "l": "llllllefd",
    "e": "eeeeeeefd",
    "f": "ffffffffd",
    "d": "ddddddddd",
}
RIGHT_WITHOUT_DIMS = {
    "?": "?Bbhilefd",
    "B": "BBBBBBefd",
    "b": "bbbbbbefd",
    "h": "hhhhhhefd",
    "i": "iiiiiiefd",
    "l": "llllllefd",
    "e": "eeeeeeeee",
    "f": "fffffffff",
    "d": "ddddddddd",
}
# Columns are a bool, an int and a float of Python.
WITH_NUMBER = {
    "?": "?lf",
    "B": "BBf",
    "b": "bbf",
    "h": "hhf",
    "i": "iif",
    "l": "llf",
    "e": "eee",
    "f": "fff",
    "d": "ddd",
}
# What some functions make of each dtype of ORDER.
RESULTS = {
    "div": (lambda x: x / x, "ffffffefd"),
    "exp": (lambda x: x.exp(), "ffffffefd"),
    "sqrt": (lambda x: x.sqrt(), "ffffffefd"),
    "sigmoid": (lambda x: x.sigmoid(), "ffffffefd"),
    "reciprocal": (lambda x: x.reciprocal(), "ffffffefd"),
    "sum": (lambda x: x.sum(), "llllllefd"),
    "prod": (lambda x: x.prod(), "llllllefd"),
    "cumsum": (lambda x: x.cumsum(0), "llllllefd"),
    "max": (lambda x: x.max(), "?Bbhilefd"),
    "eq": (lambda x: x == x, "?????????"),
    "argmax": (lambda x: x.long().argmax(), "lllllllll"),
    "square": (lambda x: x.square(), "lBbhilefd"),
}
CAN_CAST = {
    "?": "YYYYYYYYY",
    "B": ".YYYYYYYY",
    "b": ".YYYYYYYY",
    "h": ".YYYYYYYY",
    "i": ".YYYYYYYY",
    "l": ".YYYYYYYY",
    "e": "......YYY",
    "f": "......YYY",
    "d": "......YYY",
}


def cells(table: dict[str, str]) -> list[Any]:
    return [
        pytest.param(row, column, result, id=f"{CODES[row].name}-{CODES[column].name}")
        for row, results in table.items()
        for column, result in zip(ORDER, results, strict=True)
    ]


def ones(code: str, *shape: int) -> portfire.Tensor:
    return portfire.ones(shape, dtype=CODES[code], device="cpu")


@pytest.mark.parametrize(("left", "right", "result"), cells(BOTH_WITH_DIMS))
def test_two_tensors_with_dims(left: str, right: str, result: str) -> None:
    wanted = CODES[result]
    assert portfire.promote_types(CODES[left], CODES[right]) is wanted
    assert portfire.result_type(ones(left, 2), ones(right, 2)) is wanted
    assert (ones(left, 2) + ones(right, 1)).dtype is wanted
    assert portfire.where(ones("?", 2), ones(left, 2), ones(right, 2)).dtype is wanted
    assert portfire.cat([ones(left, 2), ones(right, 2)]).dtype is wanted


@pytest.mark.parametrize(("left", "right", "result"), cells(RIGHT_WITHOUT_DIMS))
def test_dims_and_none(left: str, right: str, result: str) -> None:
    assert portfire.result_type(ones(left, 2), ones(right)) is CODES[result]
    assert (ones(left, 2) * ones(right)).dtype is CODES[result]
    assert (ones(right) * ones(left, 2)).dtype is CODES[result]


@pytest.mark.parametrize(("left", "right", "result"), cells(BOTH_WITH_DIMS))
def test_two_tensors_without_dims(left: str, right: str, result: str) -> None:
    assert portfire.result_type(ones(left), ones(right)) is CODES[result]
    assert (ones(left) * ones(right)).dtype is CODES[result]


@pytest.mark.parametrize("shape", [(2,), ()])
@pytest.mark.parametrize("left", ORDER)
def test_tensors_and_numbers(left: str, shape: tuple[int, ...]) -> None:
    for number, result in zip(NUMBERS, WITH_NUMBER[left], strict=True):
        x = ones(left, *shape)
        assert portfire.result_type(x, number) is CODES[result], number
        assert (x * number).dtype is CODES[result], number
        assert (number * x).dtype is CODES[result], number


@pytest.mark.parametrize("name", RESULTS)
def test_functions(name: str, device: str) -> None:
    function, results = RESULTS[name]
    has = portfire._device.resolve(device).runtime.dtypes
    for code, result in zip(ORDER, results, strict=True):
        if CODES[code] in has:
            x = portfire.ones(2, dtype=CODES[code], device=device)
            assert function(x).dtype is CODES[result], code


@pytest.mark.parametrize(("left", "right", "result"), cells(CAN_CAST))
def test_what_may_be_stored_where(left: str, right: str, result: str) -> None:
    allowed = result == "Y"
    assert portfire.can_cast(CODES[left], CODES[right]) is allowed
    target, source = ones(right, 2), ones(left, 2)
    if portfire.promote_types(CODES[left], CODES[right]) is not CODES[left]:
        return  # the result is not of the left dtype, so this says nothing about it
    if allowed:
        assert target.mul_(source).dtype is CODES[right]
    else:
        with pytest.raises(RuntimeError, match=r"result type \w+ can't be cast to the desired"):
            target.mul_(source)


def test_promotion_is_symmetric_and_associative() -> None:
    for a, b, c in itertools.product(map(CODES.get, ORDER), repeat=3):
        assert a is not None
        assert b is not None
        assert c is not None
        assert portfire.promote_types(a, b) is portfire.promote_types(b, a)
        left = portfire.promote_types(portfire.promote_types(a, b), c)
        if {a, b, c} >= {portfire.uint8, portfire.int8}:
            continue  # their result is wider than both
        assert left is portfire.promote_types(a, portfire.promote_types(b, c))


def test_the_default_dtype_is_that_of_floats() -> None:
    old = portfire.get_default_dtype()
    try:
        portfire.set_default_dtype(portfire.float64)
        assert portfire.tensor([1.0], device="cpu").dtype is portfire.float64
        assert portfire.zeros(1, device="cpu").dtype is portfire.float64
        assert (ones("l", 2) * 1.5).dtype is portfire.float64
        assert (ones("l", 2) / ones("l", 2)).dtype is portfire.float64
        with pytest.raises(TypeError, match="only floating-point types are supported"):
            portfire.set_default_dtype(portfire.int64)
    finally:
        portfire.set_default_dtype(old)
    assert portfire.tensor([1.0], device="cpu").dtype is portfire.float32


def test_random_bits_do_not_mix_with_signed_integers() -> None:
    bits = ones("l", 2).to(portfire.uint32)
    with pytest.raises(RuntimeError, match="Promotion for uint32 and int64 is not supported"):
        bits + ones("l", 2)


def test_the_type_names_of_old() -> None:
    assert ones("f", 1).type() == "portfire.FloatTensor"
    assert ones("f", 1).type("portfire.LongTensor").dtype is portfire.int64
    assert ones("l", 1).type(portfire.float64).dtype is portfire.float64
    with pytest.raises(ValueError, match=r"invalid type: 'portfire\.Nonsense'"):
        ones("l", 1).type("portfire.Nonsense")


@pytest.mark.parametrize("number", [300, -1, 1 << 40, -(1 << 63)])
@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64"])
def test_a_number_beyond_the_dtype_wraps(name: str, number: int, device: str) -> None:
    dtype = getattr(portfire, name)
    result = portfire.tensor([1], dtype=dtype, device=device) + number
    assert result.dtype is dtype
    assert result.item() == np.array([1 + number]).astype(name).item()


def test_a_number_beyond_all_dtypes_is_refused_at_once(device: str) -> None:
    for x in (portfire.ones(1, device=device), portfire.tensor([1], device=device)):
        with pytest.raises(OverflowError, match="int too big"):
            x + (1 << 63)
