"""Linear algebra under the names of ``torch.linalg``.

Decompositions run on the cpu, through LAPACK. A device that lacks them raises, and says so, unless
`portfire.fallback` is asked for.

Example:
    >>> import portfire
    >>> A = portfire.tensor([[2.0, 0.0], [0.0, 4.0]])
    >>> portfire.linalg.solve(A, portfire.ones(2))
    tensor([0.5000, 0.2500])
"""

from portfire._functions.linalg import matmul
from portfire._functions.products import matrix_power
from portfire.linalg._checks import LinAlgError
from portfire.linalg._decompositions import (
    cholesky,
    cholesky_ex,
    det,
    eigh,
    eigvalsh,
    matrix_rank,
    pinv,
    qr,
    slogdet,
    svd,
    svdvals,
)
from portfire.linalg._norms import (
    cond,
    cross,
    diagonal,
    matrix_norm,
    multi_dot,
    norm,
    vander,
    vecdot,
    vector_norm,
)
from portfire.linalg._solving import inv, inv_ex, lstsq, solve, solve_ex, solve_triangular

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "inv_ex",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "vander",
    "vecdot",
    "vector_norm",
]
