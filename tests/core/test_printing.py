"""What tensors print: torch's text, character by character.

The expected texts are those of torch 2.13, with its name exchanged for ours.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import portfire

TEXTS = [
    ("portfire.tensor([1.0, 2.0])", "tensor([1., 2.])"),
    ("portfire.tensor([1.5, 2.25])", "tensor([1.5000, 2.2500])"),
    ("portfire.tensor(3.14159265)", "tensor(3.1416)"),
    ("portfire.tensor(5)", "tensor(5)"),
    ("portfire.tensor(True)", "tensor(True)"),
    ("portfire.tensor([True, False])", "tensor([ True, False])"),
    (
        "portfire.tensor([[1, 20], [300, 4]])",
        """\
tensor([[  1,  20],
        [300,   4]])""",
    ),
    ("portfire.tensor([])", "tensor([])"),
    ("portfire.zeros(0, 3)", "tensor([], size=(0, 3))"),
    ("portfire.zeros(2, 0, dtype=portfire.int64)", "tensor([], size=(2, 0), dtype=portfire.int64)"),
    ("portfire.tensor([], dtype=portfire.int64)", "tensor([], dtype=portfire.int64)"),
    ("portfire.tensor([1e-5, 1.0])", "tensor([1.0000e-05, 1.0000e+00])"),
    ("portfire.tensor([1e9, 1.0])", "tensor([1.0000e+09, 1.0000e+00])"),
    ("portfire.tensor([1e8, 1.0])", "tensor([1.0000e+08, 1.0000e+00])"),
    ("portfire.tensor([123456.789, 0.001])", "tensor([1.2346e+05, 1.0000e-03])"),
    (
        "portfire.tensor([1.0, portfire.nan, portfire.inf, -portfire.inf])",
        "tensor([1., nan, inf, -inf])",
    ),
    (
        "portfire.tensor([1.5, portfire.nan, portfire.inf, -portfire.inf])",
        "tensor([1.5000,    nan,    inf,   -inf])",
    ),
    ("portfire.tensor([portfire.nan])", "tensor([nan])"),
    ("portfire.tensor([portfire.inf, -portfire.inf])", "tensor([inf, -inf])"),
    ("portfire.tensor([0.0, -0.0])", "tensor([0., -0.])"),
    (
        "portfire.tensor([0.1, 0.2], dtype=portfire.float64)",
        "tensor([0.1000, 0.2000], dtype=portfire.float64)",
    ),
    ("portfire.tensor([1, 2], dtype=portfire.int32)", "tensor([1, 2], dtype=portfire.int32)"),
    ("portfire.tensor([1, 2], dtype=portfire.uint8)", "tensor([1, 2], dtype=portfire.uint8)"),
    (
        "portfire.tensor([0.1, 2], dtype=portfire.float16)",
        "tensor([0.1000, 2.0000], dtype=portfire.float16)",
    ),
    ("portfire.arange(2000)", "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
    (
        "portfire.arange(2000.).reshape(40, 50)",
        """\
tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 4.7000e+01, 4.8000e+01,
         4.9000e+01],
        [5.0000e+01, 5.1000e+01, 5.2000e+01,  ..., 9.7000e+01, 9.8000e+01,
         9.9000e+01],
        [1.0000e+02, 1.0100e+02, 1.0200e+02,  ..., 1.4700e+02, 1.4800e+02,
         1.4900e+02],
        ...,
        [1.8500e+03, 1.8510e+03, 1.8520e+03,  ..., 1.8970e+03, 1.8980e+03,
         1.8990e+03],
        [1.9000e+03, 1.9010e+03, 1.9020e+03,  ..., 1.9470e+03, 1.9480e+03,
         1.9490e+03],
        [1.9500e+03, 1.9510e+03, 1.9520e+03,  ..., 1.9970e+03, 1.9980e+03,
         1.9990e+03]])""",
    ),
    (
        "portfire.arange(30)",
        """\
tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])""",
    ),
    (
        "portfire.arange(24.).reshape(2, 3, 4)",
        """\
tensor([[[ 0.,  1.,  2.,  3.],
         [ 4.,  5.,  6.,  7.],
         [ 8.,  9., 10., 11.]],

        [[12., 13., 14., 15.],
         [16., 17., 18., 19.],
         [20., 21., 22., 23.]]])""",
    ),
    (
        "portfire.zeros(2, 2, 2, 2)",
        """\
