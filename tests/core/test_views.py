"""Views share elements: what is written through one alias is seen by all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire

VIEWS = {
    "select": lambda x: x[1],
    "slice": lambda x: x[1:3],
    "step": lambda x: x[::2, 1::2],
    "transpose": lambda x: x.t(),
    "T": lambda x: x.T,
    "permute": lambda x: x.permute(1, 0),
    "view": lambda x: x.view(2, 8),
    "view of one dimension": lambda x: x.view(-1),
    "reshape": lambda x: x.reshape(8, 2),
    "flatten": lambda x: x.flatten(),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "squeeze": lambda x: x.unsqueeze(0).squeeze(0),
    "detach": lambda x: x.detach(),
    "data": lambda x: x.data,
    "narrow": lambda x: x.narrow(0, 1, 2),
    "ellipsis": lambda x: x[..., 2],
    "none": lambda x: x[None, 1:, 2],
    "whole": lambda x: x[:],
    "unbind": lambda x: x.unbind(1)[2],
    "split": lambda x: x.split(2)[1],
    "chunk": lambda x: x.chunk(2, 1)[0],
    "diagonal": lambda x: x.diagonal(),
    "diagonal above": lambda x: x.diagonal(1),
    "diagonal of a transpose": lambda x: x.t().diagonal(-1),
    "diagonal of a part": lambda x: x[1:, :3].diagonal(),
    "unfold": lambda x: x.unfold(1, 2, 2),
    "unfold with gaps": lambda x: x.unfold(0, 1, 3),
    "as_strided": lambda x: x.as_strided((2, 3), (8, 1), 1),
    "as_strided of a view": lambda x: x[1:].as_strided((2, 2), (1, 8)),
    "row of an expansion": lambda x: x.unsqueeze(0).expand(3, 4, 4)[1],
    "number as a tensor": lambda x: x[portfire.tensor(2)],
    "tensor_split": lambda x: x.tensor_split(3, 1)[0],
    "hsplit": lambda x: x.hsplit(2)[1],
    "mH": lambda x: x.mH,
    "adjoint": lambda x: x.adjoint(),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "view of a view": lambda x: x[1:].t()[::2],
    "movedim": lambda x: x.movedim(0, 1),
    "expand to itself": lambda x: x.expand(4, 4),
}


def base(device: str) -> portfire.Tensor:
    return portfire.arange(16.0, device=device).reshape(4, 4).clone()


@pytest.mark.parametrize("name", VIEWS)
def test_writing_through_a_view_is_seen_in_the_base(name: str, device: str) -> None:
    x = base(device)
    view = VIEWS[name](x)
    before = set(view.reshape(-1).tolist())
    view.mul_(-1)
    changed = {-v for v in x.reshape(-1).tolist() if v < 0}
    assert changed == before - {0.0}


@pytest.mark.parametrize("name", VIEWS)
def test_writing_to_the_base_is_seen_in_a_view(name: str, device: str) -> None:
    x = base(device)
    view = VIEWS[name](x)
    expected = (view * 10).tolist()
    x.mul_(10)
    assert view.tolist() == expected


def test_views_see_each_other(device: str) -> None:
    x = base(device)
    rows, columns = x[1], x[:, 2]
    rows.fill_(7)
    assert columns.tolist() == [2, 7, 10, 14]
    columns[1] = -1
    assert rows.tolist() == [7, 7, -1, 7]


def test_an_element_of_data_changes_a_parameter(device: str) -> None:
    weight = portfire.ones(2, 2, device=device, requires_grad=True)
    alias = weight
    weight.data[0, 0] = 100
    assert alias[0, 0].item() == 100
    assert weight.requires_grad
    assert weight.is_leaf


def test_setting_data_replaces_the_elements(device: str) -> None:
    x = portfire.ones(2, device=device, requires_grad=True)
    x.data = portfire.zeros(3, device=device)
    assert x.shape == (3,)
    assert x.requires_grad


@pytest.mark.parametrize(
    "copy",
    [
        lambda x: x.clone(),
        lambda x: x + 0,
        lambda x: x[[0, 1, 2, 3]],
        lambda x: portfire.cat([x]),
        lambda x: x.t().reshape(16),
        lambda x: portfire.tensor(x),
        lambda x: x.flip(0).flip(0),
        lambda x: x.to(x.dtype, copy=True),
    ],
)
def test_copies_do_not_share(copy: Any, device: str) -> None:
    x = base(device)
    other = copy(x)
    expected = other.tolist()
    x.zero_()
    assert other.tolist() == expected


@pytest.mark.parametrize(
    "same",
    [
        lambda x: x.contiguous(),
        lambda x: x.to(x.dtype),
        lambda x: x.to(x.device),
        lambda x: portfire.as_tensor(x),
        lambda x: x.float(),
    ],
)
def test_nothing_to_do_returns_the_tensor_itself(same: Any, device: str) -> None:
    x = base(device)
    assert same(x) is x


def test_strides_and_offsets(device: str) -> None:
    x = portfire.zeros(4, 6, device=device)
    assert x.stride() == (6, 1)
    assert x.t().stride() == (1, 6)
    assert x[1:, ::2].stride() == (6, 2)
    assert x[1:, ::2].storage_offset() == 6
    assert x[2, 3].storage_offset() == 15
    assert x.stride(0) == 6
    assert x.is_contiguous()
    assert not x.t().is_contiguous()
    assert x.t().contiguous().is_contiguous()
    assert x[1:3].is_contiguous()
    assert not x[:, 1:3].is_contiguous()
    assert x[:1].t().is_contiguous()
    assert x.expand(2, 4, 6).stride() == (0, 6, 1)


def test_a_view_that_the_layout_does_not_allow(device: str) -> None:
    x = portfire.zeros(4, 6, device=device)
    with pytest.raises(RuntimeError, match="view size is not compatible with input tensor's size"):
        x.t().view(24)
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        x[:, :3].view(-1)
    assert x[:, :3].view(4, 3, 1).shape == (4, 3, 1)
    assert x.t().view(6, 2, 2).shape == (6, 2, 2)
    assert x.t().reshape(24).shape == (24,)


def test_data_pointers_tell_who_shares(device: str) -> None:
    x = base(device)
    assert x.data_ptr() == x.view(-1).data_ptr() == x.detach().data_ptr()
    assert x.data_ptr() != x.clone().data_ptr()
    assert x[1].data_ptr() - x.data_ptr() == 4 * x.element_size()


def test_writing_to_repeated_elements_is_refused(device: str) -> None:
    x = portfire.zeros(1, 3, device=device).expand(2, 3)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers"):
        x.add_(1)


def test_in_place_forms_of_views(device: str) -> None:
    x = portfire.zeros(2, 3, device=device)
    assert x.t_() is x
    assert x.shape == (3, 2)
    assert x.unsqueeze_(0).shape == (1, 3, 2)
    assert x.squeeze_(0).shape == (3, 2)
    assert x.transpose_(0, 1).shape == (2, 3)


def test_iterating_gives_views(device: str) -> None:
    x = portfire.zeros(2, 2, device=device)
    for i, row in enumerate(x):
        row += i
    assert x.tolist() == [[0, 0], [1, 1]]


def test_set_shares_from_then_on(device: str) -> None:
    x, y = portfire.zeros(2, device=device), portfire.ones(3, device=device)
    x.set_(y)
    y.add_(1)
    assert x.tolist() == [2, 2, 2]


def test_an_overlapping_copy_reads_before_it_writes(device: str) -> None:
    x = portfire.arange(6, device=device)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3, 4]
    x = portfire.arange(6, device=device)
    x[:-1] += x[1:]
    assert x.tolist() == [1, 3, 5, 7, 9, 5]


@pytest.mark.parametrize("shape", [(4, 3), (8, 8), (16, 17)])
def test_writes_through_views_of_several_layouts_at_once(
    shape: tuple[int, int], device: str
) -> None:
    x = portfire.arange(float(shape[0] * shape[1]), device=device).reshape(shape).clone()
    expected = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    x[shape[0] // 2 :].neg_()
    x.view(-1)[1:] -= 1
    x.T[1:, ::2].mul_(2)
    expected[shape[0] // 2 :] *= -1
    expected.reshape(-1)[1:] -= 1
    expected.T[1:, ::2] *= 2
    assert x.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("view", "strides", "offset"),
    [
        (lambda x: x.diagonal(), (7,), 0),
        (lambda x: x.diagonal(-1), (7,), 6),
        (lambda x: x.t().diagonal(1), (7,), 6),
        (lambda x: x[:, ::2].diagonal(), (8,), 0),
        (lambda x: x.unfold(1, 3, 2), (6, 2, 1), 0),
        (lambda x: x.t().unfold(0, 2, 1), (1, 6, 1), 0),
        (lambda x: x.as_strided((2, 2), (3, 2), 1), (3, 2), 1),
        (lambda x: x[1:].as_strided((2,), (4,)), (4,), 6),
        (lambda x: x.unfold(1, 3, 2)[1:, 1].t(), (1, 6), 8),
        (lambda x: x.t().diagonal()[1:].expand(2, 3), (0, 7), 7),
    ],
)
def test_strides_of_views_that_step(view: Any, strides: Any, offset: int, device: str) -> None:
    found = view(portfire.arange(24.0, device=device).reshape(4, 6))
    assert (found.stride(), found.storage_offset()) == (strides, offset)


def test_strides_tell_where_numpy_finds_the_elements() -> None:
    x = portfire.arange(24.0, device="cpu").reshape(4, 6)
    for view in (x.t().diagonal(1), x.unfold(1, 3, 2), x[1:].as_strided((2, 2), (7, 3))):
        array = view.numpy()
        assert array.tolist() == view.tolist()
        array[...] = -1
        assert set(view.reshape(-1).tolist()) == {-1}


def test_overlapping_windows_see_each_other(device: str) -> None:
    windows = portfire.arange(4.0, device=device).unfold(0, 2, 1)
    windows[0, 1] = 9
    assert windows.tolist() == [[0, 9], [9, 2], [2, 3]]


def test_elements_that_are_shown_twice_refuse_to_be_written(device: str) -> None:
    x = portfire.zeros(3, 1, device=device)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        x.expand(3, 4).add_(1)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        x.as_strided((2, 2), (0, 1)).fill_(1)
    assert x.tolist() == [[0], [0], [0]]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda x: x.unfold(0, 2, 2)[:, 0].zero_(), [0, 1, 0, 1, 0, 1]),
        (lambda x: x.as_strided((2,), (3,)).mul_(5), [5, 1, 1, 5, 1, 1]),
        (lambda x: x.reshape(2, 3).t().diagonal().mul_(2), [2, 1, 1, 1, 2, 1]),
        (lambda x: x.unsqueeze(0).expand(2, 6)[1, 2:4].mul_(3), [1, 1, 3, 3, 1, 1]),
    ],
)
def test_gradients_of_writing_through_steps(edit: Any, expected: list[int], device: str) -> None:
    leaf = portfire.arange(6.0, device=device).requires_grad_(True)
    x = leaf * 1
    edit(x)
    x.sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == expected


def test_what_a_reduction_gives_is_no_view(device: str) -> None:
    x = portfire.ones(2, 3, device=device, requires_grad=True)
    assert not x.sum(1, keepdim=True).detach_().requires_grad
    with pytest.raises(RuntimeError, match="Can't detach views in-place"):
        (x * 1)[0].detach_()
