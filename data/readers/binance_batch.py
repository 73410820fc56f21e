"""The messages of one block of a capture, gathered and turned into columns at once."""

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from data.clock import Latencies
from data.decimals import BadNumberError, Int64s, in_units, mantissas
from data.readers.binance_chain import Received
from data.readers.binance_messages import AggTrade, BookTicker, Liquidation, Mark, Snapshot, Trade
from data.readers.binance_rows import (
    MS,
    Place,
    Times,
    check_times,
    funding_rows,
    liquidation_rows,
    mark_rows,
    quote_rows,
    trade_rows,
)
from data.schema import F_LAST, F_SNAPSHOT, SCHEMAS, Piece, Table
from data.source import fault
from engine.core.errors import DataError
from engine.core.types import Instrument

_DIGITS = b"0123456789. \t"
_LEVELS = 'levels are not a list of ["price","size"]'


class Batch:
    """Columns of book, trade and mark price rows, in order of arrival."""

    def __init__(self, path: Path, instrument: Instrument) -> None:
        self._path = path
        self._instrument = instrument
        self._levels: list[bytes] = []  # `["price","size"],...` of one side of one message
        # per message: our time, the venue's, last update id, line, flags, rows of bids, rows of asks; -1 clears
        self._messages: list[tuple[int, int, int, int, int, int, int]] = []
        self._trades: list[tuple[int, Trade | AggTrade, int]] = []
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
        self._trades.append((at_ns, trade, line))

    def mark(self, mark: Mark, at_ns: int, line: int) -> None:
        self._marks.append((at_ns, mark, line))

    def quote(self, ticker: BookTicker, at_ns: int, line: int) -> None:
        self._quotes.append((at_ns, ticker, line))

    def liquidation(self, forced: Liquidation, at_ns: int, line: int) -> None:
        self._forced.append((at_ns, forced, line))

    def time(self, latencies: Latencies) -> None:
        """How late everything reached us that the venue timed; the median is that of depth."""
        diffs = [(at, event) for at, event, _, _, flags, bids, _ in self._messages if bids >= 0 and not flags]
        others = [(at, trade.T * MS) for at, trade, _ in self._trades] + [
            (at, mark.E * MS) for at, mark, _ in self._marks
        ]
        quotes = [(at, ticker.T * MS) for at, ticker, _ in self._quotes if ticker.T]
        for times, sampled in ((diffs, True), (quotes, not diffs), (others, False)):
            at, event = np.array(times, np.int64).reshape(-1, 2).T
            latencies.add(at - event, sampled=sampled)

    def pieces(self) -> list[Piece]:
        place = Place(self._path, self._instrument)
        tables = (
            (Table.BOOK, self._book_rows() if self._messages else None),
            (Table.TRADES, trade_rows(place, self._trades) if self._trades else None),
            (Table.MARKS, mark_rows(place, self._marks) if self._marks else None),
            (Table.FUNDING, funding_rows(place, self._marks) if self._marks else None),
            (Table.QUOTES, quote_rows(place, self._quotes) if self._quotes else None),
            (Table.LIQUIDATIONS, liquidation_rows(place, self._forced) if self._forced else None),
        )
        return [Piece(t, str(self._path), rows) for t, rows in tables if rows is not None and len(rows)]

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
        check_times(self._path, Times(at, event, line), "E")
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


def _spread(values: Int64s, where: np.ndarray) -> Int64s:
    """Values at the rows that are levels, 0 at those that clear."""
    if len(values) == len(where):
        return values
    out = np.zeros(len(where), np.int64)
    out[where] = values
    return out