tensor([[[[0., 0.],
          [0., 0.]],

         [[0., 0.],
          [0., 0.]]],


        [[[0., 0.],
          [0., 0.]],

         [[0., 0.],
          [0., 0.]]]])""",
    ),
    ("portfire.ones(2, requires_grad=True)", "tensor([1., 1.], requires_grad=True)"),
    ("portfire.ones(2, requires_grad=True)*2", "tensor([2., 2.], grad_fn=<MulBackward0>)"),
    (
        "portfire.ones(20, requires_grad=True)*1.23456",
        """\
tensor([1.2346, 1.2346, 1.2346, 1.2346, 1.2346, 1.2346, 1.2346, 1.2346, 1.2346,
        1.2346, 1.2346, 1.2346, 1.2346, 1.2346, 1.2346, 1.2346, 1.2346, 1.2346,
        1.2346, 1.2346], grad_fn=<MulBackward0>)""",
    ),
    (
        "portfire.arange(12000).reshape(10, 10, 120)",
        """\
tensor([[[    0,     1,     2,  ...,   117,   118,   119],
         [  120,   121,   122,  ...,   237,   238,   239],
         [  240,   241,   242,  ...,   357,   358,   359],
         ...,
         [  840,   841,   842,  ...,   957,   958,   959],
         [  960,   961,   962,  ...,  1077,  1078,  1079],
         [ 1080,  1081,  1082,  ...,  1197,  1198,  1199]],

        [[ 1200,  1201,  1202,  ...,  1317,  1318,  1319],
         [ 1320,  1321,  1322,  ...,  1437,  1438,  1439],
         [ 1440,  1441,  1442,  ...,  1557,  1558,  1559],
         ...,
         [ 2040,  2041,  2042,  ...,  2157,  2158,  2159],
         [ 2160,  2161,  2162,  ...,  2277,  2278,  2279],
         [ 2280,  2281,  2282,  ...,  2397,  2398,  2399]],

        [[ 2400,  2401,  2402,  ...,  2517,  2518,  2519],
         [ 2520,  2521,  2522,  ...,  2637,  2638,  2639],
         [ 2640,  2641,  2642,  ...,  2757,  2758,  2759],
         ...,
         [ 3240,  3241,  3242,  ...,  3357,  3358,  3359],
         [ 3360,  3361,  3362,  ...,  3477,  3478,  3479],
         [ 3480,  3481,  3482,  ...,  3597,  3598,  3599]],

        ...,

        [[ 8400,  8401,  8402,  ...,  8517,  8518,  8519],
         [ 8520,  8521,  8522,  ...,  8637,  8638,  8639],
         [ 8640,  8641,  8642,  ...,  8757,  8758,  8759],
         ...,
         [ 9240,  9241,  9242,  ...,  9357,  9358,  9359],
         [ 9360,  9361,  9362,  ...,  9477,  9478,  9479],
         [ 9480,  9481,  9482,  ...,  9597,  9598,  9599]],

        [[ 9600,  9601,  9602,  ...,  9717,  9718,  9719],
         [ 9720,  9721,  9722,  ...,  9837,  9838,  9839],
         [ 9840,  9841,  9842,  ...,  9957,  9958,  9959],
         ...,
         [10440, 10441, 10442,  ..., 10557, 10558, 10559],
         [10560, 10561, 10562,  ..., 10677, 10678, 10679],
         [10680, 10681, 10682,  ..., 10797, 10798, 10799]],

        [[10800, 10801, 10802,  ..., 10917, 10918, 10919],
         [10920, 10921, 10922,  ..., 11037, 11038, 11039],
         [11040, 11041, 11042,  ..., 11157, 11158, 11159],
         ...,
         [11640, 11641, 11642,  ..., 11757, 11758, 11759],
         [11760, 11761, 11762,  ..., 11877, 11878, 11879],
         [11880, 11881, 11882,  ..., 11997, 11998, 11999]]])""",
    ),
    (
        "portfire.full((3, 3), 1e-6)",
        """\
tensor([[1.0000e-06, 1.0000e-06, 1.0000e-06],
        [1.0000e-06, 1.0000e-06, 1.0000e-06],
        [1.0000e-06, 1.0000e-06, 1.0000e-06]])""",
    ),
    (
        "portfire.tensor([[1.5, -2.25], [1000.125, 3]])",
        """\
