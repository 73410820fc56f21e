"""An account at OKX by NautilusTrader's own adapter, and by a foreign client, at the venue on loopback."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import pytest

from engine.venue_api.keys import Keys
from engine.venue_api.okx import Okx
from tests.support.hung import hung_and_halted
from tests.support.recorded import wandering_market
from tests.support.venue_process import venue_process

NAME, PAIR = "BTC-USDT-SWAP", "BTC/USDT:USDT"
SECRETS = ("key", "secret", "passphrase")
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    market = wandering_market(tmp_path_factory.mktemp("market") / "m")
    with venue_process(market, "--loop", "--protocol", "okx", "--accounts", "2") as said:
        yield said | {"name": "OKX", "market": market}


def test_live_it_is_hung_and_halted_and_leaves_a_stranger_alone(tmp_path: Path, venue: dict[str, Any]) -> None:
    """Sizes are in contracts, of 0.01 BTC each. Kills and restarts are among the faults that tests/faults plays."""
    run = hung_and_halted(tmp_path, venue, by_hand, "filled buy 3.0", tuple(venue[word] for word in SECRETS))
    assert "every contract of the account" in run.said.read_text()


def by_hand(venue: dict[str, Any]) -> str:
    name = f"byhand{time.time_ns()}"
    pair = Keys(*(venue[word] for word in SECRETS))
    with Okx(venue["rest"], pair, clock_ms=lambda: time.time_ns() // 10**6) as there:
        where = {"instId": NAME, "tdMode": "cross", "clOrdId": name}
        limit = {"side": "buy", "ordType": "limit", "sz": "0.3", "px": "49000"}
        there.signed("POST", "/api/v5/trade/order", where | limit)
    return name


@pytest.fixture
def client(venue: dict[str, Any]) -> Iterator[Any]:
    second = venue["accounts"][0]
    opened = {"apiKey": second["key"], "secret": second["secret"], "password": second["passphrase"]}
    made = ccxt.okx(opened | {"options": {"fetchMarkets": {"types": ["swap"]}}})
    made.has["fetchCurrencies"] = False
    made.urls["api"] = {"rest": venue["rest"]}
    made.load_markets()
    yield made
    made.session.close()


def test_ccxt_goes_through_its_day(client: Any) -> None:
    market = client.market(PAIR)
    assert [market["precision"][each] for each in ("price", "amount")] == [0.1, 0.1]
    assert market["contractSize"] == 0.01
    book = client.fetch_order_book(PAIR, 5)
    bid, ask = book["bids"][0][0], book["asks"][0][0]
    assert ask - bid == pytest.approx(0.1)
    assert client.fetch_funding_rate(PAIR)["fundingRate"] == 0.0001
    before = client.fetch_balance()["USDT"]["total"]
    resting = client.create_order(PAIR, "limit", "buy", 1, 49_900, {"postOnly": True})
    assert client.fetch_open_orders(PAIR)[0]["id"] == resting["id"]
    client.edit_order(resting["id"], PAIR, "limit", "buy", 2, 49_800)
    assert client.fetch_open_orders(PAIR)[0]["amount"] == 2
    client.cancel_order(resting["id"], PAIR)
    assert client.fetch_open_orders(PAIR) == []
    client.set_leverage(5, PAIR, {"mgnMode": "cross"})
    client.create_order(PAIR, "market", "buy", 1)
    (position,) = client.fetch_positions([PAIR])
    assert (position["side"], position["contracts"], position["leverage"]) == ("long", 1.0, 5.0)
    client.create_order(PAIR, "market", "sell", 5, None, {"reduceOnly": True})
    assert all(not each["contracts"] for each in client.fetch_positions([PAIR]))
    trades = client.fetch_my_trades(PAIR)
    assert [(each["side"], each["amount"]) for each in trades] == [("buy", 1.0), ("sell", 1.0)]
    paid = before - client.fetch_balance()["USDT"]["total"]
    assert paid == pytest.approx(sum(each["fee"]["cost"] for each in trades) + trades[0]["cost"] - trades[1]["cost"])


def test_ccxt_is_refused_by_the_venue_s_own_numbers(client: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(PAIR, "limit", "buy", 90_000, 49_990)
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("7", PAIR)
    client.password = "wrong"
    with pytest.raises(ccxt.AuthenticationError, match="50105"):
        client.fetch_balance()
