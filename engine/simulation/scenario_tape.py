"""What a scenario gives its venue: settings, and one line of tape a second. Rules R1 to R9: docs/scenarios.md."""

from decimal import Decimal
from typing import Literal

import msgspec

from engine.core.types import ZERO, Cover, Instrument, Side, TopOfBook

type Level = tuple[Decimal, Decimal]  # price, size
type Print = tuple[Decimal, Decimal, Literal["buy", "sell"]]  # price, size, aggressor


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One second: the book that replaces the last one, best level first, and what traded. `t` in whole seconds."""

    t: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    trades: tuple[Print, ...] = ()

    def side(self, side: Side) -> tuple[Level, ...]:
        return self.bids if side is Side.BUY else self.asks


class Sim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The venue's settings. Money and sizes in quote and base units; the fee is a fraction and is never charged: it
    only enters the strategy's budget check and transaction costs. `status_at` is read and means nothing here."""

    pair: str
    price_tick: Decimal
    size_step: Decimal
    balance: Decimal
    min_size: Decimal = ZERO
    maker_fee: Decimal = ZERO
    reserve_margin: bool = False
    handshake: bool = False
    cancel_latency: int = 0
    max_fill_per_tick: Decimal | None = None
    initial_position: tuple[Decimal, Decimal] | None = None  # signed size, entry price
    status_at: tuple[int, ...] = ()


def instrument(sim: Sim) -> Instrument:
    """The contract that the scenario is about: linear, one base unit a contract."""
    base, _, quote = sim.pair.partition("-")
    return Instrument(
        id=f"{base}{quote}-PERP.SCENARIO",
        raw_symbol=sim.pair,
        venue="SCENARIO",
        base=base,
        quote=quote,
        settlement=quote,
        tick=sim.price_tick,
        step=sim.size_step,
        min_size=sim.min_size,
        min_notional=ZERO,
        multiplier=Decimal(1),
        inverse=False,
        maker_fee=sim.maker_fee,
        taker_fee=sim.maker_fee,
        margin_init=ZERO,
        margin_maint=ZERO,
    )


def top_of_book(line: Line) -> TopOfBook:
    """Prices as the tape has them: rounding to ticks is the strategy's business."""
    bid, bid_size = line.bids[0] if line.bids else (None, None)
    ask, ask_size = line.asks[0] if line.asks else (None, None)
    return TopOfBook(bid, bid_size, ask, ask_size)


def cover(line: Line, side: Side, size: Decimal) -> Cover:
    """Sizes are added as floats, as Hummingbot's book adds them: 0.7 and 2.9 do not cover 3.6."""
    reached = 0.0
    for price, resting in line.side(side):
        reached += float(resting)
        if reached >= float(size):
            return Cover(side, size, price)
    return Cover(side, size, None)
