"""Derivatives of functions: Jacobians, Hessians, and their products with vectors.

All of them follow from reverse mode: a product with a vector from the left is one backward pass, a
product from the right is the derivative of such a pass with respect to its vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from portfire import _tensor
from portfire._functions.creation import ones_like, zeros, zeros_like
from portfire._functions.joining import stack
from portfire.autograd._engine import grad
from portfire.autograd._mode import enable_grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Function = Callable[..., Any]


def _as_tuple(given: Any, argument: str, caller: str) -> tuple[tuple[Any, ...], bool]:
    """A tuple of tensors, and whether a tuple was given."""
    if isinstance(given, _tensor.Tensor):
        return (given,), False
    if isinstance(given, tuple | list):
        for position, item in enumerate(given):
            if not isinstance(item, _tensor.Tensor):
                raise TypeError(
                    f"The {argument} given to {caller} must be either a Tensor or a tuple of "
                    f"Tensors but the value at index {position} has type {type(item)}."
                )
        return tuple(given), True
    raise TypeError(
        f"The {argument} given to {caller} must be either a Tensor or a tuple of Tensors but the "
        f"given {argument} has type {type(given)}."
    )


def _prepared(inputs: Sequence[Any], create_graph: bool) -> tuple[Any, ...]:
    """Inputs to differentiate by: parts of the caller's graph only if that is wanted."""
    if create_graph:
        return tuple(
            x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in inputs
        )
    return tuple(x.detach().requires_grad_() for x in inputs)


def _called(func: Function, inputs: Sequence[Any], caller: str) -> tuple[tuple[Any, ...], bool]:
    """The outputs as a tuple, and whether the function returned one."""
    return _as_tuple(func(*inputs), "outputs", caller)


def _finished(results: Sequence[Any], create_graph: bool) -> tuple[Any, ...]:
    return tuple(results) if create_graph else tuple(r.detach() for r in results)


def _packed(results: Sequence[Any], is_tuple: bool) -> Any:
    return tuple(results) if is_tuple else results[0]


def _check_vector(v: Sequence[Any], like: Sequence[Any], of_tuple: bool, v_tuple: bool) -> None:
    if len(v) != len(like) or of_tuple != v_tuple:
        raise RuntimeError(
            f"v should be a tuple of {len(like)} tensors like what it is multiplied with, but got "
            f"{len(v)}."
        )
    for position, (vector, tensor) in enumerate(zip(v, like, strict=True)):
        if vector._shape != tensor._shape:
            raise RuntimeError(
                f"v has invalid size at index {position}: should be {list(tensor._shape)} but got "
                f"{list(vector._shape)}."
            )


def _filled(
    grads: Sequence[Any], inputs: Sequence[Any], strict: bool, create_graph: bool, caller: str
) -> tuple[Any, ...]:
    """Gradients with zeros for inputs that do not matter; RuntimeError for these if strict."""
    results = []
    for position, (slope, x) in enumerate(zip(grads, inputs, strict=True)):
        if slope is None and strict:
            raise RuntimeError(
                f"The output of the function given to {caller} is independent of input {position}. "
                "This is not allowed in strict mode."
            )
        if strict and create_graph and not slope.requires_grad:
            raise RuntimeError(
                f"The jacobian of the function given to {caller} with respect to input {position} "
                "is independent of it. This is not allowed in strict mode when create_graph=True."
            )
        results.append(zeros_like(x) if slope is None else slope)
    return tuple(results)


