"""The smaller examples: shortened on every device, and two of them at full length."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

import portfire
from examples import autoencoder, gan, logistic_regression, lstm, mlp
from examples.digits import plot
from examples.shared import classify, command, text
from tests.conftest import available_devices

# name -> (steps when shortened, parts of what it prints after so few steps)
SHORT: dict[str, tuple[int, list[str]]] = {
    "logistic_regression": (22, ["650 parameters", "of the held-out images right"]),
    "mlp": (22, ["17,226 parameters", "of the held-out images right"]),
    "lenet": (22, ["61,706 parameters", "images of 28 by 28 pixels"]),
    "resnet": (22, ["images of 32 by 32 pixels", "of the held-out images right"]),
    "lstm": (20, ["Result: loss", "on held-out text", "The "]),
    "gpt": (20, ["Result: loss", "on held-out text", "The "]),
    "autoencoder": (60, ["of the variance from 8 numbers; linearly 66.6%"]),
    "gan": (20, ["clouds reached", "Wanted: 85% in all 8 clouds"]),
}


def colors(path: Path) -> int:
    """Return how many different colors a picture has."""
    pixels: NDArray[np.float32] = imread(path)
    return len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0))


@pytest.mark.parametrize("name", SHORT)
def test_a_shortened_run_learns_something_and_draws(
    name: str,
    device: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[NDArray[np.float64]] = []
    draw_loss, draw_losses = plot.draw_loss, command.draw_losses
    monkeypatch.setattr(
        plot,
        "draw_loss",
        lambda axes, history: (
            seen.append(np.array(history.step_losses)[:, None]),
            draw_loss(axes, history),
        ),
    )
    monkeypatch.setattr(
        command,
        "draw_losses",
        lambda axes, losses, *rest: (seen.append(losses), draw_losses(axes, losses, *rest)),
    )
    steps, sentences = SHORT[name]
    example = importlib.import_module(f"examples.{name}")
    if name in ("lstm", "gpt"):  # fewer and shorter windows of the text
        monkeypatch.setattr(example, "SETTINGS", replace(example.SETTINGS, batch_size=8))
        monkeypatch.setattr(example, "CONTEXT", 16)
        monkeypatch.setattr(text, "SAMPLED", 20)
    options = ["--device", device, "--steps", str(steps), "--output", str(tmp_path / "new")]
    status = example.main(options)
    said = capsys.readouterr().out
    for sentence in sentences:
        assert sentence in said
    assert (status == 1) == ("anted" in said)  # a result that is not reached is said
    assert colors(tmp_path / "new" / f"{name}.png") > 50
    (losses,) = seen
    assert len(losses) == steps
    assert np.isfinite(losses).all()
    if name != "gan":  # the two losses of a game rise and fall
        assert losses[-5:].mean() < 0.95 * losses[0, 0]


@pytest.mark.parametrize("example", [logistic_regression, mlp])
def test_the_cheapest_reach_their_accuracy(example: object, device: str, tmp_path: Path) -> None:
    main = example.main  # type: ignore[attr-defined]  # a module
    assert main(["--device", device, "--output", str(tmp_path)]) == 0


def test_enlarging_is_linear_between_pixels(device: str) -> None:
    image = portfire.arange(4.0, device=device).reshape(1, 1, 2, 2)
    larger = classify.enlarge(image, 3)[0, 0].tolist()
    assert larger == [[0.0, 0.5, 1.0], [1.0, 1.5, 2.0], [2.0, 2.5, 3.0]]


def test_the_prose_is_long_and_plain() -> None:
    corpus = text.load()
    assert len(corpus.train) > 20_000
    assert len(corpus.test) == pytest.approx(len(corpus.train) / 9, rel=0.01)
    assert set(corpus.letters) > set(" abcdefghijklmnopqrstuvwxyz.,\nT")
    assert corpus.letters.isascii()


@pytest.mark.parametrize("name", ["lstm", "gpt"])
def test_listening_gives_what_reading_at_once_gives(name: str, device: str) -> None:
    portfire.manual_seed(0)
    example = importlib.import_module(f"examples.{name}")
    kind = {"lstm": "CharacterLSTM", "gpt": "GPT"}[name]
    net = getattr(example, kind)(11).to(device)
    letters = [3, 1, 4, 1, 5]
    with portfire.no_grad():
        whole = net(portfire.tensor([letters], device=device))[0].cpu().numpy()
        listen = net.listen()
        steps = [listen(letter).flatten().cpu().numpy() for letter in letters]
    np.testing.assert_allclose(np.stack(steps), whole, rtol=1e-4, atol=1e-5)


def test_the_yardstick_of_the_autoencoder_is_exact_with_all_components() -> None:
    images = np.random.default_rng(0).random((80, 1, 8, 8)).astype(np.float32)
    assert autoencoder.share_kept(images, autoencoder.principal(images, images, 64)) > 0.999
    assert autoencoder.share_kept(images, images.mean(axis=0)[None]) == pytest.approx(0, abs=1e-5)


def test_quality_tells_clouds_from_a_circle() -> None:
    portfire.manual_seed(0)
    device = available_devices()[0]
    share, found = gan.quality(gan.real_points(2000, device).cpu().numpy())
    assert share > 0.97
    assert found.min() > 150
    angles = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    circle = gan.RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert gan.quality(circle.astype(np.float32))[0] < gan.WANTED_SHARE - 0.1


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--device", "abacus", "portfire has no device type 'abacus'"),
        ("--steps", "0", "expected a number of at least 1; got 0"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(
    option: str, value: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = ["--device", available_devices()[0]]
    with pytest.raises(SystemExit, match="2"):
        lstm.main([*device, option, value, "--output", str(tmp_path)])
    assert sentence in capsys.readouterr().err
