"""Layers that resize."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.module import Module

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]


class Upsample(Module):
    """Resize signals, images or volumes.

    Args:
        size: the new size, one number for all dimensions or one for each.
        scale_factor: the new size as a multiple of the old one, likewise.
        mode: ``"nearest"``, ``"linear"`` (signals), ``"bilinear"`` or ``"bicubic"`` (images),
            ``"trilinear"`` (volumes), and the others of `portfire.nn.functional.interpolate`.
        align_corners: whether the centers of the corner elements stay where they are, and not the
            outer edges.
        recompute_scale_factor: whether the scale is that of the rounded sizes.

    Shape:
        - input: ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``.
        - output: the same with other sizes in place of the last one, two or three.

    Example:
        >>> import portfire
        >>> portfire.nn.Upsample(scale_factor=2)(portfire.tensor([[[1.0, 3.0]]]))
        tensor([[[1., 1., 3., 3.]]])
    """

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor: float | tuple[float, ...] | None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple(float(factor) for factor in scale_factor)
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Resize; see `portfire.nn.functional.interpolate`."""
        return F.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        """Return the size and the mode, as printed."""
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Resize images by the nearest pixels; `Upsample` is the general form.

    Args:
        size: the new height and width.
        scale_factor: the new size as a multiple of the old one.

    Shape:
        - input: ``(N, C, H, W)``.
        - output: ``(N, C, H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.UpsamplingNearest2d(scale_factor=2)(portfire.ones(1, 1, 2, 3)).shape
        portfire.Size([1, 1, 4, 6])
    """

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
    ) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Resize images by lines between corners that stay; `Upsample` is the general form.

    Args:
        size: the new height and width.
        scale_factor: the new size as a multiple of the old one.

    Shape:
        - input: ``(N, C, H, W)``.
        - output: ``(N, C, H', W')``.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.UpsamplingBilinear2d(size=(1, 3))
        >>> layer(portfire.tensor([[[[1.0, 3.0]]]]))
        tensor([[[[1., 2., 3.]]]])
    """

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
    ) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
