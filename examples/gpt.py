"""A small GPT learns to write like Python's own help, character by character.

After Radford and others, "Language models are unsupervised multitask learners" (2019): blocks of
causal attention and a wide layer with GELU, each normalized first and added to what it got.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import portfire
from examples.shared import text
from examples.shared.command import Settings
from portfire import Tensor, nn

CONTEXT = 64
SETTINGS = Settings(steps=700, batch_size=32, lr=4e-3)
WANTED_LOSS = 1.4


class Block(nn.Module):
    """Attention over what came before, then a wide layer at each place."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ln1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.ln2 = nn.LayerNorm(width)
        self.wide = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def attend(self, x: Tensor) -> Tensor:
        """Let each place of (N, T, width) look at itself and at those before it."""
        n, t, width = x.shape
        split = self.qkv(x).view(n, t, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        seen = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        out: Tensor = self.out(seen.transpose(1, 2).reshape(n, t, width))
        return out

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, T, width) with what the block adds."""
        x = x + self.attend(self.ln1(x))
        out: Tensor = x + self.wide(self.ln2(x))
        return out


class GPT(text.Reader):
    """Embeddings of characters and places, blocks, and scores of the next character."""

    def __init__(
        self,
        characters: int,
        context: int = CONTEXT,
        width: int = 96,
        heads: int = 4,
        layers: int = 3,
    ) -> None:
        super().__init__()
        self.context = context
        self.embedding = nn.Embedding(characters, width)
        self.places = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, characters)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.05)

    def forward(self, characters: Tensor) -> Tensor:
        """Return scores (N, T, characters) of what follows each of the characters (N, T)."""
        places = portfire.arange(characters.shape[1], device=characters.device)
        x = self.embedding(characters) + self.places(places)
        scores: Tensor = self.head(self.norm(self.blocks(x)))
        return scores

    def listen(self) -> Callable[[int], Tensor]:
        """Return a function from a character to scores; it keeps the last `context` characters."""
        device = self.head.weight.device
        read: list[int] = []

        def listen(letter: int) -> Tensor:
            read.append(letter)
            del read[: -self.context]
            # One shape, and the last place as data: one program. No place sees the zeros.
            window = [*read, *[0] * (self.context - len(read))]
            last = portfire.tensor([len(read) - 1], device=device)
            scores: Tensor = self(portfire.tensor([window], device=device))[0, last]
            return scores

        return listen


def main(argv: list[str] | None = None) -> int:
    """Train, sample, draw, and return the exit status."""
    return text.main("gpt", __doc__, GPT, CONTEXT, SETTINGS, WANTED_LOSS, argv)


if __name__ == "__main__":
    sys.exit(main())
