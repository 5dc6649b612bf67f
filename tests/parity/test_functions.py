"""Public functions against torch: the same call on both, values, dtypes, shapes and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import portfire
from portfire import testing as kit

Call = Callable[..., Any]

rng = np.random.default_rng(7)
X = rng.uniform(-2, 2, (3, 4)).astype(np.float32)
Y = rng.uniform(0.5, 2, (3, 4)).astype(np.float32)
ROW = rng.uniform(-1, 1, 4).astype(np.float32)
CUBE = rng.uniform(-1, 1, (2, 3, 4)).astype(np.float32)
SQUARE = rng.uniform(-1, 1, (4, 4)).astype(np.float32)
SCALAR = np.float32(1.5)
INTS = np.array([[3, -7, 0, 2], [5, -1, 9, -4], [1, 8, -3, 6]])
POSITIVE = np.abs(INTS) + 1
BOOLS = INTS > 0
INDEX = np.array([[2, 0, 1, 1], [0, 2, 2, 0]])
EMPTY = np.zeros((0, 4), np.float32)
# Gradients that deliberately differ: the sign of NaN is NaN here and 0 in torch.
OWN_GRADIENT = ("abs special",)
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0], np.float32)

UNARY = (
    "exp log sqrt sin cos tan tanh erf log1p expm1 floor ceil trunc round abs neg sigmoid relu "
    "square isnan isinf isfinite log2 log10 reciprocal rsqrt frac logical_not"
)

# name: (call, arrays); the call gets the module and one tensor per array.
CALLS: dict[str, tuple[Call, tuple[Any, ...]]] = {
    # arithmetic
    "add": (lambda m, x, y: m.add(x, y), (X, Y)),
    "add alpha": (lambda m, x, y: m.add(x, y, alpha=2.5), (X, Y)),
    "add row": (lambda m, x, y: x + y, (X, ROW)),
    "add number": (lambda m, x: x + 3, (X,)),
    "radd": (lambda m, x: 3 + x, (X,)),
    "sub": (lambda m, x, y: m.sub(x, y, alpha=2), (X, Y)),
    "rsub": (lambda m, x: 3 - x, (X,)),
    "mul": (lambda m, x, y: x * y, (X, Y)),
    "mul 0-d": (lambda m, x, y: x * y, (X, SCALAR)),
    "div": (lambda m, x, y: x / y, (X, Y)),
    "rdiv": (lambda m, y: 2 / y, (Y,)),
    "div ints": (lambda m, x, y: x / y, (INTS, POSITIVE)),
    "div floor": (lambda m, x, y: m.div(x, y, rounding_mode="floor"), (INTS, POSITIVE)),
    "div trunc": (lambda m, x, y: m.div(x, y, rounding_mode="trunc"), (INTS, POSITIVE)),
    "div trunc floats": (lambda m, x, y: m.div(x, y, rounding_mode="trunc"), (X, Y)),
    "floor divide": (lambda m, x, y: x // y, (INTS, POSITIVE)),
    "rfloordiv": (lambda m, y: 7 // y, (POSITIVE,)),
    "remainder": (lambda m, x, y: x % y, (INTS, POSITIVE)),
    "remainder floats": (lambda m, x, y: m.remainder(x, y), (X, Y)),
    "rmod": (lambda m, y: 7 % y, (POSITIVE,)),
    "pow": (lambda m, x, y: y**x, (X, Y)),
    "pow 2": (lambda m, x: x**2, (X,)),
    "pow 3": (lambda m, x: x**3, (X,)),
    "pow -1": (lambda m, x: x**-1, (Y,)),
    "pow half": (lambda m, x: x**0.5, (Y,)),
    "pow 0": (lambda m, x: x**0, (X,)),
    "pow ints": (lambda m, x: x**3, (INTS,)),
    "pow ints half": (lambda m, x: x**0.5, (POSITIVE,)),
    "pow bools": (lambda m, x: x**2, (BOOLS,)),
    "rpow": (lambda m, x: 2**x, (X,)),
    "rpow int": (lambda m, x: 2**x, (POSITIVE,)),
    "neg": (lambda m, x: -x, (X,)),
    "abs": (lambda m, x: abs(x), (INTS,)),
    "reciprocal": (lambda m, x: m.reciprocal(x), (POSITIVE,)),
    "rsqrt": (lambda m, x: m.rsqrt(x), (Y,)),
    "square": (lambda m, x: m.square(x), (X,)),
    "square bools": (lambda m, x: m.square(x), (BOOLS,)),
    "lerp": (lambda m, x, y: m.lerp(x, y, 0.3), (X, Y)),
    "lerp tensor": (lambda m, x, y, w: m.lerp(x, y, w), (X, Y, Y)),
    "addcmul": (lambda m, x, y: m.addcmul(x, x, y, value=0.5), (X, Y)),
    "addcdiv": (lambda m, x, y: m.addcdiv(x, x, y, value=0.5), (X, Y)),
    "clamp": (lambda m, x: m.clamp(x, -1, 1), (X,)),
    "clamp min": (lambda m, x: x.clamp(min=0.5), (X,)),
    "clamp tensors": (lambda m, x, y: m.clamp(x, max=y), (X, ROW)),
    "clamp ints": (lambda m, x: x.clamp(-1, 2.5), (INTS,)),
    "maximum": (lambda m, x, y: m.maximum(x, y), (X, Y)),
    "minimum": (lambda m, x, y: m.minimum(x, y), (X, Y)),
    "frac": (lambda m, x: m.frac(x), (X,)),
    "round": (lambda m, x: m.round(x), (np.float32([0.5, 1.5, 2.5, -0.5]),)),
    "round decimals": (lambda m, x: m.round(x, decimals=1), (X,)),
    # unary functions of special values
    **{
        f"{name} special": ((lambda n: lambda m, x: getattr(m, n)(x))(name), (SPECIAL,))
        for name in UNARY.split()
    },
    # comparison and logic
    "eq": (lambda m, x, y: x == y, (INTS, POSITIVE)),
    "ne": (lambda m, x, y: x != y, (INTS, POSITIVE)),
    "lt number": (lambda m, x: x < 0.5, (INTS,)),
    "ge": (lambda m, x, y: m.ge(x, y), (X, Y)),
    "gt bools": (lambda m, x, y: x > y, (BOOLS, BOOLS.T[:3, :3].repeat(2, 1)[:, :4])),
    "logical and": (lambda m, x, y: m.logical_and(x, y), (INTS, BOOLS)),
    "logical or": (lambda m, x, y: m.logical_or(x, y), (X, BOOLS)),
    "logical xor": (lambda m, x, y: m.logical_xor(x, y), (INTS, BOOLS)),
    "logical not": (lambda m, x: m.logical_not(x), (INTS,)),
    "bitwise": (lambda m, x, y: (x & y) | (x ^ ~y), (INTS, POSITIVE)),
    "shifts": (lambda m, x: (x << 2) >> 1, (INTS,)),
    "isclose": (lambda m, x: m.isclose(x, x + 1e-6), (X,)),
    "where": (lambda m, c, x, y: m.where(c, x, y), (BOOLS, X, Y)),
    "where numbers": (lambda m, c: m.where(c, 1.5, 0), (BOOLS,)),
    "where mixed": (lambda m, c, x: m.where(c, x, 2), (BOOLS, INTS)),
    "masked_fill": (lambda m, x, c: x.masked_fill(c, -1.0), (X, BOOLS)),
    "and of bools": (lambda m, x: x & (x | True), (BOOLS,)),
    "sum of bools": (lambda m, x: x + x, (BOOLS,)),
    # reductions
    **{
        f"{name}{label}": (
            (lambda n, a, k: lambda m, x: getattr(x, n)(*a, **k))(name, args, kwargs),
            (X,),
        )
        for name in ("sum", "mean", "amax", "amin", "std", "var", "norm", "logsumexp")
        for label, args, kwargs in (
            ("", (), {}),
            (" 0", ((0,) if name != "norm" else (2, 0)), {}),
            (" -1 keepdim", ((-1,) if name != "norm" else (2, -1)), {"keepdim": True}),
            (" both", (((0, 1),) if name != "norm" else (2, (0, 1))), {}),
        )
        if not (name == "logsumexp" and not args)
    },
    "sum ints": (lambda m, x: x.sum(1), (INTS.astype(np.int32),)),
    "sum bools": (lambda m, x: x.sum(), (BOOLS,)),
    "sum dtype": (lambda m, x: x.sum(0, dtype=m.float64), (X,)),
    "sum empty": (lambda m, x: x.sum(0), (EMPTY,)),
    "mean empty": (lambda m, x: x.mean(), (EMPTY,)),
    "prod": (lambda m, x: x.prod(), (Y,)),
    "prod dim": (lambda m, x: x.prod(1, keepdim=True), (Y,)),
    "prod ints": (lambda m, x: x.prod(1), (POSITIVE,)),
    "max": (lambda m, x: x.max(), (X,)),
    "max dim": (lambda m, x: tuple(x.max(1)), (X,)),
    "max dim keepdim": (lambda m, x: tuple(m.max(x, 0, keepdim=True)), (X,)),
    "max two": (lambda m, x, y: m.max(x, y), (X, Y)),
    "min ints": (lambda m, x: tuple(x.min(0)), (INTS,)),
    "max nan": (lambda m, x: tuple(x.max(0)), (SPECIAL,)),
    "argmax": (lambda m, x: x.argmax(), (X,)),
    "argmax dim": (lambda m, x: x.argmax(1, keepdim=True), (X,)),
    "argmin nan": (lambda m, x: x.argmin(), (SPECIAL,)),
    "all": (lambda m, x: x.all(), (BOOLS,)),
    "all dim": (lambda m, x: m.all(x, 1), (INTS,)),
    "any dim": (lambda m, x: m.any(x, 0, keepdim=True), (BOOLS,)),
    "any uint8": (lambda m, x: x.any(), (BOOLS.astype(np.uint8),)),
    "count nonzero": (lambda m, x: m.count_nonzero(x, 1), (INTS,)),
    "std correction": (lambda m, x: m.std(x, 1, correction=0), (X,)),
    "var unbiased": (lambda m, x: m.var(x, 1, unbiased=False), (X,)),
    "norm 1": (lambda m, x: x.norm(1), (X,)),
    "norm inf": (lambda m, x: x.norm(float("inf")), (X,)),
    "cumsum": (lambda m, x: x.cumsum(1), (X,)),
    "cumsum ints": (lambda m, x: x.cumsum(0), (INTS.astype(np.int16),)),
    "softmax": (lambda m, x: m.softmax(x, 1), (X,)),
    "softmax dtype": (lambda m, x: m.softmax(x, 0, dtype=m.float64), (X,)),
    "log_softmax": (lambda m, x: x.log_softmax(-1), (X,)),
    # shapes
    "reshape": (lambda m, x: x.reshape(2, -1), (X,)),
    "transpose": (lambda m, x: x.transpose(0, 2), (CUBE,)),
    "permute": (lambda m, x: m.permute(x, (2, 0, 1)), (CUBE,)),
    "movedim": (lambda m, x: m.movedim(x, (0, 1), (1, 2)), (CUBE,)),
    "squeeze": (lambda m, x: x[:, :1].squeeze(1), (CUBE,)),
    "squeeze all": (lambda m, x: x[:1, :, :1].squeeze(), (CUBE,)),
    "unsqueeze": (lambda m, x: x.unsqueeze(-2), (CUBE,)),
    "expand": (lambda m, x: x[:, :1].expand(2, 5, -1), (CUBE,)),
    "repeat": (lambda m, x: x.repeat(2, 1, 3), (X,)),
    "tile": (lambda m, x: m.tile(x, (2,)), (X,)),
    "flip": (lambda m, x: m.flip(x, (0, 2)), (CUBE,)),
    "roll": (lambda m, x: m.roll(x, (1, -2), (0, 1)), (X,)),
    "roll flat": (lambda m, x: m.roll(x, 3), (X,)),
    "flatten": (lambda m, x: x.flatten(1), (CUBE,)),
    "unflatten": (lambda m, x: x.unflatten(2, (2, 2)), (CUBE,)),
    "ravel": (lambda m, x: m.ravel(x), (CUBE,)),
    "t": (lambda m, x: x.t() + x.T, (SQUARE,)),
    "mT": (lambda m, x: x.mT, (CUBE,)),
    "tril": (lambda m, x: m.tril(x, 1), (SQUARE,)),
    "triu": (lambda m, x: x.triu(-1), (CUBE,)),
    "diagonal": (lambda m, x: m.diagonal(x, 1), (SQUARE,)),
    "diagonal dims": (lambda m, x: x.diagonal(-1, 1, 2), (CUBE,)),
    "unfold": (lambda m, x: x.unfold(1, 2, 2), (X,)),
    "narrow": (lambda m, x: x.narrow(1, 1, 2), (X,)),
    "select": (lambda m, x: m.select(x, 1, -1), (CUBE,)),
    "split": (lambda m, x: m.split(x, 3, 1), (X,)),
    "split sizes": (lambda m, x: x.split([1, 3], 1), (X,)),
    "chunk": (lambda m, x: x.chunk(3, 1), (X,)),
    "unbind": (lambda m, x: m.unbind(x, 1), (X,)),
    "broadcast": (lambda m, x, y: m.broadcast_tensors(x, y), (X, ROW)),
    "broadcast_to": (lambda m, x: m.broadcast_to(x, (2, 4)), (ROW,)),
    # joining
    "cat": (lambda m, x, y: m.cat([x, y], 1), (X, Y)),
    "cat mixed": (lambda m, x, y: m.cat([x, y]), (X, INTS)),
    "cat empty": (lambda m, x, y: m.cat([x, y]), (X, EMPTY)),
    "stack": (lambda m, x, y: m.stack([x, y], -1), (X, Y)),
    "hstack": (lambda m, x, y: m.hstack([x, y]), (ROW, ROW)),
    "vstack": (lambda m, x, y: m.vstack([x, y]), (X, ROW)),
    # indexing
    "gather": (lambda m, x, i: m.gather(x, 0, i), (X, INDEX)),
    "take_along_dim": (lambda m, x, i: m.take_along_dim(x, i, 0), (X, INDEX)),
    "index_select": (lambda m, x, i: m.index_select(x, 1, i[0]), (X, INDEX)),
    "masked_select": (lambda m, x, c: m.masked_select(x, c), (X, BOOLS)),
    "nonzero": (lambda m, x: m.nonzero(x), (INTS,)),
    "scatter": (lambda m, x, i, y: x.scatter(0, i, y), (X, np.array([[2, 0, 1, 1]]), Y[:1])),
    "scatter number": (lambda m, x, i: x.scatter(1, i, 5.0), (X, np.array([[2, 0]]))),
    "scatter_add": (lambda m, x, i, y: m.scatter_add(x, 0, i, y), (X, INDEX, Y[:2])),
    "fancy": (lambda m, x, i: x[i[0, :2], i[1, :2]], (X, INDEX)),
    "mask": (lambda m, x, c: x[c], (X, BOOLS)),
    "mixed key": (lambda m, x, i: x[:, None, i[0]], (X, INDEX)),
    # products
    "matmul": (lambda m, x, y: x @ y.t(), (X, Y)),
    "matmul vector": (lambda m, x, y: x @ y, (X, ROW)),
    "matmul vectors": (lambda m, x, y: m.matmul(x, y), (ROW, ROW)),
    "matmul row": (lambda m, x, y: y @ x, (SQUARE, ROW)),
    "matmul batch": (lambda m, x, y: x @ y, (CUBE, SQUARE)),
    "matmul broadcast": (lambda m, x, y: x[:, None] @ y.mT, (CUBE, CUBE)),
    "mm": (lambda m, x, y: m.mm(x, y), (X, SQUARE)),
    "mv": (lambda m, x, y: m.mv(x, y), (X, ROW)),
    "bmm": (lambda m, x: m.bmm(x, x.mT), (CUBE,)),
    "dot": (lambda m, x: m.dot(x, x), (ROW,)),
    "outer": (lambda m, x: m.outer(x, x), (ROW,)),
    "addmm": (lambda m, x, y, b: m.addmm(b, x, y, beta=0.5, alpha=2), (X, SQUARE, ROW)),
    "matmul ints": (lambda m, x, y: x @ y.t(), (INTS, POSITIVE)),
    # creation
    "arange": (lambda m: m.arange(1, 8, 3), ()),
    "arange floats": (lambda m: m.arange(0, 1, 0.1), ()),
    "linspace": (lambda m: m.linspace(-3, 5, 11), ()),
    "logspace": (lambda m: m.logspace(-2, 2, 5), ()),
    "logspace base": (lambda m: m.logspace(0, 4, 5, 2), ()),
    "eye": (lambda m: m.eye(3, 2), ()),
    "full": (lambda m: m.full((2, 2), 7), ()),
    "like": (lambda m, x: m.full_like(x, 2.9), (INTS,)),
    "linspace ints": (lambda m: m.linspace(0, 10, 4, dtype=m.int64), ()),
    # conversion
    "to int": (lambda m, x: (x * 3).to(m.int32), (X,)),
    "to bool": (lambda m, x: x.to(m.bool), (SPECIAL,)),
    "to half": (lambda m, x: x.half(), (X,)),
    "int8 wraps": (lambda m, x: (x * 100).to(m.int8), (INTS,)),
    "half sum": (lambda m, x: x.half().sum(), (X,)),
    # results with two dtypes
    "int and float": (lambda m, x, y: x * y, (INTS, X)),
    "int and number": (lambda m, x: x * 2.5, (INTS,)),
    "uint8 and number": (lambda m, x: x + 250, (POSITIVE.astype(np.uint8),)),
    "bool and number": (lambda m, x: x + 1, (BOOLS,)),
}


def flat(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple | list) else [result]


def _tensors(make: Any, arrays: Any, grad: bool) -> list[Any]:
    return [make(a, requires_grad=grad and np.asarray(a).dtype.kind == "f") for a in arrays]


def _ours(array: Any, requires_grad: bool) -> Any:
    return portfire.tensor(np.asarray(array), device="cpu", requires_grad=requires_grad)


def _theirs(array: Any, requires_grad: bool) -> Any:
    return torch.tensor(np.asarray(array), requires_grad=requires_grad)


LOOSE = {
    np.dtype(np.float32): kit.Tolerance(2e-5, 2e-6),
    np.dtype(np.float16): kit.Tolerance(2e-3, 2e-3),
}


@pytest.mark.parametrize("name", CALLS)
def test_values(name: str) -> None:
    call, arrays = CALLS[name]
    with portfire.device("cpu"):
        ours = flat(call(portfire, *_tensors(_ours, arrays, False)))
    theirs = flat(call(torch, *_tensors(_theirs, arrays, False)))
    assert len(ours) == len(theirs)
    for got, wanted in zip(ours, theirs, strict=True):
        assert got.dtype.name == str(wanted.dtype).removeprefix("torch.")
        assert tuple(got.shape) == tuple(wanted.shape)
        expected = wanted.numpy()
        kit.assert_close(got, expected, LOOSE.get(expected.dtype), name)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in OWN_GRADIENT])
def test_gradients(name: str) -> None:
    call, arrays = CALLS[name]
    theirs = _tensors(_theirs, arrays, True)
    if not any(t.requires_grad for t in theirs):
        pytest.skip("no float inputs")
    try:
        outputs = [t for t in flat(call(torch, *theirs)) if t.requires_grad]
    except RuntimeError as error:
        pytest.skip(f"torch has no gradient: {error}")
    if not outputs:
        pytest.skip("no float results")
    ours = _tensors(_ours, arrays, True)
    for tensors, module in ((theirs, torch), (ours, portfire)):
        results = [t for t in flat(call(module, *tensors)) if t.requires_grad]
        weights = [np.cos(np.arange(r.numel())).reshape(r.shape) for r in results]
        total = sum(
            (r * module.tensor(np.asarray(w, np.float32))).sum()
            for r, w in zip(results, weights, strict=True)
        )
        total.backward()
    for number, (got, wanted) in enumerate(zip(ours, theirs, strict=True)):
        if wanted.grad is None:
            assert got.grad is None or not got.grad.any(), number
            continue
        assert got.grad is not None, f"input {number} has no gradient"
        expected = wanted.grad.numpy()
        kit.assert_close(got.grad, expected, kit.Tolerance(1e-4, 2e-5), f"{name}, input {number}")


# Calls that both refuse, with errors of the same type (the patterns are tested with core).
REFUSED: dict[str, Call] = {
    "broadcast": lambda m: m.ones(2, 3) + m.ones(2),
    "matmul": lambda m: m.ones(2, 3) @ m.ones(2, 3),
    "mm": lambda m: m.mm(m.ones(2), m.ones(2)),
    "dot": lambda m: m.dot(m.ones(2), m.ones(3)),
    "reshape": lambda m: m.ones(6).reshape(4, 2),
    "view": lambda m: m.ones(2, 3).t().view(6),
    "expand": lambda m: m.ones(2, 3).expand(2, 4),
    "cat": lambda m: m.cat([m.ones(2, 3), m.ones(2, 4)]),
    "cat ranks": lambda m: m.cat([m.ones(2, 3), m.ones(3)]),
    "cat of nothing": lambda m: m.cat([]),
    "stack": lambda m: m.stack([m.ones(2), m.ones(3)]),
    "stack of nothing": lambda m: m.stack([]),
    "permute": lambda m: m.ones(2, 3).permute(0, 0),
    "permute count": lambda m: m.ones(2, 3).permute(0),
    "transpose": lambda m: m.ones(2, 3).transpose(0, 2),
    "dim": lambda m: m.ones(2).sum(1),
    "dim twice": lambda m: m.ones(2, 3).sum((0, 0)),
    "max of nothing": lambda m: m.ones(0).max(),
    "max dim of nothing": lambda m: m.ones(2, 0).max(1),
    "argmax of nothing": lambda m: m.ones(0).argmax(),
    "amax of nothing": lambda m: m.ones(0).amax(),
    "mean of ints": lambda m: m.ones(2, dtype=m.int64).mean(),
    "std of ints": lambda m: m.ones(2, dtype=m.int64).std(),
    "softmax of ints": lambda m: m.softmax(m.ones(2, dtype=m.int64), 0),
    "item": lambda m: m.ones(2).item(),
    "bool": lambda m: bool(m.ones(2)),
    "len": lambda m: len(m.ones(())),
    "iter": lambda m: iter(m.ones(())),
    "neg of bool": lambda m: -(m.ones(1) > 0),
    "sub of bools": lambda m: (m.ones(1) > 0) - (m.ones(1) > 0),
    "bitwise of floats": lambda m: m.ones(1) & m.ones(1),
    "invert of floats": lambda m: m.bitwise_not(m.ones(1)),
    "shift of floats": lambda m: m.ones(1) << 1,
    "int to a negative power": lambda m: m.ones(1, dtype=m.int64) ** -1,
    "where": lambda m: m.where(m.ones(2), m.ones(2), m.ones(2)),
    "masked_fill": lambda m: m.ones(2).masked_fill(m.ones(2), 0),
    "masked_select": lambda m: m.masked_select(m.ones(2), m.ones(2)),
    "clamp": lambda m: m.ones(2).clamp(),
    "rounding mode": lambda m: m.div(m.ones(1), 2, rounding_mode="up"),
    "split": lambda m: m.ones(4).split([1, 1]),
    "chunk": lambda m: m.ones(4).chunk(0),
    "narrow": lambda m: m.ones(4).narrow(0, 2, 3),
    "select": lambda m: m.ones(4).select(0, 4),
    "index": lambda m: m.ones(4)[4],
    "index tuple": lambda m: m.ones(4)[0, 0],
    "index float": lambda m: m.ones(4)[1.5],
    "index float tensor": lambda m: m.ones(4)[m.ones(1)],
    "negative step": lambda m: m.ones(4)[::-1],
    "mask shape": lambda m: m.ones(4)[m.ones(3) > 0],
    "assign shape": lambda m: m.ones(4).__setitem__(slice(0, 2), m.ones(3)),
    "assign in place shape": lambda m: m.ones(1, 2).add_(m.ones(2, 2)),
    "in place dtype": lambda m: m.ones(2, dtype=m.int64).add_(1.5),
    "leaf": lambda m: m.ones(2, requires_grad=True).add_(1),
    "backward of many": lambda m: (m.ones(2, requires_grad=True) * 2).backward(),
    "backward of none": lambda m: m.ones(()).backward(),
    "ints require grad": lambda m: m.ones(2, dtype=m.int64, requires_grad=True),
    "numpy with grad": lambda m: m.ones(2, requires_grad=True).numpy(),
    "gather dtype": lambda m: m.ones(2).gather(0, m.ones(2)),
    "gather rank": lambda m: m.ones(2, 2).gather(0, m.ones(2, dtype=m.int64)),
    "scatter dtype": lambda m: m.ones(2).scatter(
        0, m.zeros(1, dtype=m.int64), m.ones(1, dtype=m.int32)
    ),
    "tril": lambda m: m.ones(4).tril(),
    "t": lambda m: m.ones(2, 2, 2).t(),
    "mT": lambda m: m.ones(4).mT,
    "unflatten": lambda m: m.ones(6).unflatten(0, (4, 2)),
    "zeros": lambda m: m.zeros(-1),
    "zeros of floats": lambda m: m.zeros(1.5),
    "arange step": lambda m: m.arange(0, 5, 0),
    "arange sign": lambda m: m.arange(5, 0),
    "linspace": lambda m: m.linspace(0, 1, -1),
    "ragged": lambda m: m.tensor([[1, 2], [3]]),
    "ragged depth": lambda m: m.tensor([[1, 2], 3]),
    "string": lambda m: m.tensor("a"),
    "none": lambda m: m.tensor(None),
    "object": lambda m: m.tensor([object()]),
    "device": lambda m: m.ones(1, device="no such"),
    "add list": lambda m: m.add(m.ones(1), [1]),
    "add string": lambda m: m.ones(1) + "a",
    "exp number": lambda m: m.exp(1.0),
    "default dtype": lambda m: m.set_default_dtype(m.int64),
    "format": lambda m: f"{m.ones(2):.2f}",
    "detach_ of a view": lambda m: (m.ones(2, requires_grad=True) * 1)[0].detach_(),
    "unused": lambda m: m.autograd.grad(
        m.ones(1, requires_grad=True).sum(), m.ones(1, requires_grad=True)
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors(name: str) -> None:
    call = REFUSED[name]
    theirs = error_of(call, torch)
    with portfire.device("cpu"):
        ours = error_of(call, portfire)
    assert theirs is not None, "torch accepts it"
    assert type(ours) is type(theirs), f"{ours!r} and {theirs!r}"


def error_of(call: Call, module: Any) -> Exception | None:
    try:
        call(module)
    except Exception as error:  # noqa: BLE001  (its type is the result)
        return error
    return None
