"""One scratch block per device for the temporaries of all plans.

Plans run one after another on an in-order queue, so they can share the memory of their
temporaries. The block grows to the largest plan's need; a plan's temporaries are sub-buffers of it
at the offsets that the scheduler chose. When the block is replaced, every plan drops its
sub-buffers and asks again.
"""

from __future__ import annotations

import weakref
from typing import Any, Protocol

from portfire_opencl.pool import Memory, Pool

__all__ = ["Arena", "Tenant"]


class Tenant(Protocol):
    """Somebody who holds sub-buffers of the arena."""

    def leave_arena(self) -> None:
        """Drop all of them."""
        ...


class Arena:
    """The scratch block.

    Attributes:
        version: changes whenever the block is replaced.
    """

    def __init__(self, pool: Pool, alignment: int) -> None:
        self.version = 0
        self._pool = pool
        self._alignment = alignment
        self._block: Memory | None = None
        self._tenants: weakref.WeakSet[Any] = weakref.WeakSet()

    @property
    def nbytes(self) -> int:
        """Bytes of the block as it is now."""
        return 0 if self._block is None else self._block.nbytes

    def enter(self, tenant: Tenant, nbytes: int) -> None:
        """Make the block at least that large, and note who will hold parts of it."""
        if self._block is None or self._block.nbytes < nbytes:
            self.drop()
            self._block = self._pool.take(nbytes)
        self._tenants.add(tenant)

    def region(self, offset: int, nbytes: int) -> Any:
        """Return a sub-buffer, None if it is empty."""
        if nbytes == 0:
            return None
        if offset % self._alignment:
            raise ValueError(
                f"a temporary starts at byte {offset}; this device needs multiples of "
                f"{self._alignment}"
            )
        if self._block is None:
            raise ValueError("a region of the arena was asked for before entering it")
        return self._block.raw.get_sub_region(offset, nbytes)

    def drop(self) -> None:
        """Give the block back to the pool; the next run of a plan makes a new one."""
        for tenant in list(self._tenants):
            tenant.leave_arena()
        self._tenants.clear()
        self._block = None
        self.version += 1
