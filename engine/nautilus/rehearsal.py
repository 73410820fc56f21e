"""What may come next gone through a moment early, and forgotten.

A processor that has not done something for 30 ms takes about five times as long for it. Deciding has no effects, so it
can be done for nothing: the next tick shortly before it, with what the market is now, and every few milliseconds a fill
of what rests. Orders and lines that follow are made, but neither recorded nor sent. What goes wrong here will go wrong
when it happens, which says so.
"""

from contextlib import suppress
from decimal import Decimal
from typing import Any

from nautilus_trader import model
from nautilus_trader.core import UUID4

from engine.core.commands import Submit
from engine.core.session import Session
from engine.core.types import SECOND, Nanos
from engine.journal.ahead import line_of
from engine.nautilus import translate
from engine.nautilus.sight import Sight

EVERY_NS = 5_000_000
NAMES = 4
_SOON_NS = 500_000
TIMES = 3  # the first brings it all near, and a processor keeps best what it has used more than once

_TRADER, _STRATEGY, _ACCOUNT = model.TraderId("REHEARSAL-1"), model.StrategyId("REHEARSAL-1"), model.AccountId("A-1")
_VENUE_ORDER, _TRADE, _EVENT = model.VenueOrderId("REHEARSAL"), model.TradeId("REHEARSAL"), UUID4()


class Rehearsal:
    """Of a session on a node (its cache, contract and order factory); a tick is gone through `before_ns` early."""

    def __init__(self, session: Session[Any], sight: Sight, node: tuple[Any, Any, Any], before_ns: Nanos) -> None:
        self._session, self._sight, self._before_ns = session, sight, before_ns
        self._cache, self._contract, self._factory = node
        self._last_ns = 0

    def next(self, now: Nanos) -> tuple[str, Nanos]:
        """What to call it, and when it is to be: aligned so that one is as much before each tick as is wanted.

        The last one may have come a millisecond early, and its alert may not be over yet: the next has another name.
        NautilusTrader warns where an alert takes the place of another, or is due by the time that it is set.
        """
        count = (max(now + _SOON_NS, self._last_ns) + self._before_ns) // EVERY_NS + 1
        return f"rehearsal-{count % NAMES}", count * EVERY_NS - self._before_ns

    def play(self, now: Nanos) -> None:
        """At one of those times."""
        self._last_ns, tick_ns = now, now + self._before_ns
        with suppress(Exception):
            if tick_ns % SECOND:
                self._fill(now)
            else:
                self._tick(tick_ns)

    def _tick(self, at_ns: Nanos) -> None:
        self._cache.purge_account_events(at_ns)  # NautilusTrader copies an account with all its past on every change
        seen = self._sight.at(at_ns, at_ns, self._cache, self._session)
        for _ in range(TIMES):
            outcomes = self._session.foresee(seen)
            line_of(0, seen, outcomes)
            for outcome in outcomes:
                if isinstance(outcome, Submit):
                    translate.nautilus_order(outcome, str(self._contract.id.venue), self._contract, self._factory)

    def _fill(self, now: Nanos) -> None:
        """Of the order that has rested longest, all of it."""
        state = self._session.state
        if state is not None and state.orders and (order := state.orders[0].order).price is not None:
            said = a_fill(order, order.price, self._contract, state.instrument.settlement, now)
            fact = translate.fact_of(said, state.mode, state.instrument.settlement)
            if fact is not None:
                line_of(0, fact, self._session.foresee(fact))


def a_fill(order: Submit, price: Decimal, contract: Any, settlement: str, now: Nanos) -> Any:
    """As NautilusTrader would tell it; nothing is paid for it."""
    currency = model.Currency.from_str(settlement)
    return model.OrderFilled(
        _TRADER,
        _STRATEGY,
        contract.id,
        translate.client_order_id(order.id, str(contract.id.venue)),
        _VENUE_ORDER,
        _ACCOUNT,
        _TRADE,
        translate.SIDES[order.side],
        model.OrderType.LIMIT,
        model.Quantity.from_decimal_dp(order.size, contract.size_precision),
        model.Price.from_decimal_dp(price, contract.price_precision),
        currency,
        model.LiquiditySide.MAKER,
        _EVENT,
        now,
        now,
        False,
        translate.position_id(str(contract.id), order.leg),
        model.Money.zero(currency),
    )
