"""Why an order is as it is: the parameters that made it, and its price and size worked out again."""

from decimal import Decimal

import msgspec

from engine.core.commands import Submit
from engine.core.state import State
from engine.core.types import Purpose, Side, floor_to
from strategies.perpetual_market_making.explain import turn_of
from strategies.perpetual_market_making.explain_exits import LegPlan, leg_plans
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.parameters import Parameters
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from strategies.perpetual_market_making.turn import Turn

QUOTING = ("price_source", "price_type", "order_amount", "order_refresh_time", "filled_order_delay")
LADDER = ("order_levels", "order_level_spread", "order_level_amount")
STOPPING = (
    "stop_loss_spread",
    "stop_loss_slippage_buffer",
    "time_between_stop_loss_orders",
    "close_position_order_type",
)
TRAILING = ("position_management", "ts_activation_spread", "ts_callback_rate", "close_position_order_type")


class Because(msgspec.Struct, frozen=True):
    """`parameters` by their key in the run file, in its units; `sentences` read in order."""

    parameters: dict[str, str]
    sentences: tuple[str, ...]


def because(parameters: Parameters, state: State[Own], order: Submit) -> Because:
    """`state` is the one in which the order was decided: the event in it, the order not yet."""
    policy = PerpetualMarketMaking(parameters).in_force(state.own)
    turn = turn_of(policy, state)
    said = () if turn is None else _sentences(policy, turn, order)
    return Because({key: str(getattr(policy.parameters, key)) for key in _keys(policy.parameters, order)}, said)


def _keys(parameters: Parameters, order: Submit) -> tuple[str, ...]:
    long = order.side is Side.SELL
    match order.purpose:
        case Purpose.QUOTE if parameters.order_override:
            return (*QUOTING, "order_override")
        case Purpose.QUOTE:
            return (
                "bid_spread" if order.side is Side.BUY else "ask_spread",
                *QUOTING,
                *(LADDER if order.level else ()),
            )
        case Purpose.TAKE_PROFIT:
            return ("position_management", "long_profit_taking_spread" if long else "short_profit_taking_spread")
        case Purpose.TRAIL:
            return TRAILING
        case _:
            return STOPPING


def _sentences(policy: PerpetualMarketMaking, turn: Turn, order: Submit) -> tuple[str, ...]:
    if order.purpose is Purpose.QUOTE:
        return _of_quote(turn, order)
    plan = next((each for each in leg_plans(policy, turn) if each.leg is order.leg), None)
    return () if plan is None else _of_exit(turn, plan, order)


def _of_quote(turn: Turn, order: Submit) -> tuple[str, ...]:
    levels = (each for each in turn.rates.levels if each.side is order.side and each.number == order.level)
    level, reference = next(levels, None), turn.market.reference
    if level is None:
        return ()
    price = floor_to(reference * level.factor, turn.market.tick)
    said = (
        f"the reference price was {reference} ({turn.rates.price_type})",
        f"level {order.level}: {reference} x {level.factor} = {price} in whole ticks, size {level.size}",
    )
    if price == order.price:
        return said
    return (*said, f"moved to {order.price} by order_optimization_enabled or add_transaction_costs")


def _of_exit(turn: Turn, plan: LegPlan, order: Submit) -> tuple[str, ...]:
    held = f"the position was {plan.size} at {plan.entry}; bid {turn.market.bid}, ask {turn.market.ask}"
    match order.purpose:
        case Purpose.TAKE_PROFIT:
            return (held, f"take profit stands at {plan.take_profit}")
        case Purpose.TRAIL:
            return (
                held,
                f"the trail armed at {_short(plan.trail_arms_at)}, its peak was {plan.trail_peak}",
                _fell(plan),
            )
        case Purpose.FLATTEN:
            return (held, "the run was halted, and its position is not to be kept", _priced(turn, order))
        case _:
            return (held, f"the stop at {_short(plan.stop)} was reached", _priced(turn, order))


def _fell(plan: LegPlan) -> str:
    return f"the price came back to {_short(plan.trail_closes_at)}, where the trail closes"


def _priced(turn: Turn, order: Submit) -> str:
    if order.price is None:
        return "sent as a MARKET order"
    return f"priced through the best price of the book by {turn.rates.buffer * 100} %: {order.price}"


def _short(value: Decimal | None) -> str:
    return "nothing" if value is None else f"{value.normalize():f}"
