"""What classic and head have in common in closing a position: Hummingbot's throttle, and its take profit."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from engine.core.commands import Draft
from engine.core.state import Working
from engine.core.types import Action, OrderType, PositionMode, Purpose, Side, floor_to
from strategies.perpetual_market_making.rates import ONE
from strategies.perpetual_market_making.refresh import set_timers
from strategies.perpetual_market_making.turn import Turn, closing_side

type ReadOrders = Callable[[], Sequence[Working]]


def closing(side: Side, price: Decimal, size: Decimal, purpose: Purpose, kind: OrderType = OrderType.LIMIT) -> Draft:
    return Draft(side=side, size=size, price=price, type=kind, action=Action.CLOSE, purpose=purpose)


def send_exits(turn: Turn, drafts: Sequence[Draft]) -> None:
    """Buys, then sells, each at most once per filled_order_delay. A side held back ends the call, timers included."""
    for side in (Side.BUY, Side.SELL):
        batch = [draft for draft in drafts if draft.side is side]
        if batch and not passes_throttle(turn, side):
            return
        for draft in batch:
            turn.send(draft)
    if drafts:
        set_timers(turn)


def passes_throttle(turn: Turn, side: Side) -> bool:
    next_ns = turn.own.next_buy_exit_ns if side is Side.BUY else turn.own.next_sell_exit_ns
    if turn.now < next_ns:
        return False
    later = turn.now + turn.rates.delay_ns
    turn.remember(**{"next_buy_exit_ns" if side is Side.BUY else "next_sell_exit_ns": later})
    return True


def cancel_closing_quotes(turn: Turn, orders: Sequence[Working], reason: str) -> None:
    """One-way: a quote on the closing side would reduce the position before its exit does."""
    if turn.state.mode is not PositionMode.ONE_WAY:
        return
    for _, size, _ in turn.held:
        for working in orders:
            if working.order.side is closing_side(size) and not turn.is_exit(working):
                turn.cancel(working, reason)


def take_profit(turn: Turn, read: ReadOrders, sized: Callable[[Decimal], Decimal]) -> tuple[Draft, ...]:
    """`read` gives the orders as this behaviour sees them after each cancel: as they were, or as they are now."""
    cancel_closing_quotes(turn, tuple(read()), "take_profit")
    drafts = []
    for _, held, entry in turn.held:
        # both halves are compared, as Hummingbot compares them: a side that is missing raises for either leg
        if not ((turn.market.ask > entry and held > 0) or (turn.market.bid < entry and held < 0)):
            continue
        spread = turn.rates.long_profit if held > 0 else -turn.rates.short_profit
        side, price, size = closing_side(held), floor_to(entry * (ONE + spread), turn.market.tick), sized(abs(held))
        for working in tuple(read()):
            order = working.order
            if (order.price != price or order.size != size) and turn.is_exit(working) and order.side is side:
                turn.cancel(working, "take_profit_moved")
        if size > 0 and price > 0 and not any(w.order.price == price for w in read()):
            drafts.append(closing(side, price, size, Purpose.TAKE_PROFIT))
    return tuple(drafts)
