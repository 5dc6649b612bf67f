"""portfire on any OpenCL device: devices ``opencl:0``, ``opencl:1`` and so on.

Importing this package does not import pyopencl; opening a device does.
"""

from __future__ import annotations

from portfire_opencl._plan import DeviceFacts, Plan
from portfire_opencl.devices import Discovery, Found, NoDeviceError, discover
from portfire_opencl.programs import BuildError
from portfire_opencl.quirks import QUIRKS, Quirk
from portfire_opencl.selftest import SelfTestError

__all__ = [
    "QUIRKS",
    "BuildError",
    "DeviceFacts",
    "Discovery",
    "Found",
    "NoDeviceError",
    "Plan",
    "Quirk",
    "SelfTestError",
    "__version__",
    "discover",
]

__version__ = "0.1.0"
