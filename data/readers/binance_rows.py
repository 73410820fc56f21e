"""The messages of one block of a capture as columns: all but the book's. Each comes with our time and its line."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from data.decimals import BadNumberError, Int64s, exact, in_units, mantissas
from data.readers.binance_messages import AggTrade, BookTicker, Liquidation, Mark, Trade
from data.schema import DECIMAL, MARKET, SCHEMAS, Table
from data.source import fault
from engine.core.types import Instrument

MS = 1_000_000
_FORCED_SIDES = {"BUY": 1, "SELL": -1}
_DAY_NS = 86_400_000_000_000

type Arrived[Message] = Sequence[tuple[int, Message, int]]


class Place(NamedTuple):
    """Where messages are from, and of what."""

    path: Path
    instrument: Instrument


class Times(NamedTuple):
    """Of some messages: our time, the venue's, and their lines."""

    at: Int64s
    event: Int64s
    line: Int64s


def check_times(path: Path, times: Times, field: str) -> None:
    apart = np.abs(times.at - times.event) > _DAY_NS
    if apart.any():
        at, event, line = (int(column[apart.argmax()]) for column in times)
        told = f"the venue's time {event // MS} (ms) and ours {at} (ns)"
        raise fault(path, f"{told} are more than a day apart: a wrong unit?", line=line, field=field)


def trade_rows(place: Place, arrived: Arrived[Trade | AggTrade]) -> pa.Table:
    trades = [trade for _, trade, _ in arrived]
    times = _times(arrived, [trade.T for trade in trades])
    check_times(place.path, times, "T")
    prices = _numbers(place.path, [trade.p for trade in trades], place.instrument.tick, times.line, "p")
    sizes = _numbers(place.path, [trade.q for trade in trades], place.instrument.step, times.line, "q")
    kinds = [trade.X if isinstance(trade, Trade) else MARKET for trade in trades]
    nothing = (np.array(kinds) == MARKET) & ((prices == 0) | (sizes == 0))
    if nothing.any():
        where = int(nothing.argmax())
        field = "p" if sizes[where] else "q"
        raise fault(place.path, "a trade of nothing", line=int(times.line[where]), field=field)
    columns = {
        "ts_event": times.event,
        "ts_init": times.at,
        "side": np.array([-1 if trade.m else 1 for trade in trades], np.int8),
        "price": prices,
        "size": sizes,
        "id": [str(trade.t if isinstance(trade, Trade) else trade.a) for trade in trades],
        "kind": kinds,
        "line": times.line,
    }
    return pa.table(columns, schema=SCHEMAS[Table.TRADES])


def quote_rows(place: Place, arrived: Arrived[BookTicker]) -> pa.Table:
    tickers = [ticker for _, ticker, _ in arrived]
    at, event, line = _times(arrived, [ticker.T or ticker.E for ticker in tickers])
    times = Times(at, np.where(event == 0, at, event), line)
    check_times(place.path, times, "T")
    tick, step = place.instrument.tick, place.instrument.step
    sides = {"bid": ("b", tick), "ask": ("a", tick), "bid_size": ("B", step), "ask_size": ("A", step)}
    numbers = {
        name: _numbers(place.path, [getattr(ticker, field) for ticker in tickers], unit, line, field)
        for name, (field, unit) in sides.items()
    }
    columns = {"ts_event": times.event, "ts_init": at, **numbers, "line": line}
    return pa.table(columns, schema=SCHEMAS[Table.QUOTES])


def liquidation_rows(place: Place, arrived: Arrived[Liquidation]) -> pa.Table:
    """At the price of the order, not the average of its fills, which is on no tick."""
    orders = [forced.o for _, forced, _ in arrived]
    times = _times(arrived, [order.T for order in orders])
    if odd := [n for n, order in enumerate(orders) if order.S not in _FORCED_SIDES]:
        raise fault(place.path, f"{orders[odd[0]].S!r} is no side", line=int(times.line[odd[0]]), field="S")
    columns = {
        "ts_event": times.event,
        "ts_init": times.at,
        "side": np.array([_FORCED_SIDES[order.S] for order in orders], np.int8),
        "price": _numbers(place.path, [order.p for order in orders], place.instrument.tick, times.line, "p"),
        "size": _numbers(place.path, [order.q for order in orders], place.instrument.step, times.line, "q"),
        "id": [f"{forced.o.T}-{line}" for _, forced, line in arrived],
        "line": times.line,
    }
    return pa.table(columns, schema=SCHEMAS[Table.LIQUIDATIONS])


def mark_rows(place: Place, arrived: Arrived[Mark]) -> pa.Table:
    times = _times(arrived, [mark.E for _, mark, _ in arrived])
    check_times(place.path, times, "E")
    index = [_price(place.path, mark.i, line, "i") if mark.i else None for _, mark, line in arrived]
    columns = {
        "ts_event": times.event,
        "ts_init": times.at,
        "mark": pa.array([_price(place.path, mark.p, line, "p") for _, mark, line in arrived], DECIMAL),
        "index": pa.array(index, DECIMAL),
        "line": times.line,
    }
    return pa.table(columns, schema=SCHEMAS[Table.MARKS])


def funding_rows(place: Place, arrived: Arrived[Mark]) -> pa.Table:
    rows = [
        (mark.E * MS, at, format(_number(place.path, mark.r, line, "r"), "f"), mark.T * MS, line)
        for at, mark, line in arrived
        if mark.r and mark.T
    ]
    names = SCHEMAS[Table.FUNDING].names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], SCHEMAS[Table.FUNDING])


def _times(arrived: Arrived[object], event_ms: Sequence[int]) -> Times:
    at, _, line = zip(*arrived, strict=True)
    return Times(np.array(at, np.int64), np.array(event_ms, np.int64) * MS, np.array(line, np.int64))


def _numbers(path: Path, written: Sequence[str], unit: Decimal, lines: Int64s, field: str) -> Int64s:
    for index, text in enumerate(written):
        if "," in text or not text:
            raise fault(path, f"{text!r} is not a number", line=int(lines[index]), field=field)
    try:
        return in_units(*mantissas(",".join(written).encode()), unit)
    except BadNumberError as error:
        raise fault(path, error.reason, line=int(lines[error.index]), field=field) from error


def _price(path: Path, text: str, line: int, field: str) -> Decimal:
    value = _number(path, text, line, field)
    if value <= 0:
        raise fault(path, f"{text!r} is not a price", line=line, field=field)
    return value


def _number(path: Path, text: str, line: int, field: str) -> Decimal:
    try:
        return exact(text)
    except BadNumberError as error:
        raise fault(path, error.reason, line=line, field=field) from error
