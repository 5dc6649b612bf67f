"""`Module`, the base of every layer and network."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import portfire
from portfire import Tensor, no_grad
from portfire.nn.modules._backward_hooks import BackwardHooks
from portfire.nn.modules._global_hooks import (
    ForwardHook,
    everywhere,
    hooks_everywhere,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from portfire.nn.modules._hooks import Hooks
from portfire.nn.modules._registry import Registry
from portfire.nn.modules._state_dict import StateDict

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

M = TypeVar("M", bound="Module")


class Module(StateDict, Hooks):
    r"""The base class of layers and networks: write ``__init__`` and ``forward``.

    Assigning a `Parameter` or another module to an attribute makes it part of the module, so that
    `parameters`, `to`, `state_dict` and the others find it.

    Attributes:
        training: whether the module is in training mode; see `train` and `eval`.

    Example:
        >>> import portfire
        >>> from portfire import nn
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.hidden = nn.Linear(4, 3)
        ...         self.output = nn.Linear(3, 1)
        ...     def forward(self, x):
        ...         return self.output(nn.functional.relu(self.hidden(x)))
        >>> net = Net()
        >>> net(portfire.ones(2, 4)).shape
        portfire.Size([2, 1])
        >>> net
        Net(
          (hidden): Linear(in_features=4, out_features=3, bias=True)
          (output): Linear(in_features=3, out_features=1, bias=True)
        )
    """

    def forward(self, *input: Any, **kwargs: Any) -> Any:
        """Compute the module's output; every subclass defines it.

        Args:
            *input: whatever the subclass needs.
            **kwargs: likewise.

        Returns:
            Whatever the subclass computes.

        Raises:
            NotImplementedError: in a class that does not define it.

        Note:
            Call the module and not this method: only the former runs the hooks.

        Example:
            >>> import portfire
            >>> portfire.nn.ReLU().forward(portfire.tensor([-1.0, 1.0]))
            tensor([0., 1.])
        """
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output by ``forward``, with the hooks around it."""
        fields = self.__dict__
        if "_backward_hooks" not in fields:
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '_backward_hooks'; "
                "call super().__init__() in its __init__"
            )
        if "_compiled_call" in fields:
            return fields["_compiled_call"](*args, **kwargs)
        if (
            everywhere
            or fields["_forward_pre_hooks"]
            or fields["_forward_hooks"]
            or fields["_backward_hooks"]
            or fields["_backward_pre_hooks"]
        ):
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        """What `compile` compiles."""
        return self._call_with_hooks(args, kwargs)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        waiting = {**hooks_everywhere("forward"), **self._forward_hooks}
        try:
            args, kwargs = self._run_pre_hooks(args, kwargs)
            tap = None
            after = {**hooks_everywhere("backward"), **self._backward_hooks}
            before = {**hooks_everywhere("backward_pre"), **self._backward_pre_hooks}
            if after or before:
                tap = BackwardHooks(self, [*after.values()], [*before.values()])
                args = tap.around_inputs(args)
            result = self.forward(*args, **kwargs)
            while waiting:
                hook = waiting.pop(next(iter(waiting)))
                answer = _run_forward_hook(self, hook, args, kwargs, result)
                if answer is not None:
                    result = answer
            return result if tap is None else tap.around_outputs(result)
        except Exception:
            for hook in waiting.values():
                if hook.always_call:
                    _run_after_error(self, hook, args, kwargs)
            raise

    def _run_pre_hooks(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        hooks = {**hooks_everywhere("forward_pre"), **self._forward_pre_hooks}
        for hook in hooks.values():
            if not hook.with_kwargs:
                answer = hook.function(self, args)
                if answer is not None:
                    args = answer if isinstance(answer, tuple) else (answer,)
                continue
            answer = hook.function(self, args, kwargs)
            if answer is None:
                continue
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise RuntimeError(
                    "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                    f"but got {answer}."
                )
            args, kwargs = answer
        return args, kwargs

    def _apply(self: M, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> M:
        """Replace the values of all parameters, their gradients and buffers by ``fn`` of them."""
        if recurse:
            for child in self.children():
                child._apply(fn)
        for parameter in self._parameters.values():
            if parameter is None:
                continue
            # The parameter object stays the same one, so that optimizers keep hold of it.
            grad = parameter.grad
            with no_grad():
                parameter.data = fn(parameter.data)
                if grad is not None:
                    moved = fn(grad.detach())
                    parameter.grad = moved.requires_grad_(grad.requires_grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def apply(self: M, fn: Callable[[Module], None]) -> M:
        """Call a function on every module of the tree, children first.

        Args:
            fn: the function.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> net = portfire.nn.Sequential(portfire.nn.ReLU(), portfire.nn.Tanh())
            >>> _ = net.apply(lambda module: print(type(module).__name__))
            ReLU
            Tanh
            Sequential
        """
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Move and convert all parameters and buffers, in place.

        Args:
            *args: a device, a floating-point dtype, both in this order, or a tensor like which.
            **kwargs: ``device``, ``dtype``, ``non_blocking``.

        Returns:
            The module itself.

        Raises:
            TypeError: for a dtype that is not floating point.

        Note:
            Integer buffers keep their dtype, as in PyTorch.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).to(portfire.float64).weight.dtype
            portfire.float64
        """
        device, dtype = _parse_to(args, kwargs)
        if dtype is not None and not dtype.is_floating_point:
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={dtype}"
            )

        def convert(tensor: Tensor) -> Tensor:
            return tensor.to(
                device=tensor.device if device is None else device,
                dtype=dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype,
            )

        return self._apply(convert)

    def to_empty(self: M, *, device: Any, recurse: bool = True) -> M:
        """Move all parameters and buffers without their values.

        Args:
            device: where to; None for where they are.
            recurse: whether those of the children move too.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).to_empty(device="cpu").weight.shape
            portfire.Size([1, 2])
        """
        return self._apply(
            lambda t: portfire.empty_like(t, device=t.device if device is None else device),
            recurse=recurse,
        )

    def share_memory(self: M) -> M:
        """Let other processes see all parameters and buffers; see `Tensor.share_memory_`.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.ReLU().share_memory()
            ReLU()
        """
        return self._apply(lambda tensor: tensor.share_memory_())

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the calls of this module, in place; see `portfire.compile`.

        Args:
            *args: those of `portfire.compile`.
            **kwargs: likewise.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.ReLU()
            >>> layer.compile()
            >>> layer(portfire.tensor([-1.0, 1.0]))
            tensor([0., 1.])
        """
        self.__dict__["_compiled_call"] = portfire.compile(self._call, *args, **kwargs)

    def cpu(self: M) -> M:
        """Move all parameters and buffers to the CPU.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).cpu().weight.device
            device(type='cpu')
        """
        return self.to("cpu")

    def opencl(self: M, device: int | None = None) -> M:
        """Move all parameters and buffers to an OpenCL device.

        Args:
            device: its index; the current one by default.

        Returns:
            The module itself.

        Raises:
            RuntimeError: when there is no such device; the message says what to do.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).opencl().weight.device  # doctest: +SKIP
            device(type='opencl', index=0)
        """
        return self.to("opencl" if device is None else f"opencl:{device}")

    def type(self: M, dst_type: portfire.dtype) -> M:
        """Convert all parameters and buffers to a dtype.

        Args:
            dst_type: the dtype.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).type(portfire.float64).bias.dtype
            portfire.float64
        """
        return self._apply(lambda tensor: tensor.to(dst_type))

    def _to_float(self: M, dtype: portfire.dtype) -> M:
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def float(self: M) -> M:
        """Convert all floating-point parameters and buffers to float32.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).double().float().bias.dtype
            portfire.float32
        """
        return self._to_float(portfire.float32)

    def double(self: M) -> M:
        """Convert all floating-point parameters and buffers to float64.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).double().bias.dtype
            portfire.float64
        """
        return self._to_float(portfire.float64)

    def half(self: M) -> M:
        """Convert all floating-point parameters and buffers to float16.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).half().bias.dtype
            portfire.float16
        """
        return self._to_float(portfire.float16)

    def bfloat16(self: M) -> M:
        """Convert all floating-point parameters and buffers to bfloat16.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).bfloat16().bias.dtype
            portfire.bfloat16
        """
        return self._to_float(portfire.bfloat16)

    def train(self: M, mode: bool = True) -> M:
        """Put the whole tree into training mode (or out of it).

        Args:
            mode: True for training, False for evaluation.

        Returns:
            The module itself.

        Raises:
            ValueError: when ``mode`` is no bool.

        Example:
            >>> import portfire
            >>> portfire.nn.Dropout().train(False).training
            False
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: M) -> M:
        """Put the whole tree into evaluation mode: dropout and the like become inactive.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.Dropout().eval()(portfire.ones(3))
            tensor([1., 1., 1.])
        """
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Say for all parameters whether gradients are wanted.

        Args:
            requires_grad: whether they are.

        Returns:
            The module itself.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).requires_grad_(False).weight.requires_grad
            False
        """
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or set them to zero.

        Args:
            set_to_none: whether ``grad`` becomes None and not a tensor of zeros.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.Linear(2, 1)
            >>> layer(portfire.ones(2)).backward()
            >>> layer.zero_grad()
            >>> layer.bias.grad is None
            True
        """
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else portfire.zeros_like(parameter.grad)

    def __getstate__(self) -> dict[str, Any]:
        # What is compiled belongs to this object and this process.
        return {key: value for key, value in self.__dict__.items() if key != "_compiled_call"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # What an older version did not pickle gets its initial value.
        Registry.__init__(self)
        self.__dict__.update(state)

    def extra_repr(self) -> str:
        """Return what the module's printed form says between its parentheses.

        Returns:
            A line, or several lines, or nothing.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(2, 1).extra_repr()
            'in_features=2, out_features=1, bias=True'
        """
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {indent(repr(module))}" for name, module in self._modules.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({extra})"
        body = "\n  ".join([*lines, *children])
        return f"{self._get_name()}(\n  {body}\n)" if body else f"{self._get_name()}()"


def _run_forward_hook(
    module: Module, hook: ForwardHook, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
) -> Any:
    if hook.with_kwargs:
        return hook.function(module, args, kwargs, result)
    return hook.function(module, args, result)


def _run_after_error(
    module: Module, hook: ForwardHook, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    try:
        _run_forward_hook(module, hook, args, kwargs, None)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is told, not raised)
        # The error of ``forward`` is the one to raise; that of the hook must be seen too.
        warnings.warn(
            "module forward hook with ``always_call=True`` raised an exception that was silenced "
            f"as another error was raised in forward: {error}",
            stacklevel=4,
        )


def indent(text: str) -> str:
    """Indent all lines but the first by two spaces."""
    return text.replace("\n", "\n  ")


def _parse_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, portfire.dtype | None]:
    """Find device and dtype among the arguments of `Module.to`."""
    unknown = set(kwargs) - {"device", "dtype", "non_blocking", "tensor", "other"}
    if unknown:
        raise TypeError(f"to() got an unexpected keyword argument '{min(unknown)}'")
    device, dtype = kwargs.get("device"), kwargs.get("dtype")
    like = kwargs.get("tensor", kwargs.get("other"))
    for arg in args:
        if isinstance(arg, Tensor):
            like = arg
        elif isinstance(arg, portfire.dtype):
            dtype = arg
        elif arg is not None and not isinstance(arg, bool):
            device = arg
    if like is not None:
        device, dtype = like.device, like.dtype
    return device, dtype
