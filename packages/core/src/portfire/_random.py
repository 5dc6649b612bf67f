"""Random state: counter-based, so the same seed gives the same bits on every device."""

from __future__ import annotations

import math
import secrets
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _device, _tensor, plugins
from portfire import _dtype as d
from portfire.ops import _source

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "Generator",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

DEFAULT_SEED = 67280421310721
_MASK = 0xFFFFFFFF


class Generator:
    """A source of random numbers: a seed, and how many draws were made.

    Draw number n of seed s gives the same bits on every device. A draw is one call such as
    ``rand(3, 4)``, whatever its size.

    Example:
        >>> import portfire
        >>> g = portfire.Generator().manual_seed(7)
        >>> a = portfire.rand(2, generator=g)
        >>> b = portfire.rand(2, generator=g.manual_seed(7))
        >>> portfire.equal(a, b)
        True
    """

    def __init__(self, device: Any = "cpu") -> None:
        self._device = device
        self._seed = DEFAULT_SEED
        self._draws = 0
        self._lock = threading.Lock()

    @property
    def device(self) -> Any:
        """The device that it was made for; its bits are the same on all."""
        return _device.device(self._device)

    def manual_seed(self, seed: int) -> Generator:
        """Set the seed, start over, and return the generator."""
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        seed = int(seed)
        if not -(1 << 63) <= seed < (1 << 64):
            raise ValueError(
                f"Overflow when unpacking long long: the seed {seed} needs over 64 bits"
            )
        self._seed, self._draws = seed & ((1 << 64) - 1), 0
        return self

    def seed(self) -> int:
        """Set a seed from the system's entropy and return it."""
        self.manual_seed(secrets.randbits(63))
        return self._seed

    def initial_seed(self) -> int:
        """Return the seed."""
        return self._seed

    def get_state(self) -> Tensor:
        """Return the state as a ByteTensor of 16 elements."""
        from portfire._functions.creation import tensor

        state = np.array([self._seed, self._draws], np.uint64).view(np.uint8)
        has_host = "cpu" in plugins.backend_specs()
        return tensor(state.copy(), device="cpu" if has_host else None)

    def set_state(self, new_state: Tensor) -> Generator:
        """Go back to a state of `get_state`."""
        array = np.ascontiguousarray(new_state._host())
        if array.dtype != np.uint8 or array.size != 16:
            raise RuntimeError("RNG state must be a ByteTensor of 16 elements")
        self._seed, self._draws = (int(x) for x in array.view(np.uint64))
        return self

    def next_words(self) -> tuple[int, int, int]:
        """Take a draw: two key words and one counter word."""
        with self._lock:
            draw = self._draws
            self._draws += 1
        return _words(self._seed, draw)

    def clone_state(self) -> Generator:
        """Return another generator that will make the same draws."""
        other = Generator(self.device)
        other._seed, other._draws = self._seed, self._draws
        return other


def _words(seed: int, draw: int) -> tuple[int, int, int]:
    low, high = seed & _MASK, seed >> 32
    # Draws beyond 2**32 go into the key, so that no counter is used twice.
    return low, (high + (draw >> 32) * 0x9E3779B9) & _MASK, draw & _MASK


def _redraw(draft: dict[int, Any], generator: Generator) -> tuple[int, int, int]:
    """The words of a generator's next draw, for a graph that is appended again.

    Args:
        draft: by identity, what has attributes and how they are after that draw.
        generator: whose draw it is.
    """
    now = vars(generator)
    _, ahead = draft.setdefault(id(generator), (now, dict(now)))
    ahead["_draws"] += 1
    return _words(ahead["_seed"], ahead["_draws"] - 1)


default_generator = Generator.__new__(Generator)


def _setup_default() -> None:
    """Build the default generator without asking for a device."""
    default_generator._seed, default_generator._draws = DEFAULT_SEED, 0
    default_generator._device = "cpu"
    default_generator._lock = threading.Lock()


_setup_default()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, for all devices.

    Args:
        seed: an integer of at most 64 bits.

    Returns:
        The default generator.

    Example:
        >>> import portfire
        >>> _ = portfire.manual_seed(0)
        >>> a = portfire.rand(2)
        >>> _ = portfire.manual_seed(0)
        >>> portfire.equal(a, portfire.rand(2))
        True
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the system's entropy and return the seed.

    Example:
        >>> import portfire
        >>> portfire.seed() == portfire.initial_seed()
        True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed of the default generator.

    Example:
        >>> import portfire
        >>> _ = portfire.manual_seed(7)
        >>> portfire.initial_seed()
        7
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Return the state of the default generator as a ByteTensor.

    Example:
        >>> import portfire
        >>> state = portfire.get_rng_state()
        >>> x = portfire.rand(2)
        >>> portfire.set_rng_state(state)
        >>> portfire.equal(x, portfire.rand(2))
        True
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Restore the state of the default generator.

    Example:
        >>> import portfire
        >>> _ = portfire.manual_seed(1)
        >>> state = portfire.get_rng_state()
        >>> _ = portfire.manual_seed(2)
        >>> portfire.set_rng_state(state)
        >>> portfire.initial_seed()
        1
    """
    default_generator.set_state(new_state)


def words_of(generator: Generator | None) -> tuple[int, int, int]:
    """Take a draw from a generator, or from the default one."""
    if generator is None:
        generator = default_generator
    if not isinstance(generator, Generator):
        raise TypeError(
            f"argument 'generator' must be a portfire.Generator, not {type(generator).__name__}"
        )
    return generator.next_words()


def bits(shape: tuple[int, ...], device: Any, generator: Generator | None) -> Tensor:
    """32 random bits per element, as uint32."""
    recorder = _device.resolve(device)
    words = words_of(generator)
    scalars = recorder.scalars(words, d.uint32, (_redraw, generator or default_generator))
    return _tensor.Tensor._wrap(recorder.record(_source.RANDOM_BITS, scalars, (shape,)))


def host_bits(count: int, generator: Generator | None) -> np.ndarray[Any, Any]:
    """The same bits on the host."""
    words = words_of(generator)
    result: np.ndarray[Any, Any] = _source.RANDOM_BITS.reference(*words, (count,))
    return result


def unit_interval(shape: tuple[int, ...], dtype: d.DType, device: Any, generator: Any) -> Tensor:
    """Uniform floats in [0, 1): the top 24 bits (11 or 8 for half types) over their number."""
    width = {d.float16: 11, d.bfloat16: 8}.get(dtype, 24)
    raw = bits(shape, device, generator) >> (32 - width)
    wide = d.float32 if width < 24 else dtype
    return (raw.to(wide) * (1.0 / (1 << width))).to(dtype)


def standard_normal(shape: tuple[int, ...], dtype: d.DType, device: Any, generator: Any) -> Tensor:
    """Normal floats by Box and Muller (1958), from two draws."""
    wide = d.float32 if dtype in (d.float16, d.bfloat16) else dtype
    radius = 1.0 - unit_interval(shape, wide, device, generator)  # in (0, 1], so log is finite
    angle = unit_interval(shape, wide, device, generator)
    return ((radius.log() * -2.0).sqrt() * (angle * (2 * math.pi)).cos()).to(dtype)
