"""A known-answer test on the first use of a device: matrix product, reduction, barrier tree.

A driver that computes wrong results is refused here, in a sentence, instead of in somebody's
training run. A pass is kept on disk per driver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from portfire_opencl._disk import DiskCache
from portfire_opencl.programs import compiled

__all__ = ["CHECKS", "Check", "SelfTestError", "ensure", "run_checks"]

_PASSED = b"passed"
_GROUP = 32
_M, _N, _K = 17, 19, 23
_ROWS, _COLUMNS = 37, 1003

SOURCE = """
__kernel void product(__global const float* restrict a, __global const float* restrict b,
                      __global float* restrict c) {
    size_t i = get_global_id(1), j = get_global_id(0);
    float sum = 0.0f;
    for (int k = 0; k < K; k++) sum += a[i * K + k] * b[k * N + j];
    c[i * N + j] = sum;
}

__kernel void row_sums(__global const float* restrict a, __global const float* restrict b,
                       __global float* restrict c) {
    size_t row = get_global_id(0);
    float16 lanes = (float16)(0.0f);
    int j = 0;
    for (; j + 16 <= COLUMNS; j += 16) lanes += vload16(0, a + row * COLUMNS + j);
    float8 h = lanes.lo + lanes.hi;
    float4 q = h.lo + h.hi;
    float sum = (q.x + q.y) + (q.z + q.w);
    for (; j < COLUMNS; j++) sum += a[row * COLUMNS + j];
    c[row] = sum * b[row];
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void tree_sums(__global const float* restrict a, __global const float* restrict b,
               __global float* restrict c) {
    __local float partial[GROUP];
    int item = (int)get_local_id(0);
    size_t row = get_group_id(0);
    float sum = 0.0f;
    for (int j = item; j < COLUMNS; j += GROUP) sum += a[row * COLUMNS + j];
    partial[item] = sum;
    for (int width = GROUP / 2; width > 0; width /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < width) partial[item] += partial[item + width];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item == 0) c[row] = partial[0] * b[row];
}
"""


class SelfTestError(RuntimeError):
    """The device computes wrong results, or can't run simple kernels."""


@dataclass(frozen=True, slots=True)
class Check:
    """A kernel of the source, its inputs' shapes, its index space, and its NumPy reference."""

    kernel: str
    shapes: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]  # a, b and the result
    global_size: tuple[int, ...]
    local_size: tuple[int, ...] | None
    reference: Callable[[Any, Any], Any]


def _scaled_row_sums(a: Any, b: Any) -> Any:
    return a.sum(axis=1) * b


CHECKS = (
    Check("product", ((_M, _K), (_K, _N), (_M, _N)), (_N, _M), None, np.matmul),
    Check("row_sums", ((_ROWS, _COLUMNS), (_ROWS,), (_ROWS,)), (_ROWS,), None, _scaled_row_sums),
    Check(
        "tree_sums",
        ((_ROWS, _COLUMNS), (_ROWS,), (_ROWS,)),
        (_ROWS * _GROUP,),
        (_GROUP,),
        _scaled_row_sums,
    ),
)


def ensure(
    cl: Any,
    context: Any,
    queue: Any,
    identity: str,
    name: str,
    cache: DiskCache,
    checks: tuple[Check, ...] = CHECKS,
) -> None:
    """Test a device unless this driver has passed before.

    Raises:
        SelfTestError: if it fails; nothing is kept, so a repaired driver is tested again.
    """
    key = f"selftest 1|{identity}"
    if cache.get(key) == _PASSED:
        return
    try:
        wrong = run_checks(cl, context, queue, checks)
    except cl.Error as error:
        raise SelfTestError(
            f"{name!r} is not used: it could not run a simple kernel ({_summary(error)}); "
            "update its driver, or choose another device"
        ) from error
    if wrong:
        raise SelfTestError(
            f"{name!r} is not used: it computes wrong results in {', '.join(wrong)}; "
            "update its driver, or choose another device"
        )
    cache.put(key, _PASSED)


def run_checks(cl: Any, context: Any, queue: Any, checks: tuple[Check, ...]) -> list[str]:
    """Return the names of the kernels whose results are wrong."""
    sizes = {"K": _K, "N": _N, "COLUMNS": _COLUMNS, "GROUP": _GROUP}
    options = [f"-D{name}={size}" for name, size in sizes.items()]
    program = compiled(cl, context, SOURCE, options)
    generator = np.random.default_rng(7)
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
    wrong = []
    for check in checks:
        a, b = (generator.uniform(0.5, 1.5, shape).astype(np.float32) for shape in check.shapes[:2])
        result = np.full(check.shapes[2], np.nan, dtype=np.float32)
        buffers = [cl.Buffer(context, flags, hostbuf=host) for host in (a, b, result)]
        kernel = cl.Kernel(program, check.kernel)
        kernel.set_args(*buffers)
        cl.enqueue_nd_range_kernel(queue, kernel, check.global_size, check.local_size)
        cl.enqueue_copy(queue, result, buffers[2])
        expected = check.reference(a.astype(np.float64), b.astype(np.float64))
        if not np.allclose(result, expected, rtol=1e-4, atol=0.0):
            wrong.append(check.kernel)
    return wrong


def _summary(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines[:3]) or type(error).__name__
