"""The best levels of a book as those know them who were told of every change: a venue's topic of so many levels."""

import msgspec

from engine.core.types import Side
from engine.venue_sim.market import Market

type Levels = dict[int, int]  # lots by price
type Rows = list[tuple[int, int]]


class Window(msgspec.Struct):
    """What a book's topic has told: sizes by price, and its latest number. Mutable."""

    market: Market
    levels: int
    bids: Levels
    asks: Levels
    u: int

    def moved(self) -> tuple[Rows, Rows] | None:
        """What has changed since, a size of 0 where a level is gone or no longer among the best; None: nothing."""
        bids, asks = best(self.market, self.levels)
        changed = _changes(self.bids, bids), _changes(self.asks, asks)
        if not any(changed):
            return None
        self.bids, self.asks, self.u = bids, asks, self.u + 1
        return changed


def opened(market: Market, levels: int) -> Window:
    return Window(market, levels, *best(market, levels), market.update_id)


def best(market: Market, count: int) -> tuple[Levels, Levels]:
    """The best levels of both sides, in ticks and lots."""
    sides = market.matching.sides
    return dict(sides[Side.BUY].top(count)), dict(sides[Side.SELL].top(count))


def _changes(told: Levels, now: Levels) -> Rows:
    gone = [(price, 0) for price in told if price not in now]
    return gone + [(price, lots) for price, lots in now.items() if told.get(price) != lots]
