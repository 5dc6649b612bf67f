"""A folder of small checked files that many processes may share: the package's disk cache.

An entry is written to a temporary file and renamed, so readers see all of it or nothing. It
starts with a checksum over key and content; whatever does not match (damaged, foreign, another
format) is a miss and is overwritten by the next writer. A folder that can't be written is reported
in the counters, not raised.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DiskCache", "DiskCounters", "cache_folder"]

_MAGIC = b"portfire-cache-1\n"
_HEADER = len(_MAGIC) + hashlib.sha256().digest_size
_SUFFIX = ".bin"
_TEMPORARY = ".tmp"
_PUTS_PER_TRIM = 32
_TRIM_TO = 0.8  # of the limit, so that not every write trims
_ABANDONED_AFTER = 3600.0  # seconds until a temporary file counts as left behind by a dead process


def cache_folder() -> Path:
    """Return the folder for compiled kernels: PORTFIRE_CACHE_DIR, or the user's cache folder."""
    named = os.environ.get("PORTFIRE_CACHE_DIR")
    if named:
        return Path(named) / "opencl"
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "portfire" / "opencl"


@dataclass(slots=True)
class DiskCounters:
    """What happened to a cache in this process."""

    hits: int = 0
    misses: int = 0
    damaged: int = 0
    writes: int = 0
    removed: int = 0
    failure: str = ""  # why the folder could not be written or read, for the doctor


class DiskCache:
    """Bytes by key in one folder, least recently used entries removed beyond a size."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self.counters = DiskCounters()
        self._puts = 0

    def path(self, key: str) -> Path:
        """Return the file of a key, whether it exists or not."""
        return self.folder / (hashlib.sha256(key.encode()).hexdigest()[:40] + _SUFFIX)

    def get(self, key: str) -> bytes | None:
        """Return the content stored under a key, or None if there is none that is whole."""
        path = self.path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            self.counters.misses += 1
            return None
        except OSError as error:
            self.counters.misses += 1
            self.counters.failure = f"{path} can't be read: {error.strerror or error}"
            return None
        content = data[_HEADER:]
        if data[:_HEADER] != _header(key, content):
            self.counters.misses += 1
            self.counters.damaged += 1
            return None
        self.counters.hits += 1
        self._touch(path)
        return content

    def put(self, key: str, content: bytes) -> bool:
        """Store content under a key; False if the folder can't be written."""
        try:
            self._write(self.path(key), _header(key, content) + content)
        except OSError as error:
            self.counters.failure = f"{self.folder} can't be written: {error.strerror or error}"
            return False
        self.counters.writes += 1
        if self._puts % _PUTS_PER_TRIM == 0:
            self.trim()
        self._puts += 1
        return True

    def remove(self, key: str) -> None:
        """Forget a key."""
        self._unlink(self.path(key))

    def trim(self) -> None:
        """Remove abandoned temporary files, and old entries if the folder is over its limit."""
        entries: list[tuple[float, int, Path]] = []
        oldest_temporary = time.time() - _ABANDONED_AFTER
        try:
            with os.scandir(self.folder) as files:
                for file in files:
                    status = file.stat(follow_symlinks=False)
                    if file.name.endswith(_SUFFIX):
                        entries.append((status.st_mtime, status.st_size, Path(file.path)))
                    elif file.name.endswith(_TEMPORARY) and status.st_mtime < oldest_temporary:
                        self._unlink(Path(file.path))
        except OSError as error:  # another process may remove files while we look
            self.counters.failure = f"{self.folder} can't be listed: {error.strerror or error}"
            return
        total = sum(size for _, size, _ in entries)
        if total <= self.limit:
            return
        for _, size, path in sorted(entries):
            self._unlink(path)
            self.counters.removed += 1
            total -= size
            if total <= self.limit * _TRIM_TO:
                return

    def usage(self) -> tuple[int, int]:
        """Return the number of entries and their bytes, of all processes."""
        try:
            sizes = [file.stat().st_size for file in self.folder.glob("*" + _SUFFIX)]
        except OSError:  # vanished between listing and asking, or no such folder
            return 0, 0
        return len(sizes), sum(sizes)

    def _write(self, path: Path, data: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=_TEMPORARY, dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except BaseException:
            self._unlink(Path(temporary))
            raise

    def _touch(self, path: Path) -> None:
        try:
            os.utime(path)
        except OSError as error:  # read-only folder or removed meanwhile: only the age is wrong
            self.counters.failure = f"{path} can't be touched: {error.strerror or error}"

    def _unlink(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self.counters.failure = f"{path} can't be removed: {error.strerror or error}"


def _header(key: str, content: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(key.encode() + b"\0" + content).digest()
