"""The operators, one record each: shape rule, NumPy reference, gradient, samples, wrong calls.

Example:
    >>> import portfire.ops
    >>> portfire.ops.lookup("exp").kind.value
    'elementwise'
"""

from portfire.ops import (  # noqa: F401  (importing the families registers their operators)
    _along,
    _bits,
    _composite,
    _contraction,
    _elementwise,
    _indexing,
    _integer,
    _linalg,
    _movement,
    _reduction,
    _scan,
    _sorting,
    _source,
    _special,
    _strided,
)
from portfire.ops._record import (
    Kind,
    Operator,
    Sample,
    Spec,
    WrongCall,
    lookup,
    register,
    registry,
)

__all__ = ["Kind", "Operator", "Sample", "Spec", "WrongCall", "lookup", "register", "registry"]
