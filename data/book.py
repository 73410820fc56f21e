"""The book as its rows make it: to see that it is one that a venue can have had, and for the quotes at its top."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec
import numpy as np
import pyarrow as pa

from data.book_side import Changes, Side, Stretch
from data.decimals import Int64s
from data.schema import F_LAST, Piece
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_STRETCH = 4_096  # rows, about

QUOTES = pa.schema(
    [(name, pa.int64()) for name in ("ts_event", "ts_init", "bid", "ask", "bid_size", "ask_size")]
)  # ticks and lots; a side of size 0 is empty


class Odd(msgspec.Struct, frozen=True):
    """A book that no venue can have had, in ticks, after the message that ends at a line."""

    bid: int
    ask: int
    ts_init: int
    source: str
    line: int


class Book:
    """Both sides after each message. `on_odd` is told of a locked or crossed book; without it a locked one is counted
    and a crossed one refused."""

    def __init__(self, instrument: Instrument, on_odd: Callable[[Odd], None] | None = None) -> None:
        self._instrument = instrument
        self._on_odd = on_odd or self._refuse_crossed
        self._bids, self._asks = Side(), Side()
        self.locked = 0  # messages after which the best bid was the best ask

    def levels(self, sign: int) -> tuple[Int64s, Int64s]:
        """Prices times the sign, and lots, of what is on a side."""
        return (self._bids if sign > 0 else self._asks).levels

    def apply(self, piece: Piece) -> pa.Table:
        """Apply whole messages; the top after each of those that changed it. Raises DataError after the first message
        that leaves the book crossed, if nobody else is told of it."""
        side, price, size, flags = (piece.rows[name].to_numpy() for name in ("side", "price", "size", "flags"))
        is_last = flags & F_LAST != 0
        ends = np.flatnonzero(is_last)
        message = np.cumsum(is_last) - is_last
        before = self._bids.top, self._asks.top
        stretches = [*_stretches(ends, np.flatnonzero(side == 0), message)]

        def tops_of(levels: Side, sign: int) -> Int64s:
            rows = np.flatnonzero(side == sign)
            starts, stops = (np.searchsorted(rows, at).tolist() for at in list(zip(*stretches, strict=True))[:2])
            ours = map(Stretch, starts, stops, [stretch.clears for stretch in stretches])
            return levels.change(Changes(message[rows], price[rows] * sign, size[rows]), ours)

        at, tops = _merged(tops_of(self._bids, 1), tops_of(self._asks, -1), before)
        self._tell(piece, ends, at, tops)
        which = ends[at[1:]]
        times = piece.rows.select(["ts_event", "ts_init"]).take(which).columns
        return pa.table([*times, *(each[1:] for each in tops)], schema=QUOTES)

    def _tell(self, piece: Piece, ends: Int64s, at: Int64s, tops: tuple[Int64s, ...]) -> None:
        """Of every message that leaves, or finds and leaves, the book locked or crossed."""
        bid, ask, bid_size, ask_size = tops
        odd = (bid >= ask) & (bid_size > 0) & (ask_size > 0)
        if not odd.any():
            return
        state = np.searchsorted(at, np.arange(len(ends)), side="right") - 1
        for message in np.flatnonzero(odd[state]).tolist():
            top, row = state[message], int(ends[message])
            local, line = (piece.rows[name][row].as_py() for name in ("ts_init", "line"))
            self._on_odd(Odd(int(bid[top]), int(ask[top]), local, piece.source, line))

    def _refuse_crossed(self, odd: Odd) -> None:
        if odd.bid == odd.ask:
            self.locked += 1
            return
        tick = self._instrument.tick
        reason = f"crossed book: best bid {odd.bid * tick} is above best ask {odd.ask * tick}"
        raise DataError(Problem(source=odd.source, line=odd.line, message=reason))


def _stretches(ends: Int64s, clears: Int64s, message: Int64s) -> Iterator[Stretch]:
    """Stretches of whole messages; one that clears the book stands alone, and begins with the last row that does."""
    bounds = np.append(0, ends + 1)
    at = np.searchsorted(bounds, np.arange(_STRETCH, bounds[-1], _STRETCH))
    clearing = message[clears]
    cuts = np.unique(np.concatenate([[0, len(bounds) - 1], at, clearing, clearing + 1]))
    last_of = dict(zip(clearing.tolist(), clears.tolist(), strict=True))
    for first, after in pairwise(cuts.tolist()):
        begins = last_of.get(first)
        start = int(bounds[first]) if begins is None else begins
        yield Stretch(start, int(bounds[after]), None if begins is None else first)


def _merged(
    bids: Int64s, asks: Int64s, before: tuple[tuple[int, int], tuple[int, int]]
) -> tuple[Int64s, tuple[Int64s, ...]]:
    """Messages after which a side's top changed, and (bid, ask, bid_size, ask_size) then; first, as of message -1, what
    they were before."""
    at = np.union1d([-1], np.concatenate([bids[:, 0], asks[:, 0]]))
    sides = []
    for tops, last in zip((bids, asks), before, strict=True):
        known = np.vstack([[(-1, *last)], tops])
        sides.append(known[np.searchsorted(known[:, 0], at, side="right") - 1])
    (_, bid, bid_size), (_, ask, ask_size) = (each.T for each in sides)
    return at, (bid, -ask, bid_size, ask_size)
