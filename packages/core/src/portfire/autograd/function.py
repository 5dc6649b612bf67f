"""Operations with a forward and a backward of the user's own, under torch's name for the module."""

from portfire.autograd._function import Function, FunctionCtx, once_differentiable

__all__ = ["Function", "FunctionCtx", "once_differentiable"]
