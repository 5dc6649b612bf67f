"""What is known about each plugin, and what went wrong with it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Plugin", "PluginWarning", "Problem", "Status"]


class PluginWarning(UserWarning):
    """A plugin of portfire can not be used, in whole or in part; the text says which and why."""


class Status(enum.Enum):
    """What became of a plugin that is installed."""

    LOADED = "loaded"
    DISABLED = "disabled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point of the group ``portfire``.

    Attributes:
        name: the part of the entry point's name before ``@``.
        contract: the contract version after ``@``, as text; empty where there is none.
        target: the module or object that it names.
        distribution: the distribution that declares it.
        version: the version of that distribution.
        status: whether it was loaded, disabled by the user, or refused (then there is a problem).
    """

    name: str
    contract: str
    target: str
    distribution: str
    version: str
    status: Status

    @property
    def key(self) -> str:
        """The name that pluggy gets: unique, where the names of entry points need not be."""
        return f"{self.distribution}:{self.name}@{self.contract}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a plugin, or a part of one, is not used.

    Attributes:
        plugin: the name of the plugin.
        distribution: the distribution that brings it.
        reason: what is wrong, a full sentence.
        cure: what the user can do about it, a full sentence.
        error: the exception that the plugin raised, if it raised one.
    """

    plugin: str
    distribution: str
    reason: str
    cure: str
    error: BaseException | None = None

    def __str__(self) -> str:
        return f"portfire plugin {self.plugin!r} of {self.distribution}: {self.reason} {self.cure}"
