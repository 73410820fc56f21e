"""Steps of our clock against the venue's: the least latency of ten seconds that is not that of the ten before."""

from collections.abc import Iterator

import numpy as np

from data.decimals import Int64s

WINDOW_NS = 10_000_000_000
_FARTHEST = 6  # windows between two that are compared: over a longer silence a drift is no step
_FEWEST = 5  # messages that make a window's least latency mean something


class ClockSteps:
    """Yields (time, step in ns) for messages in order of our clock. Mutable."""

    def __init__(self, step_ns: int) -> None:
        self._step_ns = step_ns
        self._open: tuple[int, int, int] | None = None  # window, least latency, messages
        self._closed: tuple[int, int] | None = None

    def add(self, local: Int64s, latency: Int64s) -> Iterator[tuple[int, int]]:
        if not len(local):
            return
        window = local // WINDOW_NS
        starts = np.flatnonzero(np.diff(window, prepend=window[0] - 1))
        least = np.minimum.reduceat(latency, starts)
        sizes = np.diff(np.append(starts, len(window)))
        for at, low, size in zip(window[starts].tolist(), least.tolist(), sizes.tolist(), strict=True):
            if self._open is not None and self._open[0] == at:
                self._open = at, min(low, self._open[1]), size + self._open[2]
                continue
            yield from self.close()
            self._open = at, low, size

    def close(self) -> Iterator[tuple[int, int]]:
        """What the window still open says."""
        if self._open is None or self._open[2] < _FEWEST:
            return
        at, low, _ = self._open
        if (
            self._closed is not None
            and at - self._closed[0] <= _FARTHEST
            and abs(low - self._closed[1]) > self._step_ns
        ):
            yield at * WINDOW_NS, low - self._closed[1]
        self._closed = at, low
