"""Functions of functions, by reverse mode."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from portfire import _tensor
from portfire._functions.creation import zeros_like
from portfire._parts import find
from portfire.autograd import _engine as engine
from portfire.autograd import functional
from portfire.autograd._mode import enable_grad, is_grad_enabled

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


def _leaves(tree: Any) -> list[Any]:
    """The tensors in tuples, lists and dicts, in order."""
    if isinstance(tree, _tensor.Tensor):
        return [tree]
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in _leaves(item)]
    if isinstance(tree, tuple | list):
        return [leaf for item in tree for leaf in _leaves(item)]
    return []


def _mapped(function: Function, tree: Any) -> Any:
    """The same structure with each tensor replaced."""
    if isinstance(tree, _tensor.Tensor):
        return function(tree)
    if isinstance(tree, dict):
        return type(tree)((key, _mapped(function, item)) for key, item in tree.items())
    if isinstance(tree, tuple | list):
        made = [_mapped(function, item) for item in tree]
        return type(tree)(*made) if hasattr(tree, "_fields") else type(tree)(made)
    return tree


def _fresh(tree: Any) -> Any:
    """Inputs to differentiate by; parts of an outer transformation's graph stay parts of it."""
    return _mapped(lambda x: x.view_as(x) if x.requires_grad else x.detach().requires_grad_(), tree)


def _detached(tree: Any, keep: bool) -> Any:
    return tree if keep else _mapped(lambda x: x.detach(), tree)


def _outer(tree: Any) -> bool:
    """Whether somebody may want to differentiate the result."""
    return is_grad_enabled() and any(leaf.requires_grad for leaf in _leaves(tree))


