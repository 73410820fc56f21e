"""Rows of data.binance.vision as canonical rows. There is no receive time: ts_init is the venue's."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa

from data.csv_blocks import Block
from data.decimals import Int64s
from data.funding import settled
from data.readers.protocol import OnWarning
from data.schema import DECIMAL, MARKET, SCHEMAS, Piece, Table
from data.source import fault
from engine.core.types import Instrument

_UNITS_NS = {13: 1_000_000, 16: 1_000}
_STEP_BACK_NS = 1_000_000_000


class Kline(StrEnum):
    MARK = "mark"
    INDEX = "index"


def unit_ns(block: Block, name: str) -> int:
    """The unit of a block's times, by the digits of the first."""
    first = int(block.whole(name)[0])
    unit = _UNITS_NS.get(len(str(first)))
    if unit is None:
        reason = f"{first} is no time in milliseconds or microseconds: a wrong unit?"
        raise fault(block.path, reason, line=int(block.lines[0]), field=name)
    return unit


def _piece(table: Table, block: Block, columns: dict[str, object]) -> Piece:
    return Piece(table, str(block.path), pa.table(columns, schema=SCHEMAS[table]))


def _in_order(block: Block, event: Int64s, last_ns: int, name: str) -> Int64s:
    """ts_init that never goes back; steps back of less than a second are held, larger ones refused."""
    local = np.maximum.accumulate(np.maximum(event, last_ns))
    back = local - event > _STEP_BACK_NS
    if back.any():
        raise fault(block.path, "the time goes back: rows are out of order", line=block.line(back), field=name)
    return local


class Deals:
    """trades and aggTrades: ids ascend; a trade that is there twice counts once."""

    def __init__(self, number: str, size: str, time: str) -> None:
        self._number, self._size, self._time = number, size, time
        self._last, self._last_ns, self._again = -1, 0, 0

    def __call__(self, block: Block, instrument: Instrument, unit: int) -> list[Piece]:
        number = block.whole(self._number)
        step = np.diff(number, prepend=self._last)
        if (step < 0).any():
            reason = "the ids go back: rows are out of order, or files overlap"
            raise fault(block.path, reason, line=block.line(step < 0), field=self._number)
        self._again += int((step == 0).sum())
        self._last = int(number[-1])
        block = block.where(step > 0)
        if not len(block.rows):
            return []
        event = block.times(self._time, unit)
        local = _in_order(block, event, self._last_ns, self._time)
        self._last_ns = int(local[-1])
        price = block.grid("price", instrument.tick, f"{instrument.id}'s tick")
        size = block.grid(self._size, instrument.step, f"{instrument.id}'s step")
        nothing = (price == 0) | (size == 0)
        if nothing.any():
            raise fault(block.path, "a trade of nothing", line=block.line(nothing), field=f"price or {self._size}")
        columns: dict[str, object] = {
            "ts_event": event,
            "ts_init": local,
            "side": np.where(block.rows["is_buyer_maker"].to_numpy(), np.int8(-1), np.int8(1)),
            "price": price,
            "size": size,
            "id": block.rows[self._number].cast(pl.String).to_list(),
            "kind": np.full(len(price), MARKET),
            "line": block.lines,
        }
        return [_piece(Table.TRADES, block, columns)]

    def finish(self, _instrument: Instrument, on_warning: OnWarning) -> list[Piece]:
        if self._again:
            on_warning(f"{self._again} trades that were there already were left out")
        if self._number == "id":
            on_warning(
                "prints of the insurance fund and ADL are not marked in these files: they stand among the trades"
            )
        return []


