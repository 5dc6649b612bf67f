"""Full backward hooks: two identity functions around ``forward`` that see the gradients pass.

The one around the inputs calls the hooks with what the module passes back; the one around the
outputs calls the pre-hooks and remembers the gradients of the outputs for the others.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from portfire import Tensor
from portfire.autograd import Function

__all__ = ["BackwardHooks"]

_NO_INPUT = (
    "Full backward hook is firing when gradients are computed with respect to module outputs "
    "since no inputs require gradients."
)


class BackwardHooks:
    """The backward hooks of one call of one module.

    Args:
        module: the module, the first argument of each hook.
        hooks: the full backward hooks.
        pre_hooks: the full backward pre-hooks.
    """

    def __init__(
        self, module: Any, hooks: list[Callable[..., Any]], pre_hooks: list[Callable[..., Any]]
    ) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.grad_outputs: tuple[Any, ...] | None = None
        self.inputs = 0
        self.inputs_have_gradient = False

    def around_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the positional arguments with the tensors among them tapped."""
        tensors = [arg for arg in args if isinstance(arg, Tensor)]
        self.inputs = len(args)
        self.inputs_have_gradient = any(tensor.requires_grad for tensor in tensors)
        if not self.hooks or not self.inputs_have_gradient:
            return args
        self.positions = [i for i, arg in enumerate(args) if isinstance(arg, Tensor)]
        return _replace_tensors(args, _Tap.apply(self._input_gradients, *tensors))

    def around_outputs(self, result: Any) -> Any:
        """Return what ``forward`` returned with the tensors in it tapped."""
        single = not isinstance(result, tuple)
        outputs = (result,) if single else result
        tensors = [value for value in outputs if isinstance(value, Tensor)]
        if not any(tensor.requires_grad for tensor in tensors):
            return result
        self.output_positions = [i for i, v in enumerate(outputs) if isinstance(v, Tensor)]
        self.outputs = len(outputs)
        tapped = _replace_tensors(outputs, _Tap.apply(self._output_gradients, *tensors))
        if single:
            return tapped[0]
        return type(result)(*tapped) if hasattr(result, "_fields") else tapped

    def _output_gradients(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        full = _spread(grads, self.output_positions, self.outputs)
        for hook in self.pre_hooks:
            answer = hook(self.module, full)
            if answer is not None:
                full = _as_tuple(answer)
                if len(full) != self.outputs:
                    raise RuntimeError(
                        "Backward pre hook returned an invalid number of grad_output, "
                        f"got {len(full)}, but expected {self.outputs}"
                    )
        self.grad_outputs = full
        if self.hooks and not self.inputs_have_gradient:
            warnings.warn(_NO_INPUT, stacklevel=2)
            for hook in self.hooks:
                answer = hook(self.module, (None,) * self.inputs, full)
                if answer is not None and any(value is not None for value in _as_tuple(answer)):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should "
                        "always return None or None for all gradients."
                    )
        return tuple(full[i] for i in self.output_positions)

    def _input_gradients(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        full = _spread(grads, self.positions, self.inputs)
        for hook in self.hooks:
            answer = hook(self.module, full, self.grad_outputs)
            if answer is not None:
                full = _as_tuple(answer)
                if len(full) != self.inputs:
                    raise RuntimeError(
                        "Backward hook returned an invalid number of grad_input, "
                        f"got {len(full)}, but expected {self.inputs}"
                    )
        return tuple(full[i] for i in self.positions)


class _Tap(Function):
    """The identity; ``look`` sees the gradients and may replace them."""

    @staticmethod
    def forward(ctx: Any, look: Callable[..., Any], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.look = look
        ctx.set_materialize_grads(False)
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        return (None, *ctx.look(grads))


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _replace_tensors(values: tuple[Any, ...], tensors: Any) -> tuple[Any, ...]:
    fresh = iter(_as_tuple(tensors))
    return tuple(next(fresh) if isinstance(value, Tensor) else value for value in values)


def _spread(grads: tuple[Any, ...], positions: list[int], count: int) -> tuple[Any, ...]:
    full = [None] * count
    for position, grad in zip(positions, grads, strict=True):
        full[position] = grad
    return tuple(full)
