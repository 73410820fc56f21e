"""Bybit's market and an account there by NautilusTrader's own adapter, and by a foreign client, at the venue on
loopback."""

import signal
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import ccxt
import pytest

from engine.core.events import Tick
from engine.nautilus.catalog import instrument_of
from engine.run.moments import Walk
from engine.run.replay import replay_run
from engine.run.venue_tape import catalog_tape
from engine.venue_api.bybit import Bybit
from engine.venue_api.keys import Keys
from engine.venue_sim.market_events import Mark, Rate
from tests.support.cli import INSTRUMENT, command, environment, run_file
from tests.support.hung import hung_and_halted
from tests.support.live import BUSY, live_process, open_orders, wait
from tests.support.recorded import check_recorded, wandering_market
from tests.support.venue_process import venue_process

NAME, PAIR = "BTCUSDT-LINEAR.BYBIT", "BTC/USDT:USDT"
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    market = wandering_market(tmp_path_factory.mktemp("market") / "m")
    with venue_process(market, "--loop", "--protocol", "bybit", "--accounts", "2") as said:
        yield said | {"name": "BYBIT", "market": market}


def test_a_paper_run_trades_at_bybit_s_own_market_and_records_it(tmp_path: Path, venue: dict[str, Any]) -> None:
    """The top that it decides on is the book's: the adapter's own quotes are not."""
    places = [word for key in ("rest", "ws") for word in ("--set", f"venue.{key}={venue[key]}")]
    places += ["--set", f"instrument.id={NAME}", "--set", "venue.name=BYBIT"]
    words = command("paper", run_file(tmp_path), *places, "--runs", tmp_path / "runs", "--no-report")
    with subprocess.Popen(
        words, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stderr is not None
        assert any("quote level 0" in line for line in run.stderr)
        run.send_signal(signal.SIGINT)
        run.communicate()
    assert run.returncode == 130
    (folder,) = (tmp_path / "runs").iterdir()
    walk = Walk(folder)
    ticks = [cast(Tick, entry.value) for entry in walk.journal.entries(types=["Tick"])]
    spreads = {top.ask - top.bid for top in (tick.top for tick in ticks) if top.ask is not None and top.bid is not None}
    assert spreads == {Decimal("0.1")}
    assert ticks[-1].mark is not None
    market = folder / "market"
    assert {Mark, Rate} <= {type(each) for each in catalog_tape(market, (instrument_of(market, NAME),))}
    assert check_recorded(market, NAME, venue["market"], INSTRUMENT, levels=200) > 2
    assert replay_run(folder).identical


def test_live_it_is_hung_and_halted_and_leaves_a_stranger_alone(tmp_path: Path, venue: dict[str, Any]) -> None:
    """Kills and restarts are among the faults that tests/faults plays."""
    run = hung_and_halted(tmp_path, venue, by_hand, "filled buy 0.030", (venue["key"], venue["secret"]))
    assert "10 s after the account's last connection" in run.said.read_text()


def test_killed_the_venue_cancels_what_rests(tmp_path: Path, venue: dict[str, Any]) -> None:
    """A window after the run's connection is gone; the orders of others go along, as it said beforehand."""
    with live_process(tmp_path, venue, **BUSY) as run:
        assert wait(lambda: any(not name.startswith("by-hand-") for name in open_orders(venue)))
        by_hand(venue)
        with account_of(venue) as there:
            there.change("/v5/order/disconnected-cancel-all", product="DERIVATIVES", timeWindow=3)
        run.process.kill()
        run.ended()
    assert wait(lambda: open_orders(venue) == [])


def account_of(venue: dict[str, Any]) -> Bybit:
    return Bybit(venue["rest"], Keys(venue["key"], venue["secret"]), clock_ms=lambda: time.time_ns() // 10**6)


def by_hand(venue: dict[str, Any]) -> str:
    name = f"by-hand-{time.time_ns()}"
    with account_of(venue) as there:
        where = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": name}
        there.signed(
            "POST", "/v5/order/create", where | {"side": "Buy", "orderType": "Limit", "qty": "0.003", "price": "49000"}
        )
    return name


@pytest.fixture
def client(venue: dict[str, Any]) -> Iterator[Any]:
    second = venue["accounts"][0]
    made = ccxt.bybit({"apiKey": second["key"], "secret": second["secret"], "options": {"fetchCurrencies": False}})
    made.has["fetchCurrencies"] = False
    made.options["fetchMarkets"] = {"types": ["linear"]}
    made.options["enableUnifiedMargin"], made.options["enableUnifiedAccount"] = False, True
    made.urls["api"] = dict.fromkeys(made.urls["api"], venue["rest"])
    made.load_markets()
    yield made
    made.session.close()


def test_ccxt_goes_through_its_day(client: Any) -> None:
    market = client.market(PAIR)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    book = client.fetch_order_book(PAIR, 5)
    bid, ask = book["bids"][0][0], book["asks"][0][0]
    assert ask - bid == pytest.approx(0.1)
    assert client.fetch_funding_rate(PAIR)["fundingRate"] == 0.0001
    before = client.fetch_balance()["USDT"]["total"]
    resting = client.create_order(PAIR, "limit", "buy", 0.01, 49_900, {"postOnly": True})
    assert client.fetch_open_orders(PAIR)[0]["id"] == resting["id"]
    client.edit_order(resting["id"], PAIR, "limit", "buy", 0.02, 49_800)
    assert client.fetch_open_orders(PAIR)[0]["amount"] == 0.02
    client.cancel_order(resting["id"], PAIR)
    assert client.fetch_open_orders(PAIR) == []
    client.set_leverage(5, PAIR)
    client.create_order(PAIR, "market", "buy", 0.01)
    (position,) = client.fetch_positions([PAIR])
    assert (position["side"], position["contracts"], position["leverage"]) == ("long", 0.01, 5.0)
    client.create_order(PAIR, "market", "sell", 0.05, None, {"reduceOnly": True})
    assert all(not each["contracts"] for each in client.fetch_positions([PAIR]))
    trades = client.fetch_my_trades(PAIR)
    assert [(each["side"], each["amount"]) for each in trades] == [("buy", 0.01), ("sell", 0.01)]
    paid = before - client.fetch_balance()["USDT"]["total"]
    assert paid == pytest.approx(sum(each["fee"]["cost"] for each in trades) + trades[0]["cost"] - trades[1]["cost"])


def test_ccxt_is_refused_by_the_venue_s_own_numbers(client: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(PAIR, "limit", "buy", 900, 49_990)
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("00000000-0000-4000-8000-000000000007", PAIR)
    client.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError, match="10004"):
        client.fetch_balance()
