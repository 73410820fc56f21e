"""What was counted of a day, or of all days together."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

DAY_NS = 86_400_000_000_000


class Tally(msgspec.Struct):
    """Counts of one UTC day of our clock. Mutable. `lost_ns`: without a book to trust; `longest_ns`: the longest time
    between two messages of the book; `jumps`: of the venue's sequence, upon which the levels fitted together still."""

    first_ns: int | None = None
    last_ns: int = 0
    messages: int = 0
    rows: int = 0
    snapshots: int = 0
    quotes: int = 0
    trades: int = 0
    marks: int = 0
    fundings: int = 0
    breaks: int = 0
    jumps: int = 0
    outages: int = 0
    silences: int = 0
    lost_ns: int = 0
    longest_ns: int = 0
    crossed: int = 0
    locked: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    no_aggressor: int = 0
    special: int = 0
    clock_steps: int = 0

    def seen(self, first_ns: int, last_ns: int) -> None:
        self.first_ns = first_ns if self.first_ns is None else min(self.first_ns, first_ns)
        self.last_ns = max(self.last_ns, last_ns)

    @property
    def span_s(self) -> float:
        return 0.0 if self.first_ns is None else (self.last_ns - self.first_ns) / 1e9


class Days:
    """A tally a day, made when something is counted on it. Mutable."""

    def __init__(self) -> None:
        self._days: dict[int, Tally] = {}

    def at(self, ns: int) -> Tally:
        return self._days.setdefault(ns // DAY_NS, Tally())

    def lose(self, start_ns: int, end_ns: int) -> None:
        """Count a stretch of time as lost, each day its part."""
        while start_ns < end_ns:
            until = min(end_ns, (start_ns // DAY_NS + 1) * DAY_NS)
            tally = self.at(start_ns)
            tally.lost_ns += until - start_ns
            tally.seen(start_ns, until)
            start_ns = until

    def named(self) -> dict[str, Tally]:
        return {str(np.datetime64(day, "D")): tally for day, tally in sorted(self._days.items())}


def together(tallies: Iterator[Tally]) -> Tally:
    """All days as one. Its span is from the first to the last."""
    whole = Tally()
    for each in tallies:
        if each.first_ns is not None:
            whole.seen(each.first_ns, each.last_ns)
        for name in _COUNTS:
            setattr(whole, name, getattr(whole, name) + getattr(each, name))
        whole.longest_ns = max(whole.longest_ns, each.longest_ns)
    return whole


_COUNTS = [f for f in Tally.__struct_fields__ if f not in ("first_ns", "last_ns", "longest_ns")]


def counts(tally: Tally) -> dict[str, Any]:
    """As JSON: times in seconds."""
    shown = {name: getattr(tally, name) for name in _COUNTS if name != "lost_ns"}
    return {
        "start_ns": tally.first_ns,
        "end_ns": tally.last_ns if tally.first_ns is not None else None,
        "lost_s": tally.lost_ns / 1e9,
        "longest_silence_s": tally.longest_ns / 1e9,
        **shown,
    }
