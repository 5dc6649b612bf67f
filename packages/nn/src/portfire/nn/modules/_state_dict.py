"""``state_dict`` and ``load_state_dict``: a module's values by name, out and in."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from portfire import Tensor, no_grad
from portfire.autograd import RemovableHandle
from portfire.nn.modules._traversal import Traversal
from portfire.nn.parameter import Parameter

__all__ = ["IncompatibleKeys", "StateDict"]

_EXTRA_STATE = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` could not match.

    Attributes:
        missing_keys: names that the module has and the state dict has not.
        unexpected_keys: names that the state dict has and the module has not.
    """

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys!r}, "
            f"unexpected_keys={self.unexpected_keys!r})"
        )


class StateDict(Traversal):
    """The part of `portfire.nn.Module` that saves and restores values."""

    _version: int = 1

    def get_extra_state(self) -> Any:
        """Return what ``state_dict`` should hold beside tensors; overridden by those who have it.

        Returns:
            Any value that can be pickled.

        Raises:
            RuntimeError: in a module that does not override it.

        Example:
            >>> import portfire
            >>> class Counter(portfire.nn.Module):
            ...     def get_extra_state(self):
            ...         return {"count": 3}
            >>> Counter().state_dict()["_extra_state"]
            {'count': 3}
        """
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called."
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` returned; overridden by those who have it.

        Args:
            state: the value from the state dict.

        Raises:
            RuntimeError: in a module that does not override it.

        Example:
            >>> import portfire
            >>> class Counter(portfire.nn.Module):
            ...     def set_extra_state(self, state):
            ...         print(state)
            >>> Counter().load_state_dict({"_extra_state": 3})
            3
            <All keys matched successfully>
        """
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called."
        )

    def register_state_dict_pre_hook(
        self, hook: Callable[[Any, str, bool], None]
    ) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before this module's values are collected.

        Args:
            hook: the function.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.ReLU()
            >>> handle = layer.register_state_dict_pre_hook(lambda m, prefix, keep: print(m))
            >>> layer.state_dict()
            ReLU()
            OrderedDict()
        """
        return _add(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(
        self, hook: Callable[[Any, dict[str, Any], str, dict[str, Any]], None]
    ) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after values are collected.

        The hook may change the state dict in place.

        Args:
            hook: the function.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.Linear(2, 1)
            >>> handle = layer.register_state_dict_post_hook(lambda m, sd, p, meta: sd.clear())
            >>> layer.state_dict()
            OrderedDict()
        """
        return _add(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call a hook before this module takes its values from a state dict.

        Args:
            hook: called as ``hook(module, state_dict, prefix, local_metadata, strict,
                missing_keys, unexpected_keys, error_msgs)``; may change them in place.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.Linear(2, 1, bias=False)
            >>> def rename(module, state, prefix, *rest):
            ...     state[prefix + "weight"] = state.pop(prefix + "w")
            >>> handle = layer.register_load_state_dict_pre_hook(rename)
            >>> layer.load_state_dict({"w": portfire.ones(1, 2)})
            <All keys matched successfully>
        """
        return _add(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(
        self, hook: Callable[[Any, IncompatibleKeys], None]
    ) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after this module took its values.

        Args:
            hook: the function; it may change the lists in ``incompatible_keys`` in place.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.ReLU()
            >>> handle = layer.register_load_state_dict_post_hook(lambda m, keys: print(keys))
            >>> result = layer.load_state_dict({})
            <All keys matched successfully>
        """
        return _add(self._load_state_dict_post_hooks, hook)

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Put this module's own values, without its children's, into the dictionary."""
        members: dict[str, Tensor | None] = dict(self._parameters)
        for name, buffer in self._buffers.items():
            if name not in self._non_persistent_buffers_set:
                members[name] = buffer
        for name, value in members.items():
            if value is not None:
                destination[prefix + name] = value if keep_vars else value.detach()
        if type(self).get_extra_state is not StateDict.get_extra_state:
            destination[prefix + _EXTRA_STATE] = self.get_extra_state()

    def state_dict(
        self,
        *args: Any,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """Return all parameters and persistent buffers of the tree by dotted name.

        The tensors share their values with the module: what training changes later is seen.

        Args:
            *args: the three arguments below by position, as old code passes them.
            destination: a dictionary to fill; a new ``OrderedDict`` by default.
            prefix: what stands before each name.
            keep_vars: whether to return the parameters themselves and not detached tensors.

        Returns:
            The dictionary; its attribute ``_metadata`` holds each module's version.

        Example:
            >>> import portfire
            >>> portfire.nn.Linear(1, 1).state_dict().keys()
            odict_keys(['weight', 'bias'])
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead.",
                FutureWarning,
                stacklevel=2,
            )
            by_position = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            destination = by_position.get("destination", destination)
            prefix = by_position.get("prefix", prefix)
            keep_vars = by_position.get("keep_vars", keep_vars)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]  # as torch keeps versions
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in list(self._state_dict_hooks.values()):
            hook(self, destination, prefix, metadata)
        return destination

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Take this module's own values, without its children's; report into the three lists."""
        for hook in list(self._load_state_dict_pre_hooks.values()):
            hook(
                self,
                state_dict,
                prefix,
                local_metadata,
                strict,
                missing_keys,
                unexpected_keys,
                error_msgs,
            )
        assign = local_metadata.get("assign_to_params_buffers", False)
        for name in (*self._parameters, *self._buffers):
            if name in self._non_persistent_buffers_set or getattr(self, name) is None:
                continue
            if prefix + name not in state_dict:
                if strict:
                    missing_keys.append(prefix + name)
                continue
            problem = self._load_one(name, prefix + name, state_dict[prefix + name], assign)
            if problem:
                error_msgs.append(problem)
        key = prefix + _EXTRA_STATE
        if type(self).set_extra_state is not StateDict.set_extra_state:
            if key in state_dict:
                self.set_extra_state(state_dict[key])
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)
        if strict:
            unexpected_keys += self._unexpected(state_dict, prefix)

    def _unexpected(self, state_dict: Mapping[str, Any], prefix: str) -> list[str]:
        own = {name for name, parameter in self._parameters.items() if parameter is not None}
        own |= {name for name, buffer in self._buffers.items() if buffer is not None}
        own -= self._non_persistent_buffers_set
        found = []
        for key in state_dict:
            if key.startswith(prefix) and key != prefix + _EXTRA_STATE:
                name, *rest = key[len(prefix) :].split(".", 1)
                # What lies below a child is that child's business.
                if name not in (self._modules if rest else own):
                    found.append(key)
        return found

    def _load_one(self, name: str, key: str, value: Any, assign: bool) -> str | None:
        """Copy one value in, or put it in place of the old one; return a complaint or None."""
        current: Tensor = getattr(self, name)
        if not isinstance(value, Tensor):
            return (
                f'While copying the parameter named "{key}", expected portfire.Tensor or '
                f"Tensor-like object from checkpoint but received {type(value)}"
            )
        if value.shape != current.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {value.shape} from "
                f"checkpoint, the shape in current model is {current.shape}."
            )
        if not assign:
            with no_grad():
                current.copy_(value)
        elif isinstance(current, Parameter):
            fresh = value if isinstance(value, Parameter) else Parameter(value)
            fresh.requires_grad_(current.requires_grad)
            setattr(self, name, fresh)
        else:
            setattr(self, name, value)
        return None

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Take the values of all parameters and persistent buffers from a dictionary.

        Values are copied, and so converted to the dtype and device that the module has.

        Args:
            state_dict: values by dotted name, from `state_dict`.
            strict: whether the names must match exactly.
            assign: whether to put the given tensors in place of the module's own.

        Returns:
            A named tuple of the names that did not match; prints as one sentence if all did.

        Raises:
            TypeError: when ``state_dict`` is no mapping.
            RuntimeError: for shapes that differ, and, if strict, for names that do not match; the
                message lists all of them.

        Example:
            >>> import portfire
            >>> one, other = portfire.nn.Linear(2, 1), portfire.nn.Linear(2, 1)
            >>> other.load_state_dict(one.state_dict())
            <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", None) or {}
        values = OrderedDict(state_dict)
        _load_tree(self, values, metadata, "", assign, strict, (missing, unexpected, errors))
        if strict:
            lists = {"Unexpected": unexpected, "Missing": missing}
            for kind, names in lists.items():
                if names:
                    quoted = ", ".join(f'"{name}"' for name in names)
                    errors.insert(0, f"{kind} key(s) in state_dict: {quoted}. ")
        if errors:
            details = "\n\t".join(errors)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{details}"
            )
        return IncompatibleKeys(missing, unexpected)


def _load_tree(
    module: Any,
    values: dict[str, Any],
    metadata: Mapping[str, Any],
    prefix: str,
    assign: bool,
    strict: bool,
    report: tuple[list[str], list[str], list[str]],
) -> None:
    missing, unexpected, errors = report
    local = dict(metadata.get(prefix[:-1], {}))
    if assign:
        local["assign_to_params_buffers"] = True
    # Names are always collected: the result lists them also where they are no error.
    module._load_from_state_dict(values, prefix, local, True, missing, unexpected, errors)
    for name, child in module._modules.items():
        if child is not None:
            start = f"{prefix}{name}."
            part = {key: value for key, value in values.items() if key.startswith(start)}
            _load_tree(child, part, metadata, start, assign, strict, report)
    keys = IncompatibleKeys(missing, unexpected)
    for hook in list(module._load_state_dict_post_hooks.values()):
        if hook(module, keys) is not None:
            raise RuntimeError(
                "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to "
                "return new values, if incompatible_keys need to be modified, it should be done "
                "inplace."
            )


def _add(hooks: Any, hook: Callable[..., Any]) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle
