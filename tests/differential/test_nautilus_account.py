"""The core's books against the simulated venue's own, and both against amounts worked out by hand."""

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.core.commands import Cancel, Wish
from engine.core.events import FundingSettled, OrderAccepted, OrderFilled, OrderRejected, Stopping, Tick
from engine.core.position import CENT
from engine.core.types import Instrument, Leg, PositionMode, Side
from engine.run.agreement import check_agreement
from engine.simulation.settings import Simulation
from tests.support.backtests import backtest, buy, close, sell
from tests.support.builders import INVERSE, LINEAR
from tests.support.catalogs import Handmade, calm_market, ns

SECONDS = 120
RATE = "0.0001"
HEDGE = PositionMode.HEDGE
COINED = msgspec.structs.replace(LINEAR, quote="USD", settlement="USDC")  # as Hyperliquid's are


def restless_market(seed: int, instrument: Instrument = LINEAR) -> Handmade:
    """A walk of the mid, three levels a side, a trade now and then, funding in the middle."""
    chance, mid = random.Random(seed), Decimal("100.0")
    market = (
        Handmade(instrument).snapshot(0.05, {"99.9": "5"}, {"100.1": "5"}).mark(0.1, "100.0").funding(0.2, RATE, 60)
    )
    shown = {Side.BUY: ["99.9"], Side.SELL: ["100.1"]}
    for step in range(1, SECONDS * 5):
        at = step / 5 + 0.03
        mid += Decimal(chance.choice(["-0.1", "0", "0", "0.1"]))
        rows = [(side, price, "0") for side, prices in shown.items() for price in prices]
        shown = {side: [str(mid - side * n * Decimal("0.1")) for n in (1, 2, 3)] for side in Side}
        rows += [(side, price, f"{chance.randint(1, 9)}") for side, prices in shown.items() for price in prices]
        market.levels(at, *rows).mark(at, str(mid))
        if chance.random() < 0.4:
            side = chance.choice(list(Side))
            market.trade(at + 0.05, side, shown[side.opposite][0], f"{chance.randint(1, 12)}")
    return market


class Restless:
    """Opens, closes and cancels at random, on what the tick shows."""

    def __init__(self, seed: int, mode: PositionMode, unit: str = "0.1") -> None:
        self._chance, self._mode, self._unit = random.Random(seed), mode, Decimal(unit)

    def __call__(self, state: Any, tick: Any) -> tuple[Wish, ...]:
        chance, top = self._chance, tick.top
        wishes: list[Wish] = [Cancel(w.order.id, "test") for w in state.orders if chance.random() < 0.3]
        for side, price in ((Side.BUY, top.bid), (Side.SELL, top.ask)):
            if chance.random() < 0.5:
                inside = price + side * Decimal("0.1") * chance.randint(-2, 3)
                draft = (buy if side is Side.BUY else sell)(str(chance.randint(1, 40) * self._unit), str(inside))
                wishes.append(draft if self._mode is not HEDGE or chance.random() < 0.6 else close(draft))
        for leg, position in state.positions.items():
            if leg is Leg.NET and chance.random() < 0.2:
                wishes.append(close((sell if position.size > 0 else buy)(str(abs(position.size)), None)))
        return tuple(wishes)


@pytest.mark.parametrize("mode", PositionMode)
@pytest.mark.parametrize(
    ("seed", "instrument"),
    [(1, LINEAR), (2, LINEAR), (3, COINED), (1, INVERSE), (2, INVERSE), (3, INVERSE)],
    ids=["linear-1", "linear-2", "coined-3", "inverse-1", "inverse-2", "inverse-3"],
)
def test_our_books_end_where_the_venue_s_do(
    tmp_path: Path, mode: PositionMode, seed: int, instrument: Instrument
) -> None:
    policy = Restless(seed, mode, str(instrument.step) if instrument.inverse else "0.1")
    told, end = backtest(
        restless_market(seed, instrument),
        tmp_path,
        dict.fromkeys(range(2, SECONDS), policy),
        simulation=Simulation(order_latency_ms=70),
        mode=mode,
    )
    assert len(told.of(OrderFilled)) > 40
    assert len(told.of(FundingSettled)) >= 1
    check_agreement(told.state, end.positions, end.balance, end.realised)
    if not instrument.inverse:
        assert abs(told.state.ledger.cash - end.balance) <= CENT
    ours = {leg: position.size for leg, position in told.state.positions.items()}
    assert ours == {held.leg: held.size for held in end.positions}
    assert told.state.orders == ()


def test_two_runs_are_told_the_same(tmp_path: Path) -> None:
    script = dict.fromkeys(range(2, SECONDS), None)
    runs = []
    for name in "ab":
        wishes = Restless(7, PositionMode.ONE_WAY)
        told, _ = backtest(restless_market(7), tmp_path / name, dict.fromkeys(script, wishes))
        runs.append(msgspec.json.encode(told.entries))
    assert runs[0] == runs[1]


def test_fees_are_paid_by_takers_and_a_rebate_comes_in(tmp_path: Path) -> None:
    rebate = Simulation(order_latency_ms=0, maker_fee_pct=Decimal("-0.01"), taker_fee_pct=Decimal("0.05"))
    market = calm_market(6).trade(3.5, Side.SELL, "100.0", "12")
    script = {2: (buy("2", "100.0"),), 4: (close(sell("2", "100.0")),)}
    told, end = backtest(market, tmp_path, script, simulation=rebate)
    made, taken = told.of(OrderFilled)
    assert (made.maker, made.fee) == (True, Decimal("-0.02"))
    assert (taken.maker, taken.fee) == (False, Decimal("0.10"))
    assert end.balance == 10_000 + Decimal("0.02") - Decimal("0.10")


