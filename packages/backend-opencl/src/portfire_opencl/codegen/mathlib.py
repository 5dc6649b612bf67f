"""Helper functions of kernels, made on demand for a type and a number of lanes."""

from __future__ import annotations

import re

from portfire._dtype import DType

from . import circular, elementary, power
from .reduce import combine, identity
from .render import UNSIGNED, WIDTH, ctype, mask_type

_BUILTIN = {
    "abs": "fabs",
    "exp": "exp",
    "log": "log",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "asin": "asin",
    "acos": "acos",
    "atan": "atan",
    "sinh": "sinh",
    "cosh": "cosh",
    "asinh": "asinh",
    "acosh": "acosh",
    "atanh": "atanh",
    "exp2": "exp2",
    "log2": "log2",
    "log10": "log10",
    "nextafter": "nextafter",
    "tanh": "tanh",
    "erf": "erf",
    "log1p": "log1p",
    "expm1": "expm1",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "round": "rint",
    "pow": "pow",
    "atan2": "atan2",
}

_ROUND_HALF_1 = """\
static float {name}(float x) {{
  ushort bits; vstore_half(x, 0, (half*)&bits); return vload_half(0, (half*)&bits);
}}
"""
_ROUND_HALF_N = """\
static {F} {name}({F} x) {{
  ushort{n} bits; vstore_half{n}(x, 0, (half*)&bits); return vload_half{n}(0, (half*)&bits);
}}
"""
# PoCL's vload_half and vstore_half of vectors crash at an address that is not a multiple of theirs.
_LOAD_HALF = """\
static {F} {name}(__global const half* p) {{
  const ushort{n} bits = LD(ushort{n}, p); return vload_half{n}(0, (const half*)&bits);
}}
"""
_STORE_HALF = """\
static void {name}({F} x, __global half* p) {{
  ushort{n} bits; vstore_half{n}(x, 0, (half*)&bits); ST(ushort{n}, p, bits);
}}
"""
# The numbers of half precision in their order are -0x7C00 to 0x7C00.
_NEXTAFTER_HALF = """\
static {F} {name}({F} x, {F} y) {{
  ushort{n} bits; vstore_half{n}(x, 0, (half*)&bits);
  {I} m = CV(bits, {I});
  {I} o = m > 0x7FFF ? 0x8000 - m : m;
  o = x < y ? o + 1 : o;
  o = x > y ? o - 1 : o;
  o = o < 0 ? 0x8000 - o : o;
  bits = CV(o, ushort{n});
  {F} r = vload_half{n}(0, (half*)&bits);
  r = x == y ? y : r;
  r = x == x ? r : x;
  return y == y ? r : y;
}}
"""
_NEXTAFTER_HALF_1 = _NEXTAFTER_HALF.replace("CV(bits, {I})", "bits").replace(
    "CV(o, ushort{n})", "(ushort)o"
)
_FLOAT_FLOOR_DIVIDE = """\
static {F} {name}({F} a, {F} b) {{
  if (b == 0) return a / b;
  {F} m = fmod(a, b), d = (a - m) / b;
  if (m != 0 && (b < 0) != (m < 0)) d -= 1;
  {F} f = floor(d);
  return d == 0 ? copysign(({F})0, a / b) : (d - f > ({F})0.5f ? f + 1 : f);
}}
"""
_FLOAT_REMAINDER = """\
static {F} {name}({F} a, {F} b) {{
  {F} m = fmod(a, b);
  if (m == 0) return copysign(m, b);
  return (b < 0) != (m < 0) ? m + b : m;
}}
"""
_INT_FLOOR_DIVIDE = """\
static {F} {name}({F} a, {F} b) {{
  if (b == 0) return 0;
  {guard}{F} q = a / b;
  return ({F})(q - (a % b != 0 && (a < 0) != (b < 0)));
}}
"""
_INT_REMAINDER = """\
static {F} {name}({F} a, {F} b) {{
  if (b == 0) return 0;
  {guard}{F} m = a % b;
  return ({F})(m != 0 && (m < 0) != (b < 0) ? m + b : m);
}}
"""
_INT_POW = """\
static {F} {name}({F} a, {F} b) {{
  if (b < 0) return a == 1 ? 1 : (a == ({F})-1 ? ((b & 1) ? a : 1) : 0);
  {U} r = 1, x = ({U})a;
  for ({U} e = ({U})b; e; e >>= 1) {{ if (e & 1) r *= x; x *= x; }}
  return ({F})r;
}}
"""
_SHIFT_LEFT = """\
static {F} {name}({F} a, {F} b) {{
  return ({U})b < {bits} ? ({F})(({U})a << b) : ({F})0;
}}
"""
_SHIFT_RIGHT = """\
static {F} {name}({F} a, {F} b) {{
  return ({U})b < {bits} ? ({F})(a >> b) : ({F})(a < 0 ? -1 : 0);
}}
"""
_THREEFRY = """\
static {U} {name}({U} c0, {U} c1, uint k0, uint k1) {{
  uint k2 = k0 ^ k1 ^ 0x1BD11BDAu;
  {U} a = c0 + k0, b = c1 + k1;
#define PF_ROUND(r) a += b; b = (b << r) | (b >> (32 - r)); b ^= a;
#define PF_EVEN PF_ROUND(13) PF_ROUND(15) PF_ROUND(26) PF_ROUND(6)
#define PF_ODD PF_ROUND(17) PF_ROUND(29) PF_ROUND(16) PF_ROUND(24)
  PF_EVEN a += k1; b += k2 + 1u;
  PF_ODD a += k2; b += k0 + 2u;
  PF_EVEN a += k0; b += k1 + 3u;
  PF_ODD a += k1; b += k2 + 4u;
  PF_EVEN a += k2;
  return a;
}}
"""
_PREFIX = """\
static {F} {name}({F} v) {{
{steps}  return v;
}}
"""
_JOIN = """\
static {F} {name}({F} a, {F} b, int length) {{
  return ({I})({steps}) < ({I})(length) ? a : b;
}}
"""
_INTEGER = {
    "floor_divide": _INT_FLOOR_DIVIDE,
    "remainder": _INT_REMAINDER,
    "pow": _INT_POW,
    "shift_left": _SHIFT_LEFT,
    "shift_right": _SHIFT_RIGHT,
}
_OWN = {**elementary.TEXTS, **circular.TEXTS, **power.TEXTS}
_SCALAR = ("reduce_angle",)  # called for single lanes
_FIELD = re.compile(r"\{(\w+)\}")
_HALVES = {"load_half": _LOAD_HALF, "store_half": _STORE_HALF}
_FLOATING = {"floor_divide": _FLOAT_FLOOR_DIVIDE, "remainder": _FLOAT_REMAINDER}


