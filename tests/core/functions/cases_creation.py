"""Cases of the functions that make tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

import portfire
from tests.core.functions.case import Case, Wrong

I64, I32, U8, F64 = portfire.int64, portfire.int32, portfire.uint8, portfire.float64


def made(*values: Any, dtype: str = "int64") -> Any:
    """A reference that ignores the arguments of the case."""
    return lambda *_, **__: np.array(values, dtype)


def new(name: str, args: Any, values: Any, dtype: str = "int64", host: bool = True) -> Case:
    return Case(name, args, made(*values, dtype=dtype), method=False, host=host)


CASES = [
    new("arange", (5,), range(5), host=False),
    new("arange", (2.5,), [0, 1, 2], "float32", host=False),
    new("arange", (10, 0, -3), [10, 7, 4, 1], host=False),
    new("arange", (5, 5), []),
    Case("arange", (0, 5, 1.5), made(0, 1, 2, 3, 4), {"dtype": I64}, method=False, host=True),
    Case("arange", (0.5, 5, 1), made(0, 1, 2, 3, 4), {"dtype": I64}, method=False, host=True),
    Case(
        "arange",
        (0, 4.5, 1),
        made(0, 1, 2, 3, 4, dtype="int32"),
        {"dtype": I32},
        method=False,
        host=True,
    ),
    Case("arange", (0, 1, 0.1), lambda *_: np.arange(0, 1, 0.1), method=False, out=True),
    Case("range", (0, 1, 0.5), made(0, 0.5, 1, dtype="float32"), method=False, host=True),
    Case("linspace", (-3, 5, 11), lambda *a: np.linspace(*a), method=False, out=True),
    Case("linspace", (0, 10, 4), made(0, 3, 6, 10), {"dtype": I64}, method=False),
    Case("linspace", (10, 0, 4), made(10, 6, 3, 0), {"dtype": I64}, method=False, host=True),
    Case("linspace", (1.5, 2.9, 3), made(1, 1, 2), {"dtype": I64}, method=False, host=True),
    Case(
        "linspace",
        (0, 10, 7),
        made(0, 1, 3, 5, 6, 8, 10, dtype="int32"),
        {"dtype": I32},
        method=False,
        host=True,
    ),
    Case("linspace", (0, 1, 1), made(0, dtype="float32"), method=False, host=True),
    Case("linspace", (0, 1, 0), made(dtype="float32"), method=False, host=True),
    Case("logspace", (0, 1, 4), made(1, 2, 4, 10), {"dtype": I64}, method=False, host=True),
    Case(
        "logspace",
        (-1, 2, 4, 2.0),
        lambda a, b, n, base: np.logspace(a, b, n, base=base),
        method=False,
        out=True,
    ),
    Case("eye", (2, 3), lambda n, m: np.eye(n, m, dtype=np.float32), method=False, out=True),
    Case("full", ((2,), -1), made(255, 255, dtype="uint8"), {"dtype": U8}, method=False),
    Case("full", ((2,), 3.7), made(3, 3), {"dtype": I64}, method=False, host=True),
    Case("full", ((2,), True), made(True, True, dtype="bool"), method=False, host=True),
    Case("scalar_tensor", (3,), lambda x: np.float32(3), method=False, host=True),
    Case("tensor", ([1, 2.5, True],), made(1, 2.5, 1, dtype="float32"), method=False, host=True),
    Case("tensor", ([True, 2],), made(1, 2), method=False, host=True),
    Case("tensor", (1e40,), lambda x: np.float32(np.inf), method=False, host=True),
    Case("asarray", ([1, 2],), made(1, 2), method=False, host=True),
]

WRONG = [
    Wrong("arange", lambda m, t: m.arange(5, 0), RuntimeError, "inconsistent with step sign"),
    Wrong("arange inf", lambda m, t: m.arange(float("inf")), RuntimeError, "unsupported range"),
    Wrong("arange bool", lambda m, t: m.arange(2, dtype=m.bool), NotImplementedError, "for 'Bool'"),
    Wrong("arange step", lambda m, t: m.arange(1, 2, 0.3, dtype=m.int64), ValueError, "nonzero"),
    Wrong("arange text", lambda m, t: m.arange("a"), TypeError, "must be Number, not str"),
    Wrong("arange of nothing", lambda m, t: m.arange(), TypeError, "combination of arguments"),
    Wrong("arange tensor", lambda m, t: m.arange(t(1)), TypeError, "must be Number, not Tensor"),
    Wrong("linspace", lambda m, t: m.linspace(0, 1, -1), RuntimeError, "non-negative"),
    Wrong("linspace steps", lambda m, t: m.linspace(0, 1, 2.5), TypeError, "linspace"),
    Wrong("linspace tensor", lambda m, t: m.linspace(t(1), 1, 3), RuntimeError, "0-dimensional"),
    Wrong("logspace", lambda m, t: m.logspace(0, 1, -4), RuntimeError, "non-negative"),
    Wrong("eye", lambda m, t: m.eye(-1), RuntimeError, "n must be greater or equal to 0"),
    Wrong("eye float", lambda m, t: m.eye(2.5), TypeError, "must be int, not float"),
    Wrong("zeros", lambda m, t: m.zeros(), TypeError, "missing 1 required"),
    Wrong("zeros dtype", lambda m, t: m.zeros(2, dtype="float32"), TypeError, "argument 'dtype'"),
    Wrong("full", lambda m, t: m.full((2,), None), TypeError, "must be Number, not NoneType"),
    Wrong("full tensor", lambda m, t: m.full((2,), t(2)), TypeError, "must be Number, not Tensor"),
    Wrong("full size", lambda m, t: m.full(2, 1), TypeError, "must be tuple of ints, not int"),
    Wrong("full range", lambda m, t: m.full((2,), 300, dtype=m.uint8), RuntimeError, "overflow"),
    Wrong("full large", lambda m, t: m.full((2,), 1e40), RuntimeError, "without overflow"),
    Wrong("full int", lambda m, t: m.full((2,), 2**63), RuntimeError, "without overflow"),
    Wrong("tensor", lambda m, t: m.tensor(2**63), ValueError, "Overflow when unpacking"),
    Wrong("tensor list", lambda m, t: m.tensor([2**63]), ValueError, "Overflow when unpacking"),
    Wrong(
        "tensor range", lambda m, t: m.tensor([300, -1], dtype=m.uint8), RuntimeError, "overflow"
    ),
    Wrong(
        "tensor nan", lambda m, t: m.tensor(float("nan"), dtype=m.int64), RuntimeError, "overflow"
    ),
    Wrong("tensors", lambda m, t: m.tensor([t(2), t(2)]), ValueError, "only one element tensors"),
    Wrong("tensor dtype", lambda m, t: m.tensor(1, dtype="float"), TypeError, "argument 'dtype'"),
    Wrong("set", lambda m, t: m.tensor({1}), RuntimeError, "Could not infer dtype of set"),
    Wrong(
        "asarray", lambda m, t: m.asarray([1.0], copy=False), ValueError, "can't alias arbitrary"
    ),
    Wrong(
        "asarray dtype",
        lambda m, t: m.asarray(t(2), dtype=m.float64, copy=False),
        ValueError,
        "can't alias tensor with dtype 'Float' into dtype 'Double'",
    ),
    Wrong(
        "frombuffer",
        lambda m, t: m.frombuffer(b"abcd", dtype=m.int16, offset=1),
        ValueError,
        "must be a multiple of element size",
    ),
    Wrong(
        "frombuffer of nothing",
        lambda m, t: m.frombuffer(b"", dtype=m.int16),
        ValueError,
        "must not be 0",
    ),
    Wrong(
        "frombuffer offset",
        lambda m, t: m.frombuffer(b"ab", dtype=m.uint8, offset=2),
        ValueError,
        "must be non-negative and no greater",
    ),
    Wrong(
        "frombuffer count",
        lambda m, t: m.frombuffer(b"ab", dtype=m.uint8, count=3),
        ValueError,
        "must not be greater than actual buffer length",
    ),
    Wrong("Tensor", lambda m, t: m.Tensor(2.5), TypeError, "data must be a sequence"),
    Wrong("randint", lambda m, t: m.randint(3, 3, (2,)), RuntimeError, "to be less than 'to'"),
    Wrong(
        "randint range",
        lambda m, t: m.randint(0, 300, (2,), dtype=m.uint8),
        RuntimeError,
        "to - 1 is out of bounds for unsigned char",
    ),
    Wrong("randint_like", lambda m, t: m.randint_like(t(2), 3, 1), RuntimeError, "less than 'to'"),
    Wrong("randperm", lambda m, t: m.randperm(-1), RuntimeError, "negative dimension -1"),
    Wrong("randperm bool", lambda m, t: m.randperm(3, dtype=m.bool), NotImplementedError, "'Bool'"),
    Wrong("randperm range", lambda m, t: m.randperm(300, dtype=m.uint8), RuntimeError, "overflow"),
    Wrong("rand dtype", lambda m, t: m.rand(2, dtype=m.int64), NotImplementedError, "for 'Long'"),
    Wrong("rand generator", lambda m, t: m.rand(2, generator=3), TypeError, "generator"),
    Wrong("normal", lambda m, t: m.normal(0.0, -1.0, (2,)), RuntimeError, "std >= 0.0"),
    Wrong("normal tensor", lambda m, t: m.normal(t(2), -t(2)), RuntimeError, "all elements of std"),
    Wrong("bernoulli", lambda m, t: m.bernoulli(t(2) * 1.5), RuntimeError, "p"),
    Wrong("bernoulli p", lambda m, t: m.bernoulli(t(2), 1.5), RuntimeError, r"p to be in \[0, 1\]"),
    Wrong(
        "bernoulli ints",
        lambda m, t: m.bernoulli(t(2, dtype="int64")),
        NotImplementedError,
        "for 'Long'",
    ),
    Wrong("poisson", lambda m, t: m.poisson(-t(2)), RuntimeError, "rate to be non-negative"),
    Wrong(
        "poisson ints", lambda m, t: m.poisson(t(2, dtype="int64")), NotImplementedError, "'Long'"
    ),
    Wrong("multinomial", lambda m, t: m.multinomial(t(3), 4), RuntimeError, "without replacement"),
    Wrong("multinomial 0", lambda m, t: m.multinomial(t(3), 0), RuntimeError, "n_sample <= 0"),
    Wrong("multinomial rank", lambda m, t: m.multinomial(t(()), 2), RuntimeError, "1 or 2 dim"),
    Wrong(
        "multinomial ints",
        lambda m, t: m.multinomial(t(2, dtype="int64"), 1),
        RuntimeError,
        "only supports floating-point dtypes",
    ),
    Wrong("multinomial sum", lambda m, t: m.multinomial(t(2) * 0, 1), RuntimeError, "<= 0"),
    Wrong("multinomial sign", lambda m, t: m.multinomial(-t(2), 1), RuntimeError, "element < 0"),
    Wrong("exponential_", lambda m, t: t(2).exponential_(0), RuntimeError, "lambda > 0.0"),
    Wrong(
        "exponential_ ints",
        lambda m, t: t(2, dtype="int64").exponential_(),
        RuntimeError,
        "continuous probability distribution",
    ),
    Wrong("cauchy_", lambda m, t: t(2).cauchy_(0, -1), RuntimeError, "sigma > 0.0"),
    Wrong("log_normal_", lambda m, t: t(2).log_normal_(1, -1), RuntimeError, "std > 0.0"),
    Wrong(
        "log_normal_ ints",
        lambda m, t: t(2, dtype="int64").log_normal_(),
        NotImplementedError,
        "for 'Long'",
    ),
    Wrong("geometric_", lambda m, t: t(2).geometric_(1), RuntimeError, r"p to be in \(0, 1\)"),
    Wrong("random_", lambda m, t: t(2).random_(3, 3), RuntimeError, "to be less than 'to'"),
    Wrong(
        "random_ range",
        lambda m, t: t(2, dtype="uint8").random_(300, 400),
        RuntimeError,
        "from is out of bounds",
    ),
    Wrong("manual_seed", lambda m, t: m.Generator().manual_seed(1.5), RuntimeError, "got float"),
    Wrong(
        "manual_seed large", lambda m, t: m.Generator().manual_seed(2**64), ValueError, "Overflow"
    ),
    Wrong("finfo", lambda m, t: m.finfo(m.int64), TypeError, "floating point input type"),
    Wrong("iinfo", lambda m, t: m.iinfo(m.float32), TypeError, "integer input type"),
    Wrong("iinfo bool", lambda m, t: m.iinfo(m.bool), TypeError, "not supported"),
    Wrong("promote_types", lambda m, t: m.promote_types(1, 2), TypeError, "argument 'type1'"),
    Wrong("is_nonzero", lambda m, t: m.is_nonzero(t(2)), RuntimeError, "more than one value"),
    Wrong("del", lambda m, t: t(2).__delitem__(0), TypeError, "support"),
    Wrong("resize_", lambda m, t: t(2).requires_grad_().resize_(3), RuntimeError, "cannot resize"),
    Wrong("fill_diagonal_", lambda m, t: t(2).fill_diagonal_(1), RuntimeError, "larger than 1"),
]
