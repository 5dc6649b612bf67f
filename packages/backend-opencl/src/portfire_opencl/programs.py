"""From source text to a built OpenCL program, through binaries kept on disk.

One program per plan, of those kernels that no earlier plan of this process has: the second step of
a training loop is another plan than the first, of nearly the same kernels. The binary of a program
is stored under everything that decides it: device, driver, platform, options and source. PoCL is
left to its own cache: it makes a binary only by compiling every kernel once more (measured: 45 to
200 ms each), and the binary would save 1 ms a kernel over what its cache already gives.
"""

from __future__ import annotations

import hashlib
import re
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from portfire_opencl._disk import DiskCache

__all__ = ["BuildError", "ProgramCounters", "Programs", "compiled", "split_kernels"]

_CACHE_THEMSELVES = ("Portable Computing Language",)
_LOG_LINES = 20
_KNOWN_KERNELS = 4096
_KERNEL = re.compile(r"^__kernel\b", re.MULTILINE)
_NAME = re.compile(r"\bvoid\s+(\w+)\s*\(")


class BuildError(RuntimeError):
    """The device's compiler refused a program that portfire generated."""


def split_kernels(source: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the first kernel, and each kernel's text by its name.

    Helper functions must stand before all kernels.
    """
    starts = [match.start() for match in _KERNEL.finditer(source)]
    if not starts:
        return source, {}
    pieces = [source[a:b] for a, b in zip(starts, [*starts[1:], len(source)], strict=True)]
    texts = {}
    for piece in pieces:
        name = _NAME.search(piece)
        if name is None:
            raise ValueError(f"a kernel without a name: {piece[:80]!r}")
        texts[name.group(1)] = piece
    return source[: starts[0]], texts


def _anonymous(text: str, name: str) -> str:
    """Return a kernel's text without its name; equal texts compute the same."""
    return re.sub(rf"\b{name}\b", "@", text, count=1)


def compiled(cl: Any, context: Any, source: str, options: Sequence[str] = ()) -> Any:
    """Return a program built from source; pyopencl's exception if the compiler refuses it."""
    with warnings.catch_warnings():
        # Remarks of a driver's compiler about generated text are nothing that a user can act on.
        warnings.simplefilter("ignore", cl.CompilerWarning)
        # pyopencl's own cache would keep every binary a second time.
        return cl.Program(context, source).build(options=list(options), cache_dir=False)


@dataclass(slots=True)
class ProgramCounters:
    """What was built in this process, from where, and the seconds spent."""

    from_source: int = 0
    from_disk: int = 0
    reused: int = 0  # kernels that an earlier program of this process had
    refused: int = 0  # stored binaries that the driver did not take; rebuilt from source
    seconds: float = 0.0


class Programs:
    """Builds programs for one device.

    Args:
        cl: the module pyopencl.
        context: the context that programs belong to.
        device: the pyopencl device.
        platform: name of its platform.
        identity: text that changes whenever a stored binary may no longer fit.
        cache: where binaries are kept.
    """

    def __init__(
        self, cl: Any, context: Any, device: Any, platform: str, identity: str, cache: DiskCache
    ) -> None:
        self.cache = cache
        self.counters = ProgramCounters()
        self._cl = cl
        self._context = context
        self._device = device
        self._identity = identity
        self._stores = platform not in _CACHE_THEMSELVES
        self._known: OrderedDict[str, tuple[Any, str]] = OrderedDict()

    def kernels(self, source: str) -> Callable[[str], Any]:
        """Build what is new in a source, and return a function that makes a kernel by its name.

        Raises:
            BuildError: if the compiler refuses it.
        """
        head, texts = split_kernels(source)
        keys = {name: _anonymous(text, name) for name, text in texts.items()}
        new = {name: key for name, key in keys.items() if key not in self._known}
        if new:
            program = self.build(head + "".join(texts[name] for name in new))
            for name, key in new.items():
                self._known[key] = (program, name)
        self.counters.reused += len(keys) - len(new)
        places = {name: self._known[key] for name, key in keys.items()}
        for key in keys.values():
            self._known.move_to_end(key)
        while len(self._known) > _KNOWN_KERNELS:
            self._known.popitem(last=False)
        return lambda name: self._cl.Kernel(*places[name])

    def build(self, source: str, options: Sequence[str] = ()) -> Any:
        """Return the built program of a source.

        Raises:
            BuildError: if the compiler refuses it; the text holds the start of its log.
        """
        started = time.perf_counter()
        try:
            return self._build(source, list(options))
        finally:
            self.counters.seconds += time.perf_counter() - started

    def _build(self, source: str, options: list[str]) -> Any:
        text = hashlib.sha256(source.encode()).hexdigest()
        key = f"program 1|{self._identity}|{' '.join(options)}|{text}"
        stored = self.cache.get(key) if self._stores else None
        if stored is not None:
            program = self._from_binary(stored, options)
            if program is not None:
                self.counters.from_disk += 1
                return program
            self.cache.remove(key)
        program = self._from_source(source, options)
        self.counters.from_source += 1
        if self._stores:
            self._store(key, program)
        return program

    def _from_source(self, source: str, options: list[str]) -> Any:
        cl = self._cl
        try:
            return compiled(cl, self._context, source, options)
        except cl.Error as error:
            log = "\n".join(str(error).strip().splitlines()[:_LOG_LINES])
            raise BuildError(
                f"the OpenCL compiler of {self._device.name!r} refused a generated program; "
                f"please report this with the output of `python -m portfire`:\n{log}"
            ) from error

    def _from_binary(self, binary: bytes, options: list[str]) -> Any:
        cl = self._cl
        try:
            program = cl.Program(self._context, [self._device], [binary])
            return program.build(options=options)
        except cl.Error:  # another driver's, or not a binary: it is built from source instead
            self.counters.refused += 1
            return None

    def _store(self, key: str, program: Any) -> None:
        binaries = program.get_info(self._cl.program_info.BINARIES)
        if binaries and binaries[0]:
            self.cache.put(key, bytes(binaries[0]))