def grad_and_value(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes the gradient and the value of ``func``.

    Args:
        func: returns one number, or with ``has_aux`` a pair of it and anything.
        argnums: the arguments to differentiate by; each may be a structure of tensors.
        has_aux: see ``func``; what comes beside the number is returned too.

    Returns:
        A function with the arguments of ``func`` that returns ``(gradient, value)`` or
        ``(gradient, (value, aux))``.

    Raises:
        RuntimeError: when called, if ``func`` does not return one number.

    Example:
        >>> import portfire
        >>> portfire.func.grad_and_value(lambda x: x ** 2)(portfire.tensor(3.0))
        (tensor(6.), tensor(9.))
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        keep = _outer((args, kwargs))
        changed = list(args)
        with enable_grad():
            for number in numbers:
                changed[number] = _fresh(args[number])
            result = func(*changed, **kwargs)
            value, aux = result if has_aux else (result, None)
            _check_number(value)
            leaves = _leaves([changed[number] for number in numbers])
            slopes = _slopes(value.reshape(()), leaves, keep)
        given = iter(_detached(slopes, keep))
        found = [_mapped(lambda x: next(given), changed[number]) for number in numbers]
        gradient = found[0] if isinstance(argnums, int) else tuple(found)
        value = _detached(value, keep)
        return gradient, ((value, _detached(aux, keep)) if has_aux else value)

    return wrapper


def _check_number(value: Any) -> None:
    if not isinstance(value, _tensor.Tensor):
        raise RuntimeError(
            "Expected the differentiated function to return a Tensor, got output of type "
            f"{type(value)}"
        )
    if value.dim() != 0:
        raise RuntimeError(
            "Expected the differentiated function to return a scalar tensor, got tensor with "
            f"{value.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
        )


def _slopes(value: Any, leaves: Sequence[Any], create_graph: bool) -> list[Any]:
    if not value.requires_grad:
        return [zeros_like(leaf) for leaf in leaves]
    found = engine.grad(value, leaves, create_graph=create_graph, allow_unused=True)
    return [zeros_like(x) if g is None else g for g, x in zip(found, leaves, strict=True)]


def grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes the gradient of ``func``; see `grad_and_value`.

    Example:
        >>> import portfire
        >>> portfire.func.grad(portfire.func.grad(lambda x: x ** 3))(portfire.tensor(2.0))
        tensor(12.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Return the outputs of a function, and a function from their gradients to the inputs'.

    Args:
        func: takes the primals, returns a structure of tensors (with ``has_aux``, a pair of it and
            anything).
        primals: where to differentiate.
        has_aux: see ``func``; what comes beside the outputs is returned last.

    Returns:
        ``(outputs, vjp_function)``; ``vjp_function(cotangents)`` returns one gradient per primal,
        in a tuple if there are several.

    Example:
        >>> import portfire
        >>> outputs, pull = portfire.func.vjp(portfire.sin, portfire.zeros(2))
        >>> pull(portfire.ones(2))
        (tensor([1., 1.]),)
    """
    keep = _outer(primals)
    with enable_grad():
        inputs = _fresh(primals)
        result = func(*inputs)
    outputs, aux = result if has_aux else (result, None)
    tensors = _leaves(outputs)

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        vectors, leaves = _leaves(cotangents), _leaves(inputs)
        if [v._shape for v in vectors] != [y._shape for y in tensors]:
            raise RuntimeError(
                f"Expected cotangents of shapes {[list(y._shape) for y in tensors]}, the shapes of "
                f"the outputs, but got {[list(v._shape) for v in vectors]}."
            )
        again = keep or _outer(cotangents) if create_graph is None else create_graph
        pairs = [(y, v) for y, v in zip(tensors, vectors, strict=True) if y.requires_grad]
        slopes: Sequence[Any] = [None] * len(leaves)
        if pairs:
            slopes = engine.grad(
                [y for y, _ in pairs],
                leaves,
                [v for _, v in pairs],
                retain_graph=retain_graph,
                create_graph=again,
                allow_unused=True,
            )
        filled = iter(
            [zeros_like(x) if g is None else g for g, x in zip(slopes, leaves, strict=True)]
        )
        return _mapped(lambda x: next(filled), inputs)

    shown = _detached(outputs, keep)
    return (shown, pull, _detached(aux, keep)) if has_aux else (shown, pull)


def jvp(
    func: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...], *, has_aux: bool = False
) -> tuple[Any, ...]:
    """Return the outputs of a function, and their change along some tangents of its inputs.

    Example:
        >>> import portfire
        >>> portfire.func.jvp(portfire.exp, (portfire.zeros(1),), (portfire.ones(1) * 3,))
        (tensor([1.]), tensor([3.]))
    """
    aux: list[Any] = []

    def plain(*inputs: Any) -> Any:
        result = func(*inputs)
        if has_aux:
            aux.append(result[1])
            return result[0]
        return result

    outputs, product = functional.jvp(plain, primals, tangents, create_graph=_outer(primals))
    return (outputs, product, aux[0]) if has_aux else (outputs, product)


def jacrev(func: Function, argnums: Argnums = 0, *, has_aux: bool = False) -> Function:
    """Return a function that computes the Jacobian of ``func``.

    Args:
        func: returns a tensor or a tuple of tensors (with ``has_aux``, a pair of it and anything).
        argnums: the arguments to differentiate by, each a tensor.
        has_aux: see ``func``; what comes beside the output is returned too.

    Example:
        >>> import portfire
        >>> portfire.func.jacrev(lambda x: x ** 2)(portfire.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        aux: list[Any] = []

        def of_chosen(*chosen: Any) -> Any:
            changed = list(args)
            for number, value in zip(numbers, chosen, strict=True):
                changed[number] = value
            result = func(*changed, **kwargs)
            if has_aux:
                aux[:] = [result[1]]
                return result[0]
            return result

        chosen = tuple(args[number] for number in numbers)
        given = chosen[0] if isinstance(argnums, int) else chosen
        found = functional.jacobian(of_chosen, given, create_graph=_outer((args, kwargs)))
        return (found, aux[0]) if has_aux else found

    return wrapper


def jacfwd(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes the Jacobian; the same as `jacrev`, by reverse mode.

    Example:
        >>> import portfire
        >>> portfire.func.jacfwd(lambda x: x ** 2)(portfire.tensor([1.0]))
        tensor([[2.]])
    """
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """Return a function that computes the Hessian of ``func``, which returns one number.

    Example:
        >>> import portfire
        >>> portfire.func.hessian(lambda x: (x ** 3).sum())(portfire.tensor([1.0, 2.0]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """

    @functools.wraps(func)
    def slope(*args: Any, **kwargs: Any) -> Any:
        numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        with enable_grad():
            value = func(*args, **kwargs)
            _check_number(value)
            found = _slopes(value, [args[number] for number in numbers], True)
        return found[0] if isinstance(argnums, int) else tuple(found)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        chosen = tuple(args[number] for number in numbers)

        def of_chosen(*values: Any) -> Any:
            changed = list(args)
            for number, value in zip(numbers, values, strict=True):
                changed[number] = value
            return slope(*changed, **kwargs)

        given = chosen[0] if isinstance(argnums, int) else chosen
        return functional.jacobian(of_chosen, given, create_graph=_outer((args, kwargs)))

    return functools.wraps(func)(wrapper)


def functional_call(module: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a module with other parameters; ``portfire.nn.utils.stateless.functional_call``.

    Raises:
        AttributeError: if portfire-nn is not installed.
    """
    return find("nn").utils.stateless.functional_call(module, *args, **kwargs)
