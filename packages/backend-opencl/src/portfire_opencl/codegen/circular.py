"""float32 sin, cos, tan and their inverses as inline code, for any number of lanes.

Angles up to some thousand turns are reduced by pi/2 in four parts, whose products are exact. Beyond
that, lanes go one by one through a function that multiplies with the digits of 2/pi which matter.

The templates are filled like those of `elementary`; ``{some}`` tells if a lane of ``far`` is set.
"""

from __future__ import annotations

# a = n pi/2 + the result, for a from 1 to infinity; only the last two bits of n are right.
# The product of the mantissa and 96 digits of 2/pi is cut at the digit of weight 4.
REDUCE = """\
static float {name}(float a, int* n) {{
  const uint digits[8] = {{
    0u, 0xA2F9836Eu, 0x4E441529u, 0xFC2757D1u, 0xF534DDC0u, 0xDB629599u, 0x3C439041u, 0xFE5163ABu
  }};
  int i = as_int(a), t = (i >> 23) - 120, w = t >> 5, s = t & 31;
  ulong m = (i & 0x007FFFFF) | 0x00800000;
  ulong d0 = digits[w], d1 = digits[w + 1], d2 = digits[w + 2], d3 = digits[w + 3];
  ulong high = (((d0 << 32) | d1) << s) >> 32;
  ulong middle = (((d1 << 32) | d2) << s) >> 32;
  ulong low = (((d2 << 32) | d3) << s) >> 32;
  ulong p = ((m * high) << 32) + m * middle + ((m * low) >> 32);
  *n = (int)((p + (1UL << 61)) >> 62);
  return (float)mul_hi((long)(p << 2), 0x6487ED5110B4611AL) * 2.16840434e-19f;
}}
"""

# x = +-(n pi/2 + r): s and c are sine and cosine of r.
_PARTS = """\
  {F} a = as_{F}(as_{I}(x) & 0x7FFFFFFF);
  {F} z = a * 0.636619772f + 12582912.0f;
  {I} n = as_{I}(z) - 0x4B400000;
  {F} k = z - 12582912.0f;
  {F} r = a - k * 1.5703125f;
  r = r - k * 4.837512970e-4f;
  r = r - k * 7.549533620e-8f;
  r = r - k * 2.563344000e-12f;
  {I} far = a > 12000.0f;
  if ({some}) {{
    float ra[{n}] {align}; int na[{n}] {align};
    *({F}*)ra = r; *({I}*)na = n;
    for (int i = 0; i < {n}; ++i) {{
      float b = ((float*)&a)[i];
      if (b > 12000.0f) ra[i] = {reduce_angle}(b, na + i);
    }}
    r = *({F}*)ra; n = *({I}*)na;
  }}
  {F} v = r * r;
  {F} s = v * -1.951665472e-4f + 8.332173533e-3f;
  s = s * v - 1.666665487e-1f;
  s = s * v * r + r;
  {F} c = v * 2.443772818e-5f - 1.388736143e-3f;
  c = c * v + 4.166664675e-2f;
  c = c * v * v - 0.5f * v + 1.0f;
"""
_HEAD = "static {F} {name}({F} x) {{\n"
_TAIL = "  return a < INFINITY ? y : x - x;\n}}\n"
SIN = (
    _HEAD
    + _PARTS
    + """\
  {F} y = (n & 1) == 0 ? s : c;
  y = as_{F}(as_{I}(y) ^ ((n & 2) << 30) ^ (as_{I}(x) & (int)0x80000000));
"""
    + _TAIL
)
COS = (
    _HEAD
    + _PARTS
    + """\
  {F} y = (n & 1) == 0 ? c : s;
  y = as_{F}(as_{I}(y) ^ (((n + 1) & 2) << 30));
"""
    + _TAIL
)
TAN = (
    _HEAD
    + _PARTS
    + """\
  {F} up = (n & 1) == 0 ? s : c;
  {F} down = (n & 1) == 0 ? c : s;
  {F} y = up / down;
  y = as_{F}(as_{I}(y) ^ ((n & 1) << 31) ^ (as_{I}(x) & (int)0x80000000));
"""
    + _TAIL
)

