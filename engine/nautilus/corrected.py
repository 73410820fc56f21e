"""The facts of NautilusTrader's sandbox put right: what a backtest's exchange says of the same market, this says too.

A sandbox answers through a queue. So it takes an order for a taker that took what there was and then rests: the fill
that it has just queued is booked after it has noted that the order rests. The rest then fills with a taker's fee, at
the market's price, not its own. And trades are named by the wall's clock.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from engine.core.events import AnyEvent, OrderAccepted, OrderFilled
from engine.core.position import CENT, notional
from engine.core.types import Instrument, Nanos

_KEPT = 10_000
_BURST_NS = 1_000_000


class Corrected:
    """Facts in, the same facts put right out. `moment` numbers the moments at which the sandbox acts: what it does
    within `burst` of accepting an order, the order did on arrival."""

    def __init__(
        self, instrument: Instrument, maker_fee: Decimal, moment: Callable[[AnyEvent], int], burst: int
    ) -> None:
        self._instrument, self._maker_fee = instrument, maker_fee
        self._moment, self._burst = moment, burst
        self._accepted: dict[str, int] = {}  # the latest; what only takes is never accepted
        self._trades = 0

    def __call__(self, fact: AnyEvent, order: Callable[[], Any]) -> AnyEvent:
        """`order` gives NautilusTrader's, of a fill."""
        if isinstance(fact, OrderAccepted):
            self._accepted[fact.id] = self._moment(fact)
            if len(self._accepted) > _KEPT:
                del self._accepted[next(iter(self._accepted))]
        if not isinstance(fact, OrderFilled):
            return fact
        self._trades += 1
        named = msgspec.structs.replace(fact, trade_id=f"{fact.id}-{self._trades}")
        if fact.maker or fact.liquidation or not self._rested(fact):
            return named
        price = order().price.as_decimal()
        fee = (notional(self._instrument, fact.size, price) * self._maker_fee).quantize(CENT)
        return msgspec.structs.replace(named, maker=True, price=price, fee=fee)

    def _rested(self, fact: OrderFilled) -> bool:
        accepted = self._accepted.get(fact.id)
        return accepted is not None and self._moment(fact) - accepted > self._burst


def by_the_wall(instrument: Instrument, maker_fee: Decimal) -> Corrected:
    """A sandbox takes microseconds for an order; market data that fills it so soon after is taken for what it met."""
    return Corrected(instrument, maker_fee, _told_at, _BURST_NS)


def _told_at(fact: AnyEvent) -> Nanos:
    return fact.ts_event
