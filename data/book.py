"""The book as its rows make it, only to see that it is one that a venue can have had."""

import pyarrow as pa

from data.schema import F_LAST, Piece
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_STRIDES = 200  # ticks walked to find the next level before all levels are looked at


class Book:
    """Levels of both sides in ticks and lots, and the best of each; None where a side is empty."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self.best_bid: int | None = None
        self.best_ask: int | None = None
        self.locked = 0  # messages after which the best bid was the best ask

    def apply(self, piece: Piece) -> None:
        """Apply whole messages. Raises DataError after the first that leaves the book crossed."""
        side, price, size, flags = (_list(piece.rows, name) for name in ("side", "price", "size", "flags"))
        bids, asks = self._bids, self._asks
        for row, (way, at, lots) in enumerate(zip(side, price, size, strict=True)):
            if way == 1:
                if lots:
                    bids[at] = lots
                    if self.best_bid is None or at > self.best_bid:
                        self.best_bid = at
                else:
                    bids.pop(at, None)
            elif way == -1:
                if lots:
                    asks[at] = lots
                    if self.best_ask is None or at < self.best_ask:
                        self.best_ask = at
                else:
                    asks.pop(at, None)
            else:
                bids.clear()
                asks.clear()
                self.best_bid = self.best_ask = None
            if flags[row] & F_LAST:
                self._settle(piece, row)

    def top(self) -> tuple[int | None, int, int | None, int]:
        """Best bid, its size, best ask, its size; in ticks and lots."""
        bid, ask = self.best_bid, self.best_ask
        return bid, self._bids.get(bid, 0) if bid else 0, ask, self._asks.get(ask, 0) if ask else 0

    def _settle(self, piece: Piece, row: int) -> None:
        if self.best_bid is not None and self.best_bid not in self._bids:
            self.best_bid = _next(self._bids, self.best_bid, -1)
        if self.best_ask is not None and self.best_ask not in self._asks:
            self.best_ask = _next(self._asks, self.best_ask, 1)
        if self.best_bid is None or self.best_ask is None or self.best_bid < self.best_ask:
            return
        if self.best_bid == self.best_ask:
            self.locked += 1
            return
        tick = self._instrument.tick
        raise DataError(
            Problem(
                source=piece.source,
                line=piece.rows["line"][row].as_py(),
                message=f"crossed book: best bid {self.best_bid * tick} is above best ask {self.best_ask * tick}",
            )
        )


def _next(levels: dict[int, int], start: int, step: int) -> int | None:
    """The best level beyond a best one that is gone: it is near in a liquid book."""
    for at in range(start, start + step * _STRIDES, step):
        if at in levels:
            return at
    if not levels:
        return None
    return max(levels) if step < 0 else min(levels)


def _list(rows: pa.Table, name: str) -> list[int]:
    return rows[name].to_numpy().tolist()  # type: ignore[no-any-return]
