"""An account at Hyperliquid by NautilusTrader's own adapter, and by a foreign client, at the venue on loopback."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import ccxt
import pytest

from engine.core.events import OrderCanceled
from engine.journal.reader import Journal
from engine.venue_api.hyperliquid import Hyperliquid
from engine.venue_api.keys import Keys
from tests.support.hung import hung_and_halted
from tests.support.live import STRANGERS, sim
from tests.support.recorded import wandering_market
from tests.support.venue_process import venue_process

PAIR = "BTCUSDT/USDC:USDC"
NEAR = {"slippage": "0.02"}
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    market = wandering_market(tmp_path_factory.mktemp("market") / "m")
    with venue_process(market, "--loop", "--protocol", "hyperliquid", "--accounts", "2") as said:
        yield said | {"name": "HYPERLIQUID"}


def test_live_it_is_hung_and_halted_and_leaves_a_stranger_alone(tmp_path: Path, venue: dict[str, Any]) -> None:
    """An order of which nothing is heard is asked for, and does not make a failure of the run's end. Kills and restarts
    are among the faults that tests/faults plays."""
    sim(venue, "fault", {"kind": "refuse", "status": 429, "most": 1, "on": "WS post order"})
    run = hung_and_halted(tmp_path, venue, by_hand, "filled buy 0.030", (venue["secret"].removeprefix("0x"),))
    assert "none that can be armed" in run.said.read_text()
    ends = [cast(OrderCanceled, entry.value) for entry in Journal(run.run).entries(types=["OrderCanceled"])]
    assert "never arrived at the venue" in {each.reason for each in ends}


def by_hand(venue: dict[str, Any]) -> str:
    name = f"{STRANGERS[1]}{time.time_ns():026x}"
    with Hyperliquid(
        venue["rest"], Keys(venue["key"], venue["secret"]), clock_ms=lambda: time.time_ns() // 10**6
    ) as at:
        order = {"a": 0, "b": True, "p": "49000", "s": "0.003", "r": False, "t": {"limit": {"tif": "Gtc"}}, "c": name}
        at.act({"type": "order", "orders": [order], "grouping": "na"})
    return name


@pytest.fixture
def client(venue: dict[str, Any]) -> Iterator[Any]:
    second = venue["accounts"][0]
    made = ccxt.hyperliquid({"walletAddress": second["key"], "privateKey": second["secret"]})
    made.options |= {"fetchMarkets": {"types": ["swap"]}, "builderFee": False, "approvedBuilderFee": False}
    made.urls["api"] = {"public": venue["rest"], "private": venue["rest"]}
    made.load_markets()
    yield made
    made.session.close()


def test_ccxt_goes_through_its_day_and_is_refused_in_the_venue_s_own_words(client: Any) -> None:
    book = client.fetch_order_book(PAIR)
    bid, ask = book["bids"][0][0], book["asks"][0][0]
    assert ask - bid == pytest.approx(0.1)
    before = client.fetch_balance()["USDC"]["total"]
    resting = client.create_order(PAIR, "limit", "buy", 0.01, 49_900, {"postOnly": True})
    assert client.fetch_open_orders(PAIR)[0]["id"] == resting["id"]
    client.cancel_order(resting["id"], PAIR)
    assert client.fetch_open_orders(PAIR) == []
    client.set_leverage(5, PAIR)
    client.create_order(PAIR, "market", "buy", 0.01, 50_000, NEAR)
    (position,) = client.fetch_positions([PAIR])
    assert (position["side"], position["contracts"], position["leverage"]) == ("long", 0.01, 5.0)
    client.create_order(PAIR, "market", "sell", 0.05, 50_000, NEAR | {"reduceOnly": True})
    assert client.fetch_positions([PAIR]) == []
    trades = client.fetch_my_trades(PAIR)
    assert [(each["side"], each["amount"]) for each in trades] == [("buy", 0.01), ("sell", 0.01)]
    paid = before - client.fetch_balance()["USDC"]["total"]
    assert paid == pytest.approx(sum(each["fee"]["cost"] for each in trades) + trades[0]["cost"] - trades[1]["cost"])
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(PAIR, "limit", "buy", 900, 49_990)
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("7", PAIR)
    with pytest.raises(ccxt.InvalidOrder, match="would increase position"):
        client.create_order(PAIR, "limit", "buy", 0.01, 49_900, {"reduceOnly": True})
    client.privateKey = f"0x{'1' * 64}"
    with pytest.raises(ccxt.ExchangeError, match="does not exist"):
        client.create_order(PAIR, "limit", "buy", 0.01, 49_900)
