"""A position folded from fills: size, average entry, and what closing a part of it realised."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from engine.core.types import MONEY, ZERO, Instrument, Side

CENT = Decimal("1e-8")  # money is booked in whole units of this, so that sums are exact


class Position(msgspec.Struct, frozen=True):
    """`size` is signed (short < 0); `entry` is the average entry price, None when flat."""

    size: Decimal = ZERO
    entry: Decimal | None = None


FLAT = Position()


class Folded(NamedTuple):
    position: Position
    realised: Decimal  # settlement currency, before fees


def notional(instrument: Instrument, size: Decimal, price: Decimal) -> Decimal:
    """Unsigned value of a size at a price, in the settlement currency, not rounded."""
    contracts = abs(size) * instrument.multiplier
    return contracts / price if instrument.inverse else contracts * price


def profit(instrument: Instrument, size: Decimal, entry: Decimal, price: Decimal) -> Decimal:
    """What a signed size gained between entry and price, in the settlement currency, booked to 1e-8."""
    contracts = MONEY.multiply(size, instrument.multiplier)
    if instrument.inverse:
        move = MONEY.subtract(MONEY.divide(contracts, entry), MONEY.divide(contracts, price))
    else:
        move = MONEY.multiply(contracts, MONEY.subtract(price, entry))
    return MONEY.quantize(move, CENT)


def cost(instrument: Instrument, position: Position) -> Decimal:
    """What a position is worth at its entry, signed so that worth less cost is its profit; booked to 1e-8."""
    if position.entry is None:
        return ZERO
    contracts = MONEY.multiply(position.size, instrument.multiplier)
    if instrument.inverse:
        return MONEY.quantize(MONEY.divide(MONEY.minus(contracts), position.entry), CENT)
    return MONEY.quantize(MONEY.multiply(contracts, position.entry), CENT)


def gained(instrument: Instrument, positions: Iterable[Position], price: Decimal) -> Decimal:
    """What they all are worth at a price above their cost."""
    return sum((profit(instrument, p.size, p.entry, price) for p in positions if p.entry is not None), ZERO)


def fold(instrument: Instrument, position: Position, side: Side, size: Decimal, price: Decimal) -> Folded:
    """Apply one fill. Growing averages the entry, shrinking keeps it, flipping restarts it at the fill's price."""
    signed = side * size
    after = position.size + signed
    if position.entry is None or position.size == 0:
        return Folded(Position(after, price), ZERO)
    if position.size * signed > 0:
        return Folded(Position(after, _averaged(instrument, position, size, price)), ZERO)
    closed = min(abs(position.size), size) * (1 if position.size > 0 else -1)
    realised = profit(instrument, closed, position.entry, price)
    if after == 0:
        return Folded(FLAT, realised)
    flipped = (after > 0) != (position.size > 0)
    return Folded(Position(after, price if flipped else position.entry), realised)


def _averaged(instrument: Instrument, position: Position, size: Decimal, price: Decimal) -> Decimal:
    assert position.entry is not None
    held = abs(position.size)
    if instrument.inverse:  # contracts are worth a fixed amount of quote: the average is harmonic
        return (held + size) / (held / position.entry + size / price)
    return (held * position.entry + size * price) / (held + size)
