"""Symbolic index arithmetic: integer expressions of loop variables, kept in a canonical form.

An `Expr` is a constant plus a sum of coefficient times atom. An atom is a loop variable, or a
quotient, remainder or range promise of another expression. Every atom knows its range, and that is
what lets reshapes of reshapes fold back into plain strides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import gcd, prod
from typing import NamedTuple

Shape = tuple[int, ...]


class Atom:
    """A variable ("var"), quotient ("div"), remainder ("mod") or range promise ("bound")."""

    __slots__ = ("hi", "inner", "key", "kind", "lo", "number")

    def __init__(
        self, kind: str, key: str, lo: int, hi: int, inner: Expr | None = None, number: int = 0
    ) -> None:
        self.kind = kind
        self.key = key
        self.lo = lo
        self.hi = hi
        self.inner = inner
        self.number = number


Term = tuple[Atom, int]


class Expr:
    """An integer expression; equal expressions have equal keys."""

    __slots__ = ("_key", "const", "hi", "lo", "terms")

    def __init__(self, const: int, terms: tuple[Term, ...] = ()) -> None:
        self.const = const
        self.terms = terms
        lo = hi = const
        for atom, factor in terms:
            if factor > 0:
                lo += factor * atom.lo
                hi += factor * atom.hi
            else:
                lo += factor * atom.hi
                hi += factor * atom.lo
        self.lo = lo
        self.hi = hi
        self._key: str | None = None

    @property
    def key(self) -> str:
        """Text that two expressions share exactly if they have the same canonical form."""
        if self._key is None:
            parts = [f"{factor}*{atom.key}" for atom, factor in self.terms]
            self._key = "+".join([*parts, str(self.const)])
        return self._key

    def __repr__(self) -> str:
        return self.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expr) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


ZERO = Expr(0)


@lru_cache(maxsize=4096)
def constant(value: int) -> Expr:
    """Return a constant."""
    return Expr(value)


def variable(name: str, size: int) -> Expr:
    """Return a variable that runs from 0 to size-1."""
    if size == 1:
        return ZERO
    return Expr(0, ((Atom("var", name, 0, size - 1), 1),))


def add(a: Expr, b: Expr) -> Expr:
    """Return a + b."""
    if not a.terms and not a.const:
        return b
    if not b.terms:
        return a if not b.const else Expr(a.const + b.const, a.terms)
    if not a.terms:
        return Expr(a.const + b.const, b.terms)
    return _collect(a.const + b.const, (*a.terms, *b.terms))


def total(parts: Iterable[Expr]) -> Expr:
    """Return the sum of many expressions."""
    const = 0
    terms: list[Term] = []
    for part in parts:
        const += part.const
        terms.extend(part.terms)
    return _collect(const, terms)


def scale(a: Expr, factor: int) -> Expr:
    """Return a * factor."""
    if factor == 1:
        return a
    if factor == 0:
        return ZERO
    return Expr(a.const * factor, tuple((atom, f * factor) for atom, f in a.terms))


def shift(a: Expr, amount: int) -> Expr:
    """Return a + amount."""
    return Expr(a.const + amount, a.terms) if amount else a


def _collect(const: int, terms: Iterable[Term]) -> Expr:
    sums: dict[str, Term] = {}
    mods = 0
    for atom, factor in terms:
        old = sums.get(atom.key)
        if old is None:
            sums[atom.key] = (atom, factor)
            mods += atom.kind == "mod"
        elif old[1] + factor:
            sums[atom.key] = (atom, old[1] + factor)
        else:
            del sums[atom.key]
    result = Expr(const, tuple(sums[key] for key in sorted(sums)))
    return _recombine(result) if mods else result


def _recombine(e: Expr) -> Expr:
    """Fold ``k*(m % c) + k*c*(m // c)`` into ``k*m``."""
    for atom, factor in e.terms:
        if atom.kind != "mod" or atom.inner is None:
            continue
        quotient = floordiv(atom.inner, atom.number)
        if quotient.const or len(quotient.terms) != 1 or quotient.terms[0][1] != 1:
            continue
        want = quotient.terms[0][0].key
        for other, weight in e.terms:
            if other.key == want and weight == factor * atom.number:
                rest = tuple(t for t in e.terms if t[0].key not in (atom.key, want))
                return add(Expr(e.const, rest), scale(atom.inner, factor))
    return e


def floordiv(e: Expr, c: int) -> Expr:
    """Return e // c for a positive constant c."""
    if c == 1:
        return e
    whole = tuple((atom, f // c) for atom, f in e.terms if f % c == 0)
    rest_terms = tuple((atom, f) for atom, f in e.terms if f % c)
    rest = Expr(e.const % c, rest_terms)
    base = Expr(e.const // c, whole)
    low, high = rest.lo // c, rest.hi // c
    if low == high:
        return shift(base, low)
    return add(base, _quotient(rest, c))


def _coarse(rest: Expr, c: int) -> tuple[int, Expr, Expr] | None:
    """Write rest as ``g*big + small`` with 0 <= small < g and g a divisor of c, if possible.

    Then ``small`` never carries into the quotient by c.
    """
    for g in sorted({gcd(f, c) for _, f in rest.terms} - {1}, reverse=True):
        small = Expr(rest.const % g, tuple(t for t in rest.terms if t[1] % g))
        if small.lo >= 0 and small.hi < g:
            parts = tuple((atom, f // g) for atom, f in rest.terms if f % g == 0)
            return g, Expr(rest.const // g, parts), small
    return None


def _quotient(rest: Expr, c: int) -> Expr:
    g = c
    for _, f in rest.terms:
        g = gcd(g, f)
    if g > 1:
        inner = Expr(rest.const // g, tuple((atom, f // g) for atom, f in rest.terms))
        return floordiv(inner, c // g)
    coarse = _coarse(rest, c)
    if coarse is not None:
        g, big, _ = coarse
        return floordiv(big, c // g)
    if len(rest.terms) == 1 and not rest.const:
        atom, f = rest.terms[0]
        if f == 1 and atom.kind == "div" and atom.inner is not None:
            return floordiv(atom.inner, atom.number * c)
    return Expr(0, ((Atom("div", f"({rest.key}/{c})", rest.lo // c, rest.hi // c, rest, c), 1),))


def modulo(e: Expr, c: int) -> Expr:
    """Return e % c (the sign of c) for a positive constant c."""
    if c == 1:
        return ZERO
    rest = Expr(e.const % c, tuple((atom, f) for atom, f in e.terms if f % c))
    low = rest.lo // c
    if low == rest.hi // c:
        return shift(rest, -low * c)
    g = c
    for _, f in rest.terms:
        g = gcd(g, f)
    if g > 1:
        inner = Expr(rest.const // g, tuple((atom, f // g) for atom, f in rest.terms))
        return shift(scale(modulo(inner, c // g), g), rest.const % g)
    coarse = _coarse(rest, c)
    if coarse is not None:
        g, big, small = coarse
        return add(scale(modulo(big, c // g), g), small)
    if len(rest.terms) == 1 and not rest.const and rest.terms[0][1] == 1:
        atom = rest.terms[0][0]
        if atom.kind == "mod" and atom.number % c == 0 and atom.inner is not None:
            return modulo(atom.inner, c)
    return Expr(0, ((Atom("mod", f"({rest.key}%{c})", 0, c - 1, rest, c), 1),))


def bound(e: Expr, size: int) -> Expr:
    """Return e with the promise that it lies in [0, size) whenever its value matters."""
    if e.lo >= 0 and e.hi < size:
        return e
    if size == 1:
        return ZERO
    key = f"[{e.key}:{size}]"
    return Expr(0, ((Atom("bound", key, 0, size - 1, e, size), 1),))


def unbound(e: Expr) -> Expr:
    """Replace the outer range promises by what they promise about."""
    if not any(atom.kind == "bound" for atom, _ in e.terms):
        return e
    parts = [constant(e.const)]
    for atom, f in e.terms:
        if atom.kind == "bound" and atom.inner is not None:
            parts.append(scale(unbound(atom.inner), f))
        else:
            parts.append(Expr(0, ((atom, f),)))
    return unbound(total(parts))  # a quotient and its rest may have met, around another promise


def variables(e: Expr) -> set[str]:
    """Return the names of all variables in e."""
    found: set[str] = set()
    stack = [e]
    while stack:
        for atom, _ in stack.pop().terms:
            if atom.inner is None:
                found.add(atom.key)
            else:
                stack.append(atom.inner)
    return found


def lane_stride(e: Expr, name: str) -> int | None:
    """Return the coefficient of a variable, or None if e is not affine in it."""
    stride = 0
    for atom, f in unbound(e).terms:
        if atom.key == name:
            stride = f
        elif atom.inner is not None and name in variables(atom.inner):
            return None
    return stride


def is_doubled(e: Expr, name: str) -> bool:
    """Tell if e grows by one per two steps of a variable, from 0 on: each value comes twice."""
    moved = [(atom, f) for atom, f in unbound(e).terms if name in variables(Expr(0, ((atom, f),)))]
    if len(moved) != 1 or moved[0][1] != 1:
        return False
    atom = moved[0][0]
    if atom.kind != "div" or atom.number != 2 or atom.inner is None:
        return False
    inner = unbound(atom.inner)
    return inner.const == 0 and [(a.key, f) for a, f in inner.terms] == [(name, 1)]


def two_runs(e: Expr, name: str, lanes: int) -> tuple[Expr, int] | None:
    """Tell if e grows by one per step of a variable but for one jump upwards within its lanes.

    The variable runs over [0, lanes). The answer is an expression that grows with it by one, and
    the period at whose multiples e jumps; None if there may be two jumps, or one downwards.
    """
    parts = []
    for atom, f in unbound(e).terms:
        if atom.kind == "mod" and atom.inner is not None and name in variables(atom.inner):
            quotient = floordiv(atom.inner, atom.number)
            parts += [scale(atom.inner, f), scale(quotient, -f * atom.number)]
        else:
            parts.append(Expr(0, ((atom, f),)))
    jumps: list[Atom] = []
    step = 0
    for atom, f in unbound(total(parts)).terms:
        if atom.key == name:
            step = f
        elif atom.inner is not None and name in variables(atom.inner):
            if atom.kind != "div" or f < 0:
                return None
            jumps.append(atom)
    if step != 1 or not jumps:
        return None
    first = min(jumps, key=lambda atom: atom.number)
    inner, period = first.inner, first.number
    if inner is None or lane_stride(inner, name) != 1:
        return None
    if any(atom.inner != inner or atom.number % period for atom in jumps):
        return None
    grain = period
    for atom, f in inner.terms:
        if atom.key != name:
            grain = gcd(grain, f)
    latest = period - grain + inner.const % grain  # the latest phase at which the lanes may start
    return (inner, period) if latest + lanes - 1 < 2 * period else None


def strides_of(shape: Shape) -> Shape:
    """Return the row-major strides of a shape, in elements."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return tuple(strides)


def ravel(index: Sequence[Expr], shape: Shape) -> Expr:
    """Return the row-major linear index."""
    return total(scale(e, s) for e, s in zip(index, strides_of(shape), strict=True))


def unravel(linear: Expr, shape: Shape) -> tuple[Expr, ...]:
    """Return the index tuple of a linear index."""
    index, size = [], prod(shape)
    for n in shape:
        size //= n
        part = floordiv(linear, size)
        index.append(part if part.lo >= 0 and part.hi < n else modulo(part, n))
    return tuple(index)


class Group(NamedTuple):
    """Axes [a, b) of one shape that hold the same elements as axes [c, d) of another."""

    a: int
    b: int
    c: int
    d: int


@lru_cache(maxsize=4096)
def reshape_groups(new: Shape, old: Shape) -> tuple[Group, ...]:
    """Match two shapes of equal size by their smallest common groups of axes."""
    groups, i, j = [], 0, 0
    while i < len(new) or j < len(old):
        a, c = i, j
        left = right = 1
        if i < len(new):
            left, i = new[i], i + 1
        if j < len(old):
            right, j = old[j], j + 1
        while left != right:
            if left < right:
                left, i = left * new[i], i + 1
            else:
                right, j = right * old[j], j + 1
        groups.append(Group(a, i, c, j))
    return tuple(groups)


def reindex(index: tuple[Expr, ...], new: Shape, old: Shape) -> tuple[Expr, ...]:
    """Return the index into shape ``old`` of the element at ``index`` of its reshape ``new``."""
    if new == old:
        return index
    if 0 in new:  # there is no element, and no groups of axes to match
        return (ZERO,) * len(old)
    result: list[Expr] = []
    for a, b, c, d in reshape_groups(new, old):
        if b - a == 1 and d - c == 1:
            result.append(index[a])
        elif d > c:
            result.extend(unravel(ravel(index[a:b], new[a:b]), old[c:d]))
    return tuple(result)


def text(e: Expr, names: dict[str, str] | None = None) -> str:
    """Return e as C text; ``names`` renames variables."""
    e = unbound(e)
    out = ""
    for atom, f in e.terms:
        name = _atom_text(atom, names)
        piece = name if abs(f) == 1 else f"{abs(f)}*{name}"
        out += ("-" if f < 0 else "") + piece if not out else (" - " if f < 0 else " + ") + piece
    if not out:
        return _number(e.const)
    if e.const:
        out += f" {'-' if e.const < 0 else '+'} {_number(abs(e.const))}"
    return out


def _number(value: int) -> str:
    return f"{value}L" if abs(value) > 0x7FFFFFFF else str(value)


def _atom_text(atom: Atom, names: dict[str, str] | None) -> str:
    if atom.inner is None:
        return names.get(atom.key, atom.key) if names else atom.key
    # C rounds toward zero, so a numerator that can be negative is lifted by a multiple first.
    lift = max(-(atom.inner.lo // atom.number), 0)
    inner = text(shift(atom.inner, lift * atom.number), names)
    if atom.kind == "mod":
        return f"(({inner})%{atom.number})"
    quotient = f"(({inner})/{atom.number})"
    return f"({quotient} - {lift})" if lift else quotient


def substitute(e: Expr, values: dict[str, Expr]) -> Expr:
    """Replace variables by expressions, and simplify again."""
    parts = [constant(e.const)]
    for atom, f in e.terms:
        if atom.inner is None:
            new = values.get(atom.key, Expr(0, ((atom, 1),)))
        else:
            inner = substitute(atom.inner, values)
            rebuild = {"div": floordiv, "mod": modulo, "bound": bound}[atom.kind]
            new = rebuild(inner, atom.number)
        parts.append(scale(new, f))
    return total(parts)