class Tickers:
    """bookTicker: rows may be out of order, and are put in that of their update ids, within two blocks."""

    def __init__(self) -> None:
        self._waiting: Block | None = None
        self._unit = 0
        self._last, self._last_ns, self._moved, self._again = -1, 0, 0, 0

    def __call__(self, block: Block, instrument: Instrument, unit: int) -> list[Piece]:
        unsorted = block if self._waiting is None else _joined(self._waiting, block)
        half = 0 if self._waiting is None else len(self._waiting.rows)
        made = _by_id(unsorted)
        self._waiting, self._unit = _cut(made, half, None), unit
        return self._rows(_cut(made, 0, half), instrument)

    def finish(self, instrument: Instrument, on_warning: OnWarning) -> list[Piece]:
        rows = self._rows(self._waiting, instrument) if self._waiting is not None else []
        if self._moved:
            on_warning(f"{self._moved} rows of the best bid and ask were out of order, and were sorted by update_id")
        if self._again:
            on_warning(f"{self._again} rows of the best bid and ask that were there already were left out")
        return rows

    def _rows(self, block: Block, instrument: Instrument) -> list[Piece]:
        if not len(block.rows):
            return []
        number = block.whole("update_id")
        step = np.diff(number, prepend=self._last)
        if (step < 0).any():
            reason = "update_id goes back by more than two blocks of rows: files overlap, or were shuffled"
            raise fault(block.path, reason, line=block.line(step < 0), field="update_id")
        self._moved += int((np.diff(block.lines) < 0).sum())
        self._again += int((step == 0).sum())
        self._last = int(number[-1])
        block = block.where(step > 0)
        if not len(block.rows):
            return []
        event = block.times("transaction_time", self._unit)
        block.times("event_time", self._unit)
        local = _in_order(block, event, self._last_ns, "transaction_time")
        self._last_ns = int(local[-1])
        columns: dict[str, object] = {"ts_event": event, "ts_init": local}
        for side in ("bid", "ask"):
            columns[side] = block.grid(f"best_{side}_price", instrument.tick, f"{instrument.id}'s tick")
        for side in ("bid", "ask"):
            size = f"best_{side}_qty"
            columns[f"{side}_size"] = block.grid(size, instrument.step, f"{instrument.id}'s step")
        return [_piece(Table.QUOTES, block, {**columns, "line": block.lines})]


def _joined(first: Block, second: Block) -> Block:
    rows, lines = pl.concat([first.rows, second.rows]), np.concatenate([first.lines, second.lines])
    return Block(second.path, second.form, rows, lines, first.texts + second.texts)


def _by_id(block: Block) -> Block:
    order = np.argsort(block.whole("update_id"), kind="stable")
    return msgspec.structs.replace(block, rows=block.rows[order], lines=block.lines[order])


def _cut(block: Block, start: int, stop: int | None) -> Block:
    lines = block.lines[start:stop]
    first = lines.min(initial=int(block.lines.max()))
    texts = tuple(each for each in block.texts if each[0] + each[1].count(b"\n") > first)
    return msgspec.structs.replace(block, rows=block.rows[start:stop], lines=lines, texts=texts)


def funding(block: Block, _instrument: Instrument, unit: int) -> list[Piece]:
    """A rate is told when it was paid."""
    paid = block.times("calc_time", unit)
    if (np.diff(paid) <= 0).any():
        back = np.append(False, np.diff(paid) <= 0)
        raise fault(block.path, "the time goes back: rows are out of order", line=block.line(back), field="calc_time")
    told, due = settled(paid)
    rates = block.numbers("last_funding_rate")
    if None in rates:
        where = int(block.lines[rates.index(None)])
        raise fault(block.path, "the rate is empty", line=where, field="last_funding_rate")
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
        if traded.any():
            reason = "has a volume: these are klines of trades, not of the mark or index price, and are not read"
            raise fault(block.path, reason, line=block.line(traded), field="volume")
        opened, closed = block.times("open_time", unit), block.times("close_time", unit)
        back = np.diff(closed, prepend=self._last_ns) <= 0
        if back.any():
            raise fault(block.path, "the time goes back", line=block.line(back), field="close_time")
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
