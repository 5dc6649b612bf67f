"""How tensors print: torch's form."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire._dtype import DType, bool_, int64
from portfire._promotion import get_default_dtype

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["set_printoptions", "tensor_text"]


@dataclass(frozen=True)
class Options:
    """What `set_printoptions` sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {
    "default": Options(),
    "short": Options(precision=2, edgeitems=2),
    "full": Options(threshold=math.inf),
}
_options = Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print.

    Args:
        precision: digits after the point, 4 by default.
        threshold: more elements than this are summarized, 1000 by default.
        edgeitems: how many are shown at each end of a summary, 3 by default.
        linewidth: characters per line, 80 by default.
        profile: ``"default"``, ``"short"`` or ``"full"``, to start from.
        sci_mode: True or False to force scientific notation on or off; None chooses.

    Example:
        >>> import portfire
        >>> portfire.set_printoptions(precision=2)
        >>> portfire.tensor([1.23456])
        tensor([1.23])
        >>> portfire.set_printoptions(profile="default")
    """
    global _options
    base = _options
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(f"profile must be one of {sorted(PROFILES)}, got {profile!r}")
        base = PROFILES[profile]
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    changed: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    _options = replace(base, sci_mode=sci_mode, **changed)


class _Format:
    """The common width and notation of the elements shown."""

    def __init__(self, shown: np.ndarray[Any, Any], options: Options) -> None:
        self.precision = options.precision
        self.is_float = shown.dtype.kind == "f"
        self.whole = True
        self.scientific = False
        self.width = 1
        if not self.is_float:
            self.width = max((len(str(v)) for v in shown.reshape(-1).tolist()), default=1)
            return
        flat = shown.reshape(-1)
        finite = flat[np.isfinite(flat) & (flat != 0)]
        if not finite.size:
            return
        magnitudes = np.abs(finite.astype(np.float64))
        low, high = magnitudes.min(), magnitudes.max()
        self.whole = bool((finite == np.ceil(finite)).all())
        self.scientific = bool(high / low > 1000 or high > 1e8 or (not self.whole and low < 1e-4))
        if options.sci_mode is not None:
            self.scientific = options.sci_mode
        self.width = max(len(self._number(v)) for v in finite.tolist())

    def _number(self, value: float) -> str:
        if self.scientific:
            return f"{value:.{self.precision}e}"
        if self.whole:
            text = f"{value:.0f}"
            return text if math.isinf(value) or math.isnan(value) else text + "."
        return f"{value:.{self.precision}f}"

    def __call__(self, value: Any) -> str:
        text = self._number(value) if self.is_float else str(value)
        return text.rjust(self.width)


def _edges(array: np.ndarray[Any, Any], options: Options) -> np.ndarray[Any, Any]:
    """The elements that a summary shows."""
    n = options.edgeitems
    for axis, size in enumerate(array.shape):
        if size > 2 * n:
            ends = list(range(n)) + list(range(size - n, size))
            array = np.take(array, ends, axis=axis)
    return array


def _vector(
    array: np.ndarray[Any, Any], indent: int, summary: bool, form: _Format, options: Options
) -> str:
    n = options.edgeitems
    texts = [form(v) for v in array.tolist()] if not (summary and array.size > 2 * n) else [
        *(form(v) for v in array[:n].tolist()), " ...", *(form(v) for v in array[-n:].tolist()),
    ]  # fmt: skip
    per_line = max(1, (options.linewidth - indent) // (form.width + 2))
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _nested(
    array: np.ndarray[Any, Any], indent: int, summary: bool, form: _Format, options: Options
) -> str:
    if array.ndim == 0:
        return form(array.item())
    if array.ndim == 1:
        return _vector(array, indent, summary, form, options)
    n = options.edgeitems
    if summary and array.shape[0] > 2 * n:
        rows = [_nested(a, indent + 1, summary, form, options) for a in array[:n]]
        rows.append("...")
        rows += [_nested(a, indent + 1, summary, form, options) for a in array[-n:]]
    else:
        rows = [_nested(a, indent + 1, summary, form, options) for a in array]
    between = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + between.join(rows) + "]"


def _suffixes(tensor: Tensor) -> list[str]:
    found = []
    if tensor.device.type != "cpu":
        found.append(f"device='{tensor.device}'")
    default: tuple[DType, ...] = (get_default_dtype(), int64, bool_)
    if tensor.numel() == 0:
        if tensor.ndim != 1:
            found.append(f"size={tuple(tensor.shape)}")
        default = default[:1]
    if tensor.dtype not in default:
        found.append(f"dtype={tensor.dtype}")
    if tensor.grad_fn is not None:
        found.append(f"grad_fn=<{tensor.grad_fn.name()}>")
    elif tensor.requires_grad:
        found.append("requires_grad=True")
    return found


def tensor_text(tensor: Tensor) -> str:
    """Return the text of `repr`: elements, then device, dtype and history where not the default."""
    options = _options
    prefix = "tensor("
    indent = len(prefix)
    array = tensor._host()
    if array.size == 0:
        text = "[]"
    else:
        summary = array.size > options.threshold
        form = _Format(_edges(array, options) if summary else array, options)
        text = _nested(array, indent, summary, form, options)
    text = prefix + text
    length = len(text) - text.rfind("\n") + 1
    for suffix in _suffixes(tensor):
        if length + len(suffix) + 2 > options.linewidth:
            text += ",\n" + " " * indent + suffix
            length = indent + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"
