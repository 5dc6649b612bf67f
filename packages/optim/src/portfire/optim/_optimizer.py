"""`Optimizer`, the base: parameter groups, state, hooks and the loop over parameters."""

from __future__ import annotations

import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import portfire
from portfire import Tensor
from portfire.autograd import RemovableHandle
from portfire.engine import flush_all
from portfire.optim._rule import advance
from portfire.optim._state import pack, unpack

__all__ = ["Optimizer", "Params", "number"]

Params = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]


def number(value: Any) -> float:
    """Return a hyperparameter as a float, which makes it an argument of kernels."""
    return value if type(value) is float else float(value)


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """Run the optimizer's step hooks around a step, also where it calls the step of its base."""

    @functools.wraps(step)
    def wrapper(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:
            return step(self, *args, **kwargs)
        for hook in list(self._step_pre_hooks.values()):
            answer = hook(self, args, kwargs)
            if answer is None:
                continue
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise RuntimeError(
                    f"{hook} must return None or a tuple of (new_args, new_kwargs), "
                    f"but got {answer}."
                )
            args, kwargs = answer
        self._stepping = True
        try:
            result = step(self, *args, **kwargs)
        finally:
            self._stepping = False
        for hook in list(self._step_post_hooks.values()):
            hook(self, args, kwargs)
        return result

    return wrapper


class Optimizer:
    """The base class of optimizers.

    A subclass passes its defaults to ``__init__`` and defines `update`, the rule for one parameter:
    new tensors from old ones and from the numbers that `hyper` makes of the options. `init` makes
    the state that the rule keeps for a parameter. The engine makes one kernel of the rule, and the
    numbers are its arguments.

    Args:
        params: tensors, pairs of names and tensors, or dictionaries that describe groups.
        defaults: the options of groups that do not say otherwise.

    Attributes:
        param_groups: dictionaries with the parameters, under ``"params"``, and their options.
        state: what the rule keeps for each parameter.
        defaults: the options of groups that do not say otherwise.

    Raises:
        TypeError: when ``params`` is a tensor, or holds something else than tensors.
        ValueError: when ``params`` is empty, or a parameter is no leaf or in two groups.

    Example:
        >>> import portfire
        >>> class SignDescent(portfire.optim.Optimizer):
        ...     def __init__(self, params, lr):
        ...         super().__init__(params, {"lr": lr})
        ...     @staticmethod
        ...     def update(param, grad, state, hyper):
        ...         return param - grad.sign() * hyper["lr"], {}
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> (w * 5).backward()
        >>> SignDescent([w], lr=0.5).step()
        >>> w
        tensor([0.5000], requires_grad=True)
    """

    # To portfire.compile: a step reads and counts these anew when it is done again.
    numbers_may_change = True

    # The names of the state that is a number, which a state dict holds as a tensor.
    numbers: tuple[str, ...] = ("step",)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]  # hooks go around step

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self._reset_hooks()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {params.type()}"
            )
        self.defaults = defaults
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _reset_hooks(self) -> None:
        self._stepping = False
        self._step_pre_hooks: dict[int, Any] = {}
        self._step_post_hooks: dict[int, Any] = {}
        self._state_dict_pre_hooks: dict[int, Any] = {}
        self._state_dict_post_hooks: dict[int, Any] = {}
        self._load_pre_hooks: dict[int, Any] = {}
        self._load_post_hooks: dict[int, Any] = {}

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own.

        Args:
            param_group: the parameters under ``"params"``, and options by name.

        Raises:
            TypeError: when it is no dictionary, or holds something else than tensors.
            ValueError: when a parameter is no leaf, or in another group already.

        Example:
            >>> import portfire
            >>> w = portfire.zeros(1, requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.1)
            >>> bias = portfire.zeros(1, requires_grad=True)
            >>> optimizer.add_param_group({"params": [bias], "lr": 0.2})
            >>> [group["lr"] for group in optimizer.param_groups]
            [0.1, 0.2]
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params, names = _named(param_group["params"])
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is "
                    f"{type(param).__name__}"
                )
            if not self.defaults.get("differentiable") and not param.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
        own = {id(param) for param in params}
        if len(own) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error",
                stacklevel=3,
            )
        taken = {id(param) for group in self.param_groups for param in group["params"]}
        if own & taken:
            raise ValueError("some parameters appear in more than one parameter group")
        if names is not None:
            param_group["param_names"] = names
        param_group["params"] = params
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        self.param_groups.append(param_group)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the state of a parameter before its first step: tensors and numbers by name.

        Args:
            param: the parameter.
            group: its options.

        Example:
            >>> import portfire
            >>> w = portfire.tensor([1.0], requires_grad=True)
            >>> optimizer = portfire.optim.Adam([w])
            >>> optimizer.init(w, optimizer.param_groups[0])["exp_avg"]
            tensor([0.])
        """
        return {}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Return what the rule needs beside tensors, for one step; by default the learning rate.

        Floats are arguments of the rule's kernel and may differ from step to step. Anything else (a
        bool, a string, an int) chooses between variants of the rule, each recorded once.

        Args:
            state: of the parameter; the numbers in it are to be advanced here.
            group: the options.

        Example:
            >>> import portfire
            >>> w = portfire.tensor([1.0], requires_grad=True)
            >>> optimizer = portfire.optim.Optimizer([w], {"lr": 0.5})
            >>> optimizer.hyper({}, optimizer.param_groups[0])
            {'lr': 0.5}
        """
        return {"lr": number(group["lr"])} if "lr" in group else {}

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return a parameter after a step, and what changes of its state: the optimizer's rule.

        It is run once for each kind of parameter, on tensors that stand for all of that kind, so it
        computes from its arguments alone and does not read values.

        Args:
            param: the parameter.
            grad: its gradient.
            state: the tensors of its state.
            hyper: what `hyper` returned; its floats are tensors without dimensions here.

        Raises:
            NotImplementedError: in a class that does not define it.

        Example:
            >>> import portfire
            >>> update = portfire.optim.SGD.update
            >>> hyper = {"lr": 0.5, "maximize": False, "nesterov": False}
            >>> update(portfire.tensor([1.0]), portfire.ones(1), {}, hyper)
            (tensor([0.5000]), {})
        """
        raise NotImplementedError("an optimizer has to define update()")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters that have a gradient; enqueue the work and do not wait for it.

        Args:
            closure: computes the loss again and returns it; called before the parameters change.

        Returns:
            What the closure returned, or None.

        Example:
            >>> import portfire
            >>> w = portfire.tensor([1.0], requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.5)
            >>> (w * w).sum().backward()
            >>> optimizer.step()
            >>> w
            tensor([0.], requires_grad=True)
        """
        if type(self).update is Optimizer.update:
            raise NotImplementedError(f"{type(self).__name__} does not define update() or step()")
        loss = None
        if closure is not None:
            with portfire.enable_grad():
                loss = closure()
        with portfire.set_grad_enabled(bool(self.defaults.get("differentiable", False))):
            for group in self.param_groups:
                for param in group["params"]:
                    grad = param.grad
                    if grad is not None:
                        advance(self, param, grad, group)
        flush_all()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or set them to zero.

        Args:
            set_to_none: whether ``grad`` becomes None and not a tensor of zeros.

        Example:
            >>> import portfire
            >>> w = portfire.tensor([1.0], requires_grad=True)
            >>> (w * w).sum().backward()
            >>> portfire.optim.SGD([w], lr=0.5).zero_grad()
            >>> w.grad is None
            True
        """
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    param.grad = None if set_to_none else portfire.zeros_like(param.grad)

    def state_dict(self) -> dict[str, Any]:
        """Return the state and the options, with numbers in place of the parameters.

        Returns:
            A dictionary with ``"state"`` and ``"param_groups"``, laid out as PyTorch's.

        Example:
            >>> import portfire
            >>> w = portfire.tensor([1.0], requires_grad=True)
            >>> portfire.optim.SGD([w], lr=0.5).state_dict()["param_groups"][0]["params"]
            [0]
        """
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self)
        packed = pack(self.state, self.param_groups, self.numbers)
        for hook in list(self._state_dict_post_hooks.values()):
            answer = hook(self, packed)
            packed = packed if answer is None else answer
        return packed

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take state and options from a dictionary that `state_dict` made.

        Tensors are copied to the dtype and device of their parameters.

        Args:
            state_dict: the dictionary, of this class or of PyTorch's of the same name.

        Raises:
            ValueError: when the groups differ in number or size.

        Example:
            >>> import portfire
            >>> w = portfire.tensor([1.0], requires_grad=True)
            >>> one, other = portfire.optim.SGD([w], lr=0.5), portfire.optim.SGD([w], lr=0.1)
            >>> other.load_state_dict(one.state_dict())
            >>> other.param_groups[0]["lr"]
            0.5
        """
        for hook in list(self._load_pre_hooks.values()):
            answer = hook(self, state_dict)
            state_dict = state_dict if answer is None else answer
        state, groups = unpack(state_dict, self.param_groups, self.numbers)
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in list(self._load_post_hooks.values()):
            hook(self)

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step.

        Args:
            hook: the function; it may return new ``(args, kwargs)``.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> w = portfire.zeros(1, requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.5)
            >>> handle = optimizer.register_step_pre_hook(lambda *_: print("before"))
            >>> optimizer.step()
            before
        """
        return _add(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step.

        Args:
            hook: the function.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> w = portfire.zeros(1, requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.5)
            >>> handle = optimizer.register_step_post_hook(lambda *_: print("after"))
            >>> optimizer.step()
            after
        """
        return _add(self._step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[[Any], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before each `state_dict`.

        Args:
            hook: the function.
            prepend: whether it runs before the hooks that are there already.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> w = portfire.zeros(1, requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.5)
            >>> handle = optimizer.register_state_dict_pre_hook(lambda optimizer: print("saving"))
            >>> _ = optimizer.state_dict()
            saving
        """
        return _add(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[[Any, dict[str, Any]], dict[str, Any] | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after each `state_dict`.

        Args:
            hook: the function; it may return another dictionary.
            prepend: whether it runs before the hooks that are there already.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> w = portfire.zeros(1, requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.5)
            >>> handle = optimizer.register_state_dict_post_hook(lambda opt, state: {"mine": 1})
            >>> optimizer.state_dict()
            {'mine': 1}
        """
        return _add(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[[Any, dict[str, Any]], dict[str, Any] | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before each `load_state_dict`.

        Args:
            hook: the function; it may return another dictionary.
            prepend: whether it runs before the hooks that are there already.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> w = portfire.zeros(1, requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.5)
            >>> handle = optimizer.register_load_state_dict_pre_hook(lambda *_: print("loading"))
            >>> optimizer.load_state_dict(optimizer.state_dict())
            loading
        """
        return _add(self._load_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[[Any], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after each `load_state_dict`.

        Args:
            hook: the function.
            prepend: whether it runs before the hooks that are there already.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> w = portfire.zeros(1, requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.5)
            >>> handle = optimizer.register_load_state_dict_post_hook(lambda _: print("loaded"))
            >>> optimizer.load_state_dict(optimizer.state_dict())
            loaded
        """
        return _add(self._load_post_hooks, hook, prepend)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "_stepping" not in self.__dict__:
            self._reset_hooks()
        self.__dict__.update(state)
        # Groups of an older version lack the options that came later.
        for group in self.param_groups:
            for name, default in self.defaults.items():
                group.setdefault(name, default)

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            options = [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
            lines.append("\n".join([f"Parameter Group {i}", *options]))
        body = "\n\n".join(lines)
        return f"{type(self).__name__} (\n{body}\n)"


Optimizer.step = _with_hooks(Optimizer.step)  # type: ignore[method-assign]  # hooks go around step


def _named(params: Any) -> tuple[list[Any], list[str] | None]:
    """Return a group's parameters as a list, and their names if they have some."""
    if isinstance(params, Tensor):
        return [params], None
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering "
            "of tensors in sets will change between runs. Please use a list instead."
        )
    items = list(params)
    named = [isinstance(item, tuple) for item in items]
    if not any(named):
        return items, None
    if not all(named):
        raise ValueError(
            "all optimizer params should be with/without names. Some param names are missing"
        )
    return [param for _, param in items], [name for name, _ in items]


def _add(hooks: dict[int, Any], hook: Any, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    later = dict(hooks) if prepend else {}
    for key in later:
        del hooks[key]
    hooks[handle.id] = hook
    hooks.update(later)
    return handle
