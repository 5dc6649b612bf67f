"""Matrix products: from a `DotSpec` to kernels and launches.

`_contraction_plan` chooses the family and its tile sizes; `_contraction_cpu`, `_contraction_dots`,
`_contraction_pack` and `_contraction_gpu` write the kernels. All of it is text: nothing here
touches OpenCL.
"""

from __future__ import annotations

from collections.abc import Callable

from portfire_opencl._plan import DeviceFacts
from portfire_opencl.codegen._contraction_api import DotKernels, DotSpec
from portfire_opencl.codegen._contraction_cpu import tile, zero
from portfire_opencl.codegen._contraction_dots import dots
from portfire_opencl.codegen._contraction_gpu import local
from portfire_opencl.codegen._contraction_plan import Tiling, plan

__all__ = ["Tiling", "lower", "plan"]

_FAMILIES: dict[str, Callable[[DotSpec, Tiling], DotKernels]] = {
    "dots": dots,
    "local": local,
    "tile": tile,
    "zero": zero,
}


def lower(spec: DotSpec, facts: DeviceFacts) -> DotKernels:
    """Return the kernels that compute a product, in launch order, with their scratch buffers."""
    tiling = plan(spec, facts)
    return _FAMILIES[tiling.family](spec, tiling)
