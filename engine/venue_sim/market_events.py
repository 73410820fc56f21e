"""What the venue is fed: what the market did, in whole ticks and lots, at the times of the tape."""

from decimal import Decimal

import msgspec

type Levels = tuple[tuple[int, int], ...]  # (price in ticks, lots that now rest there; 0 removes the level)


class Depth(msgspec.Struct, frozen=True):
    """One message of book changes; with `snapshot` everything that it does not name is gone."""

    symbol: str
    ts_ns: int
    bids: Levels
    asks: Levels
    snapshot: bool = False


class Print(msgspec.Struct, frozen=True):
    """A trade of the market. `side` is the taker's: 1 bought, -1 sold, 0 unknown."""

    symbol: str
    ts_ns: int
    side: int
    price: int
    lots: int


class Mark(msgspec.Struct, frozen=True):
    """Mark and index price; None leaves the one known."""

    symbol: str
    ts_ns: int
    mark: Decimal | None = None
    index: Decimal | None = None


class Rate(msgspec.Struct, frozen=True):
    """The funding rate (a fraction) and the instant at which it will be settled, where that is known."""

    symbol: str
    ts_ns: int
    rate: Decimal
    next_ns: int | None = None


type MarketEvent = Depth | Print | Mark | Rate
