"""Ticks that are passed over would have decided nothing: who looks at every tick gives the same commands."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from engine.core.commands import Wish
from engine.core.events import AnyEvent, Tick
from engine.core.state import State
from engine.core.types import Action, Purpose
from engine.run.scenario import play
from engine.run.scenario_files import Behaviour
from strategies.perpetual_market_making.calm import holds
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from tests.support.stories import Story, a_story, parts

_replace = msgspec.structs.replace
TENTH, HALF = Decimal("0.1"), Decimal("0.5")
HEDGE = {"position_mode": "Hedge"}
HANGING = {"hanging_orders_enabled": True, "hanging_orders_cancel_pct": 1, "price_type": "mid_price", **HEDGE}
BESIDE = {"quote_flat_leg": True, "price_type": "best_bid", **HEDGE}
OWN = {"price_type": "last_own_trade_price", "hanging_orders_cancel_pct": 10}
JUMPS = {"price_type": "last_price", "order_refresh_time": 60, "bid_spread": 1, "ask_spread": 1, "minimum_spread": HALF}
TRAILING = {"position_management": "Trailing_stop", "close_position_order_type": "LIMIT", "ts_activation_spread": TENTH}
FAR = {"stop_loss_spread": 20, "ts_callback_rate": TENTH, "bid_spread": TENTH, "ask_spread": TENTH}
WAYS: dict[str, dict[str, Any]] = {
    "as chance has it": {},
    "hanging": HANGING,
    "hanging beside a minimum spread": HANGING | {"price_type": "best_ask", "minimum_spread": TENTH},
    "around what jumps": JUMPS,
    "hanging around the own trade": HANGING | BESIDE | OWN,
    "quotes beside a position": BESIDE | {"minimum_spread": TENTH},
    "hanging beside a position": HANGING | BESIDE,
    "trailing": TRAILING,
    "a trail that was left behind": TRAILING | FAR,
    "exits that age": TRAILING | FAR | {"switches": {"stop_apart_from_take_profit": False}},
}


class Awake(PerpetualMarketMaking):
    """Forgets at once that it may sleep."""

    def decide(self, state: State[Own], event: AnyEvent) -> tuple[Own, tuple[Wish, ...]]:
        own, wishes = super().decide(state, event)
        return (_replace(own, calm=None) if own.calm is not None else own), wishes


def story(seed: int, way: str, behaviour: Behaviour = "safe") -> Story:
    plain = a_story(seed, 200, behaviour)
    sim = _replace(plain.config.sim, cancel_latency=seed % 2, max_fill_per_tick=None)
    return Story(_replace(plain.config, strategy=plain.config.strategy | WAYS[way], sim=sim), plain.tape)


def states(policy: Any, of: Story) -> tuple[list[State[Own]], list[Any]]:
    venue, _ = parts(of)
    return list(play(policy, venue, of.tape)), venue.rows


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("way", "behaviour"), [*((way, "safe") for way in WAYS), ("as chance has it", "head"), ("hanging", "classic")]
)
def test_looking_at_every_tick_gives_the_same_commands(way: str, behaviour: Behaviour, seed: int) -> None:
    told = story(seed, way, behaviour)
    policy: Any = parts(told)[1]
    (asleep, rows), (awake, rows_awake) = states(policy, told), states(Awake(policy.parameters), told)
    assert rows == rows_awake
    assert [_replace(state.own, calm=None) for state in asleep] == [state.own for state in awake]


def hangs(state: State[Own]) -> bool:
    return not state.positions and any(w.order.id in state.own.hanging for w in state.orders)


def is_beside(state: State[Own]) -> bool:
    return bool(state.positions) and any(w.order.action is Action.OPEN for w in state.orders)


def trails(state: State[Own]) -> bool:
    return any(w.order.purpose is Purpose.TRAIL for w in state.orders)


@pytest.mark.parametrize(
    ("way", "situation"),
    [
        ("hanging", hangs),
        ("hanging beside a minimum spread", hangs),
        ("hanging around the own trade", hangs),
        ("quotes beside a position", is_beside),
        ("hanging beside a position", is_beside),
        ("a trail that was left behind", trails),
        ("exits that age", trails),
    ],
)
def test_ticks_are_passed_over_with_orders_that_rest(way: str, situation: Any) -> None:
    """A tick that is not looked at leaves the very calm in the state that it found there."""
    slept = 0
    for seed in range(4):
        told = story(seed, way)
        after, _ = states(parts(told)[1], told)
        for before, now in pairwise(after):
            assert isinstance(now.tick, Tick)
            calm = before.own.calm
            slept += situation(before) and calm is not None and calm is now.own.calm and holds(calm, now.tick)
    assert slept
