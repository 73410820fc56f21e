"""Safe: each leg has one exit at a time, reduce-only, never larger than the position.

A breached stop is remembered until the leg is flat. It cancels what else would close the leg, goes out when nothing is
left to cancel, and is priced from the book then and at each renewal. Before that, a take profit or a trail stands.
"""

from decimal import Decimal
from typing import NamedTuple

from engine.core.commands import Draft
from engine.core.state import Working
from engine.core.types import Action, Leg, OrderType, Purpose, Side, floor_to
from strategies.perpetual_market_making.exits import passes_throttle
from strategies.perpetual_market_making.proposal import at_least_minimum
from strategies.perpetual_market_making.quotes_safe import quote_beside
from strategies.perpetual_market_making.rates import ONE
from strategies.perpetual_market_making.refresh import set_timers
from strategies.perpetual_market_making.trail import trail_price, trailed
from strategies.perpetual_market_making.turn import Turn, closing_side


class Holding(NamedTuple):
    """A position to close: `side` closes it, `sign` is +1 for a long, `exits` are its working exits of any kind."""

    leg: Leg
    size: Decimal  # unsigned
    entry: Decimal
    sign: int
    side: Side
    exits: list[Working]


def manage(turn: Turn) -> None:
    """A tick with a position."""
    if not turn.rates.book_tolerant and (turn.market.bid.is_nan() or turn.market.ask.is_nan()):
        return
    quote_beside(turn)
    for holding in holdings(turn):
        if turn.rates.switches.stop_apart_from_take_profit:
            _manage(turn, holding)
        else:
            _manage_mixed(turn, holding)


def release(turn: Turn) -> None:
    """An order ended, whichever way: the exit that waited for the last one of its leg goes out, priced from the last
    tick."""
    for holding in holdings(turn):
        if holding.leg not in turn.own.awaited or holding.exits:
            continue
        turn.remember(awaited=tuple(leg for leg in turn.own.awaited if leg is not holding.leg))
        if holding.leg in turn.own.stopped or breached(turn, holding):
            _send_stop(turn, holding)
        elif turn.rates.trailing and _is_armed(turn, holding.leg):
            _send_trail(turn, holding)


def holdings(turn: Turn) -> list[Holding]:
    return [
        Holding(leg, abs(size), entry, 1 if size > 0 else -1, closing_side(size), _exits(turn, leg))
        for leg, size, entry in turn.held
    ]


def stop_level(turn: Turn, holding: Holding) -> Decimal | None:
    stop = turn.rates.stop
    return None if stop is None else holding.entry * (ONE - holding.sign * stop)


def take_profit_level(turn: Turn, holding: Holding) -> Decimal:
    spread = turn.rates.long_profit if holding.sign > 0 else turn.rates.short_profit
    return floor_to(holding.entry * (ONE + holding.sign * spread), turn.market.tick)


def breached(turn: Turn, holding: Holding) -> bool:
    level, price = stop_level(turn, holding), closing_price(turn, holding)
    return level is not None and not price.is_nan() and holding.sign * (price - level) <= 0


def closing_price(turn: Turn, holding: Holding) -> Decimal:
    """The best price that would take the position over; where nobody would, the other side's."""
    bid, ask = turn.market.bid, turn.market.ask
    near, far = (bid, ask) if holding.sign > 0 else (ask, bid)
    return far if near.is_nan() else near


def _exits(turn: Turn, leg: Leg) -> list[Working]:
    return [w for w in turn.state.orders if w.order.action is Action.CLOSE and w.order.leg is leg]


def _manage(turn: Turn, holding: Holding) -> None:
    if holding.leg not in turn.own.stopped and breached(turn, holding):
        turn.remember(stopped=(*turn.own.stopped, holding.leg))
    if holding.leg in turn.own.stopped:
        _stop(turn, holding)
    else:
        _take_or_trail(turn, holding)


def _manage_mixed(turn: Turn, holding: Holding) -> None:
    """With `stop_apart_from_take_profit` off: any exit counts as the stop, and is renewed as one."""
    sent = len(turn.wishes)
    _take_or_trail(turn, holding)
    if holding.exits and _aged(turn, holding.exits[0]):
        _cancel_and_wait(turn, holding, holding.exits, "renew_stop")
    elif not holding.exits and len(turn.wishes) == sent and breached(turn, holding):
        _send_stop(turn, holding)


def _take_or_trail(turn: Turn, holding: Holding) -> None:
    if turn.rates.trailing:
        _trail(turn, holding)
    else:
        _take_profit(turn, holding)


def _stop(turn: Turn, holding: Holding) -> None:
    if not holding.exits:
        _send_stop(turn, holding)
    others = [w for w in holding.exits if w.order.purpose is not Purpose.STOP and not _is_on_its_way(w)]
    stale = [w for w in holding.exits if w not in others and not _is_on_its_way(w) and _is_stale(turn, holding, w)]
    _cancel_and_wait(turn, holding, others, "stop")
    _cancel_and_wait(turn, holding, stale, "renew_stop")


