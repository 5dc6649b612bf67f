"""An LSTM learns to write like Python's own help, character by character."""

from __future__ import annotations

import sys
from collections.abc import Callable

import portfire
from examples.shared import text
from examples.shared.command import Settings
from portfire import Tensor, nn

CONTEXT = 64
SETTINGS = Settings(steps=600, batch_size=32, lr=8e-3)
WANTED_LOSS = 1.2


class CharacterLSTM(text.Reader):
    """An embedding, one recurrent layer, and scores of the next character."""

    def __init__(self, characters: int, width: int = 64, hidden: int = 256) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, width)
        self.recurrent = nn.LSTM(width, hidden, batch_first=True)
        self.head = nn.Linear(hidden, characters)

    def forward(self, characters: Tensor) -> Tensor:
        """Return scores (N, T, characters) of what follows each of the characters (N, T)."""
        states, _ = self.recurrent(self.embedding(characters))
        scores: Tensor = self.head(states)
        return scores

    def listen(self) -> Callable[[int], Tensor]:
        """Return a function from a character to scores; it keeps the state of the layer."""
        device = self.head.weight.device
        size = self.recurrent.hidden_size
        state = tuple(portfire.zeros(1, 1, size, device=device) for _ in range(2))

        def listen(letter: int) -> Tensor:
            nonlocal state
            character = portfire.tensor([[letter]], device=device)
            states, state = self.recurrent(self.embedding(character), state)
            scores: Tensor = self.head(states[0, -1])
            return scores

        return listen


def main(argv: list[str] | None = None) -> int:
    """Train, sample, draw, and return the exit status."""
    return text.main("lstm", __doc__, CharacterLSTM, CONTEXT, SETTINGS, WANTED_LOSS, argv)


if __name__ == "__main__":
    sys.exit(main())