# The arctangent p of t, for t from -1 to 1.
_ARC = """\
  {F} v = t * t;
  {F} p = v * 1.134878309e-3f - 7.422637598e-3f;
  p = p * v + 2.276034071e-2f;
  p = p * v - 4.494644556e-2f;
  p = p * v + 6.759572111e-2f;
  p = p * v - 8.818848301e-2f;
  p = p * v + 1.106024454e-1f;
  p = p * v - 1.428013074e-1f;
  p = p * v + 1.999969261e-1f;
  p = p * v - 3.333332743e-1f;
  p = p * v * t + t;
"""
ATAN = (
    _HEAD
    + """\
  {F} a = as_{F}(as_{I}(x) & 0x7FFFFFFF);
  {F} t = a > 1.0f ? -1.0f / a : a;
"""
    + _ARC
    + """\
  {F} y = a > 1.0f ? p - 4.371139e-8f + 1.57079637f : p;
  y = as_{F}(as_{I}(y) | (as_{I}(x) & (int)0x80000000));
  return x == x ? y : x;
}}
"""
)
# The angle in the first octant, then in its own; equal sizes, infinities too, are 45 degrees.
ATAN2 = (
    """\
static {F} {name}({F} y, {F} x) {{
  {F} ax = as_{F}(as_{I}(x) & 0x7FFFFFFF), ay = as_{F}(as_{I}(y) & 0x7FFFFFFF);
  {F} least = ay > ax ? ax : ay, most = ay > ax ? ay : ax;
  {F} t = least / most;
  t = least == most ? ({F})(1.0f) : t;
  t = most == 0.0f ? ({F})(0.0f) : t;
"""
    + _ARC
    + """\
  p = ay > ax ? 1.57079637f - (p + 4.371139e-8f) : p;
  p = as_{I}(x) < 0 ? 3.14159274f - (p + 8.742278e-8f) : p;
  p = as_{F}(as_{I}(p) | (as_{I}(y) & (int)0x80000000));
  p = x == x ? p : x;
  return y == y ? p : y;
}}
"""
)

# Beyond 1/2 the arcsine is pi/2 - 2 arcsin(sqrt((1 - a) / 2)); p is that arcsine, or the plain one.
_ARCSINE = """\
  {F} a = as_{F}(as_{I}(x) & 0x7FFFFFFF);
  {F} v = a > 0.5f ? 0.5f - 0.5f * a : a * a;
  {F} b = a > 0.5f ? sqrt(v) : a;
  {F} p = v * 4.221854614e-2f + 2.414761186e-2f;
  p = p * v + 4.547709712e-2f;
  p = p * v + 7.495241777e-2f;
  p = p * v + 1.666675393e-1f;
  p = p * v * b + b;
"""
ASIN = (
    _HEAD
    + _ARCSINE
    + """\
  {F} y = a > 0.5f ? 1.57079637f - (2.0f * p + 4.371139e-8f) : p;
  return as_{F}(as_{I}(y) ^ (as_{I}(x) & (int)0x80000000));
}}
"""
)
ACOS = (
    _HEAD
    + _ARCSINE
    + """\
  {F} q = as_{F}(as_{I}(p) ^ (as_{I}(x) & (int)0x80000000));
  {F} y = 1.57079637f - (q + 4.371139e-8f);
  {F} far = x < 0.0f ? 3.14159274f - (2.0f * p + 8.742278e-8f) : 2.0f * p;
  return a > 0.5f ? far : y;
}}
"""
)

TEXTS = {
    "reduce_angle": REDUCE,
    "sin": SIN,
    "cos": COS,
    "tan": TAN,
    "atan": ATAN,
    "atan2": ATAN2,
    "asin": ASIN,
    "acos": ACOS,
}
