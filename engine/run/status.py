"""How a run stands, again and again: its journal followed from another process, without disturbing it."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

from engine.core.events import OrderFilled
from engine.core.types import SECOND, Nanos
from engine.journal.folder import status_of
from engine.run.inspect import described
from engine.run.moments import Moment, Walk

LAST_FILLS = 5


class Follower:
    """`now` reads what has come since it was last called. Raises JournalError where the run cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._walk = Walk(folder)
        self._last: Moment | None = None

    def now(self) -> dict[str, Any] | None:
        """What engine.run.inspect tells, and `fills`, the last ones, newest first. None before the first entry."""
        journal = self._walk.journal
        if self._last is None:
            if journal.high_watermark() == 0:
                return None
            self._last = self._walk.last()
        for moment in self._walk.moments(journal.entries(since=self._last.last_seq + 1), self._last.after):
            self._last = moment
        found = described(self._walk, self._last, self._last.event.ts_init)
        return found | {
            "status": status_of(journal.folder).value,
            "kind": journal.run_file.manifest.kind,
            "instrument": journal.run_file.manifest.instrument,
            "fills": [_fill(fill, self._last.event.ts_init) for fill in self._fills()],
        }

    def _fills(self) -> Iterator[OrderFilled]:
        assert self._last is not None
        newest_first = self._walk.journal.backwards(until=self._last.last_seq, types=("OrderFilled",))
        for entry in islice(newest_first, LAST_FILLS):
            yield cast(OrderFilled, entry.value)


def _fill(fill: OrderFilled, now: Nanos) -> dict[str, Any]:
    return {
        "at_ns": fill.ts_event,
        "age_seconds": (now - fill.ts_event) / SECOND,
        "side": fill.side.name,
        "size": fill.size,
        "price": fill.price,
        "fee": fill.fee,
        "maker": fill.maker,
        "leg": fill.leg.value,
    }
