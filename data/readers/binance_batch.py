"""The messages of one block of a capture, gathered and turned into columns at once."""

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from data.clock import Latencies
from data.decimals import BadNumberError, Int64s, exact, in_units, mantissas
from data.readers.binance_chain import Received
from data.readers.binance_messages import AggTrade, BookTicker, Liquidation, Mark, Snapshot, Trade
from data.schema import DECIMAL, F_LAST, F_SNAPSHOT, MARKET, SCHEMAS, Piece, Table
from data.source import fault
from engine.core.errors import DataError
from engine.core.types import Instrument

MS = 1_000_000
_DIGITS = b"0123456789. \t"
_LEVELS = 'levels are not a list of ["price","size"]'
_FORCED_SIDES = {"BUY": 1, "SELL": -1}
_DAY_NS = 86_400_000_000_000


class Batch:
    """Columns of book, trade and mark price rows, in order of arrival."""

    def __init__(self, path: Path, instrument: Instrument) -> None:
        self._path = path
        self._instrument = instrument
        self._levels: list[bytes] = []  # `["price","size"],...` of one side of one message
        # per message: our time, the venue's, last update id, line, flags, rows of bids, rows of asks; -1 clears
        self._messages: list[tuple[int, int, int, int, int, int, int]] = []
        self._trades: list[tuple[int, int, int, str, str, str, str, int]] = []
        self._marks: list[tuple[int, Mark, int]] = []
        self._quotes: list[tuple[int, BookTicker, int]] = []
        self._forced: list[tuple[int, Liquidation, int]] = []

    def diff(self, received: Received, at_ns: int) -> None:
        diff = received.diff
        bids, asks = self._side(diff.b, received.line), self._side(diff.a, received.line)
        if bids or asks:
            self._messages.append((at_ns, diff.E * MS, diff.u, received.line, 0, bids, asks))

    def snapshot(self, snapshot: Snapshot, at_ns: int, line: int) -> None:
        event_ms = snapshot.T or snapshot.E
        event_ns = at_ns if event_ms is None else event_ms * MS
        self.clear(at_ns, event_ns, snapshot.lastUpdateId, line, flags=F_SNAPSHOT)
        bids, asks = self._side(snapshot.bids, line), self._side(snapshot.asks, line)
        if not bids or not asks:
            raise fault(self._path, "the snapshot has an empty side", line=line, field="asks" if bids else "bids")
        self._messages.append((at_ns, event_ns, snapshot.lastUpdateId, line, F_SNAPSHOT, bids, asks))

    def clear(self, at_ns: int, event_ns: int, sequence: int, line: int, *, flags: int = F_LAST) -> None:
        """Empty the book: with F_LAST it stays empty, since nobody knows it."""
        self._messages.append((at_ns, event_ns, sequence, line, flags, -1, -1))

    def trade(self, trade: Trade | AggTrade, at_ns: int, line: int) -> None:
        side = -1 if trade.m else 1
        identity, kind = (trade.t, trade.X) if isinstance(trade, Trade) else (trade.a, MARKET)
        self._trades.append((at_ns, trade.T * MS, side, trade.p, trade.q, str(identity), kind, line))

    def mark(self, mark: Mark, at_ns: int, line: int) -> None:
        self._marks.append((at_ns, mark, line))

    def quote(self, ticker: BookTicker, at_ns: int, line: int) -> None:
        self._quotes.append((at_ns, ticker, line))

    def liquidation(self, forced: Liquidation, at_ns: int, line: int) -> None:
        self._forced.append((at_ns, forced, line))

    def time(self, latencies: Latencies) -> None:
        """How late everything reached us that the venue timed; the median is that of depth."""
        diffs = [(at, event) for at, event, _, _, flags, bids, _ in self._messages if bids >= 0 and not flags]
        others = [(at, event) for at, event, *_ in self._trades] + [(at, mark.E * MS) for at, mark, _ in self._marks]
        quotes = [(at, ticker.T * MS) for at, ticker, _ in self._quotes if ticker.T]
        for times, sampled in ((diffs, True), (quotes, not diffs), (others, False)):
            at, event = np.array(times, np.int64).reshape(-1, 2).T
            latencies.add(at - event, sampled=sampled)

    def pieces(self) -> list[Piece]:
        tables = (
            (Table.BOOK, self._book_rows() if self._messages else None),
            (Table.TRADES, self._trade_rows() if self._trades else None),
            (Table.MARKS, self._mark_rows() if self._marks else None),
            (Table.FUNDING, self._funding_rows() if self._marks else None),
            (Table.QUOTES, self._quote_rows() if self._quotes else None),
            (Table.LIQUIDATIONS, self._liquidation_rows() if self._forced else None),
        )
        return [
            Piece(table=t, source=str(self._path), rows=rows) for t, rows in tables if rows is not None and len(rows)
        ]

    def _side(self, levels: msgspec.Raw, line: int) -> int:
        text = bytes(levels)
        count = text.count(b"[") - 1
        if count > 0:
            self._levels.append(text[1:-1])
        elif text.translate(None, b" \t") != b"[]":
            raise fault(self._path, _LEVELS, line=line, field="b or a")
        return count

    def _book_rows(self) -> pa.Table:
        at, event, sequence, line, flags, bids, asks = np.array(self._messages, np.int64).T
        self._check_times(at, event, line, "E")
        cleared = bids < 0
        counts = np.where(cleared, 1, bids + asks)
        row_line = np.repeat(line, counts)
        prices, sizes = self._parsed_levels(row_line[np.repeat(~cleared, counts)])
        ends = np.cumsum(counts)
        sides = np.full(int(ends[-1]), -1, np.int8)
        within = np.arange(len(sides)) - np.repeat(ends - counts, counts)
        sides[within < np.repeat(bids, counts)] = 1
        row_flags = np.repeat(flags, counts).astype(np.uint8)
        row_flags[ends[~cleared] - 1] |= F_LAST
        levels = np.repeat(~cleared, counts)
        sides[~levels] = 0
        columns = {
            "ts_event": np.repeat(event, counts),
            "ts_init": np.repeat(at, counts),
            "side": sides,
            "price": _spread(prices, levels),
            "size": _spread(sizes, levels),
            "flags": row_flags,
            "sequence": np.repeat(sequence, counts).astype(np.uint64),
            "line": row_line,
        }
        return pa.table(columns, schema=SCHEMAS[Table.BOOK])

    def _parsed_levels(self, lines: Int64s) -> tuple[Int64s, Int64s]:
        text = b",".join(self._levels)
        count = len(lines)
        if text.translate(None, _DIGITS) != (b'["",""],' * count)[:-1]:
            raise self._malformed_level(lines)
        if not count:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        try:
            numbers, places = mantissas(text.translate(None, b'[]" \t'))
        except BadNumberError as error:
            name = "size" if error.index % 2 else "price"
            raise fault(self._path, error.reason, line=int(lines[error.index // 2]), field=name) from error
        prices = self._in_units(numbers[0::2], places[0::2], self._instrument.tick, lines, "price")
        if not prices.all():
            line = int(lines[np.flatnonzero(prices == 0)[0]])
            raise fault(self._path, "a level at price 0", line=line, field="price")
        return prices, self._in_units(numbers[1::2], places[1::2], self._instrument.step, lines, "size")

    def _malformed_level(self, lines: Int64s) -> DataError:
        first = 0
        for text in self._levels:
            count = text.count(b"[")
            if text.translate(None, _DIGITS) != (b'["",""],' * count)[:-1]:
                return fault(self._path, _LEVELS, line=int(lines[min(first, len(lines) - 1)]), field="b or a")
            first += count
        raise AssertionError("the levels are well formed one by one, but not together")

    def _in_units(self, numbers: Int64s, places: Int64s, unit: Decimal, lines: Int64s, field: str) -> Int64s:
        try:
            return in_units(numbers, places, unit)
        except BadNumberError as error:
            name = f"{self._instrument.id}'s {'tick' if field == 'price' else 'step'}"
            raise fault(self._path, f"{error.reason}, {name}", line=int(lines[error.index]), field=field) from error

    def _check_times(self, at: Int64s, event: Int64s, line: Int64s, field: str) -> None:
        apart = np.abs(at - event) > _DAY_NS
        if apart.any():
            where = int(np.flatnonzero(apart)[0])
            raise fault(
                self._path,
                f"the venue's time {event[where] // MS} (ms) and ours {at[where]} (ns) are more than a day apart:"
                " a wrong unit?",
                line=int(line[where]),
                field=field,
            )

    def _trade_rows(self) -> pa.Table:
        at, event, side, price, size, identity, kind, line = zip(*self._trades, strict=True)
        times, events, lines = (np.array(c, np.int64) for c in (at, event, line))
        self._check_times(times, events, lines, "T")
        prices = self._numbers(price, self._instrument.tick, lines, "p")
        sizes = self._numbers(size, self._instrument.step, lines, "q")
        kinds = np.array(kind)
        nothing = (kinds == MARKET) & ((prices == 0) | (sizes == 0))
        if nothing.any():
            where = int(np.flatnonzero(nothing)[0])
            raise fault(self._path, "a trade of nothing", line=int(lines[where]), field="p" if sizes[where] else "q")
        columns = {
            "ts_event": events,
            "ts_init": times,
            "side": np.array(side, np.int8),
            "price": prices,
            "size": sizes,
            "id": list(identity),
            "kind": list(kind),
            "line": lines,
        }
        return pa.table(columns, schema=SCHEMAS[Table.TRADES])

    def _numbers(self, written: tuple[str, ...], unit: Decimal, lines: Int64s, field: str) -> Int64s:
        for index, text in enumerate(written):
            if "," in text or not text:
                raise fault(self._path, f"{text!r} is not a number", line=int(lines[index]), field=field)
        try:
            numbers, places = mantissas(",".join(written).encode())
            return in_units(numbers, places, unit)
        except BadNumberError as error:
            raise fault(self._path, error.reason, line=int(lines[error.index]), field=field) from error

    def _quote_rows(self) -> pa.Table:
        at, tickers, line = zip(*self._quotes, strict=True)
        times, lines = np.array(at, np.int64), np.array(line, np.int64)
        events = np.array([t.T or t.E for t in tickers], np.int64) * MS
        events = np.where(events == 0, times, events)
        self._check_times(times, events, lines, "T")
        tick, step = self._instrument.tick, self._instrument.step
        sides = {"bid": ("b", tick), "ask": ("a", tick), "bid_size": ("B", step), "ask_size": ("A", step)}
        numbers = {
            name: self._numbers(tuple(getattr(t, field) for t in tickers), unit, lines, field)
            for name, (field, unit) in sides.items()
        }
        columns = {"ts_event": events, "ts_init": times, **numbers, "line": lines}
        return pa.table(columns, schema=SCHEMAS[Table.QUOTES])

    def _liquidation_rows(self) -> pa.Table:
        """At the price of the order, not the average of its fills, which is on no tick."""
        at, forced, line = zip(*self._forced, strict=True)
        lines, orders = np.array(line, np.int64), [each.o for each in forced]
        if odd := [n for n, o in enumerate(orders) if o.S not in _FORCED_SIDES]:
            raise fault(self._path, f"{orders[odd[0]].S!r} is no side", line=int(lines[odd[0]]), field="S")
        columns = {
            "ts_event": np.array([o.T for o in orders], np.int64) * MS,
            "ts_init": np.array(at, np.int64),
            "side": np.array([_FORCED_SIDES[o.S] for o in orders], np.int8),
            "price": self._numbers(tuple(o.p for o in orders), self._instrument.tick, lines, "p"),
            "size": self._numbers(tuple(o.q for o in orders), self._instrument.step, lines, "q"),
            "id": [f"{o.T}-{n}" for o, n in zip(orders, line, strict=True)],
            "line": lines,
        }
        return pa.table(columns, schema=SCHEMAS[Table.LIQUIDATIONS])

    def _mark_rows(self) -> pa.Table:
        at, mark, line = zip(*self._marks, strict=True)
        lines = np.array(line, np.int64)
        events = np.array([m.E * MS for m in mark], np.int64)
        self._check_times(np.array(at, np.int64), events, lines, "E")
        columns = {
            "ts_event": events,
            "ts_init": np.array(at, np.int64),
            "mark": pa.array([self._decimal(m.p, n, "p") for m, n in zip(mark, line, strict=True)], DECIMAL),
            "index": pa.array(
                [self._decimal(m.i, n, "i") if m.i else None for m, n in zip(mark, line, strict=True)], DECIMAL
            ),
            "line": lines,
        }
        return pa.table(columns, schema=SCHEMAS[Table.MARKS])

    def _funding_rows(self) -> pa.Table:
        rows = [
            (mark.E * MS, at, _rate(self._path, mark.r, line), mark.T * MS, line)
            for at, mark, line in self._marks
            if mark.r and mark.T
        ]
        names = SCHEMAS[Table.FUNDING].names
        return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], SCHEMAS[Table.FUNDING])

    def _decimal(self, text: str, line: int, field: str) -> Decimal:
        return _positive(self._path, text, line, field)


def _spread(values: Int64s, where: np.ndarray) -> Int64s:
    """Values at the rows that are levels, 0 at those that clear."""
    if len(values) == len(where):
        return values
    out = np.zeros(len(where), np.int64)
    out[where] = values
    return out


def _positive(path: Path, text: str, line: int, field: str) -> Decimal:
    value = _number(path, text, line, field)
    if value <= 0:
        raise fault(path, f"{text!r} is not a price", line=line, field=field)
    return value


def _rate(path: Path, text: str, line: int) -> str:
    return format(_number(path, text, line, "r"), "f")


def _number(path: Path, text: str, line: int, field: str) -> Decimal:
    try:
        return exact(text)
    except BadNumberError as error:
        raise fault(path, error.reason, line=line, field=field) from error
