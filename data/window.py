"""Books that come as snapshots of the best N levels: what has changed from one to the next.

What lies at or before the window's last level is known whole: a level missing there is gone. What lies beyond it is not
known: a level that left the window stays as it was last seen, until it is in reach of a window again. So an order's
place in the queue is not lost because the market moved away from it. A side with fewer than N levels is known whole.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa

from data.schema import F_LAST, F_SNAPSHOT, SCHEMAS, Table

type Levels = Sequence[tuple[int, int]]  # ticks and lots, best first; none of size 0


class Moment(msgspec.Struct, frozen=True):
    """When a window was seen, and where it stands."""

    ts_event: int
    ts_init: int
    line: int
    sequence: int = 0


class _Side:
    def __init__(self, sign: int, depth: int) -> None:
        self._sign, self._depth = sign, depth
        self._held: dict[int, int] = {}

    def changes(self, levels: Levels) -> list[tuple[int, int, int]]:
        """(side, ticks, lots) of what is another than before; keeps the new."""
        window, held, sign = dict(levels), self._held, self._sign
        if len(levels) < self._depth:
            gone = [price for price in held if price not in window]
        else:
            reach = levels[-1][0] * sign
            gone = [price for price in held if price * sign >= reach and price not in window]
        changed = [(sign, price, 0) for price in gone]
        for price in gone:
            del held[price]
        for price, size in levels:
            if held.get(price) != size:
                held[price] = size
                changed.append((sign, price, size))
        return changed

    def clear(self) -> None:
        self._held.clear()


class Windows:
    """Windows of one book as they come, gathered as canonical rows until they are asked for."""

    def __init__(self, depth: int) -> None:
        """depth: the levels a side that a full window has."""
        self._bids, self._asks = _Side(1, depth), _Side(-1, depth)
        self._started = False
        self._rows: list[tuple[int, int, int, int, int, int, int, int]] = []

    def restart(self) -> None:
        """The next window is a new beginning: between it and the last one anything may have happened."""
        self._started = False

    def add(self, at: Moment, bids: Levels, asks: Levels) -> None:
        """A window. One that says nothing new adds no row."""
        clear = [] if self._started else [(0, 0, 0)]
        if clear:
            self._bids.clear()
            self._asks.clear()
            self._started = True
        changed = clear + self._bids.changes(bids) + self._asks.changes(asks)
        flags = F_SNAPSHOT if clear else 0
        last = len(changed) - 1
        self._rows += (
            (at.ts_event, at.ts_init, side, price, size, flags | (F_LAST if n == last else 0), at.sequence, at.line)
            for n, (side, price, size) in enumerate(changed)
        )

    def take(self) -> pa.Table:
        """Table.BOOK rows since the last call."""
        schema = SCHEMAS[Table.BOOK]
        rows = np.array(self._rows, np.int64).reshape(-1, len(schema))
        self._rows = []
        columns = [pa.array(rows[:, n]).cast(field.type) for n, field in enumerate(schema)]
        return pa.Table.from_arrays(columns, schema=schema)
