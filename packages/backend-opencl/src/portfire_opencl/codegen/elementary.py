"""float32 exponentials, logarithms, hyperbolic functions and erf as inline code, for any lanes.

Runtimes on CPUs call a library function per lane (or per vector) for the builtins; these stay in
registers, and a loop around them vectorizes. Only operators are used, no fma and no builtin. The
coefficients come from ``tools/fit_math.py``. Largest errors over all floats, in units of the last
place, are asserted by ``tests/backend_opencl/test_codegen_math.py``.

``{F}`` stands for the float type, ``{I}`` for the int type with as many lanes; the name of another
function for that function.
"""

from __future__ import annotations

# n = nearest integer to x / log 2, r = x - n log 2 (log 2 in two parts), q = (e^r - 1 - r) / r^2.
_REDUCE = """\
  {F} z = c * 1.44269504f + 12582912.0f;
  {I} n = as_{I}(z) - 0x4B400000;
  {F} k = z - 12582912.0f;
  {F} r = c - k * 0.693359375f;
  r = r + k * 2.12194440e-4f;
  {F} q = r * 1.395048916e-3f + 8.368889558e-3f;
  q = q * r + 4.166620583e-2f;
  q = q * r + 1.666651884e-1f;
  q = q * r + 5.000000095e-1f;
"""

# Two factors 2^(n/2), so that results in the denormal range and beyond the largest float are right.
EXP = (
    """\
static {F} {name}({F} x) {{
  {F} c = x < 89.0f ? x : ({F})(89.0f);
  c = c < -104.0f ? ({F})(-104.0f) : c;
"""
    + _REDUCE
    + """\
  {F} p = q * r * r + r + 1.0f;
  {I} h = n >> 1;
  {F} e = p * as_{F}((h + 127) << 23) * as_{F}((n - h + 127) << 23);
  return x == x ? e : x;
}}
"""
)

# 2^n (e^r - 1) + (2^n - 1), with one factor 2 taken out so that n = 128 is in range.
EXPM1 = (
    """\
static {F} {name}({F} x) {{
  {F} c = x < 88.8f ? x : ({F})(88.8f);
  c = c < -17.5f ? ({F})(-17.5f) : c;
"""
    + _REDUCE
    + """\
  {F} p = q * r * r + r;
  {F} s = as_{F}((n + 126) << 23);
  {F} e = (s * p + (s - 0.5f)) * 2.0f;
  e = x > 88.73f ? ({F})(INFINITY) : e;
  e = as_{F}(as_{I}(x) & 0x7FFFFFFF) < 1e-30f ? x : e;
  return x == x ? e : x;
}}
"""
)

# x = 2^e (1 + f) with 1 + f between sqrt(1/2) and sqrt(2); denormals are scaled first.
LOG = """\
static {F} {name}({F} x) {{
  {F} u = x < 1.17549435e-38f ? x * 8388608.0f : x;
  {I} i = as_{I}(u) - 0x3F3504F3;
  {I} n = i >> 23;
  {F} f = as_{F}((i & 0x007FFFFF) + 0x3F3504F3) - 1.0f;
  {F} k = {convert};
  k = x < 1.17549436e-38f ? k - 23.0f : k;
  {F} z = f * f;
  {F} p = f * 6.746601243e-2f - 1.167564126e-1f;
  p = p * f + 1.188817461e-1f;
  p = p * f - 1.240559143e-1f;
  p = p * f + 1.421955091e-1f;
  p = p * f - 1.666799567e-1f;
  p = p * f + 2.000211873e-1f;
  p = p * f - 2.500000960e-1f;
  p = p * f + 3.333331260e-1f;
  {F} y = f * z * p - k * 2.12194440e-4f;
  y = y - 0.5f * z;
  y = f + y + k * 0.693359375f;
  y = x < INFINITY ? y : x;
  {F} low = x == 0.0f ? ({F})(-INFINITY) : ({F})(NAN);
  y = x > 0.0f ? y : low;
  return x == x ? y : x;
}}
"""

# log(u) + (what 1 + x lost by rounding to u) / u.
LOG1P = """\
static {F} {name}({F} x) {{
  {F} u = 1.0f + x;
  {F} lost = x - (u - 1.0f);
  {F} y = {log}(u);
  y = x > -1.0f ? y + lost / u : y;
  y = x < INFINITY ? y : x;
  return as_{F}(as_{I}(x) & 0x7FFFFFFF) < 1e-30f ? x : y;
}}
"""

# (1 - e^-2|x|) / (1 + e^-2|x|); nothing cancels, and the quotient reaches 1 exactly.
TANH = """\
static {F} {name}({F} x) {{
  {F} a = as_{F}(as_{I}(x) & 0x7FFFFFFF);
  {F} c = a < 9.2f ? a * -2.0f : ({F})(-18.4f);
"""
TANH += (
    _REDUCE
    + """\
  {F} p = q * r * r + r;
  {F} s = as_{F}((n + 127) << 23);
  {F} t = s * p + (s - 1.0f);
  {F} y = t / (-2.0f - t);
  y = a < 1e-4f ? a : y;
  y = as_{F}(as_{I}(y) | (as_{I}(x) & (int)0x80000000));
  return x == x ? y : x;
}}
"""
)

