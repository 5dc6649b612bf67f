"""A module called with other parameters and buffers than its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from portfire import Tensor

__all__ = ["functional_call"]

Values = Mapping[str, Tensor]


def functional_call(
    module: Any,
    parameters_and_buffers: Values | Sequence[Values],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters and buffers; its own come back afterwards.

    Args:
        module: the module.
        parameters_and_buffers: tensors by dotted name, or several such dictionaries.
        args: the positional arguments; what is no tuple is the only one.
        kwargs: the keyword arguments.
        tie_weights: whether a tensor takes the place of a shared parameter under all its names.
        strict: whether all names must be given, and no other.

    Returns:
        What the module returns.

    Raises:
        RuntimeError: for names that do not match, if strict.
        ValueError: for two different tensors for one shared parameter.
        AttributeError: for a name that the module has not.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Linear(1, 1)
        >>> values = {"weight": portfire.tensor([[2.0]]), "bias": portfire.tensor([1.0])}
        >>> portfire.func.functional_call(layer, values, portfire.tensor([3.0]))
        tensor([7.])
    """
    if isinstance(parameters_and_buffers, Mapping):
        values = dict(parameters_and_buffers)
    else:
        values = {}
        for part in parameters_and_buffers:
            repeated = values.keys() & part.keys()
            if repeated:
                raise ValueError(f"{sorted(repeated)} appeared in multiple dictionaries")
            values.update(part)
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, values, tie_weights, strict):
        return module(*positional, **(kwargs or {}))


@contextmanager
def _replaced(module: Any, values: dict[str, Tensor], tie: bool, strict: bool) -> Iterator[None]:
    places = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    if tie:
        values = _tied(places, values)
    if strict:
        _check_names(places, values)
    undo = []
    try:
        for name, value in values.items():
            path, _, last = name.rpartition(".")
            owner = module.get_submodule(path)
            table = owner._parameters if last in owner._parameters else owner._buffers
            if last not in table:
                raise AttributeError(f"{type(owner).__name__} has no attribute `{last}`")
            undo.append((table, last, table[last]))
            # Past __setattr__: a tensor that is no Parameter stands for one here.
            table[last] = value
        yield
    finally:
        for table, last, old in reversed(undo):
            table[last] = old


def _tied(places: dict[str, Tensor], values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give all names of a shared tensor the value of the one that has been given."""
    full = dict(values)
    for name, value in values.items():
        own = places.get(name)
        for other, tensor in places.items():
            if tensor is not own or own is None or other == name:
                continue
            if other in values and values[other] is not value:
                raise ValueError(
                    f"functional_call got multiple values for keys {sorted((name, other))}, which "
                    "are tied. Consider using tie_weights=False"
                )
            full[other] = value
    return full


def _check_names(places: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    unexpected, missing = sorted(values.keys() - places), sorted(places.keys() - values)
    parts = []
    if unexpected:
        parts.append(f"Unexpected key(s): {', '.join(unexpected)}.")
    if missing:
        parts.append(f"Missing key(s): {', '.join(missing)}.")
    if parts:
        raise RuntimeError("Error(s) in functional_call:\n\t" + "\n\t".join(parts))
