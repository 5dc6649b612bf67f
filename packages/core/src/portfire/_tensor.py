"""`Tensor`: a view of a storage cell, and its place in the backward graph."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _device, _printing
from portfire._dtype import DType, bfloat16, bool_, int64, widened_bits
from portfire._functions import (
    arithmetic,
    comparison,
    conversion,
    creation,
    reduction,
    splitting,
)
from portfire._functions import shape as shapes
from portfire._layout import Path, layout
from portfire._methods import Methods
from portfire._size import Size
from portfire._storage import Storage, read_path, unshared, write_path
from portfire.engine._value import Value
from portfire.ops._record import Attrs, Operator, Shape

if TYPE_CHECKING:
    from portfire.autograd._node import AccumulateGrad, Edge, Node

__all__ = ["Tensor"]


class Tensor(Methods):
    """A multi-dimensional array with elements of one dtype, on one device.

    ``Tensor(2, 3)`` makes an uninitialized float tensor of that size, ``Tensor([2, 3])`` one with
    those elements; `portfire.tensor` is the usual way to make one from data.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> (x @ x).sum()
        tensor(54.)
    """

    # Class attributes are the defaults, so that making a tensor sets three attributes only.
    _path: Path = ()
    _base: Tensor | None = None  # the tensor that this one is a differentiable view of
    _seen = 0  # how many in-place edits of the base `_grad_fn` accounts for
    _edits = 0  # how many in-place operations on this tensor (as a base) autograd recorded
    _requires_grad = False
    _grad: Tensor | None = None
    _grad_fn: Node | None = None
    _output = 0  # which output of `_grad_fn` this is
    _accumulator: weakref.ref[AccumulateGrad] | None = None
    _leaf_hooks: dict[int, Any] | None = None
    _storage: Storage
    _shape: Shape
    _dtype: DType
    __array_priority__ = 1000  # NumPy operators defer to ours

    def __new__(cls, *args: Any, device: Any = None, dtype: DType | None = None) -> Tensor:
        """Make a tensor from sizes or from data, see the class."""
        made = creation.legacy_tensor(args, dtype, device)
        if cls is not Tensor:
            made.__class__ = cls
        return made

    # Internal construction and access

    @classmethod
    def _wrap(cls, value: Value) -> Tensor:
        """Make a tensor that is the only holder of a value."""
        tensor: Tensor = object.__new__(Tensor)
        tensor._storage = Storage(value)
        tensor._shape = value.shape
        tensor._dtype = value.dtype
        return tensor

    def _alias(self, path: Path, shape: Shape) -> Tensor:
        tensor: Tensor = object.__new__(Tensor)
        tensor._storage = self._storage
        tensor._path = path
        tensor._shape = shape
        tensor._dtype = self._dtype
        return tensor

    @staticmethod
    def _make_subclass(cls: type, data: Tensor, requires_grad: bool = False) -> Any:
        """Make a leaf of a subclass that shares the cell of ``data``."""
        tensor = data._alias(data._path, data._shape)
        tensor.__class__ = cls
        tensor._requires_grad = False
        if requires_grad:
            tensor.requires_grad_(True)
        return tensor

    def _read(self) -> Value:
        """The value now; a view records its movements, which plans merge away."""
        if not self._path:
            return self._storage.value
        base = self._base
        if base is not None and self._seen != base._edits:
            self._refresh()
        return read_path(self._storage.value, self._path)

    def _snapshot(self) -> tuple[Value, Path]:
        """What autograd saves: the value of the cell now, not the cell."""
        return self._storage.value, self._path

    @classmethod
    def _restore(cls, snapshot: tuple[Value, Path], edge: Edge | None) -> Tensor:
        value, path = snapshot
        tensor = cls._wrap(value)
        if path:
            tensor._path = path
            tensor._shape = path[-1][2]
        if edge is not None:
            tensor._bind(*edge)
        return tensor

    def _bind(self, node: Node, output: int) -> None:
        """Make this tensor stand for an output of a node (or for the leaf of an accumulator)."""
        from portfire.autograd._node import AccumulateGrad

        self._requires_grad = True
        if isinstance(node, AccumulateGrad):
            self._accumulator = weakref.ref(node)
            self._grad_fn = None
        else:
            self._grad_fn, self._output = node, output

    def _fork(self, keep: bool) -> Tensor:
        """A tensor with the same value in a cell of its own, with its history if ``keep``."""
        tensor = Tensor._wrap(unshared(self._read()))
        if keep and self._requires_grad:
            from portfire.autograd._node import edge_of

            edge = edge_of(self)
            if edge is not None:
                tensor._bind(*edge)
        return tensor

    # Views and in-place

    def _view(self, op: Operator, attrs: Attrs, new_shape: Shape) -> Tensor:
        """A tensor that reaches some elements of this one's cell."""
        from portfire.autograd._mode import state
        from portfire.autograd._node import OperatorNode

        view = self._alias((*self._path, (op, attrs, new_shape)), new_shape)
        base = self._base
        if base is not None and self._seen != base._edits:
            self._refresh()
        view._base = self if base is None else base
        view._seen = view._base._edits
        if self._requires_grad and state.enabled:
            OperatorNode.attach(view, op, attrs, (self,), ())
        return view

    def _refresh(self) -> None:
        """Build this view's history again, after its base was changed in place."""
        from portfire.autograd._node import OperatorNode, edge_of

        base = self._base
        if base is None:
            return
        self._seen = base._edits
        current = base._alias(base._path, base._shape)
        edge = edge_of(base)
        if edge is not None:
            current._bind(*edge)
            for op, attrs, new_shape in self._path[len(base._path) :]:
                view = current._alias((*current._path, (op, attrs, new_shape)), new_shape)
                OperatorNode.attach(view, op, attrs, (current,), ())
                current = view
        self._retain_at(current._grad_fn, current._output)
        self._grad_fn, self._output = current._grad_fn, current._output
        self._requires_grad = current._requires_grad

    def _write(self, value: Value) -> None:
        """Replace the elements, outside autograd."""
        self._storage.write(self._path, value)

    def _assign(self, result: Tensor) -> Tensor:
        """Become ``result``, as an in-place operation does; return self."""
        from portfire.autograd._mode import state

        if state.enabled and self.requires_grad and self.is_leaf:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
        base = self._base
        if base is not None and state.enabled and base._requires_grad and base.is_leaf:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place "
                "operation."
            )
        if base is not None and state.enabled and base._requires_grad and not self.requires_grad:
            raise RuntimeError(
                "A view was created in no_grad mode and is being modified inplace with grad mode "
                "enabled. Make the view and the change both inside no_grad, or both outside."
            )
        if result._dtype is not self._dtype:
            result = conversion.cast_for_inplace(result, self._dtype)
        if result._shape != self._shape:
            raise RuntimeError(
                f"output with shape {list(self._shape)} doesn't match the broadcast shape "
                f"{list(result._shape)}"
            )
        if result.device != self.device:
            result = result.to(self.device)
        tracked = state.enabled and (result._requires_grad or self._requires_grad)
        if not tracked:
            self._write(result._read())
        elif base is None:
            if not result._requires_grad:
                result = self._overwritten(result)
            self._write(result._read())
            self._adopt_history(result)
        else:
            self._edit_base(base, result)
        return self

    def _overwritten(self, result: Tensor) -> Tensor:
        """The result as what follows on this tensor: of its history, with gradient zero."""
        from portfire._dispatch import full, where

        return where(full((), False, self, bool_), self, result)

    def _adopt_history(self, result: Tensor) -> None:
        node, output = result._node(), result._output
        self._requires_grad = result._requires_grad
        if node is None and result._requires_grad:  # a leaf was copied as it is
            result = arithmetic.identity(result)
            node, output = result._grad_fn, 0
        self._retain_at(node, output)
        self._grad_fn, self._output = node, output
        self._edits += 1

    def _edit_base(self, base: Tensor, result: Tensor) -> None:
        """An in-place operation on a view is one on its base, through the inverse movements."""
        from portfire._dispatch import apply, iota

        current = base._fork(keep=True)
        path = self._path[len(base._path) :]
        new = write_path(
            current,
            path,
            result,
            apply,
            lambda t: t._shape,
            lambda n: iota((n,), 0, current, int64),
        )
        if not new._requires_grad:  # the view was the whole base
            new = current._overwritten(new)
        base._write(new._read())
        base._adopt_history(new)
        self._refresh()

    def _retain_at(self, node: Node | None, output: int) -> None:
        """Have the gradient, if it is retained, come from the node that makes this tensor now."""
        old = self._grad_fn
        if old is not None and old.captured and self._output in old.captured:
            del old.captured[self._output]
            if node is not None:
                node.captured = {**(node.captured or {}), output: weakref.ref(self)}

    def _node(self) -> Node | None:
        base = self._base
        if base is not None and self._seen != base._edits:
            self._refresh()
        return self._grad_fn

    # Attributes

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return Size(self._shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._shape)

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return self._dtype

    @property
    def device(self) -> _device.device:
        """Where the elements are."""
        found: _device.device = self._storage.value.recorder.device
        return found

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for this tensor."""
        self._node()
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError("requires_grad must be a bool")
        self.requires_grad_(value)

    @property
    def is_leaf(self) -> bool:
        """True for tensors that no recorded operation made."""
        return self._node() is None

    @property
    def grad_fn(self) -> Node | None:
        """The step of the backward graph that made this tensor; None for leaves."""
        return self._node()

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward accumulated, or None."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type "
                    f"{type(value).__name__}"
                )
            if value._shape != self._shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value._shape)}' to a tensor "
                    f"of size '{list(self._shape)}'. Please ensure that the gradient and the "
                    "tensor are the same size"
                )
            if value._dtype is not self._dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{value._dtype}' to a tensor with "
                    f"dtype '{self._dtype}'. The gradient must have the tensor's dtype"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def data(self) -> Tensor:
        """The same cell without history: writing to it changes this tensor, unseen by autograd."""
        return self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        self._storage, self._path, self._base = value._storage, value._path, None
        self._shape, self._dtype = value._shape, value._dtype

    def dim(self) -> int:
        """Return the number of dimensions."""
        return len(self._shape)

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the size of one dimension."""
        return Size(self._shape) if dim is None else self._shape[shapes.wrap_dim(dim, self.ndim)]

    def numel(self) -> int:
        """Return the number of elements."""
        return math.prod(self._shape)

    ndimension, nelement = dim, numel

    def element_size(self) -> int:
        """Return the bytes per element."""
        return self._dtype.itemsize

    def stride(self, dim: int | None = None) -> Any:
        """Return the strides in elements, or that of one dimension."""
        strides = layout(self._storage.value.shape, self._path)[0]
        return strides if dim is None else strides[shapes.wrap_dim(dim, self.ndim)]

    def storage_offset(self) -> int:
        """Return how many elements of the storage come before the first of this tensor."""
        return layout(self._storage.value.shape, self._path)[1]

    def contiguous(self, *, memory_format: Any = None) -> Tensor:
        """Return this tensor if it is contiguous (row-major), else a contiguous copy."""
        return self if self.is_contiguous() else arithmetic.identity(self)

    def clone(self, *, memory_format: Any = None) -> Tensor:
        """Return a copy with a cell of its own; gradients flow through."""
        return arithmetic.identity(self)

    def data_ptr(self) -> int:
        """Return a number that tensors share exactly if they share a cell."""
        return id(self._storage) + self.storage_offset() * self._dtype.itemsize

    # Autograd

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set whether gradients are computed for this leaf, and return it."""
        if requires_grad and not self._dtype.is_floating_point:
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if not requires_grad and not self.is_leaf:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        if self.is_leaf:
            self._requires_grad = bool(requires_grad)
            self._edits += 1
            if self._base is not None:
                self._base, self._edits = None, 0
        return self

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Accumulate the gradient of this tensor into the leaves of its graph.

        Args:
            gradient: the gradient to start from; needed unless there is one element.
            retain_graph: keep what was saved, so that backward can run again.
            create_graph: record the backward pass too.
            inputs: the leaves to accumulate into; all by default.

        Example:
            >>> import portfire
            >>> x = portfire.tensor([1.0, 2.0], requires_grad=True)
            >>> (x ** 2).sum().backward()
            >>> x.grad
            tensor([2., 4.])
        """
        from portfire.autograd._engine import backward

        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def detach(self) -> Tensor:
        """Return a tensor that shares the cell and has no history."""
        return self._alias(self._path, self._shape)

    def detach_(self) -> Tensor:
        """Forget this tensor's history."""
        if self._base is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._grad_fn, self._requires_grad = None, False
        return self

    # Host access

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """Return a NumPy array; on ``cpu`` it shares memory with this tensor.

        Args:
            force: detach and copy to the host if needed, instead of raising.

        Raises:
            RuntimeError: if the tensor requires grad.
            TypeError: if it is not on the host.

        Example:
            >>> import portfire
            >>> portfire.ones(2).numpy()
            array([1., 1.], dtype=float32)
        """
        return conversion.to_numpy(self, force)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        if dtype is not None:
            array = array.astype(dtype, copy=False)
        return array.copy() if copy else array

    def item(self) -> Any:
        """Return the only element as a Python number."""
        if self.numel() != 1:
            raise RuntimeError(
                f"a Tensor with {self.numel()} elements cannot be converted to Scalar"
            )
        return self._host().reshape(-1)[0].item()

    def tolist(self) -> Any:
        """Return the elements as nested lists, or a number if 0-d."""
        return self._host().tolist()

    def _host(self) -> np.ndarray[Any, Any]:
        value = self._read()
        array = value.recorder.download(value)
        return widened_bits(array) if value.dtype is bfloat16 else array

    def __bool__(self) -> bool:
        if self.numel() != 1:
            what = "no values" if self.numel() == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(self.item())

    def __int__(self) -> int:
        return int(self._only_element())

    def __float__(self) -> float:
        return float(self._only_element())

    def _only_element(self) -> Any:
        if self.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.item()

    def __index__(self) -> int:
        if self._dtype.is_floating_point or self.numel() != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("len() of a 0-d tensor")
        return self._shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self._shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter(splitting.unbind(self))

    def __contains__(self, element: Any) -> bool:
        return bool(reduction.any(comparison.eq(self, element)))

    def __hash__(self) -> int:
        return id(self)

    def __getattr__(self, name: str) -> Any:
        """Find ``x.opencl(1)``: a method for each device type, which moves the tensor there."""
        if name.startswith("_") or not _device.is_type(name):
            raise AttributeError(f"'Tensor' object has no attribute '{name}'")

        def move(index: Any = None) -> Tensor:
            return conversion.to(self, device=_device.device(name, index))

        return move

    def __repr__(self) -> str:
        return _printing.tensor_text(self)

    def __format__(self, spec: str) -> str:
        return self.item().__format__(spec) if self.ndim == 0 else object.__format__(self, spec)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return conversion.deepcopy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return conversion.reduce(self)


OPERANDS = (Tensor, float, int, bool, np.generic)  # what an elementwise operator takes
