"""All the generator's luck: one seeded stream, drawn in blocks because single draws are slow.

Only uniform and exponential draws are used, and every other distribution is a table: logarithms and
powers differ in their last digit between machines, and a seed must give the same bytes on all of them.
"""

from collections.abc import Iterator

import numpy as np

from data.synthetic.settings import Quantiles

BLOCK = 8192


class Chance:
    """Draws from one PCG64 stream. Mutable: each draw moves the stream on."""

    def __init__(self, seed: int) -> None:
        generator = np.random.Generator(np.random.PCG64(seed))
        self._uniforms = _draws(generator)
        self._exponentials = _exponentials(np.random.Generator(np.random.PCG64(generator.integers(2**62))))

    def uniform(self) -> float:
        """In [0, 1)."""
        return next(self._uniforms)

    def wait(self, mean: float) -> float:
        """An exponential waiting time of this mean."""
        return mean * next(self._exponentials)

    def happens(self, probability: float) -> bool:
        return next(self._uniforms) < probability

    def below(self, n: int) -> int:
        """An integer in [0, n)."""
        return int(next(self._uniforms) * n)

    def from_table(self, quantiles: Quantiles) -> float:
        """A draw from the distribution with these evenly spaced quantiles."""
        place = next(self._uniforms) * (len(quantiles) - 1)
        cell = int(place)
        return quantiles[cell] + (place - cell) * (quantiles[cell + 1] - quantiles[cell])


def _draws(generator: np.random.Generator) -> Iterator[float]:
    while True:
        yield from generator.random(BLOCK).tolist()


def _exponentials(generator: np.random.Generator) -> Iterator[float]:
    while True:
        yield from generator.standard_exponential(BLOCK).tolist()