@pytest.mark.parametrize("chance", ["NET", "SHORT"])
@pytest.mark.parametrize("rate", ["0.0001", "-0.0003"])
def test_a_long_pays_a_positive_rate_and_a_short_receives_it(tmp_path: Path, chance: str, rate: str) -> None:
    long = chance == "NET"
    market = calm_market(8).mark(0.5, "101.0").funding(0.6, rate, 4).mark(3.99, "102.0").mark(4.01, "999.0")
    told, end = backtest(market, tmp_path, {2: (buy("2", "100.2") if long else sell("2", "100.0"),)})
    (settled,) = told.of(FundingSettled)
    sign = -1 if long else 1
    assert settled.amount == sign * 2 * Decimal("102.0") * Decimal(rate)
    assert settled.ts_event == ns(4)
    (fill,) = told.of(OrderFilled)
    assert told.state.ledger.cash == end.balance == 10_000 - fill.fee + settled.amount


def test_each_leg_is_funded_on_its_own(tmp_path: Path) -> None:
    market = calm_market(8).mark(0.5, "100.0").funding(0.6, RATE, 4)
    script = {2: (buy("3", "100.2"), sell("1", "100.0"))}
    told, end = backtest(market, tmp_path, script, mode=HEDGE)
    assert {event.leg: event.amount for event in told.of(FundingSettled)} == {
        Leg.LONG: Decimal("-0.03"),
        Leg.SHORT: Decimal("0.01"),
    }
    assert told.state.ledger.cash == end.balance


def test_funding_is_heard_of_before_the_position_can_change_again(tmp_path: Path) -> None:
    market = calm_market(8).mark(0.5, "100.0").funding(0.6, RATE, 4)
    script = {2: (buy("2", "100.2"),), 4: (sell("4", "100.0"),)}  # arrives 10 ms after the settlement, and flips
    told, end = backtest(market, tmp_path, script, simulation=Simulation(order_latency_ms=10))
    kinds = [type(event) for _, event, _ in told.entries if event.ts_event >= ns(4) and not isinstance(event, Tick)]
    assert kinds == [FundingSettled, OrderAccepted, OrderFilled, Stopping]
    assert told.state.ledger.cash == end.balance


def test_funding_can_be_left_out(tmp_path: Path) -> None:
    market = calm_market(8).mark(0.5, "100.0").funding(0.6, RATE, 4)
    still = Simulation(order_latency_ms=0, funding=False)
    told, _ = backtest(market, tmp_path, {2: (buy("2", "100.2"),)}, simulation=still)
    assert told.of(FundingSettled) == []


def test_funding_at_the_last_instant_is_booked(tmp_path: Path) -> None:
    market = calm_market(4).mark(0.5, "100.0").funding(0.6, RATE, 5).levels(5, (Side.BUY, "99.0", "1"))
    told, end = backtest(market, tmp_path, {2: (buy("2", "100.2"),)})
    assert [event.amount for event in told.of(FundingSettled)] == [Decimal("-0.02")]
    assert told.state.ledger.cash == end.balance


def test_legs_are_held_apart_and_can_be_opened_again(tmp_path: Path) -> None:
    script = {
        2: (buy("3", "100.2"), sell("1", "100.0")),
        3: (close(sell("3", "100.0")), close(buy("1", "100.2"))),
        4: (buy("2", "100.2"), sell("2", "100.0")),
        5: (close(sell("1", None)),),
    }
    told, end = backtest(calm_market(8), tmp_path, script, mode=HEDGE)
    legs = [fill.leg for fill in told.of(OrderFilled)]
    assert legs == [Leg.LONG, Leg.SHORT, Leg.LONG, Leg.SHORT, Leg.LONG, Leg.SHORT, Leg.LONG]
    assert {leg: position.size for leg, position in told.state.positions.items()} == {
        Leg.LONG: Decimal(1),
        Leg.SHORT: Decimal(-2),
    }
    assert {held.leg: held.size for held in end.positions} == {Leg.LONG: Decimal(1), Leg.SHORT: Decimal(-2)}
    assert told.state.ledger.cash == end.balance


@pytest.mark.parametrize("mode", PositionMode)
@pytest.mark.parametrize("liquidation", [True, False])
def test_an_account_below_its_maintenance_margin_is_closed(
    tmp_path: Path, mode: PositionMode, liquidation: bool
) -> None:
    """80 at 100.2 and leverage 10 needs 801.6 of 1,000; at a mark of 88.9 it lost 904 and needs 2.5 % of 7,112."""
    market = calm_market(3).mark(1.0, "100.1").levels(3.5, (Side.BUY, "100.0", "0"), (Side.BUY, "88.8", "500"))
    market.mark(3.6, "88.9").levels(8.0, (Side.SELL, "100.2", "3"))
    venue = Simulation(order_latency_ms=50, taker_fee_pct=Decimal(0), liquidation=liquidation)
    market.levels(1.5, (Side.SELL, "100.2", "100"))
    script = {2: (buy("80", "100.2"),), 3: (buy("1", "99.0"),)}
    told, end = backtest(market, tmp_path, script, simulation=venue, mode=mode, balance=Decimal(1000))
    forced = [fill for fill in told.of(OrderFilled) if fill.liquidation]
    if not liquidation:
        assert forced == []
        return
    assert sum(fill.size for fill in forced) == sum(fill.size for fill in told.of(OrderFilled) if not fill.liquidation)
    assert {fill.price for fill in forced} == {Decimal("88.8")}
    assert {fill.ts_event for fill in forced} == {ns(4.05)}
    assert told.state.positions == {}
    assert told.state.orders == ()
    assert told.state.ledger.cash == end.balance
    assert told.of(OrderRejected) == []
