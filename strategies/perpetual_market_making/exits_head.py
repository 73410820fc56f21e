"""Head, 2026: take profit, then a stop that takes every resting exit for an older stop. Orders are read live."""

from engine.core.commands import Draft
from engine.core.state import Working
from engine.core.types import Purpose, floor_to
from strategies.perpetual_market_making.exits import closing, send_exits, take_profit
from strategies.perpetual_market_making.proposal import at_least_minimum
from strategies.perpetual_market_making.rates import ONE
from strategies.perpetual_market_making.turn import Turn, closing_side


def manage(turn: Turn) -> None:
    send_exits(turn, take_profit(turn, lambda: turn.orders, lambda size: at_least_minimum(turn, size)))
    send_exits(turn, _stop(turn))


def _stop(turn: Turn) -> tuple[Draft, ...]:
    rates, market = turn.rates, turn.market
    assert rates.stop is not None
    drafts = []
    for _, held, entry in turn.held:
        stop = entry * (ONE - rates.stop) if held > 0 else entry * (ONE + rates.stop)
        side = closing_side(held)
        resting = [w for w in turn.orders if turn.is_exit(w) and w.order.side is side]
        if resting and not _aged(turn, resting[0]):
            continue
        for working in resting:
            turn.cancel(working, "renew_stop")
        if not ((market.bid <= stop and held > 0) or (market.ask >= stop and held < 0)):
            continue
        base = resting[-1].order.price if resting else stop
        assert base is not None
        price, size = floor_to(base * (ONE + side * rates.buffer), market.tick), at_least_minimum(turn, abs(held))
        if size > 0 and price > 0:
            drafts.append(closing(side, price, size, Purpose.STOP))
    return tuple(drafts)


def _aged(turn: Turn, working: Working) -> bool:
    return turn.at_ns - working.created_ns >= turn.rates.renewal_ns
