"""An optimizer's state as a dictionary of plain numbers and tensors, out and in.

The layout is torch's: parameters are numbered through all groups, and the numbers of a parameter's
state, as its count of steps, are float32 tensors, though the optimizer keeps Python numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

import portfire
from portfire import Tensor

__all__ = ["pack", "unpack", "zeros_for"]

Names = tuple[str, ...]  # of the state that is a number here and a tensor in a dictionary


def zeros_for(param: Tensor) -> Tensor:
    """Return zeros of a parameter's shape and dtype, as data that comes from the host.

    Recorded as an operation they would make the first step a program of its own, compiled for one
    use: as data they make it the program of all later steps.
    """
    zeros: Tensor = param.new_tensor(np.zeros(tuple(param.shape), np.float32))
    return zeros


def pack(state: dict[Any, Any], groups: list[dict[str, Any]], scalars: Names) -> dict[str, Any]:
    """Return state and groups with numbers in place of the parameters."""
    numbers: dict[int, int] = {}
    packed_groups = []
    for group in groups:
        for param in group["params"]:
            numbers.setdefault(id(param), len(numbers))
        packed = {key: value for key, value in group.items() if key != "params"}
        packed["params"] = [numbers[id(param)] for param in group["params"]]
        packed_groups.append(packed)
    packed_state = {
        numbers.get(id(param), param): _exported(entry, scalars) for param, entry in state.items()
    }
    return {"state": packed_state, "param_groups": packed_groups}


def unpack(
    state_dict: dict[str, Any], groups: list[dict[str, Any]], scalars: Names
) -> tuple[defaultdict[Any, Any], list[dict[str, Any]]]:
    """Return state and groups of a packed dictionary, with the parameters of present groups.

    Raises:
        ValueError: when the groups differ in number or size.
    """
    saved_groups = [dict(group) for group in state_dict["param_groups"]]
    if len(groups) != len(saved_groups):
        raise ValueError("loaded state dict has a different number of parameter groups")
    params: dict[Any, Tensor] = {}
    for group, saved in zip(groups, saved_groups, strict=True):
        if len(group["params"]) != len(saved["params"]):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        params.update(zip(saved["params"], group["params"], strict=True))
        saved["params"] = group["params"]
        if "param_names" in group:
            saved["param_names"] = group["param_names"]
        else:
            saved.pop("param_names", None)
    state: defaultdict[Any, Any] = defaultdict(dict)
    for number, entry in state_dict["state"].items():
        param = params.get(number)
        if param is None:
            state[number] = entry
        else:
            state[param] = {key: _import(key, item, param, scalars) for key, item in entry.items()}
    return state, saved_groups


def _exported(entry: Any, scalars: Names) -> Any:
    return {
        key: portfire.tensor(float(item), dtype=portfire.float32)
        if key in scalars and isinstance(item, (int, float))
        else item
        for key, item in entry.items()
    }


def _import(key: str, item: Any, param: Tensor, scalars: Names) -> Any:
    """Copy a value to the parameter's dtype and device; a count of steps becomes a number."""
    if key in scalars and isinstance(item, (int, float, Tensor)):
        return float(item)
    if isinstance(item, Tensor):
        dtype = param.dtype if param.is_floating_point() else item.dtype
        return item.detach().to(device=param.device, dtype=dtype).clone()
    if isinstance(item, dict):
        return {name: _import(name, value, param, scalars) for name, value in item.items()}
    if isinstance(item, Iterable) and not isinstance(item, (str, bytes)):
        return type(item)(_import("", value, param, scalars) for value in item)  # type: ignore[call-arg]  # a list, tuple or their kin
    return item
