"""The doctor's report as text: colored on a terminal where rich is installed, plain elsewhere."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["show"]


class Line(NamedTuple):
    """One line of the report, and what it is: a heading, plain text, good news or bad news."""

    text: str
    kind: str = "text"


STYLES = {"heading": "bold cyan", "text": "", "good": "green", "bad": "red", "cure": "yellow"}


def show(facts: Mapping[str, Any]) -> None:
    """Print the report."""
    lines = list(_report(facts))
    if sys.stdout.isatty() and _print_rich(lines):
        return
    for line in lines:
        print(line.text)


def _print_rich(lines: Sequence[Line]) -> bool:
    """Print in color; False where rich is not installed."""
    try:
        console = importlib.import_module("rich.console").Console()
    except ModuleNotFoundError:
        return False
    for line in lines:
        console.print(line.text, style=STYLES[line.kind], markup=False, highlight=False)
    return True


def _report(facts: Mapping[str, Any]) -> Iterator[Line]:
    yield Line("portfire doctor", "heading")
    yield from _pairs(facts["versions"])
    system = facts["system"]
    yield Line(f"  Python {system['python']} ({system['implementation']}, {system['executable']})")
    yield Line(f"  {system['platform']}, {system['cpus']} CPUs")
    yield Line(f"  backend contract {system['contract']}")
    if facts["environment"]:
        yield Line("environment", "heading")
        yield from _pairs(facts["environment"])
    yield Line("plugins", "heading")
    yield from map(_plugin, facts["plugins"])
    if not facts["plugins"]:
        yield Line("  none", "bad")
    yield Line("devices", "heading")
    for device in facts["devices"]:
        yield from _device(device)
    if facts["default_device"] is not None:
        yield Line(f"  default: {facts['default_device']}", "good")
    else:
        yield Line(f"  no default device: {facts['no_default_device']}", "bad")
    for name, details in facts["details"].items():
        yield Line(f"details of {name}", "heading")
        yield from _tree(details, 1)
    yield Line("problems", "heading")
    for problem in facts["problems"]:
        yield Line(f"  {problem['plugin']} ({problem['distribution']}): {problem['reason']}", "bad")
        yield Line(f"    {problem['cure']}", "cure")
    if not facts["problems"]:
        yield Line("  none", "good")


def _pairs(pairs: Mapping[str, Any]) -> Iterator[Line]:
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        yield Line(f"  {name:<{width}}  {value}")


def _plugin(plugin: Mapping[str, Any]) -> Line:
    text = (
        f"  {plugin['name']}: {plugin['distribution']} {plugin['version']}, contract "
        f"{plugin['contract'] or 'unknown'}, {plugin['target']}, {plugin['status']}"
    )
    return Line(text, {"loaded": "good", "refused": "bad"}.get(plugin["status"], "text"))


def _device(device: Mapping[str, Any]) -> Iterator[Line]:
    if device["error"] is not None:
        yield Line(f"  {device['device']}: {device['error']}", "bad")
        return
    yield Line(f"  {device['device']}: {device['name']}", "good")
    yield Line(f"    dtypes: {', '.join(device['dtypes'])}")
    if device["claims"]:
        yield Line(f"    native composites: {', '.join(device['claims'])}")
    memory = device["memory"]
    if memory["total"]:  # a backend that keeps no accounts reports zero
        yield Line(
            f"    memory: {_size(memory['total'])} in all, {_size(memory['allocated'])} in use, "
            f"{_size(memory['reserved'])} held"
        )


def _size(count: int) -> str:
    """Return a number of bytes in the unit that suits it."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.4g} {unit}"
        value /= 1024
    return f"{value:.4g} GiB"


def _tree(value: Any, depth: int) -> Iterator[Line]:
    """Print nested plain data, one leaf or short list per line."""
    indent = "  " * depth
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if _is_long(inner):
                yield Line(f"{indent}{name}:")
                yield from _tree(inner, depth + 1)
            else:
                yield Line(f"{indent}{name}: {_leaf(inner)}")
    elif _is_long(value):
        for number, inner in enumerate(value):
            yield Line(f"{indent}[{number}]")
            yield from _tree(inner, depth + 1)
    else:
        yield Line(f"{indent}{_leaf(value)}")


def _is_long(value: Any) -> bool:
    """Tell whether a value needs lines of its own: a filled mapping, or a list of structures."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, (list, tuple)) and any(
        isinstance(inner, (Mapping, list, tuple)) for inner in value
    )


def _leaf(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value)
