"""Forms that are arrays of numbers: hftbacktest's events, Crypto Lake's tables. A whole day is held in memory."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.synthetic.forms.levels import Best, Level, Levels
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

_EVENT = np.dtype(
    [
        *(("ev", "<u8"), ("exch_ts", "<i8"), ("local_ts", "<i8"), ("px", "<f8"), ("qty", "<f8")),
        *(("order_id", "<u8"), ("ival", "<i8"), ("fval", "<f8")),
    ]
)
_BOTH, _SIDES = 1 << 31 | 1 << 30, {1: 1 << 29, -1: 1 << 28}  # seen by both clocks; buy, sell
_DEPTH, _TRADE, _CLEAR, _SNAPSHOT = 1, 2, 3, 4
_US = 1_000
LAKE_LEVELS = 20
_CELLS = ("price", "size")


class _Tables:
    """Rows a day, written when all have come. Mutable."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        self._folder, self._contract = folder, contract
        self._rows: dict[tuple[date, str], list[tuple[Any, ...]]] = {}
        self.paths: tuple[Path, ...] = ()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if kind is None:
            self.paths = tuple(sorted(self._written(day, what, rows) for (day, what), rows in self._rows.items()))

    def _written(self, day: date, what: str, rows: list[tuple[Any, ...]]) -> Path:
        raise NotImplementedError

    def _add(self, message: Message, what: str, *rows: tuple[Any, ...]) -> None:
        day = datetime.fromtimestamp(message.local_us // 1_000_000, UTC).date()
        self._rows.setdefault((day, what), []).extend(rows)

    def _price(self, ticks: int) -> float:
        return float(ticks / 10**self._contract.price_decimals)

    def _size(self, lots: int) -> float:
        return float(lots / 10**self._contract.size_decimals)


class HftBacktest(_Tables):
    """Its trades have no ids: one that was told twice is left out, since nobody could tell. A later snapshot
    says nothing of what lies below its last level."""

    _trade = 0

    def write(self, message: Message) -> None:
        times = message.event_us * _US, message.local_us * _US
        if message.kind == "trade":
            number, side, ticks, lots = message.rows
            if number <= self._trade:
                return
            self._trade = number
            self._add(message, "events", (_BOTH | _SIDES[side] | _TRADE, *times, self._price(ticks), self._size(lots)))
        elif message.kind in ("snapshot", "diff"):
            kind = _SNAPSHOT if message.kind == "snapshot" else _DEPTH
            clears = [self._clear(side, message, times) for side in (1, -1)] if kind == _SNAPSHOT else []
            levels = [
                (_BOTH | _SIDES[side] | kind, *times, self._price(ticks), self._size(lots))
                for side, ticks, lots in message.rows
            ]
            self._add(message, "events", *clears, *levels)

    def _clear(self, side: int, message: Message, times: tuple[int, int]) -> tuple[Any, ...]:
        """Up to the snapshot's last level."""
        last = min(side * ticks for sign, ticks, _ in message.rows if sign == side) * side
        return (_BOTH | _SIDES[side] | _CLEAR, *times, self._price(last), 0.0)

    def _written(self, day: date, _what: str, rows: list[tuple[Any, ...]]) -> Path:
        path = self._folder / f"{self._contract.symbol.lower()}_{day:%Y%m%d}.npz"
        array = np.array([(*row, 0, 0, 0.0) for row in rows], _EVENT)
        with path.with_suffix(".part").open("wb") as file:
            np.savez_compressed(file, data=array)
        return path.with_suffix(".part").replace(path)


class CryptoLake(_Tables):
    """book_delta_v2 and trades. It cannot say a second snapshot: the first message is the only one."""

    def write(self, message: Message) -> None:
        times = message.local_us * _US, message.event_us * _US
        if message.kind == "trade":
            number, side, ticks, lots = message.rows
            word = "buy" if side > 0 else "sell"
            self._add(message, "trades", (*times, word, self._size(lots), self._price(ticks), str(number)))
        elif message.kind in ("snapshot", "diff"):
            rows = [
                (*times, message.last, side > 0, self._price(ticks), self._size(lots))
                for side, ticks, lots in message.rows
            ]
            self._add(message, "book_delta_v2", *rows)

    def _written(self, day: date, what: str, rows: list[tuple[Any, ...]]) -> Path:
        stamp = pa.timestamp("ns")
        levels = [f"{side}_{n}_{what}" for n in range(LAKE_LEVELS) for side in ("bid", "ask") for what in _CELLS]
        fields = {
            "book": {"sequence_number": pa.int64(), **dict.fromkeys(levels, pa.float64())},
            "trades": {"side": pa.string(), "quantity": pa.float64(), "price": pa.float64(), "trade_id": pa.string()},
            "book_delta_v2": {
                "sequence_number": pa.int64(),
                "side_is_bid": pa.bool_(),
                "price": pa.float64(),
                "size": pa.float64(),
            },
        }[what]
        types = {"received_time": stamp, "origin_time": stamp, **fields}
        columns = zip(*rows, strict=True)
        arrays = {name: pa.array(column, type_) for (name, type_), column in zip(types.items(), columns, strict=True)}
        path = self._folder / f"{what}_{day}.parquet"
        part = path.with_suffix(".part")
        pq.write_table(pa.table(arrays), part)
        return part.replace(path)


class CryptoLakeBook(CryptoLake):
    """book and trades: the best twenty levels, wherever one of them changes. It cannot say what lies deeper."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        super().__init__(folder, contract)
        self._book = Levels()
        self._seen: Best | None = None

    def write(self, message: Message) -> None:
        if message.kind not in ("snapshot", "diff"):
            super().write(message)
            return
        self._book.apply(message)
        seen = self._book.best(LAKE_LEVELS)
        if seen != self._seen:
            self._seen = seen
            cells = [cell for n in range(LAKE_LEVELS) for side in seen for cell in self._cells(side[n : n + 1])]
            self._add(message, "book", (message.local_us * _US, message.event_us * _US, message.last, *cells))

    def _cells(self, level: tuple[Level, ...]) -> tuple[float | None, float | None]:
        return (self._price(level[0].ticks), self._size(level[0].lots)) if level else (None, None)
