"""The attributes of a module: parameters, buffers and child modules, and who may be which."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.nn._names import typename
from portfire.nn.modules._global_hooks import registered
from portfire.nn.parameter import Buffer, Parameter

__all__ = ["Registry"]

_HOOK_TABLES = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_forward_hooks",
    "_forward_pre_hooks",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


class Registry:
    """What a module is made of; `portfire.nn.Module` adds what it does.

    Parameters, buffers and child modules live in dictionaries of their own, are read as ordinary
    attributes, and are sorted into the right dictionary by assignment.
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Registry | None]
    _non_persistent_buffers_set: set[str]
    _is_full_backward_hook: bool | None
    _backward_pre_hooks: dict[int, Any]
    _backward_hooks: dict[int, Any]
    _forward_hooks: dict[int, Any]
    _forward_pre_hooks: dict[int, Any]
    _state_dict_hooks: dict[int, Any]
    _state_dict_pre_hooks: dict[int, Any]
    _load_state_dict_pre_hooks: dict[int, Any]
    _load_state_dict_post_hooks: dict[int, Any]

    def __init__(self) -> None:
        # Straight into __dict__: __setattr__ asks dictionaries that do not exist yet.
        fields = self.__dict__
        fields["training"] = True
        fields["_parameters"] = {}
        fields["_buffers"] = {}
        fields["_non_persistent_buffers_set"] = set()
        fields["_modules"] = {}
        fields["_is_full_backward_hook"] = None
        for table in _HOOK_TABLES:
            fields[table] = {}

    def __getattr__(self, name: str) -> Any:
        # Called only after the ordinary look-up failed.
        fields = self.__dict__
        for table in ("_parameters", "_buffers", "_modules"):
            members = fields.get(table)
            if members is not None and name in members:
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        fields = self.__dict__
        parameters = fields.get("_parameters")
        if isinstance(value, Parameter):
            if parameters is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, "_buffers", "_modules")
            self.register_parameter(name, value)
        elif isinstance(value, Registry):
            if parameters is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            if name in parameters:
                raise _wrong_member(value, "parameter", name)
            self._forget(name, "_buffers")
            self._modules[name] = registered(self, "module", name, value)
        elif parameters is None:
            if isinstance(value, Buffer):
                raise AttributeError("cannot assign buffer before Module.__init__() call")
            object.__setattr__(self, name, value)
        elif name in parameters:
            if value is not None:
                raise _wrong_member(value, "parameter", name)
            parameters[name] = None
        elif name in fields["_modules"]:
            if value is not None:
                raise _wrong_member(value, "child module", name)
            self._modules[name] = None
        elif isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
        elif name in fields["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                raise _wrong_member(value, "buffer", name)
            self._buffers[name] = value
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            # object.__delattr__ names the attribute only, in the older Pythons.
            if name not in self.__dict__:
                raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
            object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        members = [*self._parameters, *self._buffers, *self._modules]
        names = {*object.__dir__(self), *members}
        return sorted(name for name in names if not name[:1].isdigit())

    def _forget(self, name: str, *tables: str) -> None:
        """Make room for a member of that name: drop the attribute, or the member of other kinds."""
        self.__dict__.pop(name, None)
        for table in tables:
            self.__dict__[table].pop(name, None)
        if "_buffers" in tables:
            self._non_persistent_buffers_set.discard(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name.

        Args:
            name: the attribute; not empty, without a dot, not taken.
            param: the parameter, or None for an absent one, which ``state_dict`` leaves out.

        Raises:
            AttributeError: before ``Module.__init__`` was called.
            KeyError: for a name that is impossible or taken.
            TypeError: for a name that is no string, or a value that is no parameter.

        Example:
            >>> import portfire
            >>> module = portfire.nn.Module()
            >>> module.register_parameter("scale", portfire.nn.Parameter(portfire.ones(1)))
            >>> module.scale
            Parameter containing:
            tensor([1.], requires_grad=True)
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name(name, "parameter", self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' "
                "(portfire.nn.Parameter or None required)"
            )
        if param is not None:
            param = registered(self, "parameter", name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is state of the module, but no parameter.

        Args:
            name: the attribute; not empty, without a dot, not taken.
            tensor: the buffer; None for one that is not there yet.
            persistent: whether ``state_dict`` holds it.

        Raises:
            AttributeError: before ``Module.__init__`` was called.
            KeyError: for a name that is impossible or taken.
            TypeError: for a name that is no string, or a value that is no tensor.

        Example:
            >>> import portfire
            >>> module = portfire.nn.Module()
            >>> module.register_buffer("running_mean", portfire.zeros(2))
            >>> module.running_mean
            tensor([0., 0.])
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name(name, "buffer", self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(portfire Tensor or None required)"
            )
        self._buffers[name] = registered(self, "buffer", name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Any) -> None:
        """Add a child module under a name.

        Args:
            name: the attribute; not empty, without a dot, not taken.
            module: the child, or None.

        Raises:
            KeyError: for a name that is impossible or taken.
            TypeError: for a name that is no string, or a value that is no module.

        Example:
            >>> import portfire
            >>> module = portfire.nn.Module()
            >>> module.add_module("act", portfire.nn.Tanh())
            >>> module.act
            Tanh()
        """
        if module is not None and not isinstance(module, Registry):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name(name, "module", self._modules)
        self._modules[name] = registered(self, "module", name, module)

    def register_module(self, name: str, module: Any) -> None:
        """Add a child module under a name; another name of `add_module`.

        Args:
            name: the attribute.
            module: the child, or None.

        Example:
            >>> import portfire
            >>> module = portfire.nn.Module()
            >>> module.register_module("act", portfire.nn.ReLU())
            >>> module.act
            ReLU()
        """
        self.add_module(name, module)

    def _check_name(self, name: str, kind: str, members: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if "." in name:
            detail = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{detail}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in members:
            raise KeyError(f"attribute '{name}' already exists")


_EXPECTED = {
    "parameter": "portfire.nn.Parameter or None expected",
    "child module": "portfire.nn.Module or None expected",
    "buffer": "portfire.nn.Buffer, portfire.Tensor or None expected",
}


def _wrong_member(value: Any, kind: str, name: str) -> TypeError:
    return TypeError(f"cannot assign '{typename(value)}' as {kind} '{name}' ({_EXPECTED[kind]})")
