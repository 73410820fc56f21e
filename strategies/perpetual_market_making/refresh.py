"""When quotes go and come: the two timers, tolerance, minimum spread, hanging orders. See STRATEGY section 5 and 7.

The same in all behaviours; `proposal` is None while the pause lasts.
"""

from decimal import Decimal

import msgspec

from engine.core.state import Working
from engine.core.types import Side
from strategies.perpetual_market_making.quoting import Quotes
from strategies.perpetual_market_making.turn import Turn


def due(turn: Turn) -> bool:
    """A proposal is built from here on, but sent only one tick later: see `replenish`. None while the run is held."""
    return turn.own.create_ns <= turn.now and turn.state.may_quote


def set_timers(turn: Turn) -> None:
    now, own = turn.now, turn.own
    next_ns = now + turn.rates.refresh_ns
    create_ns = next_ns if own.create_ns <= now else own.create_ns
    cancel_ns = min(create_ns, next_ns) if own.cancel_ns <= now else own.cancel_ns
    turn.own = msgspec.structs.replace(own, create_ns=create_ns, cancel_ns=cancel_ns)


def unhung(turn: Turn) -> list[Working]:
    hanging = turn.own.hanging
    return [w for w in turn.orders if w.order.id not in hanging] if hanging else turn.orders


def replace_aged(turn: Turn, proposal: Quotes | None) -> None:
    """At their age all quotes go, or all stay for another round if the new ones hardly differ."""
    if turn.own.cancel_ns > turn.now:
        return
    active = list(unhung(turn))
    if not active:
        return
    if proposal is not None and _tolerated(active, proposal, turn.rates.tolerance):
        set_timers(turn)
        return
    for working in active:
        turn.cancel(working, "refresh")


def _tolerated(active: list[Working], proposal: Quotes, tolerance: Decimal | None) -> bool:
    return tolerance is not None and all(
        _near(
            sorted(w.order.price for w in active if w.order.side is side and w.order.price is not None),
            sorted(quote.price for quote in proposal if quote.side is side),
            tolerance,
        )
        for side in (Side.BUY, Side.SELL)
    )


def _near(old: list[Decimal], new: list[Decimal], tolerance: Decimal) -> bool:
    return len(old) == len(new) and all(abs(n - o) / o <= tolerance for o, n in zip(old, new, strict=True))


def cancel_far_hanging(turn: Turn) -> None:
    if not turn.own.hanging:
        return
    reference = turn.market.reference
    for working in [w for w in turn.orders if w.order.id in turn.own.hanging]:
        price = working.order.price
        assert price is not None
        if reference > 0 and abs(price - reference) / reference >= turn.rates.hanging_cancel:
            turn.cancel(working, "hanging_orders_cancel_pct")


def cancel_too_near(turn: Turn) -> None:
    """Only that order, and its side stays empty until the refresh."""
    reference, least = turn.market.reference, turn.rates.minimum_spread
    if least is None:
        return
    for working in list(unhung(turn)):
        price = working.order.price
        assert price is not None
        if -working.order.side * (price - reference) / reference < least:
            turn.cancel(working, "minimum_spread")


def replenish(turn: Turn, proposal: Quotes | None) -> None:
    if proposal and turn.own.create_ns < turn.now and not (turn.orders and unhung(turn)):
        turn.wishes += proposal
        set_timers(turn)
