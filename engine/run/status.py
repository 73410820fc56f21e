"""How a run stands, again and again: its journal followed from another process, without disturbing it."""

from collections import deque
from pathlib import Path
from typing import Any

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
        self._seq = 0
        self._fills: deque[OrderFilled] = deque(maxlen=LAST_FILLS)

    def now(self) -> dict[str, Any] | None:
        """What engine.run.inspect tells, and `fills`, the last ones, newest first. None before the first entry."""
        journal = self._walk.journal
        state = None if self._last is None else self._last.after
        for moment in self._walk.moments(journal.entries(since=self._seq + 1), state):
            self._last, self._seq = moment, moment.after.seq
            if isinstance(moment.event, OrderFilled):
                self._fills.appendleft(moment.event)
        if self._last is None:
            return None
        found = described(self._walk, self._last, self._last.event.ts_init)
        return found | {
            "status": status_of(journal.folder).value,
            "kind": journal.run_file.manifest.kind,
            "instrument": journal.run_file.manifest.instrument,
            "fills": [_fill(fill, self._last.event.ts_init) for fill in self._fills],
        }


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
