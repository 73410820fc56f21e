"""The words of the house as values. Prices, sizes and money are exact decimals; times are integer nanoseconds."""

from decimal import Context, Decimal
from enum import IntEnum, StrEnum

import msgspec

type Nanos = int
type OrderId = str

ZERO = Decimal(0)
TWO = Decimal(2)
MONEY = Context(prec=100)  # money is booked exactly, however absurd the size: 28 digits, the default, can be too few
SECOND = 1_000_000_000


class Side(IntEnum):
    """Its value is the sign of the position it makes."""

    BUY = 1
    SELL = -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"


class PositionMode(StrEnum):
    ONE_WAY = "One-way"
    HEDGE = "Hedge"


class Leg(StrEnum):
    """What a fill acts on: the one net position, or in Hedge mode the long or the short one."""

    NET = "NET"
    LONG = "LONG"
    SHORT = "SHORT"


class Action(StrEnum):
    """Whether an order is meant to build a position or to reduce one."""

    OPEN = "OPEN"
    CLOSE = "CLOSE"


class Purpose(StrEnum):
    """Why an order exists, for the reader of a journal."""

    QUOTE = "quote"
    TAKE_PROFIT = "take_profit"
    TRAIL = "trail"
    STOP = "stop"
    FLATTEN = "flatten"


class Instrument(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """A contract. `multiplier` is base (linear) or quote (inverse) units per contract; rates are fractions."""

    id: str  # such as BTCUSDT-PERP.BINANCE
    raw_symbol: str  # the venue's own name, such as BTCUSDT
    venue: str
    base: str
    quote: str
    settlement: str
    tick: Decimal
    step: Decimal
    min_size: Decimal
    min_notional: Decimal
    multiplier: Decimal
    inverse: bool
    maker_fee: Decimal
    taker_fee: Decimal
    margin_init: Decimal
    margin_maint: Decimal


class TopOfBook(msgspec.Struct, frozen=True):
    """Best bid and ask; a side is None where the book has none."""

    bid: Decimal | None
    bid_size: Decimal | None
    ask: Decimal | None
    ask_size: Decimal | None

    @property
    def mid(self) -> Decimal | None:
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / TWO


class Cover(msgspec.Struct, frozen=True):
    """The answer to a question about depth: the price of the first level of `side` (BUY = bids) at which the
    cumulative size reaches `size`; None where the book is too thin."""

    side: Side
    size: Decimal
    price: Decimal | None


def floor_to(value: Decimal, unit: Decimal) -> Decimal:
    """Whole units toward zero, as Hummingbot rounds everything; NaN stays NaN."""
    return value // unit * unit


def is_whole(value: Decimal, unit: Decimal) -> bool:
    return not value % unit


def leg_of(mode: PositionMode, side: Side, action: Action) -> Leg:
    """Hedge: OPEN buys and CLOSE sells act on the long leg, the others on the short one."""
    if mode is PositionMode.ONE_WAY:
        return Leg.NET
    return Leg.LONG if (side is Side.BUY) == (action is Action.OPEN) else Leg.SHORT
