"""Strides and offsets: what `stride()`, `view()` and `numpy()` ask of a path."""

from __future__ import annotations

from portfire.ops._movement import EXPAND, PERMUTE, SLICE, WINDOWS
from portfire.ops._record import Attrs, Operator, Shape
from portfire.ops._strided import AS_STRIDED

__all__ = ["Path", "Step", "is_dense", "layout", "overlaps", "view_strides"]

Step = tuple[Operator, Attrs, Shape]  # a movement, its attributes, the shape that it gives
Path = tuple[Step, ...]


def contiguous_strides(shape: Shape) -> Shape:
    """Row-major strides, in elements."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def view_strides(old: Shape, strides: Shape, new: Shape) -> Shape | None:
    """Strides of a reshape that needs no copy, or None where it does.

    Runs of old dimensions that are contiguous with each other are filled from the right with new
    dimensions; a new dimension that crosses a gap has no stride.
    """
    if 0 in old:
        return contiguous_strides(new)
    result = [0] * len(new)
    target = len(new) - 1
    run_size, run_stride = 1, strides[-1] if strides else 1
    for axis in range(len(old) - 1, -1, -1):
        run_size *= old[axis]
        if axis and (old[axis - 1] == 1 or strides[axis - 1] == run_size * run_stride):
            continue
        filled = 1
        while target >= 0 and (filled < run_size or new[target] == 1):
            result[target] = filled * run_stride
            filled *= new[target]
            target -= 1
        if filled != run_size:
            return None
        if axis:
            run_size, run_stride = 1, strides[axis - 1]
    for axis in range(target, -1, -1):  # only when `old` is 0-d: all new sizes are 1
        if new[axis] != 1:
            return None
        result[axis] = 1
    return tuple(result)


def layout(shape: Shape, path: Path) -> tuple[Shape, int]:
    """Strides and offset, in elements, of a view of a contiguous base of that shape."""
    base, strides, offset = shape, contiguous_strides(shape), 0
    known = True  # until a step leaves the elements without strides; a later one may give some
    for number, (op, attrs, new) in enumerate(path):
        if op is AS_STRIDED:
            (_, strides, offset), known = attrs, True
        elif not known:
            strides, offset, known = *_measured(base, path[: number + 1]), True
        elif op is SLICE:
            starts, _, steps = attrs
            offset += sum(s * st for s, st in zip(starts, strides, strict=True))
            strides = tuple(s * st for s, st in zip(strides, steps, strict=True))
        elif op is PERMUTE:
            strides = tuple(strides[a] for a in attrs[0])
        elif op is EXPAND:
            extra = len(new) - len(shape)
            strides = (0,) * extra + tuple(
                0 if n == 1 and m != 1 else s
                for n, m, s in zip(shape, new[extra:], strides, strict=True)
            )
        elif op is WINDOWS:
            axes, _, steps, dilations = attrs
            inner = tuple(strides[a] * d for a, d in zip(axes, dilations, strict=True))
            outer = list(strides)
            for axis, step in zip(axes, steps, strict=True):
                outer[axis] *= step
            strides = (*outer, *inner)
        else:
            found = view_strides(shape, strides, new)
            known = found is not None
            strides = contiguous_strides(new) if found is None else found
        shape = new
    return strides, offset


def _measured(base: Shape, path: Path) -> tuple[Shape, int]:
    """Strides found by looking where elements lie: how far one step along each dimension goes."""
    shape = path[-1][2]
    if 0 in shape:
        return contiguous_strides(shape), 0
    origin = (0,) * len(shape)
    offset = _locate(base, path, origin)
    strides = []
    for axis, (n, default) in enumerate(zip(shape, contiguous_strides(shape), strict=True)):
        step = tuple(int(i == axis) for i in range(len(shape)))
        strides.append(_locate(base, path, step) - offset if n > 1 else default)
    return tuple(strides), offset


def _locate(base: Shape, path: Path, at: Shape) -> int:
    """The number of the element of the base that a view shows at an index."""
    shapes = [base, *(step[2] for step in path)]
    for (op, attrs, new), old in zip(reversed(path), reversed(shapes[:-1]), strict=True):
        if op is SLICE:
            at = tuple(s + i * st for s, i, st in zip(attrs[0], at, attrs[2], strict=True))
        elif op is PERMUTE:
            at = tuple(at[attrs[0].index(a)] for a in range(len(at)))
        elif op is EXPAND:
            at = tuple(
                i if n > 1 else 0 for n, i in zip(old, at[len(new) - len(old) :], strict=True)
            )
        elif op is WINDOWS:
            moved = list(at[: len(old)])
            inside = at[len(old) :]
            for axis, tap, step, dilation in zip(attrs[0], inside, *attrs[2:], strict=True):
                moved[axis] = moved[axis] * step + tap * dilation
            at = tuple(moved)
        elif op is AS_STRIDED:
            at = _unravel(attrs[2] + _dot(at, attrs[1]), old)
        else:
            at = _unravel(_dot(at, contiguous_strides(new)), old)
    return _dot(at, contiguous_strides(base))


def _dot(at: Shape, strides: Shape) -> int:
    return sum(i * s for i, s in zip(at, strides, strict=True))


def _unravel(number: int, shape: Shape) -> Shape:
    """The index of an element in a row-major array."""
    at = []
    for n in reversed(shape):
        number, i = divmod(number, max(n, 1))
        at.append(i)
    return tuple(reversed(at))


def overlaps(shape: Shape, strides: Shape) -> bool:
    """True if a dimension shows one element several times."""
    return 0 not in shape and any(
        n > 1 and stride == 0 for n, stride in zip(shape, strides, strict=True)
    )


def is_dense(shape: Shape, strides: Shape) -> bool:
    """True if those strides walk the elements in row-major order without gaps."""
    expected = 1
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        if n == 0:
            return True
        if n != 1:
            if stride != expected:
                return False
            expected *= n
    return True
