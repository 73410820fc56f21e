"""Classic, 2021: take profit or trail, then a stop at the stop's own price. All on a snapshot of the orders."""

from decimal import Decimal

from engine.core.commands import Draft
from engine.core.types import Purpose, floor_to
from strategies.perpetual_market_making.exits import cancel_closing_quotes, closing, send_exits, take_profit
from strategies.perpetual_market_making.rates import ONE
from strategies.perpetual_market_making.turn import Turn, closing_side


def manage(turn: Turn) -> None:
    send_exits(turn, _trail(turn) if turn.rates.trailing else _take_profit(turn))
    send_exits(turn, _stop(turn))


def _take_profit(turn: Turn) -> tuple[Draft, ...]:
    snapshot = tuple(turn.orders)
    return take_profit(turn, lambda: snapshot, lambda size: floor_to(size, turn.state.instrument.step))


def _trail(turn: Turn) -> tuple[Draft, ...]:
    """Only the first position is trailed; in Hedge mode the other one waits until it is gone."""
    snapshot = tuple(turn.orders)
    cancel_closing_quotes(turn, snapshot, "trail")
    _, held, entry = turn.held[0]
    rates, side = turn.rates, closing_side(held)
    if not retreated(turn, held, entry) or any(turn.is_exit(w) and w.order.side is side for w in snapshot):
        return ()
    price = floor_to(turn.market.covering(side.opposite, abs(held)), turn.market.tick)
    if not (price > entry if held > 0 else price < entry):
        return ()
    size = floor_to(
        abs(held), turn.state.instrument.step
    )  # Hummingbot leaves that to the venue, and sends less than a step too
    return (closing(side, price, size, Purpose.TRAIL, rates.close_type),)


def retreated(turn: Turn, held: Decimal, entry: Decimal) -> bool:
    """Armed by the peak as well as by the price, so not latched. A peak of 0, after a start with a position, passes
    as armed for a short and takes the first ask."""
    sign = 1 if held > 0 else -1
    rates, own = turn.rates, turn.own
    price, peak = (turn.market.bid, own.peak_bid) if held > 0 else (turn.market.ask, own.peak_ask)
    best = max(price, peak) if held > 0 else min(price, peak)
    if sign * (best - entry * (ONE + sign * rates.activation)) < 0:
        return False
    if sign * (price - peak) > 0 or peak == 0:
        turn.remember(**{"peak_bid" if held > 0 else "peak_ask": price})
        return False
    return sign * (price - peak * (ONE - sign * rates.callback)) <= 0


def _stop(turn: Turn) -> tuple[Draft, ...]:
    """Cancels exits at a worse price; one that has this very price is left, however long it rests unfilled."""
    rates, market, snapshot = turn.rates, turn.market, tuple(turn.orders)
    assert rates.stop is not None
    drafts = []
    for _, held, entry in turn.held:
        stop = entry * (ONE - rates.stop) if held > 0 else entry * (ONE + rates.stop)
        if not ((market.bid <= stop and held > 0) or (market.ask >= stop and held < 0)):
            continue
        side, price = closing_side(held), floor_to(stop, market.tick)
        for working in (w for w in snapshot if turn.is_exit(w) and w.order.side is side):
            if working.order.price is not None and side * (working.order.price - price) < 0:
                turn.cancel(working, "stop")
        exists = any(w.order.price == price and w.order.side is side for w in snapshot)
        size = floor_to(abs(held), turn.state.instrument.step)
        if not exists and size > 0 and price > 0:
            drafts.append(closing(side, price, size, Purpose.STOP, rates.close_type))
    return tuple(drafts)
