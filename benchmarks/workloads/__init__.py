"""What is measured: one table.

A row has a function `setup(t, device, **sizes) -> step`. `t` is the library (torch, or portfire,
which has torch's names), so the same text runs in both. `step()` does the work once and returns a
tensor by which the results are compared; numbers come from NumPy, so that all libraries get the
same. A new row is a function (or a call of one with other sizes) and a line in a table here. The
libraries with other names (`benchmarks.rivals`) have their own text under the function's name.
"""

from __future__ import annotations

from functools import partial

from benchmarks.workloads import kernels as k
from benchmarks.workloads import training as m
from benchmarks.workloads.row import FLOAT, GIGA, MEGA, Row, Step

__all__ = ["GIGA", "MEGA", "ROWS", "Row", "Step"]

CEILINGS = (
    Row("copy 64M floats", partial(k.copy, count=64_000_000), nbytes=8 * 64e6, ceiling=True),
    Row(
        "matmul 2048, alone", partial(k.matmul, size=2048), 1e-3, flops=2.0 * 2048**3, ceiling=True
    ),
)

TRAINING = (
    Row("MLP 784-256-256-10, Adam, batch 32", partial(m.mlp, batch=32), flops=m.mlp_flops(32)),
    Row(
        "the same through `compile`",
        partial(m.mlp, batch=32, compiled=True),
        flops=m.mlp_flops(32),
    ),
    Row("MLP 784-256-256-10, Adam, batch 256", partial(m.mlp, batch=256), flops=m.mlp_flops(256)),
    Row("CNN 32-64-128, 28x28, Adam, batch 64", partial(m.cnn, batch=64), flops=m.cnn_flops(64)),
    Row(
        "ResNet 16-32-64, BatchNorm, 32x32, SGD, batch 32",
        partial(m.resnet, batch=32),
        1e-3,
        flops=m.resnet_flops(32),
    ),
    Row(
        "LSTM 2 layers 64-128, sequence 50, Adam, batch 32",
        partial(m.lstm, batch=32, length=50),
        flops=m.lstm_flops(32, 50),
    ),
    Row(
        "GPT 2 layers, d 128, 4 heads, sequence 64, AdamW, batch 8",
        partial(m.gpt, batch=8, length=64),
        flops=m.gpt_flops(8, 64),
    ),
)

SQUARE = 4096 * 4096 * FLOAT
ROWS_OF = 4096 * 1024 * FLOAT
IMAGE = 32 * 64 * 32 * 32 * FLOAT
CONV = 2.0 * 32 * 32 * 32 * 64 * 64 * 9

MEMORY = tuple(
    Row(name, setup, nbytes=nbytes, group="memory")
    for name, setup, nbytes in (
        ("`tanh(x*y+x)*0.5+y`, 10M", partial(k.chain, count=10_000_000), 3 * FLOAT * 10e6),
        ("`x*2+1`, 10M", partial(k.scale, count=10_000_000), 2 * FLOAT * 10e6),
        ("softmax (4096, 1024), forward", k.softmax, 2 * ROWS_OF),
        ("softmax (4096, 1024), backward", partial(k.softmax, backward=True), 3 * ROWS_OF),
        ("layer_norm (4096, 1024), forward", k.layer_norm, 2 * ROWS_OF),
        ("layer_norm (4096, 1024), backward", partial(k.layer_norm, backward=True), 3 * ROWS_OF),
        ("sum of (4096, 4096), dimension 0", partial(k.total, dim=0), SQUARE),
        ("sum of (4096, 4096), dimension 1", partial(k.total, dim=1), SQUARE),
        ("sum of (4096, 4096), all", partial(k.total, dim=None), SQUARE),
        ("transpose (4096, 4096)", k.transpose, 2 * SQUARE),
        ("NCHW to NHWC (32, 64, 32, 32)", k.channels_last, 2 * IMAGE),
        ("cumsum (4096, 1024), rows", k.cumsum, 2 * ROWS_OF),
        ("cumsum of 4M", partial(k.cumsum_flat, count=1 << 22), 2 * FLOAT * (1 << 22)),
        ("sort of 1M", partial(k.sort, count=1_000_000), None),
        ("topk 8 of (4096, 1024)", partial(k.topk, count=8), ROWS_OF),
        ("embedding 8192 rows of 256", k.embedding, 2 * FLOAT * 8192 * 256),
        ("scatter_add 8192 rows of 256 into 1000", k.scatter_add, FLOAT * 8192 * 256),
        ("max_pool2d 2x2 (32, 64, 32, 32)", k.max_pool, 1.25 * IMAGE),
    )
)

PRODUCTS = tuple(
    Row(name, setup, 1e-3, flops=flops, group="products")
    for name, setup, flops in (
        ("matmul 1024", partial(k.matmul, size=1024), 2.0 * 1024**3),
        ("matmul 2048", partial(k.matmul, size=2048), 2.0 * 2048**3),
        ("matmul (32, 128, 128) in batches", k.batched, 2.0 * 32 * 128**3),
        ("matmul 32x784 by 784x256, NT", partial(k.skinny, form="NT"), 2.0 * 32 * 784 * 256),
        ("matmul 32x256 by 256x784, NN", partial(k.skinny, form="NN"), 2.0 * 32 * 784 * 256),
        ("matmul 256x32 by 32x784, TN", partial(k.skinny, form="TN"), 2.0 * 32 * 784 * 256),
        *(
            (f"conv2d 3x3 64-64 (32, 64, 32, 32), {part}", partial(k.conv, part=part), CONV)
            for part in k.PARTS
        ),
        *(
            (f"conv2d {name}, {part}", partial(k.conv, part=part, kind=kind), None)
            for name, kind in k.CONVOLUTIONS.items()
            for part in k.PARTS
        ),
    )
)

ROWS = (*CEILINGS, *TRAINING, *MEMORY, *PRODUCTS)
