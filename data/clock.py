"""How far our clock stood from the venue's, and the constant that puts the two in order."""

import msgspec
import numpy as np

from data.decimals import Int64s

_MOST_SAMPLES = 1 << 18


class Clock(msgspec.Struct, frozen=True):
    """Receive time minus event time of a capture; `applied_ns` was added to every receive time.

    Nothing is received before it happens: a negative minimum is our clock running behind, and the constant that lifts
    the minimum to zero is the least correction that can be true. A positive minimum is latency and stays.
    """

    min_ns: int
    median_ns: int
    applied_ns: int


class Latencies:
    """Receive minus event times as they come: their minimum, and for the median a sample that stays small."""

    def __init__(self, least_ns: int | None = None, sample: Int64s | None = None) -> None:
        self._min = least_ns
        self._kept = [] if sample is None else [sample]
        self._stride = 1
        self._seen = 0

    def add(self, latencies_ns: Int64s, *, sampled: bool = True) -> None:
        """Those not sampled count for the minimum only."""
        if not len(latencies_ns):
            return
        low = int(latencies_ns.min())
        self._min = low if self._min is None else min(self._min, low)
        if sampled:
            self._kept.append(latencies_ns[-self._seen % self._stride :: self._stride].copy())
            self._seen += len(latencies_ns)
            if sum(map(len, self._kept)) > _MOST_SAMPLES:
                self._kept = [np.concatenate(self._kept)[::2]]
                self._stride *= 2

    def seen(self) -> tuple[int | None, Int64s]:
        """The minimum, and the sample for the median."""
        return self._min, np.concatenate([*self._kept, np.empty(0, np.int64)]).astype(np.int64)

    def join(self, other: "Latencies") -> None:
        """Those of another part of the recording."""
        least, sample = other.seen()
        if least is not None:
            self._min = least if self._min is None else min(self._min, least)
        if len(sample):
            self._kept.append(sample)

    def clock(self) -> Clock | None:
        """None where nothing was timed by both clocks."""
        if self._min is None:
            return None
        sample = np.concatenate(self._kept) if self._kept else np.array([self._min])
        return Clock(min_ns=self._min, median_ns=int(np.median(sample)), applied_ns=max(0, -self._min))
