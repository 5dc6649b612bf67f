"""Accumulators: how each reduction starts, grows, and folds its lanes."""

from __future__ import annotations

from portfire import _dtype
from portfire._dtype import DType

from .graph import SCANS
from .render import Val, ctype, literal, widened


def identity(op: str, dtype: DType, lanes: int) -> str:
    """Return the start value."""
    op = SCANS.get(op, op)
    if op in ("sum", "prod"):
        text = literal(0 if op == "sum" else 1, dtype)
    elif dtype is _dtype.bool_:
        text = "0" if op == "max" else ("-1" if lanes > 1 else "1")
    elif dtype.is_floating_point:
        text = literal(float("-inf") if op == "max" else float("inf"), dtype)
        if dtype is _dtype.float16:
            text = "(-INFINITY)" if op == "max" else "INFINITY"
    else:
        bits = 8 * dtype.itemsize
        low = -(2 ** (bits - 1)) if dtype.is_signed else 0
        high = 2 ** (bits - 1) - 1 if dtype.is_signed else 2**bits - 1
        text = literal(low if op == "max" else high, dtype)
    return f"({ctype(dtype, lanes)})({text})" if lanes > 1 else text


def combine(op: str, a: str, b: str, dtype: DType, lanes: int) -> str:
    """Return the expression that adds b to an accumulator a."""
    kind, op = ctype(dtype, lanes), SCANS.get(op, op)
    if op in ("sum", "prod"):
        text = f"{a} {'+' if op == 'sum' else '*'} {b}"
        return f"({kind})({text})" if lanes == 1 and dtype.itemsize < 4 else text
    if dtype is _dtype.bool_:
        return f"{a} {'|' if op == 'max' else '&'} {b}"
    sign = ">" if op == "max" else "<"
    if dtype.is_floating_point:
        return f"(({b} {sign} {a}) | ({b} != {b})) ? {b} : {a}"
    return f"({b} {sign} {a}) ? {b} : {a}"


def grow(op: str, accumulator: str, value: Val, lanes: int) -> str:
    """Return the statement that adds a value to an accumulator of that many lanes."""
    text = combine(op, accumulator, widened(value, lanes), value.dtype, lanes)
    return f"{accumulator} = {text};"


def fold(op: str, vector: str, scalar: str, dtype: DType, lanes: int) -> list[str]:
    """Return statements that add all lanes of an accumulator to a scalar accumulator."""
    lines, current, n = [], vector, lanes
    while n > 2:
        n //= 2
        name = f"{vector}_{n}"
        text = combine(op, f"{current}.lo", f"{current}.hi", dtype, n)
        lines.append(f"const {ctype(dtype, n)} {name} = {text};")
        current = name
    name = f"{vector}_1"
    low, high = f"{current}.s0", f"{current}.s1"
    if dtype is _dtype.bool_:
        low, high = f"({low} & 1)", f"({high} & 1)"
    lines.append(f"const {ctype(dtype)} {name} = {combine(op, low, high, dtype, 1)};")
    lines.append(f"{scalar} = {combine(op, scalar, name, dtype, 1)};")
    return lines
