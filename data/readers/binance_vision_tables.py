"""Rows of data.binance.vision as canonical rows. There is no receive time: ts_init is the venue's."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from data.csv_blocks import Block
from data.decimals import Bools, Int64s
from data.funding import settled
from data.readers.protocol import TRADED_TWICE, OnWarning
from data.schema import DECIMAL, MARKET, SCHEMAS, Piece, Table
from data.source import fault
from engine.core.types import Instrument

_UNITS_NS = {13: 1_000_000, 16: 1_000}
_STEP_BACK_NS = 1_000_000_000  # what is held; a larger one is refused
_BACK = "the time goes back: rows are out of order"


class Kline(StrEnum):
    MARK = "mark"
    INDEX = "index"


def unit_ns(block: Block, name: str) -> int:
    """The unit of a block's times, by the digits of the first."""
    first = int(block.whole(name)[0])
    unit = _UNITS_NS.get(len(str(first)))
    if unit is None:
        raise block.fault(0, name, f"{first} is no time in milliseconds or microseconds: a wrong unit?")
    return unit


def _piece(table: Table, block: Block, columns: dict[str, object]) -> Piece:
    return Piece(table, str(block.path), pa.table(columns, schema=SCHEMAS[table]))


def _in_order(event: Int64s, last_ns: int) -> Int64s:
    """Times that never go back: what steps back is held."""
    return np.maximum.accumulate(np.maximum(event, last_ns))


class Deals:
    """trades and aggTrades: ids ascend; a trade that is there twice counts once."""

    def __init__(self, number: str, size: str, time: str) -> None:
        self._number, self._size, self._time = number, size, time
        self._last, self._last_ns, self._again = -1, 0, 0

    def __call__(self, block: Block, instrument: Instrument, unit: int) -> list[Piece]:
        number = block.whole(self._number)
        step = np.diff(number, prepend=self._last)
        block.refuse(step < 0, self._number, "the ids go back: rows are out of order, or files overlap")
        self._again += int((step == 0).sum())
        self._last = int(number[-1])
        block = block.where(step > 0)
        if not len(block):
            return []
        event = block.times(self._time, unit)
        local = _in_order(event, self._last_ns)
        block.refuse(local - event > _STEP_BACK_NS, self._time, _BACK)
        self._last_ns = int(local[-1])
        price, size = block.ticks("price", instrument), block.lots(self._size, instrument)
        block.refuse((price == 0) | (size == 0), f"price or {self._size}", "a trade of nothing")
        columns: dict[str, object] = {
            "ts_event": event,
            "ts_init": local,
            "side": np.where(block.rows["is_buyer_maker"].to_numpy(), np.int8(-1), np.int8(1)),
            "price": price,
            "size": size,
            "id": block.rows[self._number].cast(pl.String).to_arrow().cast(pa.string()),
            "kind": np.full(len(price), MARKET),
            "line": block.lines,
        }
        return [_piece(Table.TRADES, block, columns)]

    def finish(self, _instrument: Instrument, on_warning: OnWarning) -> list[Piece]:
        if self._again:
            on_warning(f"{self._again} {TRADED_TWICE}")
        if self._number == "id":
            on_warning(
                "prints of the insurance fund and ADL are not marked in these files: they stand among the trades"
            )
        return []


