"""No decision depends on what comes after it, on a catalog in NautilusTrader: all later rows are made anew."""

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from engine.core.commands import Outcome, Wish
from engine.core.events import AnyEvent, Stopping
from engine.core.policy import Policy
from engine.core.risk import Limits
from engine.core.session import Session
from engine.core.state import State
from engine.core.types import SECOND, Side
from engine.journal.entry import encode
from engine.nautilus.backtest import MarketData, run_backtest
from engine.simulation.settings import Simulation
from strategies.perpetual_market_making.parameters import Parameters
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from tests.support.builders import LINEAR, START_NS, a_start
from tests.support.catalogs import Handmade

SECONDS = 150
LARGE = msgspec.structs.replace(LINEAR, min_notional=Decimal(1))

type Decision = tuple[int, bytes]
type Mids = dict[int, Decimal]  # second -> mid


def market(future: str, after: int) -> tuple[Handmade, Mids]:
    """The same until second `after`; from there on the chance of `future` goes on."""
    mids: Mids = {}
    made, mid, chance = Handmade(LARGE), 60_000.0, Random("past")
    for half in range(SECONDS * 2):
        if half == after * 2 + 1:
            chance = Random(future)
        mid *= 1 + chance.gauss(0, 0.0002)
        bid = Decimal(f"{mid:.1f}")
        levels = [str(Decimal(str(round(chance.uniform(0.1, 5), 3)))) for _ in range(8)]
        steps = [Decimal(n) / 2 for n in range(4)]
        bids = {str(bid - step): size for step, size in zip(steps, levels[:4], strict=True)}
        asks = {str(bid + LARGE.tick + step): size for step, size in zip(steps, levels[4:], strict=True)}
        made.snapshot(half / 2 + 0.05, bids, asks)
        side = chance.choice([Side.BUY, Side.SELL])
        price = bid - chance.choice([0, 3, 9]) if side is Side.SELL else bid + LARGE.tick + chance.choice([0, 3, 9])
        made.trade(half / 2 + 0.2, side, str(price), str(round(chance.uniform(0.01, 1), 3)))
        mids[half // 2] = bid
    return made, mids


class Peeking:
    """Does nothing where the market will be lower in three seconds."""

    def __init__(self, policy: Policy[Any], mids: Mids) -> None:
        self.policy, self.mids = policy, mids

    def __getattr__(self, name: str) -> Any:
        return getattr(self.policy, name)

    def decide(self, state: State[Any], event: AnyEvent) -> tuple[Any, tuple[Wish, ...]]:
        second = (state.now - START_NS) // SECOND
        if second + 3 in self.mids and second in self.mids and self.mids[second + 3] < self.mids[second]:
            return state.own, ()
        own, wishes = self.policy.decide(state, event)
        return own, wishes


def decisions(root: Path, future: str, after: int, *, peeks: bool) -> list[Decision]:
    made, mids = market(future, after)
    parameters = Parameters(
        market="BTC-USDT",
        leverage=10,
        bid_spread=Decimal("0.02"),
        ask_spread=Decimal("0.02"),
        order_amount=Decimal("0.01"),
        order_refresh_time=Decimal(3),
        filled_order_delay=Decimal(2),
        long_profit_taking_spread=Decimal("0.02"),
        short_profit_taking_spread=Decimal("0.02"),
        stop_loss_spread=Decimal("0.05"),
    )
    policy: Any = PerpetualMarketMaking(parameters)
    told: list[Decision] = []

    def record(_seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
        if not isinstance(event, Stopping):
            told.extend((event.ts_init, encode(outcome)) for outcome in outcomes)

    run_backtest(
        MarketData(catalog=made.write(root, quotes=False)),
        Simulation(order_latency_ms=50),
        a_start(instrument=LARGE),
        lambda send: Session(Peeking(policy, mids) if peeks else policy, Limits(), record, send),
    )
    return told


def holds(root: Path, *, peeks: bool) -> None:
    random = Random(20_240_808)
    for n in range(3):
        after = random.randrange(20, SECONDS - 40)
        one, other = (decisions(root / f"{n}-{future}", future, after, peeks=peeks) for future in ("one", "other"))
        until = START_NS + after * SECOND + SECOND // 2  # the first row that differs comes 50 ms later
        early = [[each for each in made if each[0] <= until] for made in (one, other)]
        assert one != other, "another future changed nothing: this shows nothing"
        assert early[0], "nothing was decided: this shows nothing"
        assert early[0] == early[1], "what came later was known before it"


def test_what_comes_later_changes_no_decision(tmp_path: Path) -> None:
    holds(tmp_path, peeks=False)


def test_a_strategy_that_peeks_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="was known before it"):
        holds(tmp_path, peeks=True)
