"""Tensors that a module knows as its own."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]


class Parameter(Tensor):
    """A tensor that becomes a parameter of the module whose attribute it is.

    It shares its values with the tensor that it is made from.

    Args:
        data: the tensor; an empty one by default.
        requires_grad: whether gradients are computed for it.

    Raises:
        AttributeError: when ``data`` is no tensor.
        RuntimeError: when gradients are wanted of integers.

    Example:
        >>> import portfire
        >>> portfire.nn.Parameter(portfire.ones(2))
        Parameter containing:
        tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        """Make a parameter, see the class."""
        source = portfire.empty(0) if data is None else data.detach()
        made: Parameter = Tensor._make_subclass(cls, source, requires_grad)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        copied: Parameter = memo[id(self)]
        return copied

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.data, self.requires_grad)

    def __repr__(self, **kwargs: Any) -> str:
        return f"Parameter containing:\n{super().__repr__(**kwargs)}"


class Buffer(Tensor):
    """A tensor that becomes a buffer of the module whose attribute it is.

    Args:
        data: the tensor; an empty one by default.
        persistent: whether ``state_dict`` holds it.

    Example:
        >>> import portfire
        >>> module = portfire.nn.Module()
        >>> module.mean = portfire.nn.Buffer(portfire.zeros(2))
        >>> module.state_dict()["mean"]
        tensor([0., 0.])
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        """Make a buffer, see the class."""
        source = portfire.empty(0) if data is None else data.detach()
        made: Buffer = Tensor._make_subclass(cls, source, False)
        made.persistent = persistent
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), persistent=self.persistent)
        copied: Buffer = memo[id(self)]
        return copied

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _restore_buffer, (type(self), self.detach(), self.persistent)


def _restore_buffer(cls: type[Buffer], data: Tensor, persistent: bool) -> Buffer:
    return cls(data, persistent=persistent)


class _Uninitialized(Tensor):
    """A tensor whose shape is not known yet: it has a device and a dtype, and no elements.

    Reading its cell or its shape raises, so that every operation on it does.
    """

    cls_to_become: type[Tensor]

    @property
    def _storage(self) -> Any:  # type: ignore[override]  # to be without one is its purpose
        raise _not_yet()

    @property
    def _shape(self) -> Any:  # type: ignore[override]  # as above
        raise _not_yet()

    @property
    def shape(self) -> Any:
        """Raise: there is none yet."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    @property
    def data(self) -> Tensor:
        """An empty tensor of the same device and dtype."""
        return portfire.empty(0, device=self.device, dtype=self.dtype)

    @data.setter
    def data(self, value: Tensor) -> None:
        fields = self.__dict__
        fields["_storage"], fields["_dtype"] = value._storage, value.dtype

    @property
    def device(self) -> Any:
        """Where the elements will be."""
        return self.__dict__["_storage"].value.recorder.device

    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Return one for another device or dtype."""
        moved = type(self)(requires_grad=self.requires_grad)
        moved.data = self.data.to(*args, **kwargs)
        return moved

    def half(self) -> Any:
        """Return one of float16."""
        return self.to(portfire.float16)

    def float(self) -> Any:
        """Return one of float32."""
        return self.to(portfire.float32)

    def double(self) -> Any:
        """Return one of float64."""
        return self.to(portfire.float64)

    def cpu(self) -> Any:
        """Return one on the CPU."""
        return self.to("cpu")

    def detach(self) -> Any:
        """Return itself: there is nothing to detach."""
        return self

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a tensor of a shape, with elements of no particular value.

        Args:
            shape: the shape.
            device: where it lives; where it was made for by default.
            dtype: its type, likewise.

        Example:
            >>> import portfire
            >>> weight = portfire.nn.parameter.UninitializedParameter()
            >>> weight.materialize((2, 3))
            >>> weight.shape
            portfire.Size([2, 3])
        """
        made = portfire.empty(
            shape,
            device=self.device if device is None else device,
            dtype=self.dtype if dtype is None else dtype,
        )
        final: Any = self.cls_to_become
        self.__class__ = final
        Tensor.data.fset(self, made)  # type: ignore[attr-defined]  # a property has a setter

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = self.to(self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.requires_grad, str(self.device), self.dtype)

    def __repr__(self, **kwargs: Any) -> str:
        return f"<{type(self).__name__}>"


def _not_yet() -> ValueError:
    return ValueError(
        "Attempted to use an uninitialized parameter in an operation. This error happens when you "
        "are using a `LazyModule` or explicitly manipulating "
        "`portfire.nn.parameter.UninitializedParameter` objects. When using LazyModules Call "
        "`forward` with a dummy batch to initialize the parameters before calling functions"
    )


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is not known yet, see `LazyLinear`.

    Args:
        requires_grad: whether gradients are computed for it.
        device: where it will live.
        dtype: its type.

    Example:
        >>> import portfire
        >>> portfire.nn.parameter.UninitializedParameter()
        <UninitializedParameter>
    """

    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> UninitializedParameter:
        """Make one, see the class."""
        source = portfire.empty(0, device=device, dtype=dtype)
        made: UninitializedParameter = Tensor._make_subclass(cls, source, requires_grad)
        return made


class UninitializedBuffer(_Uninitialized):
    """A buffer whose shape is not known yet, see `LazyBatchNorm1d`.

    Args:
        requires_grad: whether gradients are computed for it.
        device: where it will live.
        dtype: its type.

    Example:
        >>> import portfire
        >>> portfire.nn.parameter.UninitializedBuffer()
        <UninitializedBuffer>
    """

    cls_to_become = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None
    ) -> UninitializedBuffer:
        """Make one, see the class."""
        source = portfire.empty(0, device=device, dtype=dtype)
        made: UninitializedBuffer = Tensor._make_subclass(cls, source, requires_grad)
        return made


def is_lazy(param: Any) -> bool:
    """Tell whether a parameter or buffer has no shape yet.

    Args:
        param: the parameter or buffer.

    Returns:
        Whether it is uninitialized.

    Example:
        >>> import portfire
        >>> portfire.nn.parameter.is_lazy(portfire.nn.LazyLinear(3).weight)
        True
    """
    return isinstance(param, _Uninitialized)
