"""What a device really computes: tiny kernels that are built and run, not names or versions.

NVIDIA hides its half precision, version numbers promise what drivers do not do. The answers are
kept on disk per driver.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from portfire_opencl._disk import DiskCache
from portfire_opencl.programs import compiled

__all__ = ["PROBES", "Probe", "Probed", "probe", "run_probes", "stored"]


@dataclass(frozen=True, slots=True)
class Probed:
    """The answers: half precision, double precision, subgroups."""

    fp16: bool
    fp64: bool
    subgroups: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """A kernel ``probe(__global float* x)`` that must turn 1.5 into ``expected``.

    It is tried where the device lists the extension, and on platforms known to hide it; elsewhere
    the attempt would only make a compiler complain on the terminal.
    """

    extension: str
    source: str
    expected: float
    options: tuple[str, ...] = ()
    hidden_on: tuple[str, ...] = ()


PROBES = {
    # 2049 is not a half: the sum rounds to 2048 in half precision and to 2049 in any other.
    "fp16": Probe(
        "cl_khr_fp16",
        """
        #pragma OPENCL EXTENSION cl_khr_fp16 : enable
        __kernel void probe(__global float* x) {
            half a = (half)(x[0] + 2046.5f);
            half b = a + (half)1;
            x[0] = (float)b;
        }
        """,
        2048.0,
        hidden_on=("NVIDIA CUDA",),
    ),
    # 2**-40 beside 1.5 survives in double precision only.
    "fp64": Probe(
        "cl_khr_fp64",
        """
        #pragma OPENCL EXTENSION cl_khr_fp64 : enable
        __kernel void probe(__global float* x) {
            double a = (double)x[0];
            double b = a + 9.094947017729282e-13;
            x[0] = (float)((b - a) * 1099511627776.0);
        }
        """,
        1.0,
    ),
    "subgroups": Probe(
        "cl_khr_subgroups",
        """
        #pragma OPENCL EXTENSION cl_khr_subgroups : enable
        __kernel void probe(__global float* x) {
            x[0] = x[0] + sub_group_reduce_add(1.0f) / (float)get_sub_group_size();
        }
        """,
        2.5,
        ("-cl-std=CL2.0",),
    ),
}


def probe(cl: Any, context: Any, queue: Any, identity: str, cache: DiskCache) -> Probed:
    """Return what the device of a context can do, from the disk if it was asked before."""
    known = stored(identity, cache)
    if known is not None:
        return known
    probed = run_probes(cl, context, queue)
    cache.put(_key(identity), json.dumps(asdict(probed)).encode())
    return probed


def stored(identity: str, cache: DiskCache) -> Probed | None:
    """Return the answers that are on disk for a driver, None if it was never asked."""
    content = cache.get(_key(identity))
    if content is None:
        return None
    answers = json.loads(content)
    return Probed(answers["fp16"], answers["fp64"], answers["subgroups"])


def _key(identity: str) -> str:
    return f"probes 1|{identity}"


def run_probes(cl: Any, context: Any, queue: Any) -> Probed:
    """Build and run every probe."""
    answers = {name: _passes(cl, context, queue, item) for name, item in PROBES.items()}
    return Probed(answers["fp16"], answers["fp64"], answers["subgroups"])


def _passes(cl: Any, context: Any, queue: Any, item: Probe) -> bool:
    device = context.devices[0]
    listed = item.extension in device.extensions.split()
    if not listed and device.platform.name not in item.hidden_on:
        return False
    host = np.full(1, 1.5, dtype=np.float32)
    try:
        program = compiled(cl, context, item.source, item.options)
        flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
        buffer = cl.Buffer(context, flags, hostbuf=host)
        kernel = cl.Kernel(program, "probe")
        kernel.set_args(buffer)
        cl.enqueue_nd_range_kernel(queue, kernel, (1,), (1,))
        cl.enqueue_copy(queue, host, buffer)
    except cl.Error:  # not built, or not run: the device can't do it, which is the answer
        return False
    return float(host[0]) == item.expected
