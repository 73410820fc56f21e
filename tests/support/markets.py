"""Markets and runs of any shape for the analysis: pages of tops, and a journal in memory."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.analysis.fold import fold_journal
from engine.analysis.frames import Frames
from engine.analysis.market import Market, Tops
from engine.core.commands import Outcome
from engine.core.events import AnyEvent
from engine.journal.entry import Entry, Kind, encode, kind_of


def a_market(rows: Sequence[tuple[int, float, float]], pages: Sequence[int] = (), step_ns: int = 0) -> Market:
    """Tops (time in ns, bid, ask) in order, cut into pages at the given rows."""
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    ts, bid, ask = (
        np.array(list(column), kind) for column, kind in zip(columns, (np.int64, float, float), strict=True)
    )
    cuts = sorted({min(max(cut, 0), len(rows)) for cut in pages})
    paged = [Tops(*part) for part in zip(*(np.split(column, cuts) for column in (ts, bid, ask)), strict=True)]
    return Market("quotes", step_ns, int(ts[-1]) if len(ts) else 0, lambda _low, _high: iter(paged), None)


class MemoryJournal:
    """What `fold_journal` reads, without a file."""

    folder = Path("memory")

    def __init__(self, script: Iterable[tuple[AnyEvent, Sequence[Outcome]]]) -> None:
        self._entries: list[Entry] = []
        for event, outcomes in script:
            self._add(Kind.EVENT, event, event)
            for outcome in outcomes:
                self._add(kind_of(outcome), outcome, event)

    def _add(self, kind: Kind, value: AnyEvent | Outcome, event: AnyEvent) -> None:
        at = (event.ts_event, event.ts_init)
        seq = len(self._entries) + 1
        self._entries.append(Entry(seq, kind, type(value).__name__, *at, encode(value), b""))

    def pages(self) -> Iterator[list[tuple[Any, ...]]]:
        rows = [(entry.seq, entry.kind.value, *entry[2:-1]) for entry in self._entries]
        yield from (rows[:3], rows[3:]) if len(rows) > 3 else (rows,)

    def entries(self, *, until: int | None = None) -> Iterable[Entry]:
        return iter(self._entries[:until])


def frames_of(script: Iterable[tuple[AnyEvent, Sequence[Outcome]]]) -> Frames:
    return fold_journal(MemoryJournal(script))  # type: ignore[arg-type]
