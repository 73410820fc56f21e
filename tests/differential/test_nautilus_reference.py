"""Prices from elsewhere reach the tick as the venue and the file had them, and nothing is ready before the first."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from engine.core.errors import DataError
from engine.core.events import Tick
from engine.core.types import SECOND, Instrument, Side
from engine.nautilus.backtest import MarketData, run_backtest
from engine.simulation.reference import External, Polled, Reference
from tests.support.backtests import INSTANT
from tests.support.builders import LINEAR, START_NS, a_start
from tests.support.catalogs import Handmade, calm_market, ns
from tests.support.scripted import Scripted, Told

HERE = msgspec.structs.replace(LINEAR, id="ETHUSDT-PERP.BINANCE", raw_symbol="ETHUSDT", base="ETH")
ELSEWHERE = msgspec.structs.replace(HERE, id="ETHUSDT-LINEAR.BYBIT", venue="BYBIT")


def other_market(instrument: Instrument) -> Handmade:
    """Nobody at first; from 1.5 s on a book, from 2.5 s on a trade, from 3.5 s on no ask."""
    made = Handmade(instrument).snapshot(1.5, {"50.0": "1"}, {"51.0": "1"})
    made.trade(2.5, Side.BUY, "50.7", "0.1")
    return made.levels(3.5, (Side.SELL, "51.0", "0"))


def seen(root: Path, reference: Reference) -> list[Tick]:
    told = Told(entries=[])
    data = MarketData(catalog=calm_market(6).write(root), reference=reference)
    end = run_backtest(data, INSTANT, a_start(), told.session_of(Scripted({})))
    assert [each.ts_event for each in told.of(Tick)] == [ns(second) for second in range(1, 6)]
    assert end.rows > 0
    return told.of(Tick)


PRICES = {
    "mid_price": [None, "50.5", "50.5", None, None],
    "best_bid": [None, "50.0", "50.0", "50.0", "50.0"],
    "best_ask": [None, "51.0", "51.0", None, None],
    "last_price": [None, "50.5", "50.7", "50.7", "50.7"],
    "last_own_trade_price": [None, "50.5", "50.5", None, None],
}


@pytest.mark.parametrize("instrument", [HERE, ELSEWHERE], ids=lambda instrument: instrument.venue)
@pytest.mark.parametrize("price_type", PRICES)
def test_another_instruments_price(tmp_path: Path, instrument: Instrument, price_type: str) -> None:
    other_market(instrument).write(tmp_path)
    ticks = seen(tmp_path, External(instrument.id, price_type))
    assert [tick.reference for tick in ticks] == [None if p is None else Decimal(p) for p in PRICES[price_type]]
    assert [tick.ready for tick in ticks] == [False, True, True, True, True]
    assert {tick.top.bid for tick in ticks} == {Decimal("100.0")}


def test_an_instrument_that_the_catalog_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"reference_instrument.*has no quotes of SOLUSDT-PERP\.BINANCE"):
        seen(tmp_path, External("SOLUSDT-PERP.BINANCE", "mid_price"))


def test_a_number_is_polled(tmp_path: Path) -> None:
    numbers = {1.5: "7", 2.0: "8", 3.5: "9", 4.2: "10"}
    polled = Polled(tuple(map(ns, numbers)), tuple(map(Decimal, numbers.values())), interval_ns=2 * SECOND)
    assert START_NS % (2 * SECOND) == 0
    ticks = seen(tmp_path, polled)
    assert [tick.reference for tick in ticks] == [None, 8, 8, 9, 9]
    assert [tick.ready for tick in ticks] == [False, True, True, True, True]


def test_without_a_reference_a_tick_has_none(tmp_path: Path) -> None:
    told = Told(entries=[])
    data = MarketData(catalog=calm_market(3).write(tmp_path))
    run_backtest(data, INSTANT, a_start(), told.session_of(Scripted({})))
    assert {(tick.reference, tick.ready) for tick in told.of(Tick)} == {(None, True)}