tensor([[   1.5000,   -2.2500],
        [1000.1250,    3.0000]])""",
    ),
    ("portfire.ones(1001)", "tensor([1., 1., 1.,  ..., 1., 1., 1.])"),
    (
        "portfire.ones(1000)[:12]*1.5",
        """\
tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,
        1.5000, 1.5000, 1.5000])""",
    ),
    (
        "portfire.ones(2, 3, dtype=portfire.float64, requires_grad=True)",
        """\
tensor([[1., 1., 1.],
        [1., 1., 1.]], dtype=portfire.float64, requires_grad=True)""",
    ),
    ("portfire.tensor([99999999.0, 1.0])", "tensor([1.0000e+08, 1.0000e+00])"),
    ("portfire.tensor([1e-4, 0.5])", "tensor([1.0000e-04, 5.0000e-01])"),
    ("portfire.tensor([9.9e-5, 0.05])", "tensor([9.9000e-05, 5.0000e-02])"),
    ("portfire.tensor([1.0, 1001.0])", "tensor([1.0000e+00, 1.0010e+03])"),
    ("portfire.tensor([1.0, 1000.5])", "tensor([1.0000e+00, 1.0005e+03])"),
    (
        "portfire.tensor([65504.0], dtype=portfire.float16)",
        "tensor([65504.], dtype=portfire.float16)",
    ),
    ("portfire.tensor(1e-10)", "tensor(1.0000e-10)"),
    ("portfire.tensor(1e10)", "tensor(1.0000e+10)"),
    ("portfire.tensor(-7.0)", "tensor(-7.)"),
    ("portfire.tensor(2.5, requires_grad=True)", "tensor(2.5000, requires_grad=True)"),
    ("portfire.tensor([-1, -20])", "tensor([ -1, -20])"),
    (
        "(portfire.ones(2, 2, requires_grad=True)@portfire.ones(2, 2))",
        """\
tensor([[2., 2.],
        [2., 2.]], grad_fn=<MmBackward0>)""",
    ),
    ("portfire.ones(2, requires_grad=True).sum()", "tensor(2., grad_fn=<SumBackward0>)"),
    ("portfire.ones(2, requires_grad=True).mean()", "tensor(1., grad_fn=<MeanBackward0>)"),
    (
        "portfire.ones(2, 2, requires_grad=True)[0:1]",
        "tensor([[1., 1.]], grad_fn=<SliceBackward0>)",
    ),
    (
        "portfire.ones(2, 2, requires_grad=True).view(4)",
        "tensor([1., 1., 1., 1.], grad_fn=<ViewBackward0>)",
    ),
    ("-portfire.ones(2, requires_grad=True)", "tensor([-1., -1.], grad_fn=<NegBackward0>)"),
    (
        "portfire.ones(2, requires_grad=True).exp()",
        "tensor([2.7183, 2.7183], grad_fn=<ExpBackward0>)",
    ),
    ("portfire.ones(2, requires_grad=True)**3.5", "tensor([1., 1.], grad_fn=<PowBackward0>)"),
    ("portfire.ones(2, requires_grad=True)-1", "tensor([0., 0.], grad_fn=<SubBackward0>)"),
    ("portfire.ones(2, requires_grad=True)/2", "tensor([0.5000, 0.5000], grad_fn=<DivBackward0>)"),
    ("portfire.ones(2, requires_grad=True).clone()", "tensor([1., 1.], grad_fn=<CloneBackward0>)"),
    (
        "portfire.cat([portfire.ones(2, requires_grad=True)]*2)",
        "tensor([1., 1., 1., 1.], grad_fn=<CatBackward0>)",
    ),
    (
        "portfire.relu(portfire.ones(2, requires_grad=True))",
        "tensor([1., 1.], grad_fn=<ReluBackward0>)",
    ),
    (
        "portfire.ones(2, requires_grad=True).sigmoid()",
        "tensor([0.7311, 0.7311], grad_fn=<SigmoidBackward0>)",
    ),
    (
        "portfire.softmax(portfire.ones(2, requires_grad=True), 0)",
        "tensor([0.5000, 0.5000], grad_fn=<SoftmaxBackward0>)",
    ),
    (
        "portfire.ones(1, 2, requires_grad=True).expand(3, 2)",
        """\
