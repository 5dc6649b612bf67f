"""The text of one kernel while it grows: parameters, nested scopes, and error sites."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from portfire._dtype import DType

from .render import STORAGE


@dataclass(eq=False)
class Parameters:
    """The parameters of one kernel, in order of first use, with what is bound to each."""

    prefix: str = "p"
    names: dict[Hashable, str] = field(default_factory=dict)
    declarations: dict[Hashable, str] = field(default_factory=dict)
    written: set[Hashable] = field(default_factory=set)

    def buffer(self, binding: Hashable, dtype: DType, write: bool = False) -> str:
        """Return the name of a buffer parameter."""
        if write:
            self.written.add(binding)
        return self._name(binding, f"__global {STORAGE[dtype.name]}*")

    def plain(self, binding: Hashable, declaration: str) -> str:
        """Return the name of any other parameter."""
        return self._name(binding, declaration)

    def _name(self, binding: Hashable, declaration: str) -> str:
        name = self.names.get(binding)
        if name is None:
            name = self.names[binding] = f"{self.prefix}{len(self.names)}"
            self.declarations[binding] = declaration
        return name

    def declared(self) -> list[tuple[str, Any]]:
        """Return (declaration, binding) pairs."""
        out = []
        for binding, name in self.names.items():
            kind = self.declarations[binding]
            if kind.startswith("__global") and binding not in self.written:
                kind = kind.replace("__global ", "__global const ", 1)
            out.append((f"{kind} {name}", binding))
        return out


@dataclass(frozen=True, slots=True)
class ErrorBinding:
    """The error buffer, as a binding."""


@dataclass(frozen=True, slots=True)
class SiteBinding:
    """The number that is added to site numbers, as a binding."""


@dataclass(frozen=True, slots=True)
class IntBinding:
    """A number of one launch, as a binding."""

    value: int


@dataclass(frozen=True, slots=True)
class ScalarBinding:
    """A run-time number, as a binding."""

    slot: int
    dtype: DType


class Writer:
    """Lines in nested scopes."""

    def __init__(self) -> None:
        self.scopes: list[list[str]] = [[]]
        self.headers: list[str] = []
        self.depth_of: dict[str, int] = {}

    @property
    def depth(self) -> int:
        """Number of open scopes below the kernel's own."""
        return len(self.scopes) - 1

    def open(self, header: str, *names: str) -> None:
        """Start a scope whose header declares the variables named."""
        self.headers.append(header)
        self.scopes.append([])
        for name in names:
            self.depth_of[name] = self.depth

    def close(self) -> None:
        """End the innermost scope and put it into its parent."""
        lines = self.scopes.pop()
        self.scopes[-1] += [self.headers.pop() + " {", *("  " + line for line in lines), "}"]

    def line(self, text: str, depth: int | None = None) -> None:
        """Add a line to the scope of a depth (default: the innermost)."""
        self.scopes[self.depth if depth is None else depth].append(text)


@dataclass
class Sites:
    """Error sites of the plan, each text once."""

    texts: list[str] = field(default_factory=list)

    def number(self, text: str) -> int:
        """Return the number of a site."""
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)
