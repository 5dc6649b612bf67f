"""Tools around tensors and modules.

Example:
    >>> import portfire
    >>> x = portfire.tensor(2.0, requires_grad=True)
    >>> portfire.utils.checkpoint.checkpoint(portfire.exp, x, use_reentrant=False).requires_grad
    True
"""

from __future__ import annotations

from pkgutil import extend_path

# Other distributions may install folders beside this one.
__path__ = extend_path(__path__, __name__)

from portfire.utils import checkpoint

__all__ = ["checkpoint"]
