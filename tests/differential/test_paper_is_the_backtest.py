"""A tape on a live node and the same tape in the simulated exchange of a backtest: one run."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from engine.core.events import FundingSettled, Held, OrderFilled, Stopping
from engine.core.types import Leg, PositionMode, Side
from engine.simulation.settings import Simulation
from tests.differential.test_nautilus_account import SECONDS, Restless, restless_market
from tests.support.backtests import backtest, buy
from tests.support.catalogs import calm_market, ns
from tests.support.papers import commands, paper
from tests.support.scripted import Told

VENUES = {
    "instant": Simulation(order_latency_ms=0),
    "late": Simulation(order_latency_ms=70),
    "optimistic": Simulation(order_latency_ms=10, fills="optimistic"),
    "pessimistic": Simulation(order_latency_ms=10, fills="pessimistic"),
}


def fills(told: Told) -> list[tuple[object, ...]]:
    """Until the stop: what is still under way then arrives at once here, and later there."""
    (stop,) = told.of(Stopping)
    filled = (fill for fill in told.of(OrderFilled) if fill.ts_event < stop.ts_event)
    return [(f.ts_event, f.id, f.side, f.leg, f.price, f.size, f.fee, f.maker) for f in filled]


def runs(root: Path, venue: str, mode: PositionMode) -> tuple[Told, Told]:
    seed = list(VENUES).index(venue)
    told = []
    for host in (backtest, paper):
        script = dict.fromkeys(range(2, SECONDS), Restless(seed, mode))
        run, end = host(restless_market(seed), root / host.__name__, script, simulation=VENUES[venue], mode=mode)
        assert {h.leg: h.size for h in end.positions} == {leg: p.size for leg, p in run.state.positions.items()}
        told.append(run)
    return told[0], told[1]


RUNS = [(venue, PositionMode.ONE_WAY) for venue in VENUES] + [("instant", PositionMode.HEDGE)]


@pytest.mark.parametrize(("venue", "mode"), RUNS)
def test_the_same_commands_fills_and_funding(tmp_path: Path, venue: str, mode: PositionMode) -> None:
    """In Hedge with latency NautilusTrader denies the close of a leg that is not open before it leaves, which is after
    the latency here and before it in a backtest."""
    tested, traded = runs(tmp_path, venue, mode)
    assert commands(traded) == commands(tested)
    assert fills(traded) == fills(tested)
    assert len(fills(tested)) > 30
    funded = [[event.amount for event in told.of(FundingSettled)] for told in (tested, traded)]
    assert funded[0] == funded[1]


@pytest.mark.parametrize("speed", [50, 1000])
def test_every_speed_gives_the_same_run(tmp_path: Path, speed: float) -> None:
    """Byte for byte, with all its times."""
    told_at = []
    for name, pace in (("paced", speed), ("unpaced", None)):
        script = dict.fromkeys(range(2, SECONDS), Restless(7, PositionMode.ONE_WAY))
        told, _ = paper(restless_market(7), tmp_path / name, script, simulation=VENUES["late"], speed=pace)
        told_at.append(msgspec.json.encode(told.entries))
    assert told_at[0] == told_at[1]


@pytest.mark.parametrize("latency_ms", [0, 1, 50, 999, 1000])
def test_an_order_arrives_after_its_latency_in_the_feed_s_time(tmp_path: Path, latency_ms: int) -> None:
    simulation = Simulation(order_latency_ms=latency_ms)
    at = []
    for host in (backtest, paper):
        told, _ = host(calm_market(6), tmp_path / host.__name__, {2: (buy("2", "100.2"),)}, simulation=simulation)
        at.append([fill.ts_event for fill in told.of(OrderFilled)])
    assert at[0] == at[1]
    assert len(at[0]) == 1


def test_a_book_that_tells_no_quotes_is_enough(tmp_path: Path) -> None:
    market = calm_market(8).trade(3.2, Side.SELL, "100.0", "12.5")
    script = {2: (buy("2", "100.0"),), 4: (buy("1", None),)}
    both = [host(market, tmp_path / host.__name__, script, data={"quotes": False})[0] for host in (backtest, paper)]
    assert fills(both[0]) == fills(both[1])
    assert len(fills(both[0])) == 2


def test_a_settlement_after_the_feed_s_end_is_not_booked(tmp_path: Path) -> None:
    """One is announced for 3 s and one for an hour later, by when nothing is known of the position or its price."""
    market = calm_market(6).mark(0.5, "100").funding(1, "0.001", settles=3).funding(4, "0.001", settles=3600)
    for host in (backtest, paper):
        told, end = host(market, tmp_path / host.__name__, {2: (buy("2", "100.2"),)}, simulation=VENUES["instant"])
        assert [event.amount for event in told.of(FundingSettled)] == [Decimal("-0.2")]
        assert [held.size for held in end.positions] == [2]


@pytest.mark.parametrize(("since_ns", "times"), [(ns(3) + 1, 2), (ns(3) + 2, 1), (ns(5), 1)])
def test_what_was_settled_before_a_run_goes_on_is_not_settled_again(tmp_path: Path, since_ns: int, times: int) -> None:
    """The feed is played from its last snapshot on, so that there is a book: here from its start, over the settlement
    at 3 s, which is told a nanosecond later."""
    market = calm_market(8).mark(0.5, "100").funding(1, "0.001", settles=3).funding(4, "0.001", settles=6)
    held = (Held(Leg.NET, Decimal(2), Decimal(100)),)
    told, _ = paper(market, tmp_path, {}, data={"start_ns": since_ns}, positions=held)
    assert [event.amount for event in told.of(FundingSettled)] == [Decimal("-0.2")] * times
