"""Convolutions, pooling, borders and resampling against torch: values, gradients, printed forms."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import portfire
import portfire.nn
from portfire import testing as kit

rng = np.random.default_rng(12)


def draw(*shape: int) -> Any:
    return rng.uniform(-2, 2, shape)


LINE = draw(2, 4, 11)
IMAGE = draw(2, 4, 7, 9)
VOLUME = draw(2, 4, 5, 6, 7)
BLOCK = draw(1, 8, 3, 4)

# Each is made on both sides by the same words; then comes the input.
LAYERS: list[tuple[str, Any]] = [
    ("Conv1d(4, 6, 3)", LINE),
    ("Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2, bias=False)", LINE[0]),
    ("Conv1d(4, 6, 4, padding='same')", LINE),
    ("Conv1d(4, 6, 3, padding=2, padding_mode='circular')", LINE),
    ("Conv2d(4, 6, 3, padding='same', dilation=2, padding_mode='reflect')", IMAGE),
    ("Conv2d(4, 6, (2, 3), padding=(1, 2), padding_mode='replicate')", IMAGE[0]),
    ("Conv3d(4, 6, 3)", VOLUME),
    ("Conv3d(4, 4, (2, 1, 3), stride=(1, 2, 1), padding=(0, 1, 1), groups=4)", VOLUME[0]),
    ("Conv3d(4, 2, 2, padding='valid', dilation=2)", VOLUME),
    ("Conv3d(4, 2, 3, padding=1, padding_mode='reflect')", VOLUME),
    ("ConvTranspose1d(4, 6, 3)", LINE),
    ("ConvTranspose1d(4, 6, 3, 3, 1, 2, groups=2, dilation=2)", LINE[0]),
    ("ConvTranspose1d(4, 2, 3, 1, 0, 3, dilation=4)", LINE),
    ("ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1)", IMAGE),
    ("ConvTranspose2d(4, 6, (2, 3), (1, 2), bias=False)", IMAGE[0]),
    ("ConvTranspose2d(4, 4, 3, 2, 2, 1, groups=4, dilation=(1, 2))", IMAGE),
    ("ConvTranspose3d(4, 2, 2, stride=2)", VOLUME),
    ("ConvTranspose3d(4, 2, (1, 2, 3), (1, 2, 1), (0, 1, 1), (0, 1, 0))", VOLUME[0]),
    ("MaxPool1d(3)", LINE),
    ("MaxPool1d(3, 2, 1, 2, ceil_mode=True)", LINE[0]),
    ("MaxPool2d((2, 3), (1, 2), (1, 0))", IMAGE),
    ("MaxPool3d(2)", VOLUME),
    ("MaxPool3d((2, 3, 2), (1, 2, 2), (1, 1, 0), (1, 1, 2), ceil_mode=True)", VOLUME[0]),
    ("AvgPool1d(3)", LINE),
    ("AvgPool1d(3, 2, 1, True)", LINE[0]),
    ("AvgPool1d(4, 3, 2, True, False)", LINE),
    ("AvgPool2d(2)", IMAGE),
    ("AvgPool2d(3, 2, 1, True)", IMAGE),
    ("AvgPool2d((2, 3), (2, 1), (1, 0), False, False)", IMAGE[0]),
    ("AvgPool2d(3, 3, 1, True, False, 5)", IMAGE),
    ("AvgPool3d(2)", VOLUME),
    ("AvgPool3d(3, 2, 1, True, False)", VOLUME[0]),
    ("AvgPool3d((1, 2, 3), 1, divisor_override=2)", VOLUME),
    ("LPPool1d(2, 3, ceil_mode=True)", LINE),
    ("LPPool2d(2, (2, 3), stride=1)", IMAGE),
    ("LPPool3d(4, 2)", VOLUME),
    ("AdaptiveAvgPool1d(4)", LINE),
    ("AdaptiveAvgPool2d((3, None))", IMAGE),
    ("AdaptiveAvgPool2d(1)", IMAGE[0]),
    ("AdaptiveAvgPool2d((9, 4))", IMAGE),
    ("AdaptiveAvgPool3d((2, 3, 5))", VOLUME),
    ("AdaptiveMaxPool1d(4)", LINE),
    ("AdaptiveMaxPool2d((3, None))", IMAGE),
    ("AdaptiveMaxPool2d(1)", IMAGE[0]),
    ("AdaptiveMaxPool3d((2, 4, 5))", VOLUME),
    ("ConstantPad2d((1, 2, 3, -1), 0.5)", IMAGE),
    ("ZeroPad1d(2)", LINE),
    ("ZeroPad3d((1, 0, 0, 1, -1, 2))", VOLUME),
    ("ReflectionPad1d((3, 2))", LINE),
    ("ReflectionPad3d(2)", VOLUME[0]),
    ("ReplicationPad2d(3)", IMAGE[0]),
    ("CircularPad2d((2, 1, 3, 0))", IMAGE),
    ("Upsample(scale_factor=2)", LINE),
    ("Upsample(scale_factor=(1.7, 0.6))", IMAGE),
    ("Upsample(size=(5, 12), mode='nearest-exact')", IMAGE),
    ("Upsample(13, mode='linear')", LINE),
    ("Upsample(scale_factor=2.3, mode='bilinear')", IMAGE),
    ("Upsample(scale_factor=2.3, mode='bilinear', recompute_scale_factor=True)", IMAGE),
    ("Upsample((14, 5), mode='bicubic')", IMAGE),
    ("Upsample(scale_factor=0.6, mode='bicubic', align_corners=True)", IMAGE),
    ("Upsample((7, 5, 9), mode='trilinear')", VOLUME),
    ("Upsample(size=3, mode='trilinear', align_corners=True)", VOLUME),
    ("Upsample((3, 12), mode='area')", IMAGE),
    ("UpsamplingNearest2d(scale_factor=3)", IMAGE),
    ("UpsamplingBilinear2d(size=(11, 4))", IMAGE),
    ("PixelShuffle(2)", BLOCK),
    ("PixelUnshuffle(3)", draw(2, 3, 6, 9)),
    ("Unfold((2, 3), dilation=(2, 1), padding=1, stride=2)", IMAGE),
    ("Unfold(3)", IMAGE[0]),
    ("Fold((6, 7), (2, 3), padding=1, stride=(2, 1), dilation=(1, 2))", draw(2, 12, 20)),
    ("Fold((4, 4), 2)", draw(8, 9)),
]


def total(out: Any, make: Any) -> Any:
    weights = np.random.default_rng(5).uniform(0.5, 1.5, tuple(out.shape))
    return (out * make(weights)).sum()


def check(ours: Any, theirs: Any, what: str) -> None:
    kit.assert_close(
        ours.detach(), theirs.detach().numpy(), kit.Tolerance(1e-9, 1e-10), message=what
    )


@pytest.mark.parametrize(("source", "array"), LAYERS, ids=[source for source, _ in LAYERS])
def test_layer(source: str, array: Any) -> None:
    theirs = eval(source, vars(torch.nn)).double()
    ours = eval(source, vars(portfire.nn)).double()
    assert repr(ours) == repr(theirs)
    state = {n: portfire.tensor(t.numpy()) for n, t in theirs.state_dict().items()}
    ours.load_state_dict(state)
    x, y = portfire.tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a, b = ours(x), theirs(y)
    check(a, b, "value")
    total(a, portfire.tensor).backward()
    total(b, torch.tensor).backward()
    for p, q in zip([x, *ours.parameters()], [y, *theirs.parameters()], strict=True):
        check(p.grad, q.grad, "gradient")


# The functions of both, by the same words.
CALLS: dict[str, tuple[Any, Any]] = {
    "pad": (lambda f, x: f.pad(x, (1, -2, 0, 3)), IMAGE),
    "pad value": (lambda f, x: f.pad(x, (1, -2, 0, 3), value=2.5), IMAGE),
    "pad channels": (lambda f, x: f.pad(x, (0, 0, 0, 0, 1, 2), "constant", -1.0), IMAGE),
    "pad nothing": (lambda f, x: f.pad(x, (0, 0)), IMAGE),
    "reflect": (lambda f, x: f.pad(x, (3, 2, 4, 0), "reflect"), IMAGE),
    "reflect and cut": (lambda f, x: f.pad(x, (3, -2), "reflect"), LINE),
    "replicate": (lambda f, x: f.pad(x, (3, 2, 9, 0), "replicate"), IMAGE),
    "replicate volume": (lambda f, x: f.pad(x, (3, 2, 1, 0, 1, 1), "replicate"), VOLUME),
    "replicate and cut": (lambda f, x: f.pad(x, (-1, 2), "replicate"), LINE[0]),
    "circular": (lambda f, x: f.pad(x, (9, 2, 4, 7), "circular"), IMAGE[0]),
    "circular volume": (lambda f, x: f.pad(x, (3, 2, 1, 0, 1, 1), "circular"), VOLUME),
    "max positions 1": (lambda f, x: f.max_pool1d(x, 3, 2, 1, 2, True, True)[1], LINE),
    "max positions 3": (lambda f, x: f.max_pool3d(x, (2, 3, 2), 1, 1, 1, False, True)[1], VOLUME),
    "adaptive positions 2": (lambda f, x: f.adaptive_max_pool2d(x, (3, 4), True)[1], IMAGE),
    "adaptive positions 3": (lambda f, x: f.adaptive_max_pool3d(x, (3, 4, 2), True)[1], VOLUME),
    "unpool 1": (lambda f, x: f.max_unpool1d(*f.max_pool1d(x, 2, return_indices=True), 2), LINE),
    "unpool 2": (
        lambda f, x: f.max_unpool2d(
            *f.max_pool2d(x, 2, return_indices=True), 2, output_size=(7, 9)
        ),
        IMAGE,
    ),
    "unpool 3": (
        lambda f, x: f.max_unpool3d(
            *f.max_pool3d(x, (1, 2, 3), return_indices=True), (1, 2, 3), output_size=x.shape
        ),
        VOLUME,
    ),
    "antialias": (lambda f, x: f.interpolate(x, (3, 4), mode="bilinear", antialias=True), IMAGE),
    "antialias cubic": (
        lambda f, x: f.interpolate(x, scale_factor=0.4, mode="bicubic", antialias=True),
        IMAGE,
    ),
    "antialias corners": (
        lambda f, x: f.interpolate(x, (3, 12), mode="bilinear", antialias=True, align_corners=True),
        IMAGE,
    ),
    "nearest of bytes": (
        lambda f, x: f.interpolate((x * 9).abs().to(x.dtype).round(), (4, 7)),
        IMAGE,
    ),
    "avg of integers": (lambda f, x: f.avg_pool2d((x * 9).long(), 2), IMAGE),
}


@pytest.mark.parametrize("name", CALLS)
def test_function(name: str) -> None:
    call, array = CALLS[name]
    x, y = portfire.tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    a, b = call(portfire.nn.functional, x), call(torch.nn.functional, y)
    check(a, b, "value")
    if b.requires_grad:
        total(a, portfire.tensor).backward()
        total(b, torch.tensor).backward()
        check(x.grad, y.grad, "gradient")


GRIDS = {2: draw(2, 3, 5, 2) * 0.8, 3: draw(2, 3, 2, 4, 3) * 0.8}


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize(
    ("rank", "mode"),
    [(2, "bilinear"), (2, "nearest"), (2, "bicubic"), (3, "bilinear"), (3, "nearest")],
)
def test_grid_sample(rank: int, mode: str, padding: str, align: bool) -> None:
    found = []
    for m, f in ((portfire, portfire.nn.functional), (torch, torch.nn.functional)):
        x = m.tensor({2: IMAGE, 3: VOLUME}[rank], requires_grad=True)
        grid = m.tensor(GRIDS[rank], requires_grad=True)
        out = f.grid_sample(x, grid, mode, padding, align)
        total(out, m.tensor).backward()
        found.append((out, x.grad, m.zeros(1) if mode == "nearest" else grid.grad))
    for ours, theirs, what in zip(*found, ("value", "gradient", "gradient of grid"), strict=True):
        check(ours, theirs, what)


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("size", [(2, 1, 4, 3), (2, 1, 5, 2), (2, 1, 2, 3, 4)])
def test_affine_grid(size: Any, align: bool) -> None:
    rank = len(size) - 2
    maps = draw(2, rank, rank + 1)
    found = []
    for m, f in ((portfire, portfire.nn.functional), (torch, torch.nn.functional)):
        theta = m.tensor(maps, requires_grad=True)
        out = f.affine_grid(theta, size, align)
        total(out, m.tensor).backward()
        found.append((out, theta.grad))
    for ours, theirs, what in zip(*found, ("value", "gradient"), strict=True):
        check(ours, theirs, what)
