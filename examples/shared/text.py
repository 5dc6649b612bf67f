"""Train any network that reads characters on the prose that every Python brings along.

The text is that of Python's own help (`help("CLASSES")`): from its pages the paragraphs of plain
sentences, some 40,000 characters.
"""

from __future__ import annotations

import pydoc_data.topics as pages  # type: ignore[import-not-found,unused-ignore]
import re
import textwrap
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import portfire
from examples.digits.plot import GREY
from examples.shared import command
from examples.shared.command import Settings
from portfire import Tensor, nn, optim

SENTENCES = re.compile(r"[A-Z][A-Za-z ,.;'()\-]{120,}\.")
TYPOGRAPHY = str.maketrans('\u2018\u2019\u201c\u201d\u2013\u2014\u00a0`"', "''''-- ''")
TEST_SHARE = 0.1
TEST_WINDOWS = 32
PROMPT, SAMPLED, TEMPERATURE = "The ", 400, 0.5


class Reader(nn.Module, ABC):
    """A network that guesses the next character, and can go on with a text."""

    @abstractmethod
    def forward(self, characters: Tensor) -> Tensor:
        """Return scores (N, T, characters) of what follows each of the characters (N, T)."""

    @abstractmethod
    def listen(self) -> Callable[[int], Tensor]:
        """Return a function that takes the next character and returns the scores of its follower.

        It remembers what it was given before.
        """


class Corpus(NamedTuple):
    """The characters that occur, and the text as their numbers, to learn from and held out."""

    letters: str
    train: NDArray[np.int64]
    test: NDArray[np.int64]


def prose() -> str:
    """Return the paragraphs of plain sentences from the pages of Python's help, one per line."""
    whole = "\n\n".join(pages.topics[name] for name in sorted(pages.topics))
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", whole))
    plain = (part.translate(TYPOGRAPHY) for part in paragraphs)
    return "\n".join(dict.fromkeys(part for part in plain if SENTENCES.fullmatch(part)))


def load() -> Corpus:
    """Number the characters of the prose, and hold its last tenth out."""
    text = prose()
    letters = "".join(sorted(set(text)))
    numbers = np.array([letters.index(letter) for letter in text])
    first_test = round(len(numbers) * (1 - TEST_SHARE))
    return Corpus(letters, numbers[:first_test], numbers[first_test:])


def loss_of(net: nn.Module, windows: Tensor) -> Tensor:
    """Return the mean cross entropy of each character of windows (N, T + 1) but the first ones."""
    scores, wanted = net(windows[:, :-1]), windows[:, 1:]
    loss: Tensor = nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten())
    return loss


def held_out_loss(net: nn.Module, corpus: Corpus, context: int, device: str) -> float:
    """Return the mean loss over windows that are spread evenly over the text held out."""
    starts = np.linspace(0, len(corpus.test) - context - 1, TEST_WINDOWS).astype(int)
    windows = corpus.test[starts[:, None] + np.arange(context + 1)]
    net.eval()
    with portfire.no_grad():
        loss: float = loss_of(net, portfire.tensor(windows, device=device)).item()
    net.train()
    return loss


def write(net: Reader, letters: str, count: int) -> str:
    """Let the network go on with the prompt for `count` characters."""
    text = PROMPT
    net.eval()
    with portfire.no_grad():
        listen = net.listen()
        for letter in PROMPT:
            scores = listen(letters.index(letter))
        for _ in range(count):
            chances = (scores.flatten() / TEMPERATURE).softmax(-1)
            chosen = int(portfire.multinomial(chances, 1).item())
            text += letters[chosen]
            scores = listen(chosen)
    net.train()
    return text


def main(
    name: str,
    text: str | None,
    build: Callable[[int], Reader],
    context: int,
    known: Settings,
    wanted: float,
    argv: list[str] | None,
) -> int:
    """Train what `build` returns for a number of characters, sample, draw; return the status."""
    options = command.settings(name, text, known, argv)
    corpus = load()
    portfire.manual_seed(options.seed)
    net = build(len(corpus.letters)).to(options.device)
    count = sum(parameter.numel() for parameter in net.parameters())
    print(f"{name}: {count:,} parameters, {len(corpus.train):,} characters to learn from, ", end="")
    print(f"{len(corpus.letters)} different ones", flush=True)
    started = time.perf_counter()
    losses = command.train(stepper(net, corpus, context, options), options.steps)
    seconds = time.perf_counter() - started
    final = held_out_loss(net, corpus, context, options.device)
    sample = write(net, corpus.letters, SAMPLED)

    page, picture = options.output / f"{name}.txt", options.output / f"{name}.png"
    page.write_text(sample + "\n", encoding="utf-8")
    draw(losses, final, sample, name).savefig(picture, dpi=110)
    learned = float(losses[-20:].mean())
    print(textwrap.fill(sample, 100))
    print(f"Result: loss {learned:.3f}, on held-out text {final:.3f}, after {seconds:.1f} s")
    print(f"Files:  {picture}\n        {page}")
    if not learned < wanted:
        print(f"That is more than the wanted {wanted}; try more steps (--steps).")
        return 1
    return 0


def stepper(
    net: nn.Module, corpus: Corpus, context: int, options: Settings
) -> Callable[[], Tensor]:
    """Return a function that records one step on random windows of the text."""
    optimizer = optim.AdamW(net.parameters(), lr=options.lr, betas=(0.9, 0.99))
    # The rate climbs during the first tenth, and then falls in half a cosine.
    schedule = optim.lr_scheduler.OneCycleLR(
        optimizer, options.lr, max(2, options.steps), pct_start=0.1, cycle_momentum=False
    )
    order = np.random.default_rng(options.seed)
    letters = portfire.tensor(corpus.train, device=options.device)
    along = portfire.arange(context + 1, device=options.device)

    def step() -> Tensor:
        starts = order.integers(0, len(corpus.train) - context, (options.batch_size, 1))
        loss = loss_of(net, letters[portfire.tensor(starts, device=options.device) + along])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        return loss.detach()

    return step


def draw(losses: NDArray[np.float64], final: float, sample: str, name: str) -> Figure:
    """Return a picture of the loss beside the text that the network wrote."""
    figure = command.figure(13, 5)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    command.draw_losses(left, losses, "Loss per character (cross entropy)")
    left.axhline(final, color=GREY, linewidth=1, linestyle=":", label="held-out text, at the end")
    left.legend(frameon=False)
    right.set_axis_off()
    right.set_title(f"What the {name} writes", loc="left", fontsize=12, fontweight="bold")
    lines = "\n".join(textwrap.fill(line, 62) for line in sample.splitlines())
    right.text(0, 0.97, lines, va="top", family="monospace", fontsize=9.5, linespacing=1.5)
    return figure
