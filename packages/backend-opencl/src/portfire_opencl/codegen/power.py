"""float32 pow as inline code, for any number of lanes: exp2(y log2(x)) in double precision.

``{F}``, ``{I}``, ``{D}`` and ``{L}`` are the types float, int, double and long with as many lanes.
"""

from __future__ import annotations

# log2 |x| = k + 2/log(2) (s + s^3/3 + ...), s = f / (2 + f); f is exact, the series ends at 2^-38.
# y is whole where what it loses by truncation is 0; above 2^24 all floats are even.
POW = """\
static {F} {name}({F} x, {F} y) {{
  {F} a = as_{F}(as_{I}(x) & 0x7FFFFFFF);
  {F} u = a < 1.17549435e-38f ? a * 8388608.0f : a;
  {I} i = as_{I}(u) - 0x3F3504F3;
  {I} e = i >> 23;
  e = a < 1.17549435e-38f ? e - 23 : e;
  {D} f = {to_double}(as_{F}((i & 0x007FFFFF) + 0x3F3504F3) - 1.0f){end_double};
  {D} s = f / (2.0 + f);
  {D} v = s * s;
  {D} p = v * 0.15384615384615385 + 0.18181818181818182;
  p = p * v + 0.2222222222222222;
  p = p * v + 0.2857142857142857;
  p = p * v + 0.4;
  p = p * v + 0.6666666666666666;
  p = p * v * s + 2.0 * s;
  {D} t = {to_double}y{end_double} * (p * 1.4426950408889634 + {to_double}e{end_double});
  t = t < 200.0 ? t : ({D})(200.0);
  t = t > -200.0 ? t : ({D})(-200.0);
  {D} z = t + 6755399441055744.0;
  {L} n = as_{L}(z) - 0x4338000000000000L;
  {D} r = (t - (z - 6755399441055744.0)) * 0.6931471805599453;
  {D} q = r * 2.48015873015873e-05 + 1.984126984126984e-04;
  q = q * r + 1.3888888888888889e-03;
  q = q * r + 8.333333333333333e-03;
  q = q * r + 4.1666666666666664e-02;
  q = q * r + 1.6666666666666666e-01;
  q = q * r + 0.5;
  q = q * r * r + r + 1.0;
  {F} w = {to_float}(q * as_{D}((n + 1023) << 52)){end_float};
  {F} far = y < 0.0f ? ({F})(INFINITY) : ({F})(0.0f);
  w = a == 0.0f ? far : w;
  far = y < 0.0f ? ({F})(0.0f) : ({F})(INFINITY);
  w = a < INFINITY ? w : far;
  {F} size = as_{F}(as_{I}(y) & 0x7FFFFFFF);
  {F} b = size < 16777216.0f ? y : ({F})(0.0f);
  {I} whole = {to_int}b{end_int};
  {F} lost = b - {to_float}whole{end_float};
  {F} grows = a > 1.0f ? y : -y;
  far = grows > 0.0f ? ({F})(INFINITY) : ({F})(0.0f);
  w = size < INFINITY ? w : far;
  w = a == 1.0f ? ({F})(1.0f) : w;
  {I} odd = lost == 0.0f ? whole << 31 : ({I})(0);
  w = as_{F}(as_{I}(w) | (odd & as_{I}(x)));
  w = lost == 0.0f ? w : (x < 0.0f ? (a < INFINITY ? ({F})(NAN) : w) : w);
  w = x == x ? w : x;
  w = y == y ? w : y;
  w = x == 1.0f ? ({F})(1.0f) : w;
  return y == 0.0f ? ({F})(1.0f) : w;
}}
"""

TEXTS = {"pow": POW}
