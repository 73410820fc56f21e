"""The worked examples of docs/strategy.md: little markets, and what the strategy makes of them.

They are played on the venue of rules R1 to R9, a line of market a second, from second 1. The numbers of the page come
from here, so that they are what the code does.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from engine.core.state import State
from engine.run.scenario import play
from engine.simulation.scenario_tape import Level, Line, Sim
from engine.simulation.scenario_venue import Row, ScenarioVenue
from strategies.perpetual_market_making.parameters import Parameters
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking

PLAIN: dict[str, Any] = {
    "market": "BTC-USDT",
    "leverage": 10,
    "bid_spread": Decimal("0.5"),
    "ask_spread": Decimal("0.5"),
    "order_refresh_time": 30,
    "order_amount": 1,
    "stop_loss_spread": 2,
    "filled_order_delay": 5,
}
ONE_TICK = Decimal("0.01")

type Side = dict[str, str]  # price -> size, best first


class Story(NamedTuple):
    """`written` are the keys that the page shows; `sim` what differs from a plain venue with 10,000 quote."""

    written: dict[str, Any]
    tape: tuple[Line, ...]
    sim: dict[str, Any]

    @property
    def parameters(self) -> Parameters:
        return Parameters.model_validate(PLAIN | self.written)


class Played(NamedTuple):
    tape: tuple[Line, ...]
    rows: tuple[Row, ...]
    states: tuple[State[Any], ...]  # after each line


def played(story: Story) -> Played:
    parameters = story.parameters
    settings: dict[str, Any] = {"price_tick": ONE_TICK, "size_step": Decimal("0.001"), "balance": Decimal(10_000)}
    sim = Sim(pair="BTC-USDT", **settings | story.sim)
    venue = ScenarioVenue(sim, parameters.position_mode, parameters.leverage)
    states = tuple(play(PerpetualMarketMaking(parameters), venue, story.tape))
    return Played(story.tape, tuple(venue.rows), states)


def story(written: dict[str, Any], mids: Sequence[str], *, spread: str = "0.2", **sim: Any) -> Story:
    """A market whose mid is one of `mids` each second, `spread` wide, with plenty of size."""
    half = Decimal(spread) / 2
    sides = [(Decimal(mid) - half, Decimal(mid) + half) for mid in mids]
    lines = (book(t, {str(bid): "50"}, {str(ask): "50"}) for t, (bid, ask) in enumerate(sides, 1))
    return Story(written, tuple(lines), sim)


def book(t: int, bids: Side, asks: Side) -> Line:
    return Line(t, levels(bids), levels(asks))


def levels(side: Side) -> tuple[Level, ...]:
    return tuple((Decimal(price), Decimal(size)) for price, size in side.items())


def held(value: str, seconds: int) -> Iterator[str]:
    yield from [value] * seconds


def walked(*points: str, seconds: int) -> Iterator[str]:
    """A straight way through the points, `seconds` from one to the next, on the grid; the last one included."""
    for start, end in pairwise(points):
        low, high = Decimal(start), Decimal(end)
        yield from (str((low + (high - low) * n / seconds).quantize(ONE_TICK)) for n in range(seconds))
    yield points[-1]


TAKING = {"long_profit_taking_spread": Decimal("0.5"), "short_profit_taking_spread": Decimal("0.5")}
TRAILING = {
    "position_management": "Trailing_stop",
    "ts_activation_spread": 1,
    "ts_callback_rate": Decimal("0.5"),
}
LEVELS = {"order_levels": 3, "order_level_spread": Decimal("0.5"), "order_level_amount": Decimal("0.5")}
TWO_ORDERS = {"inner": ["buy", Decimal("0.3"), 1], "outer": ["sell", Decimal("0.6"), 2]}
OPTIMISED = {
    "bid_spread": Decimal("0.1"),
    "ask_spread": Decimal("0.1"),
    "order_optimization_enabled": True,
    "bid_order_optimization_depth": 2,
    "ask_order_optimization_depth": 2,
}
BIDS, ASKS = {"99.9": "1", "99.7": "3", "99.5": "5"}, {"100.1": "1", "100.4": "3", "100.6": "5"}
FALL = ("100", "100", "99.3", "99.3", "99.6", "99.6", "99.2", "97", "96.8", "96.8", "96.8")

STORIES: dict[str, Story] = {
    "reference": story({"price_type": "best_bid"}, ["100.1"], spread="0.6"),
    "levels": story(
        {**LEVELS, "order_refresh_time": 10},
        [*held("100", 5), *walked("100", "100.3", "100.1", "100.4", seconds=8)],
    ),
    "refresh": story(
        {"order_refresh_time": 5, "order_refresh_tolerance_pct": Decimal("0.2")},
        [*held("100", 4), *held("100.1", 4), *held("100.4", 6)],
    ),
    "minimum_spread": story({"minimum_spread": Decimal("0.3")}, ["100", "100", "99.75", "99.75"]),
    "band": story({"price_ceiling": 102, "price_floor": 98}, ["102.5"]),
    "optimisation": Story(OPTIMISED, (book(1, BIDS, ASKS),), {}),
    "override": story(
        {"order_override": TWO_ORDERS, "add_transaction_costs": True}, ["100"], maker_fee=Decimal("0.0002")
    ),
    "budget": story({}, ["100"], balance=Decimal(15), reserve_margin=True),
    "take_profit": story(
        TAKING, [*held("100", 2), *held("99.3", 3), *held("99.6", 3), *held("100.2", 7)], spread="0.2"
    ),
    "trailing": story(
        TRAILING,
        [*held("100", 2), *walked("99.3", "101.3", seconds=10), "101.2", "101", "101.1", *held("100.7", 4)],
    ),
    "stop": story(TAKING, FALL),
    "hedge": story(
        {
            "position_mode": "Hedge",
            "quote_flat_leg": True,
            "long_profit_taking_spread": 2,
            "short_profit_taking_spread": Decimal("0.3"),
        },
        [*held("100", 2), *held("99.3", 2), *held("100.7", 2), "100.4", *held("100", 3)],
    ),
}
