"""Tables of rows."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn import init
from portfire.nn.functional._sparse import check_padding, refuse_sparse
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """What both tables share: the rows, and the one that stands for padding."""

    weight: Parameter

    def _setup(
        self,
        rows: int,
        size: int,
        padding_idx: int | None,
        given: Tensor | None,
        freeze: bool,
        factory: dict[str, Any],
    ) -> None:
        self.num_embeddings = rows
        self.embedding_dim = size
        if padding_idx is not None:
            padding_idx = check_padding(padding_idx, rows)
        self.padding_idx = padding_idx
        if given is not None:
            if list(given.shape) != [rows, size]:
                raise AssertionError(
                    "Shape of weight does not match num_embeddings and embedding_dim"
                )
            self.weight = Parameter(given, requires_grad=not freeze)
        else:
            empty = portfire.empty((rows, size), **factory)
            self.weight = Parameter(empty, requires_grad=not freeze)
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new rows, normally distributed; the one for padding becomes zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with portfire.no_grad():
                self.weight[self.padding_idx].fill_(0)


class Embedding(_Table):
    """Take rows of a table of parameters, by their positions.

    Args:
        num_embeddings: the number of rows.
        embedding_dim: their size.
        padding_idx: a row that is zero at first and gets no gradient.
        max_norm: rows that are taken and longer than this are shortened first.
        norm_type: the ``p`` of the norm.
        scale_grad_by_freq: whether a row's gradient is divided by how often it is taken.
        sparse: must be False: gradients are dense here.
        device: where the table lives.
        dtype: its type.

    Shape:
        - input: any, of int64 or int32.
        - output: ``(*, embedding_dim)``.

    Attributes:
        weight: ``(num_embeddings, embedding_dim)``, drawn from ``N(0, 1)``.

    Raises:
        AssertionError: when ``padding_idx`` is no row.
        NotImplementedError: for sparse gradients.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Embedding(10, 3, padding_idx=0)
        >>> layer(portfire.tensor([[1, 2, 4], [4, 3, 0]])).shape
        portfire.Size([2, 3, 3])
        >>> layer(portfire.tensor(0))
        tensor([0., 0., 0.], grad_fn=<EmbeddingBackward0>)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        refuse_sparse(sparse)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        factory = {"device": device, "dtype": dtype}
        self._setup(num_embeddings, embedding_dim, padding_idx, _weight, _freeze, factory)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """Make a layer of a given table.

        Args:
            embeddings: the table.
            freeze: whether it stays as it is in training.
            padding_idx: a row that gets no gradient.
            max_norm: see the class.
            norm_type: see the class.
            scale_grad_by_freq: see the class.
            sparse: see the class.

        Returns:
            The layer.

        Raises:
            AssertionError: for a table without two dimensions.

        Example:
            >>> import portfire
            >>> table = portfire.tensor([[1.0, 2.0], [3.0, 4.0]])
            >>> portfire.nn.Embedding.from_pretrained(table)(portfire.tensor([1]))
            tensor([[3., 4.]])
        """
        if embeddings.ndim != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, size = embeddings.shape
        return cls(
            rows,
            size,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def forward(self, input: Tensor) -> Tensor:
        """Take the rows; see `portfire.nn.functional.embedding`."""
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        """Return the sizes, and the options that differ from the defaults, as printed."""
        options = (("padding_idx", None), ("max_norm", None), ("norm_type", 2), *_LATER)
        return ", ".join([f"{self.num_embeddings}, {self.embedding_dim}", *_changed(self, options)])


class EmbeddingBag(_Table):
    """Take rows of a table of parameters in bags: the sum, mean or maximum of each bag.

    Args:
        num_embeddings: the number of rows.
        embedding_dim: their size.
        max_norm: rows that are taken and longer than this are shortened first.
        norm_type: the ``p`` of the norm.
        scale_grad_by_freq: whether a row's gradient is divided by how often it is taken.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        sparse: must be False: gradients are dense here.
        include_last_offset: whether the last offset is the end of the last bag.
        padding_idx: a row that is zero at first, counts nothing and gets no gradient.
        device: where the table lives.
        dtype: its type.

    Shape:
        - input: ``(bags, size)``, or ``(n,)`` with offsets ``(bags,)``.
        - output: ``(bags, embedding_dim)``.

    Attributes:
        weight: ``(num_embeddings, embedding_dim)``, drawn from ``N(0, 1)``.

    Raises:
        AssertionError: when ``padding_idx`` is no row.
        NotImplementedError: for sparse gradients.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.EmbeddingBag(10, 3, mode="sum")
        >>> layer(portfire.tensor([1, 2, 4, 5]), portfire.tensor([0, 3])).shape
        portfire.Size([2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        refuse_sparse(sparse)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset
        factory = {"device": device, "dtype": dtype}
        self._setup(num_embeddings, embedding_dim, padding_idx, _weight, False, factory)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """Make a layer of a given table.

        Args:
            embeddings: the table.
            freeze: whether it stays as it is in training.
            max_norm: see the class.
            norm_type: see the class.
            scale_grad_by_freq: see the class.
            mode: see the class.
            sparse: see the class.
            include_last_offset: see the class.
            padding_idx: see the class.

        Returns:
            The layer.

        Raises:
            AssertionError: for a table without two dimensions.

        Example:
            >>> import portfire
            >>> table = portfire.tensor([[1.0, 2.0], [3.0, 4.0]])
            >>> portfire.nn.EmbeddingBag.from_pretrained(table)(portfire.tensor([[0, 1]]))
            tensor([[2., 3.]])
        """
        if embeddings.ndim != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, size = embeddings.shape
        made = cls(
            rows,
            size,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            mode,
            sparse,
            embeddings,
            include_last_offset,
            padding_idx,
        )
        made.weight.requires_grad = not freeze
        return made

    def forward(
        self,
        input: Tensor,
        offsets: Tensor | None = None,
        per_sample_weights: Tensor | None = None,
    ) -> Tensor:
        """Take the bags; see `portfire.nn.functional.embedding_bag`."""
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """Return the sizes, and the options that differ from the defaults, as printed."""
        options = _changed(self, (("max_norm", None), ("norm_type", 2), *_LATER[:1]))
        padding = _changed(self, (("padding_idx", None),))
        sizes = f"{self.num_embeddings}, {self.embedding_dim}"
        return ", ".join([sizes, *options, f"mode={self.mode!r}", *padding])


_LATER: tuple[tuple[str, Any], ...] = (("scale_grad_by_freq", False), ("sparse", False))


def _changed(table: _Table, options: tuple[tuple[str, Any], ...]) -> list[str]:
    """The options that are not the default ones, as printed."""
    pairs = ((name, getattr(table, name), default) for name, default in options)
    return [f"{name}={value}" for name, value, default in pairs if value != default]
