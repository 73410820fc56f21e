"""hftbacktest's npz: depth and trades as events on two clocks.

Its trades have no ids: one that was told twice is left out, since nobody could tell. Before a snapshot, which is of the
whole book, each side is cleared at the price NaN, which by hftbacktest's rule means all of it.
"""

from datetime import date
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from data.synthetic.forms.tables import Tables
from data.synthetic.recorder import Message

_EVENT = np.dtype(
    [
        *(("ev", "<u8"), ("exch_ts", "<i8"), ("local_ts", "<i8"), ("px", "<f8"), ("qty", "<f8")),
        *(("order_id", "<u8"), ("ival", "<i8"), ("fval", "<f8")),
    ]
)
_BOTH, _SIDES = 1 << 31 | 1 << 30, {1: 1 << 29, -1: 1 << 28}  # seen by both clocks; buy, sell
_DEPTH, _TRADE, _CLEAR, _SNAPSHOT = 1, 2, 3, 4
_US = 1_000


class HftBacktest(Tables):
    _trade = 0

    def write(self, message: Message) -> None:
        times = message.event_us * _US, message.local_us * _US
        if message.kind == "trade":
            number, side, ticks, lots = message.rows
            if number > self._trade:
                self._trade = number
                what = _BOTH | _SIDES[side] | _TRADE
                self.add(message, "events", (what, *times, self.price(ticks), self.size(lots)))
        elif message.kind in ("snapshot", "diff"):
            kind = _SNAPSHOT if message.kind == "snapshot" else _DEPTH
            clears = [(_BOTH | side | _CLEAR, *times, nan, 0.0) for side in _SIDES.values()]
            levels = [
                (_BOTH | _SIDES[side] | kind, *times, self.price(ticks), self.size(lots))
                for side, ticks, lots in message.rows
            ]
            self.add(message, "events", *(clears if kind == _SNAPSHOT else ()), *levels)

    def written(self, day: date, _what: str, rows: list[tuple[Any, ...]]) -> Path:
        path = self.folder / f"{self.contract.symbol.lower()}_{day:%Y%m%d}.npz"
        array = np.array([(*row, 0, 0, 0.0) for row in rows], _EVENT)
        with path.with_suffix(".part").open("wb") as file:
            np.savez_compressed(file, data=array)
        return path.with_suffix(".part").replace(path)