def _take_profit(turn: Turn, holding: Holding) -> None:
    price, size = take_profit_level(turn, holding), _sized(turn, holding)
    wanted = turn.rates.under_water or _in_profit(turn, holding)
    if not holding.exits and wanted and price > 0:
        _send(turn, holding, Purpose.TAKE_PROFIT, price, OrderType.LIMIT)
    for working in holding.exits:
        moved = wanted and (working.order.price != price or working.leaves != size)
        if not _is_on_its_way(working) and (moved or _is_too_much(holding, working)):
            turn.cancel(working, "take_profit_moved")


def _trail(turn: Turn, holding: Holding) -> None:
    """A LIMIT exit that the market left behind is priced anew, as long as that still takes a profit."""
    retreated = trailed(turn, holding.leg, holding.sign, holding.entry)
    if not holding.exits:
        if retreated:
            _send_trail(turn, holding)
        return
    price = trail_price(turn, holding.sign, holding.size, holding.entry)
    for working in (w for w in holding.exits if not _is_on_its_way(w)):
        left_behind = turn.rates.switches.trail_from_entry and price is not None and _missed(turn, holding, working)
        if _is_too_much(holding, working):
            turn.cancel(working, "trail_moved")
        elif left_behind and working.order.price != price:
            _cancel_and_wait(turn, holding, [working], "trail_moved")


def _is_armed(turn: Turn, leg: Leg) -> bool:
    trail = turn.own.trails.get(leg)
    return trail is not None and trail.armed


def _missed(turn: Turn, holding: Holding, working: Working) -> bool:
    price = working.order.price
    return price is not None and holding.sign * (price - closing_price(turn, holding)) > 0


def _in_profit(turn: Turn, holding: Holding) -> bool:
    """By the side that a patient exit would join, as Hummingbot measures it; by the other where that is empty."""
    bid, ask = turn.market.bid, turn.market.ask
    far, near = (ask, bid) if holding.sign > 0 else (bid, ask)
    price = near if far.is_nan() else far
    return not price.is_nan() and holding.sign * (price - holding.entry) > 0


def _is_on_its_way(working: Working) -> bool:
    """A MARKET order cannot be improved upon, nor called back."""
    return working.order.order_type is OrderType.MARKET


def _is_too_much(holding: Holding, working: Working) -> bool:
    return working.leaves > holding.size or working.order.side is not holding.side


def _is_stale(turn: Turn, holding: Holding, working: Working) -> bool:
    return _aged(turn, working) or _is_too_much(holding, working)


def _aged(turn: Turn, working: Working) -> bool:
    return turn.at_ns - working.created_ns >= turn.rates.renewal_ns


def _cancel_and_wait(turn: Turn, holding: Holding, exits: list[Working] | tuple[Working, ...], reason: str) -> None:
    for working in exits:
        turn.cancel(working, reason)
        if working.order.purpose is Purpose.STOP and working.order.price is not None:
            turn.remember(walked={**turn.own.walked, holding.leg: working.order.price})
    if exits and holding.leg not in turn.own.awaited:
        turn.remember(awaited=(*turn.own.awaited, holding.leg))


def _send_stop(turn: Turn, holding: Holding) -> None:
    price = _from_book(turn, holding) if turn.rates.switches.stop_from_book else _walked(turn, holding)
    if not price.is_nan():
        _send(turn, holding, Purpose.STOP, max(price, turn.market.tick), turn.rates.close_type)


def _from_book(turn: Turn, holding: Holding) -> Decimal:
    """Through the best price of now by the buffer."""
    return floor_to(closing_price(turn, holding) * (ONE + holding.side * turn.rates.buffer), turn.market.tick)


def _walked(turn: Turn, holding: Holding) -> Decimal:
    """With `stop_from_book` off: beyond the stop's level by the buffer, then beyond the last stop by another."""
    start = turn.own.walked.get(holding.leg, stop_level(turn, holding) or closing_price(turn, holding))
    return floor_to(start * (ONE + holding.side * turn.rates.buffer), turn.market.tick)


def _send_trail(turn: Turn, holding: Holding) -> None:
    price = trail_price(turn, holding.sign, holding.size, holding.entry)
    if price is not None:
        _send(turn, holding, Purpose.TRAIL, price, turn.rates.close_type)


def _sized(turn: Turn, holding: Holding) -> Decimal:
    if not turn.rates.switches.sizes_quantised:
        return floor_to(holding.size, turn.state.instrument.step)
    return at_least_minimum(turn, holding.size)


def _send(turn: Turn, holding: Holding, purpose: Purpose, price: Decimal, kind: OrderType) -> None:
    """The caller knows that the leg has no working exit, so the whole position is its size."""
    size = _sized(turn, holding)
    if size <= 0 or not (turn.rates.switches.exits_unthrottled or passes_throttle(turn, holding.side)):
        return
    turn.send(
        Draft(
            side=holding.side,
            size=size,
            price=price if kind is OrderType.LIMIT else None,
            type=kind,
            action=Action.CLOSE,
            purpose=purpose,
            reduce_only=turn.rates.switches.exits_reduce_only,
        )
    )
    set_timers(turn)
