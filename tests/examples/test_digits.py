"""The main example learns on every device, and learns the same on all of them.

The band: the first loss is the same but for rounding. Later the devices drift apart, because sums
are taken in another order (1e-7), Adam divides by the size of the gradient, however small, and ReLU
and pooling turn a rounding into a choice. Measured over seeds 0 to 2 and 132 steps: at most 0.007
between losses that start at 2.3. A wrong gradient or other random numbers show at once, by more
than 0.1; so 0.02 tells the two apart.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import portfire
from examples.digits import __main__ as command
from examples.digits import data, model, train
from tests.conftest import available_devices

STEPS = 60
FIRST_LOSS = 1e-5
BAND = 0.02
SETTINGS = {"epochs": 6, "seed": 0}


@functools.cache
def trained(device: str) -> tuple[model.DigitNet, train.History]:
    settings = train.Settings(device=device, **SETTINGS)
    return train.train(data.load(device), settings)


def test_it_learns(device: str) -> None:
    _, history = trained(device)
    assert len(history.step_losses) >= STEPS
    assert history.step_losses[0] == pytest.approx(np.log(10), abs=0.1)  # it starts by guessing
    assert history.test_accuracies[-1] >= command.WANTED_ACCURACY


def test_the_same_seed_gives_the_same_curve_on_all_devices() -> None:
    first, *others = available_devices()
    if not others:
        pytest.skip("needs two kinds of devices")
    there = np.array(trained(first)[1].step_losses)
    for device in others:
        here = np.array(trained(device)[1].step_losses)
        assert abs(here[0] - there[0]) < FIRST_LOSS, device
        assert np.abs(here - there)[:STEPS].max() < BAND, device


def test_another_seed_gives_another_curve() -> None:
    device = available_devices()[0]
    other = train.Settings(device=device, epochs=1, seed=1)
    losses = train.train(data.load(device), other)[1].step_losses
    assert np.abs(np.array(losses) - trained(device)[1].step_losses[: len(losses)]).max() > BAND


def test_the_split_is_whole_and_the_pixels_are_scaled(device: str) -> None:
    digits = data.load(device)
    assert len(digits.train_labels) + len(digits.test_labels) == 1797
    assert {str(part.device) for part in digits} == {str(digits.train_images.device)}
    assert (digits.train_images.min().item(), digits.train_images.max().item()) == (0.0, 1.0)
    assert set(digits.test_labels.tolist()) == set(range(10))


def test_batches_are_of_one_size_and_repeat_no_image() -> None:
    digits = data.load(available_devices()[0])
    numbered = digits._replace(train_labels=portfire.arange(len(digits.train_labels)))
    batches = [
        labels.tolist() for _, labels in data.batches(numbered, 64, np.random.default_rng(0))
    ]
    assert {len(batch) for batch in batches} == {64}
    assert len({image for batch in batches for image in batch}) == 64 * (1438 // 64)


def test_stored_weights_give_the_same_predictions(device: str, tmp_path: Path) -> None:
    net, _ = trained(device)
    digits = data.load(device)
    model.save(net, tmp_path / "weights.safetensors")
    assert set(load_file(tmp_path / "weights.safetensors")) == set(net.state_dict())
    loss, classes = train.evaluate(net, digits.test_images, digits.test_labels)
    again = model.restore(tmp_path / "weights.safetensors", device)
    assert train.evaluate(again, digits.test_images, digits.test_labels)[0] == loss
    assert (classes == digits.test_labels).float().mean().item() >= command.WANTED_ACCURACY


def test_the_command_writes_its_files_and_says_what_it_did(
    device: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = command.main(["--device", device, "--epochs", "1", "--output", str(tmp_path / "new")])
    said = capsys.readouterr().out
    assert status == 1  # one epoch is too little
    assert "That is less than the wanted 97%" in said
    assert said.startswith(f"Device: {portfire.ones(1, device=device).device} (")
    assert (tmp_path / "new/digits.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "new/digits.safetensors").stat().st_size > 100_000


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--device", "abacus", "portfire has no device type 'abacus'"),
        ("--epochs", "0", "expected a number of at least 1; got 0"),
        ("--batch-size", "2000", "can be at most 1438"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(
    option: str, value: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = ["--device", available_devices()[0]]
    with pytest.raises(SystemExit, match="2"):
        command.main([*device, option, value, "--output", str(tmp_path)])
    assert sentence in capsys.readouterr().err
