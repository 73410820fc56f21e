"""On a real tape: the cheap way to the top of the book and the dear one see, and do, the same."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.core.commands import Cancel, Draft, Wish
from engine.core.events import OrderFilled, Tick
from engine.core.position import CENT
from engine.core.types import SECOND, Side
from engine.nautilus.backtest import BacktestEnd, MarketData, run_backtest
from engine.nautilus.bench import bare_replay
from engine.nautilus.catalog import instrument_of
from engine.simulation.settings import Simulation
from tests.support.builders import a_start
from tests.support.scripted import Scripted, Told
from tests.support.shared import needs_tapes
from tests.support.tapes import BTCUSDT, tape_catalog

pytestmark = needs_tapes
SIZE = Decimal("0.02")


@pytest.fixture(scope="module")
def catalog() -> Path:
    return tape_catalog("2024")


def requote(state: Any, event: Any) -> tuple[Wish, ...]:
    """Both sides at the touch, anew every 10 s."""
    if not isinstance(event, Tick) or event.top.bid is None or event.ts_event // SECOND % 10:
        return ()
    assert event.top.ask is not None
    touch = ((Side.BUY, event.top.bid), (Side.SELL, event.top.ask))
    quotes = (Draft(side=side, size=SIZE, price=price, post_only=True) for side, price in touch)
    return (*(Cancel(working.order.id, "refresh") for working in state.orders), *quotes)


def run(catalog: Path, *, depth: bool) -> tuple[Told, BacktestEnd]:
    told = Told(entries=[])
    start = a_start(instrument=instrument_of(catalog, BTCUSDT))
    data = MarketData(catalog=catalog, depth=depth)
    return told, run_backtest(data, Simulation(), start, told.session_of(Scripted(requote)))


def test_quotes_and_book_lead_to_the_same_run(catalog: Path) -> None:
    (cheap, cheap_end), (dear, dear_end) = run(catalog, depth=False), run(catalog, depth=True)
    assert cheap.entries == dear.entries
    assert cheap_end.balance == dear_end.balance
    fills = len(cheap.of(OrderFilled))
    assert abs(cheap_end.balance - cheap.state.ledger.cash) <= fills * CENT  # the venue averages entries in floats
    assert fills > 10
    assert len(cheap.of(Tick)) > 300


def test_the_yardstick_replays_the_same_rows(catalog: Path) -> None:
    start = a_start(instrument=instrument_of(catalog, BTCUSDT))
    bare = bare_replay(MarketData(catalog=catalog), Simulation(), start)
    assert bare.rows == run(catalog, depth=False)[1].rows > 460_000
