"""Whether all of a recording counts in one unit: trades and mark prices lie where the book stood.

A file whose prices are in another unit (cents, a contract of a thousand coins) looks right by itself. It is known by
the other files: what it says on the whole lies far from any price at which the book stood meanwhile.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.decimals import Column, Int64s
from data.schema import MARKET, Piece, Table
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_OF_A_PIECE = 16  # prices
_FAR = 2.0  # times the best, or the worst, price of the book


class _Said(msgspec.Struct):
    """What a table has said so far: some of its prices, in ticks, with their times, and where it begins."""

    source: str
    line: int
    times: list[Int64s]
    prices: list[Column]


class Scale:
    """Mutable: prices as they come, in ticks."""

    def __init__(self, instrument: Instrument) -> None:
        self._tick = instrument.tick
        self._low, self._high = np.inf, 0.0
        self._start_ns, self._end_ns = 0, 0
        self._said: dict[Table, _Said] = {}

    def see(self, piece: Piece, tops: pa.Table | None) -> None:
        """Some rows; `tops` are those of the book."""
        if tops is not None or piece.table is Table.QUOTES:
            first, last = (piece.rows["ts_init"][n].as_py() for n in (0, -1))
            self._start_ns, self._end_ns = self._start_ns or first, last
            self._stood(piece.rows if tops is None else tops)
        elif piece.table in (Table.TRADES, Table.MARKS) and len((read := self._prices(piece))[0]):
            times, prices = read
            some = np.unique(np.linspace(0, len(prices) - 1, _OF_A_PIECE).astype(np.int64))
            said = self._said.setdefault(piece.table, _Said(piece.source, piece.rows["line"][0].as_py(), [], []))
            said.times.append(times[some])
            said.prices.append(prices[some])

    def check(self) -> None:
        """Raises DataError for what counts in another unit than the book."""
        if problems := list(self._problems()):
            raise DataError(*problems)

    def _problems(self) -> Iterator[Problem]:
        for table, said in self._said.items():
            times, prices = np.concatenate(said.times), np.concatenate(said.prices)
            while_known = prices[(times >= self._start_ns) & (times <= self._end_ns)]
            middle = float(np.median(while_known)) if len(while_known) else self._high
            if self._high and not self._low / _FAR <= middle <= self._high * _FAR:
                stood = f"between {int(self._low) * self._tick} and {int(self._high) * self._tick}"
                reason = f"{table} at about {int(middle) * self._tick}, while the book stood {stood}: a wrong unit?"
                yield Problem(said.source, reason, said.line, "price")

    def _stood(self, tops: pa.Table) -> None:
        for name in ("bid", "ask"):
            price = tops[name].to_numpy()[tops[f"{name}_size"].to_numpy() > 0]
            if len(price):
                self._low, self._high = min(self._low, float(price.min())), max(self._high, float(price.max()))

    def _prices(self, piece: Piece) -> tuple[Int64s, Column]:
        if piece.table is Table.TRADES:
            rows = piece.rows.filter(pc.equal(piece.rows["kind"], MARKET))
            return rows["ts_init"].to_numpy(), rows["price"].to_numpy()
        rows = piece.rows.filter(pc.is_valid(piece.rows["mark"]))
        return rows["ts_init"].to_numpy(), rows["mark"].cast(pa.float64()).to_numpy() / float(self._tick)
