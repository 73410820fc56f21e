"""What NautilusTrader books as realised, worked out as it does: our books are held to its account to the last unit.

It averages entries in floats, arithmetically also where a contract is inverse, and rounds each booking to the
currency's digits. For an inverse contract the average must be harmonic, as ours is: else coins come from no trade.
"""

from decimal import ROUND_HALF_UP, Decimal

from engine.core.events import OrderFilled
from engine.core.types import ZERO, Instrument, Leg


class Booked:
    """`realised`: by closing positions, before fees, in the settlement currency, of all fills told so far."""

    def __init__(self, instrument: Instrument, digits: int) -> None:
        self.realised = ZERO
        self._inverse, self._multiplier = instrument.inverse, float(instrument.multiplier)
        self._unit = Decimal(1).scaleb(-digits)
        self._held: dict[Leg, tuple[Decimal, float]] = {}  # signed size, average entry

    def filled(self, fill: OrderFilled) -> None:
        size, entry = self._held.get(fill.leg, (ZERO, 0.0))
        price, signed = float(fill.price), fill.side * fill.size
        after = size + signed
        if size * signed < 0:
            self._close(min(fill.size, abs(size)), (entry, price), long=size > 0)
            self._held[fill.leg] = (after, price if after * size < 0 else entry)
        elif size:
            held, more = float(abs(size)), float(fill.size)
            self._held[fill.leg] = (after, (entry * held + price * more) / (held + more))
        else:
            self._held[fill.leg] = (after, price)

    def _close(self, size: Decimal, prices: tuple[float, float], *, long: bool) -> None:
        start, end = prices if long else prices[::-1]
        moved = 1.0 / start - 1.0 / end if self._inverse else end - start
        amount = float(size) * self._multiplier * moved
        units = Decimal(amount * float(1 / self._unit)).to_integral_value(ROUND_HALF_UP)
        self.realised += units * self._unit