# Below 0.96 an odd polynomial; above it 1 - exp(polynomial).
ERF = (
    """\
static {F} {name}({F} x) {{
  {F} a = as_{F}(as_{I}(x) & 0x7FFFFFFF);
  a = a < 4.0f ? a : ({F})(4.0f);
  {F} w = a * a;
  {F} near = w * -5.841583173e-4f + 4.963872170e-3f;
  near = near * w - 2.674680208e-2f;
  near = near * w + 1.128128128e-1f;
  near = near * w - 3.761244469e-1f;
  near = near * w * a + 1.283791430e-1f * a + a;
  {F} c = a * -2.139002449e-5f + 4.378694039e-4f;
  c = c * a - 4.187558043e-3f;
  c = c * a + 2.516284747e-2f;
  c = c * a - 1.083472335e-1f;
  c = c * a - 6.332858724e-1f;
  c = c * a - 1.129545148e+0f;
  c = c * a + 1.809752969e-4f;
"""
    + _REDUCE
    + """\
  {F} p = q * r * r + r + 1.0f;
  {F} y = 1.0f - p * as_{F}((n + 127) << 23);
  y = a < 0.96f ? near : y;
  y = as_{F}(as_{I}(y) | (as_{I}(x) & (int)0x80000000));
  return x == x ? y : x;
}}
"""
)

# e^x / 2: the factor is in the scale, so that it is in range wherever the result is.
EXP_HALF = EXP.replace("89.0f", "90.0f").replace("(n - h + 127)", "(n - h + 126)")

# 2^n times e^((x - n) log 2).
EXP2 = """\
static {F} {name}({F} x) {{
  {F} c = x < 129.0f ? x : ({F})(129.0f);
  c = c < -151.0f ? ({F})(-151.0f) : c;
  {F} z = c + 12582912.0f;
  {I} n = as_{I}(z) - 0x4B400000;
  {F} r = (c - (z - 12582912.0f)) * 0.693147182f;
"""
EXP2 += _REDUCE[_REDUCE.index("  {F} q") :] + EXP[EXP.index("  {F} p =") :]

# f + t is the logarithm of 1 + f, with t small beside f; products with log2(e) in two parts.
_LOG_PARTS = LOG[LOG.index("  {F} u") : LOG.index("  {F} y = f * z * p")]
_LOG_END = LOG[LOG.index("  y = x < INFINITY") :]
LOG2 = (
    "static {F} {name}({F} x) {{\n"
    + _LOG_PARTS
    + """\
  {F} t = f * z * p - 0.5f * z;
  {F} y = t * 0.442695041f + f * 0.442695041f;
  y = y + t + f + k;
"""
    + _LOG_END
)
LOG10 = (
    "static {F} {name}({F} x) {{\n"
    + _LOG_PARTS
    + """\
  {F} t = f * z * p - 0.5f * z;
  {F} y = t * 7.007319033e-4f + f * 7.007319033e-4f + k * 2.487456640e-4f;
  y = y + t * 0.43359375f + f * 0.43359375f + k * 0.30078125f;
"""
    + _LOG_END
)

# With h = e^|x| / 2, e^-|x| / 2 is 1 / (4 h). Near 0 an odd polynomial.
SINH = """\
static {F} {name}({F} x) {{
  {F} a = as_{F}(as_{I}(x) & 0x7FFFFFFF);
  {F} h = {exp_half}(a);
  {F} v = a * a;
  {F} p = v * 2.817439652e-6f + 1.983606625e-4f;
  p = p * v + 8.333350598e-3f;
  p = p * v + 1.666666649e-1f;
  p = p * v * a + a;
  {F} y = a < 1.0f ? p : h - 0.25f / h;
  return as_{F}(as_{I}(y) ^ (as_{I}(x) & (int)0x80000000));
}}
"""
COSH = """\
static {F} {name}({F} x) {{
  {F} h = {exp_half}(as_{F}(as_{I}(x) & 0x7FFFFFFF));
  return h + 0.25f / h;
}}
"""

# log(a + sqrt(a^2 + 1)) and log(x + sqrt(x^2 - 1)) by log1p; far out both are log(2 a).
ASINH = """\
static {F} {name}({F} x) {{
  {F} a = as_{F}(as_{I}(x) & 0x7FFFFFFF);
  {F} w = a * a;
  {F} u = a < 1e9f ? a + w / (1.0f + sqrt(1.0f + w)) : a;
  {F} y = {log1p}(u);
  y = a < 1e9f ? y : y + 0.693147182f;
  return as_{F}(as_{I}(y) ^ (as_{I}(x) & (int)0x80000000));
}}
"""
ACOSH = """\
static {F} {name}({F} x) {{
  {F} t = x - 1.0f;
  {F} u = t < 1e9f ? t + sqrt(t * (2.0f + t)) : t;
  {F} y = {log1p}(u);
  y = t < 1e9f ? y : y + 0.693147182f;
  return x < 1.0f ? ({F})(NAN) : y;
}}
"""
ATANH = """\
static {F} {name}({F} x) {{
  {F} a = as_{F}(as_{I}(x) & 0x7FFFFFFF);
  {F} y = 0.5f * {log1p}(2.0f * a / (1.0f - a));
  return as_{F}(as_{I}(y) ^ (as_{I}(x) & (int)0x80000000));
}}
"""

TEXTS = {
    "exp": EXP,
    "exp_half": EXP_HALF,
    "exp2": EXP2,
    "expm1": EXPM1,
    "log": LOG,
    "log2": LOG2,
    "log10": LOG10,
    "log1p": LOG1P,
    "sinh": SINH,
    "cosh": COSH,
    "tanh": TANH,
    "asinh": ASINH,
    "acosh": ACOSH,
    "atanh": ATANH,
    "erf": ERF,
}