class Tickers:
    """bookTicker: rows may be out of order, and are put in that of their update ids, within two blocks."""

    def __init__(self) -> None:
        self._path = Path()
        self._waiting: pl.DataFrame | None = None
        self._last, self._last_ns, self._moved, self._again = -1, 0, 0, 0

    def __call__(self, block: Block, instrument: Instrument, unit: int) -> list[Piece]:
        block.times("event_time", unit)
        columns = {"number": block.whole("update_id"), "ts_event": block.times("transaction_time", unit)}
        for side in ("bid", "ask"):
            columns[side] = block.ticks(f"best_{side}_price", instrument)
            columns[f"{side}_size"] = block.lots(f"best_{side}_qty", instrument)
        rows, half = pl.DataFrame({**columns, "line": block.lines}), 0
        if self._waiting is not None:
            rows, half = pl.concat([self._waiting, rows]), len(self._waiting)
        rows = rows.sort("number", maintain_order=True)
        self._path, self._waiting = block.path, rows[half:]
        return self._rows(rows[:half])

    def finish(self, _instrument: Instrument, on_warning: OnWarning) -> list[Piece]:
        rows = self._rows(self._waiting) if self._waiting is not None else []
        if self._moved:
            on_warning(f"{self._moved} rows of the best bid and ask were out of order, and were sorted by update_id")
        if self._again:
            on_warning(f"{self._again} rows of the best bid and ask that were there already were left out")
        return rows

    def _rows(self, rows: pl.DataFrame) -> list[Piece]:
        step = np.diff(rows["number"].to_numpy(), prepend=self._last)
        reason = "update_id goes back by more than two blocks of rows: files overlap, or were shuffled"
        self._refuse(rows, step < 0, "update_id", reason)
        self._moved += int((np.diff(rows["line"].to_numpy()) < 0).sum())
        self._again += int((step == 0).sum())
        rows = rows.filter(pl.Series(step > 0))
        if not len(rows):
            return []
        self._last, event = rows["number"][-1], rows["ts_event"].to_numpy()
        local = _in_order(event, self._last_ns)
        self._refuse(rows, local - event > _STEP_BACK_NS, "transaction_time", _BACK)
        self._last_ns = int(local[-1])
        columns = {name: rows[name].to_numpy() for name in SCHEMAS[Table.QUOTES].names if name != "ts_init"}
        quotes = pa.table({**columns, "ts_init": local}).select(SCHEMAS[Table.QUOTES].names)
        return [Piece(Table.QUOTES, str(self._path), quotes.cast(SCHEMAS[Table.QUOTES]))]

    def _refuse(self, rows: pl.DataFrame, odd: Bools, field: str, reason: str) -> None:
        if odd.any():
            raise fault(self._path, reason, line=rows["line"][int(odd.argmax())], field=field)


def funding(block: Block, _instrument: Instrument, unit: int) -> list[Piece]:
    """A rate is told when it was paid."""
    paid = block.times("calc_time", unit)
    block.refuse(np.diff(paid, prepend=0) <= 0, "calc_time", _BACK)
    told, due = settled(paid)
    rates = block.numbers("last_funding_rate")
    if None in rates:
        raise block.fault(rates.index(None), "last_funding_rate", "the rate is empty")
    columns: dict[str, object] = {
        "ts_event": told,
        "ts_init": told,
        "rate": [format(rate, "f") for rate in rates if rate is not None],
        "next_funding_ns": due,
        "line": block.lines,
    }
    return [_piece(Table.FUNDING, block, columns)]


class Klines:
    """Klines of the mark or index price: the close of each, known when it ends."""

    def __init__(self, kind: Kline) -> None:
        self._kind, self._last_ns, self._every_ns = kind, 0, 0

    def __call__(self, block: Block, _instrument: Instrument, unit: int) -> list[Piece]:
        traded = block.rows["volume"].to_numpy() > 0
        reason = "has a volume: these are klines of trades, not of the mark or index price, and are not read"
        block.refuse(traded, "volume", reason)
        opened, closed = block.times("open_time", unit), block.times("close_time", unit)
        block.refuse(np.diff(closed, prepend=self._last_ns) <= 0, "close_time", "the time goes back")
        self._last_ns, self._every_ns = int(closed[-1]), int(closed[0] - opened[0])
        values = pa.array(block.prices("close"), DECIMAL)
        nothing = pa.nulls(len(values), DECIMAL)
        prices = {"mark": (values, nothing), "index": (nothing, values)}[self._kind]
        columns: dict[str, object] = {"ts_event": closed, "ts_init": closed, "mark": prices[0], "index": prices[1]}
        return [_piece(Table.MARKS, block, {**columns, "line": block.lines})]

    def finish(self, _instrument: Instrument, on_warning: OnWarning) -> Iterator[Piece]:
        seconds = round(self._every_ns / 1e9)
        on_warning(f"{self._kind} prices are the last of every {seconds} s, known at its end: they are that old")
        return iter(())