def _grads(outputs: Any, inputs: Any, vectors: Any, create_graph: bool) -> tuple[Any, ...]:
    """Gradients of those outputs that have a history, None for what does not matter."""
    pairs = [
        (y, v)
        for y, v in zip(outputs, vectors or [None] * len(outputs), strict=True)
        if y.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    return grad(
        [y for y, _ in pairs],
        inputs,
        [v for _, v in pairs],
        retain_graph=True,
        create_graph=create_graph,
        allow_unused=True,
    )


def vjp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return a function's outputs, and the product of a vector with its Jacobian.

    Args:
        func: takes tensors, returns a tensor or a tuple of tensors.
        inputs: a tensor or a tuple of tensors.
        v: the vector, of the outputs' structure and shapes; may be left out for one number.
        create_graph: make the results differentiable.
        strict: raise if an output does not depend on an input, instead of giving zeros.

    Returns:
        ``(outputs, product)``; the product has the inputs' structure.

    Raises:
        TypeError: if inputs or outputs are not tensors.
        RuntimeError: if ``v`` is missing or does not fit.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([1.0, 2.0])
        >>> portfire.autograd.functional.vjp(lambda x: x * x, x, portfire.ones(2))[1]
        tensor([2., 4.])
    """
    with enable_grad():
        given, is_tuple = _as_tuple(inputs, "inputs", "vjp")
        xs = _prepared(given, create_graph)
        outputs, outputs_tuple = _called(func, xs, "vjp")
        vectors = _vectors_for(outputs, outputs_tuple, v, "vjp")
        grads = _grads(outputs, xs, vectors, create_graph)
        product = _filled(grads, xs, strict, create_graph, "vjp")
    outputs = _finished(outputs, create_graph)
    return _packed(outputs, outputs_tuple), _packed(_finished(product, create_graph), is_tuple)


def _vectors_for(outputs: Sequence[Any], is_tuple: bool, v: Any, caller: str) -> tuple[Any, ...]:
    if v is None:
        if len(outputs) != 1 or outputs[0].numel() != 1:
            raise RuntimeError(
                f"The vector v can only be None if the user-provided function given to {caller} "
                "returns a single Tensor with a single element."
            )
        return (ones_like(outputs[0]),)
    vectors, v_tuple = _as_tuple(v, "v", caller)
    _check_vector(vectors, outputs, is_tuple, v_tuple)
    return vectors


def jvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return a function's outputs, and the product of its Jacobian with a vector.

    The arguments are those of `vjp`, but ``v`` has the inputs' structure and shapes, and the
    product the outputs'.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([1.0, 2.0])
        >>> portfire.autograd.functional.jvp(lambda x: x.sum() * x, x, portfire.ones(2))[1]
        tensor([5., 7.])
    """
    with enable_grad():
        given, is_tuple = _as_tuple(inputs, "inputs", "jvp")
        if v is None and (len(given) != 1 or given[0].numel() != 1):
            raise RuntimeError(
                "The vector v can only be None if the input to the user-provided function is a "
                "single Tensor with a single element."
            )
        vectors, v_tuple = (
            ((ones_like(given[0]),), is_tuple) if v is None else _as_tuple(v, "v", "jvp")
        )
        _check_vector(vectors, given, is_tuple, v_tuple)
        xs = _prepared(given, create_graph)
        outputs, outputs_tuple = _called(func, xs, "jvp")
        # The product from the left is linear in its vector; its derivative is the one from the
        # right.
        duals = tuple(zeros_like(y).requires_grad_() for y in outputs)
        left = _grads(outputs, xs, duals, True)
        _filled(left, xs, strict, False, "jvp")
        pairs = [
            (g, w) for g, w in zip(left, vectors, strict=True) if g is not None and g.requires_grad
        ]
        right: tuple[Any, ...] = (None,) * len(outputs)
        if pairs:
            right = grad(
                [g for g, _ in pairs],
                duals,
                [w for _, w in pairs],
                create_graph=create_graph,
                allow_unused=True,
            )
        product = tuple(
            zeros_like(y) if g is None else g for g, y in zip(right, outputs, strict=True)
        )
    outputs = _finished(outputs, create_graph)
    return _packed(outputs, outputs_tuple), _packed(_finished(product, create_graph), outputs_tuple)


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the Jacobian of a function.

    Args:
        func: takes tensors, returns a tensor or a tuple of tensors.
        inputs: a tensor or a tuple of tensors.
        create_graph: make the result differentiable.
        strict: raise if an output does not depend on an input, instead of giving zeros.
        vectorize: accepted; all rows are recorded as one graph anyway.
        strategy: ``"reverse-mode"`` or, with the same result, ``"forward-mode"``.

    Returns:
        A tensor of shape ``output.shape + input.shape``; with several inputs a tuple of them, and
        with several outputs a tuple of those.

    Raises:
        TypeError: if inputs or outputs are not tensors.
        RuntimeError: as described for ``strict``.

    Example:
        >>> import portfire
        >>> portfire.autograd.functional.jacobian(lambda x: x * x, portfire.tensor([1.0, 3.0]))
        tensor([[2., 0.],
                [0., 6.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    with enable_grad():
        given, is_tuple = _as_tuple(inputs, "inputs", "jacobian")
        xs = _prepared(given, create_graph)
        outputs, outputs_tuple = _called(func, xs, "jacobian")
        blocks = [_rows(y, xs, strict, create_graph) for y in outputs]
    found = [_packed(_finished(block, create_graph), is_tuple) for block in blocks]
    return _packed(found, outputs_tuple)


def _rows(y: Any, xs: tuple[Any, ...], strict: bool, create_graph: bool) -> list[Any]:
    """The Jacobian of one output by each input: a backward pass for each element."""
    rows: list[list[Any]] = [[] for _ in xs]
    for element in y.reshape(-1):
        grads = _grads((element,), xs, None, create_graph)
        filled = _filled(grads, xs, strict, create_graph, "jacobian")
        for row, slope in zip(rows, filled, strict=True):
            row.append(slope)
    return [
        stack(row).reshape(y._shape + x._shape)
        if row
        else zeros(y._shape + x._shape, dtype=x._dtype, device=x.device)
        for row, x in zip(rows, xs, strict=True)
    ]


def _one_number(func: Function, caller: str) -> Function:
    """The function, checked to return one number."""

    def checked(*inputs: Any) -> Any:
        output = func(*inputs)
        if not isinstance(output, _tensor.Tensor):
            raise TypeError(
                f"The outputs given to {caller} must be either a Tensor or a tuple of Tensors but "
                f"the given outputs has type {type(output)}."
            )
        if output.numel() != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {caller} should contain a single "
                "element."
            )
        return output.reshape(())

    return checked


def hessian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the Hessian of a function of one number; see `jacobian` for the arguments.

    Returns:
        A tensor of shape ``input.shape + input.shape``; with several inputs a tuple of tuples.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([1.0, 2.0])
        >>> portfire.autograd.functional.hessian(lambda x: (x ** 3).sum(), x)
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    number = _one_number(func, "hessian")

    def slope(*xs: Any) -> Any:
        found = jacobian(number, xs, create_graph=True, strict=strict)
        return found if isinstance(inputs, tuple | list) else found[0]

    return jacobian(slope, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def vhp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return a function's one number, and the product of a vector with its Hessian.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([1.0, 2.0])
        >>> portfire.autograd.functional.vhp(lambda x: (x ** 3).sum(), x, portfire.ones(2))
        (tensor(9.), tensor([ 6., 12.]))
    """
    return _hessian_product(func, inputs, v, create_graph, strict, "vhp")


def hvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return a function's one number, and the product of its Hessian with a vector.

    As the Hessian is symmetric, this is `vhp`.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([1.0, 2.0])
        >>> portfire.autograd.functional.hvp(lambda x: (x ** 3).sum(), x, portfire.ones(2))[1]
        tensor([ 6., 12.])
    """
    return _hessian_product(func, inputs, v, create_graph, strict, "hvp")


def _hessian_product(
    func: Function, inputs: Any, v: Any, create_graph: bool, strict: bool, caller: str
) -> tuple[Any, Any]:
    number = _one_number(func, caller)
    with enable_grad():
        given, is_tuple = _as_tuple(inputs, "inputs", caller)
        if v is None and (len(given) != 1 or given[0].numel() != 1):
            raise RuntimeError(
                "The vector v can only be None if the input to the user-provided function is a "
                "single Tensor with a single element."
            )
        vectors, v_tuple = (
            ((ones_like(given[0]),), is_tuple) if v is None else _as_tuple(v, "v", caller)
        )
        _check_vector(vectors, given, is_tuple, v_tuple)
        xs = _prepared(given, create_graph)
        output = number(*xs)
        slopes = _filled(_grads((output,), xs, None, True), xs, strict, False, caller)
        product = _filled(_grads(slopes, xs, vectors, create_graph), xs, strict, False, caller)
    (output,) = _finished((output,), create_graph)
    return output, _packed(_finished(product, create_graph), is_tuple)
