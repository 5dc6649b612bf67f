"""The methods and attributes that say what a tensor is."""

from __future__ import annotations

from typing import Any

from portfire import _limits
from portfire._functions import inspection, shape

__all__ = ["ObjectMethods"]


class ObjectMethods:
    """A table of methods: each is defined once, in `_functions`."""

    is_floating_point, is_complex = inspection.is_floating_point, inspection.is_complex
    is_signed, is_nonzero = inspection.is_signed, inspection.is_nonzero
    is_conj, is_neg, is_inference = inspection.is_conj, inspection.is_neg, inspection.is_inference
    is_same_size, is_set_to = inspection.is_same_size, inspection.is_set_to
    is_pinned = is_shared = inspection.never
    pin_memory, share_memory_ = inspection.pinned, inspection.shared
    conj, resolve_conj, resolve_neg = (
        inspection.conj, inspection.resolve_conj, inspection.resolve_neg,
    )  # fmt: skip
    get_device, narrow_copy = inspection.get_device, inspection.narrow_copy
    is_contiguous, dim_order = inspection.is_contiguous, inspection.dim_order
    sum_to_size, resize_, resize_as_ = (
        inspection.sum_to_size, inspection.resize_, inspection.resize_as_,
    )  # fmt: skip
    apply_, map_, fill_diagonal_ = (
        inspection.apply_, inspection.map_, inspection.fill_diagonal_,
    )  # fmt: skip
    new, new_empty_strided = inspection.new, inspection.new_empty_strided
    as_subclass = inspection.as_subclass
    __reversed__, __complex__, __delitem__ = (
        inspection.reversed_, inspection.complex_, inspection.delete,
    )  # fmt: skip
    T = property(shape.reversed_dims)
    mT = property(shape.matrix_transpose)  # noqa: N815  (torch's name)
    mH = property(shape.matrix_adjoint)  # noqa: N815  (torch's name)
    H = property(inspection.matrix_adjoint)
    real = property(inspection.real)
    is_sparse = is_quantized = is_nested = is_meta = is_mkldnn = False
    layout = _limits.strided

    @property
    def is_cpu(self: Any) -> bool:
        """Whether the elements are on the host."""
        found: bool = self.device.type == "cpu"
        return found

    @property
    def itemsize(self: Any) -> int:
        """Bytes per element."""
        size: int = self.dtype.itemsize
        return size

    @property
    def nbytes(self: Any) -> int:
        """Bytes of all elements."""
        size: int = self.numel() * self.dtype.itemsize
        return size

    @property
    def _version(self: Any) -> int:
        """How often the elements were written to; tensors that share memory share the number."""
        number: int = self._storage.version
        return number

    @property
    def output_nr(self: Any) -> int:
        """Which output of ``grad_fn`` this is."""
        number: int = self._output
        return number