tensor([[1., 1.],
        [1., 1.],
        [1., 1.]], grad_fn=<ExpandBackward0>)""",
    ),
    (
        "portfire.ones(2, 3, requires_grad=True).permute(1, 0)",
        """\
tensor([[1., 1.],
        [1., 1.],
        [1., 1.]], grad_fn=<PermuteBackward0>)""",
    ),
    (
        "portfire.ones(2, requires_grad=True).double()",
        "tensor([1., 1.], dtype=portfire.float64, grad_fn=<ToCopyBackward0>)",
    ),
    (
        "portfire.ones(2, requires_grad=True)[portfire.tensor([0])]",
        "tensor([1.], grad_fn=<IndexBackward0>)",
    ),
    (
        "portfire.where(portfire.tensor([True, False]), portfire.ones(2, requires_grad=True), 0.0)",
        "tensor([1., 0.], grad_fn=<WhereBackward0>)",
    ),
    (
        "portfire.ones(4, requires_grad=True).reshape(2, 2)",
        """\
tensor([[1., 1.],
        [1., 1.]], grad_fn=<ViewBackward0>)""",
    ),
    (
        "portfire.ones(2, 3, requires_grad=True).flatten()",
        "tensor([1., 1., 1., 1., 1., 1.], grad_fn=<ViewBackward0>)",
    ),
]


@pytest.fixture(autouse=True)
def _default_options() -> Iterator[None]:
    yield
    portfire.set_printoptions(profile="default")


@pytest.mark.parametrize(("expression", "expected"), TEXTS, ids=[e for e, _ in TEXTS])
def test_text(expression: str, expected: str) -> None:
    with portfire.device("cpu"):
        assert repr(eval(expression)) == expected


def test_the_device_is_printed_where_it_is_not_the_host(device: str) -> None:
    x = portfire.tensor([1.0, 2.0], device=device)
    suffix = "" if device == "cpu" else f", device='{x.device}'"
    assert repr(x) == f"tensor([1., 2.]{suffix})"
    assert str(x) == repr(x)


def test_precision() -> None:
    portfire.set_printoptions(precision=2)
    assert repr(portfire.tensor([3.14159, 10.0], device="cpu")) == "tensor([ 3.14, 10.00])"


def test_scientific_mode_can_be_forced() -> None:
    x = portfire.tensor([1.0, 250.0], device="cpu")
    portfire.set_printoptions(sci_mode=True)
    assert repr(x) == "tensor([1.0000e+00, 2.5000e+02])"
    portfire.set_printoptions(sci_mode=False)
    assert repr(portfire.tensor([1e-5, 1.0], device="cpu")) == "tensor([0.0000, 1.0000])"


def test_threshold_and_edges_of_a_summary() -> None:
    portfire.set_printoptions(threshold=5, edgeitems=2)
    assert repr(portfire.arange(9, device="cpu")) == "tensor([0, 1,  ..., 7, 8])"


def test_line_width() -> None:
    portfire.set_printoptions(linewidth=20)
    assert repr(portfire.arange(6, device="cpu")) == "tensor([0, 1, 2, 3,\n        4, 5])"


def test_profiles() -> None:
    portfire.set_printoptions(profile="short")
    assert repr(portfire.tensor([1.23456], device="cpu")) == "tensor([1.23])"
    portfire.set_printoptions(profile="full")
    assert "..." not in repr(portfire.arange(1500, device="cpu"))
    with pytest.raises(ValueError, match="profile must be one of"):
        portfire.set_printoptions(profile="loud")


def test_sizes_dtypes_and_devices() -> None:
    assert repr(portfire.ones(2, 3).shape) == "portfire.Size([2, 3])"
    assert repr(portfire.Size([])) == "portfire.Size([])"
    assert repr(portfire.float32) == "portfire.float32"
    assert repr(portfire.bool) == "portfire.bool"
    assert repr(portfire.device("opencl:1")) == "device(type='opencl', index=1)"
    assert str(portfire.device("opencl:1")) == "opencl:1"


def test_format() -> None:
    x = portfire.tensor(3.14159)
    assert f"{x:.2f}" == "3.14"
    assert f"{portfire.tensor([1.5], device='cpu')}" == "tensor([1.5000])"
    with pytest.raises(TypeError, match="unsupported format string"):
        f"{portfire.ones(2):.2f}"
