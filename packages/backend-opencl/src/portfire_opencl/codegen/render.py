"""The OpenCL C dialect as tables: type names, literals, and one expression per operator."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from portfire import _dtype
from portfire._dtype import DType

# The type in memory and the type that arithmetic uses (float16 computes in float, bool in int).
STORAGE = {
    "bool": "uchar",
    "uint8": "uchar",
    "int8": "char",
    "int16": "short",
    "int32": "int",
    "uint32": "uint",
    "int64": "long",
    "float16": "half",
    "float32": "float",
    "float64": "double",
}
COMPUTE = {**STORAGE, "bool": "int", "float16": "float"}
WIDTH = {"uchar": 1, "char": 1, "short": 2, "int": 4, "uint": 4, "float": 4, "long": 8, "double": 8}
UNSIGNED = {"char": "uchar", "short": "ushort", "int": "uint", "long": "ulong"}

PRELUDE = """\
#define LD(T, p) (*(const __global T##u*)(p))
#define ST(T, p, v) (*(__global T##u*)(p) = (v))
#if defined(__has_builtin)
#if __has_builtin(__builtin_convertvector)
#define CV(x, T) __builtin_convertvector(x, T)
#endif
#endif
#ifndef CV
#define CV(x, T) convert_##T(x)
#endif
"""


@dataclass(frozen=True, slots=True)
class Val:
    """A value in kernel text.

    Attributes:
        text: an identifier or a parenthesized expression.
        dtype: what it means; its C type is `ctype`.
        vec: true if it holds one element per lane, false if all lanes share it.
        depth: the loop depth at which it is known (0: the whole kernel).
        masked: conditions outside of which it is zero.
    """

    text: str
    dtype: DType
    vec: bool = False
    depth: int = 0
    masked: frozenset[Any] = field(default_factory=frozenset)


def ctype(dtype: DType, lanes: int = 1) -> str:
    """Return the C type that arithmetic on a dtype uses."""
    return COMPUTE[dtype.name] + (str(lanes) if lanes > 1 else "")


def typedefs(fp64: bool) -> str:
    """Return the under-aligned vector types that `LD` and `ST` name."""
    lines = []
    for name, width in [*WIDTH.items(), ("ushort", 2)]:
        if name == "double" and not fp64:
            continue
        lines.append(f"typedef {name} {name}u;" if name not in _RESERVED else "")
        lines.extend(
            f"typedef {name}{n} __attribute__((aligned({width}))) {name}{n}u;"
            for n in (2, 4, 8, 16)
        )
    return "\n".join(line for line in lines if line) + "\n"


_RESERVED = frozenset({"uchar", "uint", "ushort"})


def literal(value: Any, dtype: DType) -> str:
    """Return a constant of a dtype as C text."""
    if dtype is _dtype.bool_:
        return "1" if value else "0"
    if dtype.is_floating_point:
        return _float_literal(float(value), dtype)
    number = int(dtype.numpy.type(np.array(int(value)).astype(dtype.numpy)))
    if dtype is _dtype.int64:
        return "(-9223372036854775807L - 1)" if number == -(2**63) else f"{number}L"
    if dtype is _dtype.uint32:
        return f"{number}u"
    if dtype is _dtype.int32:
        return "(-2147483647 - 1)" if number == -(2**31) else str(number)
    return f"(({ctype(dtype)}){number})"


def _float_literal(value: float, dtype: DType) -> str:
    double = dtype is _dtype.float64
    if not double:
        kind = np.float16 if dtype is _dtype.float16 else np.float32
        with np.errstate(over="ignore"):
            value = float(kind(value))
    if math.isnan(value):
        return "(double)NAN" if double else "NAN"
    if math.isinf(value):
        name = "INFINITY" if value > 0 else "(-INFINITY)"
        return f"(double){name}" if double else name
    text = repr(value) if double else str(np.float32(value))
    if not any(mark in text for mark in ".e"):
        text += ".0"
    text += "" if double else "f"
    return f"({text})" if text.startswith("-") else text


def mask_type(dtype: DType, lanes: int) -> str:
    """Return the integer vector type that selects between values of a dtype."""
    return {1: "char", 2: "short", 4: "int", 8: "long"}[WIDTH[ctype(dtype)]] + str(lanes)


def widened(val: Val, lanes: int) -> str:
    """Return a value as a vector of that many lanes (1: a scalar)."""
    if lanes == 1 or val.vec:
        return val.text
    if val.dtype is _dtype.bool_:
        return f"(({ctype(val.dtype, lanes)})(-{val.text}))"
    return f"(({ctype(val.dtype, lanes)})({val.text}))"


def select(cond: str, yes: str, no: str, dtype: DType, lanes: int) -> str:
    """Return cond ? yes : no; a vector condition is an int mask (0 or -1 per lane)."""
    if lanes > 1 and WIDTH[ctype(dtype)] != 4:
        cond = f"CV({cond}, {mask_type(dtype, lanes)})"
    return f"({cond} ? {yes} : {no})"


class Ops:
    """Renders one operator application for a number of lanes.

    Attributes:
        call: ``call(function, dtype, lanes) -> name``: asks for a helper function.
    """

    def __init__(self, call: Callable[[str, DType, int], str]) -> None:
        self.call = call

    def __call__(
        self, op: str, args: list[Val], attrs: tuple[Any, ...], dtype: DType, lanes: int
    ) -> str:
        """Return the expression of an elementwise operator."""
        first = args[0].dtype
        if op == "cast":
            return self.cast(args[0], dtype, lanes)
        texts = [widened(a, lanes) for a in args]
        if op == "bitcast":
            return f"as_{ctype(dtype, lanes)}({texts[0]})"
        if op == "where":
            return select(texts[0], texts[1], texts[2], dtype, lanes)
        if op in _COMPARE:
            return self._compare(op, texts, first, lanes)
        if first is _dtype.bool_:
            return _BOOL[op].format(*texts, n="~" if lanes > 1 else "!")
        if op in _INFIX and not (op == "div" and not dtype.is_floating_point):
            # A scalar operand widens by itself.
            a, b = (arg.text for arg in args)
            return _wrapped(f"{a} {_INFIX[op]} {b}", dtype, lanes)
        family = _FLOAT if dtype.is_floating_point else _INT
        template = family.get(op)
        if template is not None:
            zero, one = literal(0, dtype), literal(1, dtype)
            return _wrapped(
                template.format(*texts, zero=zero, one=one, T=ctype(dtype, lanes)), dtype, lanes
            )
        return self._helper(op, args, dtype, lanes)

    def _compare(self, op: str, texts: list[str], dtype: DType, lanes: int) -> str:
        if dtype is _dtype.bool_ and lanes > 1:
            return _BOOL_COMPARE[op].format(*texts)
        text = f"({texts[0]} {_COMPARE[op]} {texts[1]})"
        if lanes > 1 and WIDTH[ctype(dtype)] != 4:
            text = f"CV({text}, int{lanes})"
        return text

    def _helper(self, op: str, args: list[Val], dtype: DType, lanes: int) -> str:
        if lanes > 1 and (not dtype.is_floating_point or op in SCALAR_ONLY):
            name = self.call(op, dtype, 1)
            parts = [f"{name}({', '.join(lane(a, n) for a in args)})" for n in range(lanes)]
            return f"(({ctype(dtype, lanes)})({', '.join(parts)}))"
        if dtype is _dtype.float16:
            op = _OF_HALF.get(op, op)
        texts = [widened(a, lanes) for a in args]
        return f"{self.call(op, dtype, lanes)}({', '.join(texts)})"

    def cast(self, val: Val, dtype: DType, lanes: int) -> str:
        """Return a conversion."""
        source = val.dtype
        if source is dtype:
            return val.text
        lanes = lanes if val.vec else 1
        text = val.text
        if dtype is _dtype.bool_:
            return self._compare("ne", [text, literal(0, source)], source, lanes)
        if dtype is _dtype.float16:
            narrow = self.cast(val, _dtype.float32, lanes)
            return f"{self.call('round_half', _dtype.float32, lanes)}({narrow})"
        new, old = ctype(dtype), ctype(source)
        if lanes == 1:
            if old in ("float", "double") and WIDTH[new] < 4:
                text = f"(int){text}"
            return text if new == old else f"(({new})({text}))"
        if source is _dtype.bool_:
            text, old = f"({text} & 1)", "int"
        if old in ("float", "double") and WIDTH[new] < 4:
            text, old = f"CV({text}, int{lanes})", "int"
        return text if new == old else f"CV({text}, {new}{lanes})"


def lane(val: Val, number: int) -> str:
    """Return one lane of a value as a scalar."""
    return f"{val.text}.s{number:x}" if val.vec else val.text


def _wrapped(text: str, dtype: DType, lanes: int) -> str:
    """Undo C's promotion of small integers, so that they wrap around."""
    if lanes == 1 and WIDTH[ctype(dtype)] < 4:
        return f"(({ctype(dtype)})({text}))"
    return f"({text})"