def _prefix_steps(op: str, dtype: DType, lanes: int) -> str:
    """Return statements that combine each lane with all before it, by doubling distances."""
    kind, first = ctype(dtype, lanes), identity(op, dtype, 1)
    text, distance = "", 1
    while distance < lanes:
        moved = ", ".join([first] * distance + [f"v.s{n:x}" for n in range(lanes - distance)])
        name = f"m{distance}"
        text += f"  const {kind} {name} = ({kind})({moved});\n"
        text += f"  v = {combine(op, name, 'v', dtype, lanes)};\n"
        distance *= 2
    return text


def _some_lane(mask: str, lanes: int) -> str:
    """Return a condition that holds if it does in some lane; by halves, without a builtin."""
    if lanes == 1:
        return mask
    while lanes > 2:
        mask, lanes = f"({mask}.lo | {mask}.hi)", lanes // 2
    return f"{mask}.s0 | {mask}.s1"


class Helpers:
    """The helper functions that a plan uses; their text goes before all kernels."""

    def __init__(self, builtin_math: bool, fp64: bool = True) -> None:
        self.builtin_math = builtin_math
        self.fp64 = fp64
        self.texts: dict[str, str] = {}

    def call(self, function: str, dtype: DType, lanes: int) -> str:
        """Return the name of a function, and remember that its text is needed."""
        f = ctype(dtype, lanes)
        name = f"pf_{function}_{f}"
        if name in self.texts:
            return name
        text = self._text(function, dtype, lanes, name)
        if text is None:
            return _BUILTIN[function]
        self.texts[name] = text
        return name

    def prefix(self, op: str, dtype: DType, lanes: int) -> str:
        """Return the name of the scan of a vector's lanes."""
        kind = ctype(dtype, lanes)
        name = f"pf_{op}_{kind}"
        steps = _prefix_steps(op, dtype, lanes)
        self.texts.setdefault(name, _PREFIX.format(F=kind, name=name, steps=steps))
        return name

    def _text(self, function: str, dtype: DType, lanes: int, name: str) -> str | None:
        f = ctype(dtype, lanes)
        if function == "threefry":
            return _THREEFRY.format(U=f, name=name)
        if function == "join":
            steps = ", ".join(str(n) for n in range(lanes))
            kind = mask_type(dtype, lanes)
            return _JOIN.format(F=f, I=kind, name=name, steps=steps)
        if function == "round_half":
            template = _ROUND_HALF_N if lanes > 1 else _ROUND_HALF_1
            return template.format(F=f, name=name, n=lanes)
        if function == "nextafter_half":
            template = _NEXTAFTER_HALF if lanes > 1 else _NEXTAFTER_HALF_1
            kind = mask_type(dtype, lanes) if lanes > 1 else "int"
            return template.format(F=f, I=kind, name=name, n=lanes if lanes > 1 else "")
        if function in _HALVES:
            return _HALVES[function].format(F=f, name=name, n=lanes)
        own = dtype.itemsize < 8 and dtype.is_floating_point and not self.builtin_math
        if own and function in _OWN and (self.fp64 or function not in power.TEXTS):
            return self._elementary(function, dtype, lanes, name)
        if dtype.is_floating_point:
            template_f = _FLOATING.get(function)
            return None if template_f is None else template_f.format(F=f, name=name)
        unsigned = UNSIGNED.get(f, f)
        guard = ""
        if dtype.is_signed:
            wrap = f"({f})(0 - ({unsigned})a)" if function == "floor_divide" else "0"
            guard = f"if (b == ({f})-1) return {wrap};\n  "
        return _INTEGER[function].format(F=f, U=unsigned, name=name, guard=guard, bits=8 * WIDTH[f])

    def _elementary(self, function: str, dtype: DType, lanes: int, name: str) -> str:
        template, f = _OWN[function], ctype(dtype, lanes)
        others = set(_FIELD.findall(template)) & _OWN.keys()
        fields = {
            other: self.call(other, dtype, 1 if other in _SCALAR else lanes)
            for other in sorted(others)
        }
        number = str(lanes) if lanes > 1 else ""
        kinds = {"F": f, "I": f"int{number}", "D": f"double{number}", "L": f"long{number}"}
        for kind in ("float", "int", "double"):
            fields[f"to_{kind}"] = "CV(" if lanes > 1 else f"(({kind})("
            fields[f"end_{kind}"] = f", {kind}{number})" if lanes > 1 else "))"
        return template.format(
            **kinds,
            **fields,
            name=name,
            n=lanes,
            some=_some_lane("far", lanes),
            convert=f"CV(n, {f})" if lanes > 1 else "(float)n",
            align=f"__attribute__((aligned({4 * lanes})))",
        )

    def source(self) -> str:
        """Return the text of all functions asked for; one that calls another follows it."""
        return "".join(self.texts.values())
