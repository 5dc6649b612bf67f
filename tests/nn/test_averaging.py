"""`AveragedModel`: which averages it keeps, of what, and how it is saved."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import nn
from portfire.nn.utils.averaging import AveragedModel


def model(device: str = "cpu") -> Any:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).to(device)


def numbered(net: Any, number: float) -> None:
    with portfire.no_grad():
        for tensor in (*net.parameters(), net[1].running_mean):
            tensor.fill_(number)


def test_equal_averages(device: str) -> None:
    net = model(device)
    average: Any = AveragedModel(net)
    for number in (1.0, 2.0, 6.0):
        numbered(net, number)
        average.update_parameters(net)
    assert average.n_averaged.item() == 3
    assert {x for p in average.parameters() for x in p.flatten().tolist()} == {3.0}
    assert average.module[1].running_mean.tolist() == [6.0] * 3  # copied, not averaged
    x = portfire.ones(4, 2, device=device)
    average.eval()
    expected = (2 * 3 + 3 - 6) / np.sqrt(1 + 1e-5) * 3 + 3
    np.testing.assert_allclose(average(x).tolist(), np.full((4, 3), expected), rtol=1e-5)


def test_functions_of_ones_own(device: str) -> None:
    net = model(device)
    counts = []

    def one(old: Any, new: Any, count: Any) -> Any:
        counts.append(int(count))
        return (old + 3 * new) / 4

    def many(olds: Any, news: Any, count: Any) -> None:
        for old, new in zip(olds, news, strict=True):
            old.lerp_(new, 0.75)

    averages = [AveragedModel(net, avg_fn=one), AveragedModel(net, multi_avg_fn=many)]
    for number in (1.0, 2.0, 4.0):
        numbered(net, number)
        for average in averages:
            average.update_parameters(net)
    assert counts == [1] * 4 + [2] * 4
    for average in averages:
        values = {x for p in average.parameters() for x in p.flatten().tolist()}
        assert values == {(1.75 + 12) / 4}


def test_averaged_buffers() -> None:
    net = model()
    average: Any = AveragedModel(net, use_buffers=True)
    for number in (1.0, 3.0):
        numbered(net, number)
        net[1].num_batches_tracked.fill_(int(number))
        average.update_parameters(net)
    assert average.module[1].running_mean.tolist() == [2.0] * 3
    assert average.module[1].num_batches_tracked.item() == 2


def test_it_is_a_module_of_its_own() -> None:
    net = model()
    average: Any = AveragedModel(net, device="cpu")
    assert list(average.state_dict()) == [
        "n_averaged", "module.0.weight", "module.0.bias", "module.1.weight", "module.1.bias",
        "module.1.running_mean", "module.1.running_var", "module.1.num_batches_tracked",
    ]  # fmt: skip
    assert average.n_averaged.dtype is portfire.int64
    numbered(net, 5.0)
    assert 5.0 not in average.module[0].weight.flatten().tolist()
    average.update_parameters(net)
    again = pickle.loads(pickle.dumps(average))
    assert again.n_averaged.item() == 1
    assert again.module[0].weight.tolist() == [[5.0] * 2] * 3
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn should be"):
        AveragedModel(net, avg_fn=lambda a, b, n: a, multi_avg_fn=lambda a, b, n: None)