_OF_HALF = {"nextafter": "nextafter_half"}  # not the rounded result of single precision
SCALAR_ONLY = frozenset({"floor_divide", "remainder"})
_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<="}
_INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "bitwise_xor": "^",
}
_BOOL = {
    "add": "({0} | {1})",
    "mul": "({0} & {1})",
    "sub": "({0} ^ {1})",
    "maximum": "({0} | {1})",
    "minimum": "({0} & {1})",
    "bitwise_and": "({0} & {1})",
    "bitwise_or": "({0} | {1})",
    "bitwise_xor": "({0} ^ {1})",
    "invert": "({n}{0})",
    "abs": "{0}",
    "sign": "{0}",
}
_BOOL_COMPARE = {  # masks are 0 and -1
    "eq": "(~({0} ^ {1}))",
    "ne": "({0} ^ {1})",
    "lt": "(~{0} & {1})",
    "le": "(~{0} | {1})",
}
_FLOAT = {
    "neg": "-{0}",
    "maximum": "(({0} > {1}) | ({0} != {0})) ? {0} : {1}",
    "minimum": "(({0} < {1}) | ({0} != {0})) ? {0} : {1}",
    "sign": "({0} > {zero}) ? ({T})({one}) : (({0} < {zero}) ? ({T})(-{one}) : {0})",
}
_INT = {
    "neg": "-{0}",
    "abs": "({0} < {zero}) ? -{0} : {0}",
    "sign": "({0} > {zero}) ? ({T})({one}) : (({0} < {zero}) ? ({T})(-{one}) : {0})",
    "maximum": "({0} > {1}) ? {0} : {1}",
    "minimum": "({0} < {1}) ? {0} : {1}",
    "invert": "~{0}",
    "floor": "{0}",
    "ceil": "{0}",
    "trunc": "{0}",
    "round": "{0}",
}
