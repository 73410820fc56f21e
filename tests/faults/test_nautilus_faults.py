"""What goes wrong in or around a backtest ends it, is told, and leaves the next run alone."""

import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.core.errors import BrokenInvariantError, DataError
from engine.core.events import AnyEvent, OrderAccepted, OrderCanceled, OrderFilled, Stopping, Tick
from engine.core.risk import Limits
from engine.core.session import Send, Session
from engine.core.types import Side
from engine.nautilus.backtest import MarketData, run_backtest
from engine.simulation.settings import Simulation
from tests.support.backtests import INSTANT, backtest, buy
from tests.support.builders import LINEAR, a_start
from tests.support.catalogs import Handmade, calm_market, ns
from tests.support.scripted import Scripted, Told

START = a_start(instrument=LINEAR)


class Wrong(BaseException):
    """Not an Exception: what NautilusTrader swallows, a careless `except Exception` would not catch."""


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return calm_market(30).trade(5.5, Side.SELL, "100.0", "20").write(tmp_path / "catalog")


def failing_on(kind: type[AnyEvent], failure: BaseException, seen: list[AnyEvent]) -> Any:
    def build(send: Send) -> Session[int]:
        def record(_seq: int, event: AnyEvent, _outcomes: Any) -> None:
            seen.append(event)
            if isinstance(event, kind):
                raise failure

        return Session(Scripted({2: (buy("1", "100.0"), buy("1", "99.0"))}), Limits(), record, send)

    return build


@pytest.mark.parametrize("latency", [0, 50])
@pytest.mark.parametrize("kind", [Tick, OrderAccepted, OrderFilled, OrderCanceled, Stopping])
@pytest.mark.parametrize("failure", [OSError("no space left on device"), Wrong("swallowed?"), KeyboardInterrupt()])
def test_what_a_callback_raises_ends_the_run(
    catalog: Path, kind: type[AnyEvent], failure: BaseException, latency: int
) -> None:
    seen: list[AnyEvent] = []
    with pytest.raises(type(failure)) as raised:
        run_backtest(
            MarketData(catalog=catalog),
            Simulation(order_latency_ms=latency),
            START,
            failing_on(kind, failure, seen),
        )
    assert raised.value is failure
    assert isinstance(seen[-1], kind)  # nothing was fed after it


def test_the_next_run_knows_nothing_of_a_failed_one(catalog: Path) -> None:
    with pytest.raises(OSError, match="full"):
        run_backtest(MarketData(catalog=catalog), INSTANT, START, failing_on(Tick, OSError("full"), []))
    told = Told(entries=[])
    end = run_backtest(MarketData(catalog=catalog), INSTANT, START, told.session_of(Scripted({})))
    assert len(told.of(Tick)) == 29
    assert end.balance == 10_000


def test_ctrl_c_stops_the_session_before_it_is_raised(catalog: Path) -> None:
    told, ticks = Told(entries=[]), list[int]()

    def press(now: int) -> None:
        ticks.append(now)
        if len(ticks) == 4:
            os.kill(os.getpid(), signal.SIGINT)

    script, handler = Scripted({2: (buy("1", "99.0"),)}), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_backtest(MarketData(catalog=catalog), INSTANT, START, told.session_of(script), on_tick=press)
    assert ticks == [ns(1), ns(2), ns(3), ns(4)]
    assert [stop.reason for stop in told.of(Stopping)] == ["interrupted"]
    assert told.state.orders == ()
    assert signal.getsignal(signal.SIGINT) is handler  # another test may have left Python's own, or ours


def test_a_requested_stop_ends_the_run_like_the_end_of_the_data(catalog: Path) -> None:
    told = Told(entries=[])
    script = Scripted({2: (buy("1", "99.0"),)})
    run_backtest(
        MarketData(catalog=catalog),
        Simulation(order_latency_ms=300),
        START,
        told.session_of(script),
        stop_requested=lambda: len(told.of(Tick)) == 5,
    )
    assert len(told.of(Tick)) == 5
    assert [stop.reason for stop in told.of(Stopping)] == ["stop requested"]
    assert len(told.of(OrderCanceled)) == 1
    assert told.state.orders == ()


def test_a_second_engine_in_the_process_is_refused(catalog: Path) -> None:
    problems: list[BaseException] = []

    def again(_now: int) -> None:
        if not problems:
            try:
                run_backtest(MarketData(catalog=catalog), INSTANT, START, Told(entries=[]).session_of(Scripted({})))
            except RuntimeError as problem:
                problems.append(problem)

    told = Told(entries=[])
    run_backtest(MarketData(catalog=catalog), INSTANT, START, told.session_of(Scripted({})), on_tick=again)
    assert "running in this process already" in str(problems[0])
    assert len(told.of(Tick)) == 29


def test_an_instrument_that_the_catalog_lacks_is_named(catalog: Path) -> None:
    other = msgspec.structs.replace(START, instrument=msgspec.structs.replace(LINEAR, id="ETHUSDT-PERP.BINANCE"))
    with pytest.raises(DataError, match=r"ETHUSDT-PERP\.BINANCE"):
        run_backtest(MarketData(catalog=catalog), INSTANT, other, Told().session_of(Scripted({})))


@pytest.mark.parametrize("span", [{"start_ns": ns(1000)}, {"end_ns": ns(-5)}, {"start_ns": ns(9), "end_ns": ns(8)}])
def test_a_range_without_data_is_refused(catalog: Path, span: dict[str, int]) -> None:
    with pytest.raises(DataError, match="range"):
        run_backtest(MarketData(catalog=catalog, **span), INSTANT, START, Told().session_of(Scripted({})))


def test_depth_that_was_not_asked_for_at_the_start_breaks_the_run(tmp_path: Path) -> None:
    with pytest.raises(BrokenInvariantError, match="depth"):
        backtest(calm_market(4), tmp_path, {}, queries=((Side.BUY, Decimal(1)),), data={"depth": False})


def test_a_price_off_the_grid_of_the_data_ends_the_run(tmp_path: Path) -> None:
    market = Handmade(msgspec.structs.replace(LINEAR, tick=Decimal("0.01"))).snapshot(0.1, {"1.01": "1"}, {"1.02": "1"})
    catalog = market.levels(9, (Side.BUY, "1.01", "2")).write(tmp_path)
    with pytest.raises(RuntimeError, match="precision"):
        run_backtest(MarketData(catalog=catalog), INSTANT, START, Told(entries=[]).session_of(Scripted({})))
