"""Crypto Lake's tables: changes of the book (book_delta_v2, or book_delta with a message a row), its best levels (book,
level_1), trades, liquidations, funding.

It marks no snapshot: the first message is one, and of a later one the form tells what it changed. It has no index
price. One time of receipt makes one message: messages that the tape has at once are a nanosecond apart.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.synthetic.forms.levels import Best, Level, Levels
from data.synthetic.forms.tables import Tables
from data.synthetic.recorder import Change, Message
from data.synthetic.settings import Contract

_US, _SECOND_US = 1_000, 1_000_000
_DEPTHS = {"book": 20, "level_1": 1}
_STAMP, _FLOAT, _TEXT = pa.timestamp("ns"), pa.float64(), pa.string()
_DEAL = {"side": _TEXT, "quantity": _FLOAT, "price": _FLOAT}


def _levels(depth: int) -> dict[str, pa.DataType]:
    cells = [f"{side}_{n}_{what}" for n in range(depth) for side in ("bid", "ask") for what in ("price", "size")]
    return {"sequence_number": pa.int64(), **dict.fromkeys(cells, _FLOAT)}


_PAIRS = pa.list_(pa.list_(_FLOAT))
_FIELDS: dict[str, dict[str, pa.DataType]] = {
    **{name: _levels(depth) for name, depth in _DEPTHS.items()},
    "book_delta_v2": {"sequence_number": pa.int64(), "side_is_bid": pa.bool_(), "price": _FLOAT, "size": _FLOAT},
    "book_delta": {"sequence_number": pa.int64(), "bid": _PAIRS, "ask": _PAIRS},
    "trades": {**_DEAL, "trade_id": _TEXT},
    "liquidations": {**_DEAL, "status": _TEXT},
    "funding": {"mark_price": _FLOAT, "rate": _FLOAT, "next_funding_time": _FLOAT},
}


class CryptoLake(Tables):
    """`book`: the table that tells of the book. Mutable: it keeps the book."""

    def __init__(self, folder: Path, contract: Contract, *, book: str = "book_delta_v2") -> None:
        super().__init__(folder, contract)
        self._table, self._book = book, Levels()
        self._seen: Best | None = None
        self._received_ns = 0

    def write(self, message: Message) -> None:
        self._received_ns = max(self._received_ns + 1, message.local_us * _US)
        match message.kind:
            case "trade":
                number, *deal = message.rows
                self._row(message, "trades", *self._deal(*deal), str(number))
            case "liquidation":
                self._row(message, "liquidations", *self._deal(*message.rows), "filled")
            case "ticker":
                due_us, rate, _, _, mark = message.rows
                self._row(message, "funding", mark / 10**8, rate / 10**8, due_us / _SECOND_US)
            case _ if self._table in _DEPTHS:
                self._best(message, _DEPTHS[self._table])
            case _:
                self._changes(message)

    def _row(self, message: Message, what: str, *cells: Any) -> None:
        self.add(message, what, (self._received_ns, message.event_us * _US, *cells))

    def _deal(self, side: int, ticks: int, lots: int) -> tuple[str, float, float]:
        return "buy" if side > 0 else "sell", self.size(lots), self.price(ticks)

    def _changes(self, message: Message) -> None:
        changes = self._book.changed(message)
        if self._table == "book_delta_v2":
            for side, ticks, lots in changes:
                self._row(message, self._table, message.last, side > 0, self.price(ticks), self.size(lots))
        else:
            sides = ([self._pair(change) for change in changes if change[0] == side] for side in (1, -1))
            self._row(message, self._table, message.last, *sides)

    def _pair(self, change: Change) -> list[float]:
        return [self.price(change[1]), self.size(change[2])]

    def _best(self, message: Message, depth: int) -> None:
        self._book.apply(message)
        seen = self._book.best(depth)
        if seen != self._seen:
            self._seen = seen
            cells = [cell for n in range(depth) for side in seen for cell in self._cells(side[n : n + 1])]
            self._row(message, self._table, message.last, *cells)

    def _cells(self, level: tuple[Level, ...]) -> tuple[float | None, float | None]:
        return (self.price(level[0].ticks), self.size(level[0].lots)) if level else (None, None)

    def written(self, day: date, what: str, rows: list[tuple[Any, ...]]) -> Path:
        types = {"received_time": _STAMP, "origin_time": _STAMP, **_FIELDS[what]}
        columns = zip(*rows, strict=True)
        arrays = {name: pa.array(column, type_) for (name, type_), column in zip(types.items(), columns, strict=True)}
        path = self.folder / f"{what}_{day}.parquet"
        part = path.with_suffix(".part")
        pq.write_table(pa.table(arrays), part)
        return part.replace(path)
