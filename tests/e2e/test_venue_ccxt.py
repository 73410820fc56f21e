"""A foreign client, ccxt, goes through its whole day at the venue that `perpmm venue-sim` serves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import pytest

from tests.support.venue_process import quiet_market, venue_process

PAIR = "BTC/USDT:USDT"


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("venue")
    with venue_process(quiet_market(folder / "catalog"), "--loop", "--log", str(folder / "venue.jsonl")) as printed:
        yield printed | {"log": folder / "venue.jsonl"}


@pytest.fixture
def client(venue: dict[str, Any]) -> Iterator[Any]:
    options = {"fetchCurrencies": False, "fetchMargins": False}
    keys = {"apiKey": venue["key"], "secret": venue["secret"]}
    client = ccxt.binanceusdm({**keys, "options": options, "enableRateLimit": False})
    addresses = client.urls["api"]
    for name, address in addresses.items():
        if name.startswith("fapi"):
            addresses[name] = f"{venue['rest']}/fapi/{address.rpartition('/')[2]}"
    addresses["fapiData"] = f"{venue['rest']}/futures/data"
    client.load_markets()
    yield client
    client.session.close()


def test_the_market_and_its_rules(client: Any) -> None:
    market = client.market(PAIR)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert market["limits"]["cost"]["min"] == 5
    book = client.fetch_order_book(PAIR, 5)
    assert (book["bids"][0][0], book["asks"][0][0]) == (50000.0, 50000.1)
    assert client.fetch_ticker(PAIR)["last"] == 50000.0
    assert client.fetch_funding_rate(PAIR)["fundingRate"] == 0.0001


def test_orders_positions_and_money(client: Any) -> None:
    before = client.fetch_balance()["USDT"]["total"]
    resting = client.create_order(PAIR, "limit", "buy", 0.01, 49_990, {"postOnly": True})
    assert client.fetch_open_orders(PAIR)[0]["id"] == resting["id"]
    assert client.edit_order(resting["id"], PAIR, "limit", "buy", 0.02, 49_980)["amount"] == 0.02
    assert client.cancel_order(resting["id"], PAIR)["status"] == "canceled"
    assert client.set_leverage(5, PAIR)["leverage"] == 5
    client.create_order(PAIR, "market", "buy", 0.01)
    (position,) = client.fetch_positions([PAIR])
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 0.01, 50000.1)
    closing = client.create_order(PAIR, "market", "sell", 0.05, None, {"reduceOnly": True})
    assert client.fetch_order(closing["id"], PAIR)["filled"] == 0.01
    assert client.fetch_positions([PAIR]) == []
    fees = sum(trade["fee"]["cost"] for trade in client.fetch_my_trades(PAIR))
    paid = before - client.fetch_balance()["USDT"]["total"]
    assert paid == pytest.approx(fees + 0.001)


READS = (
    *(
        "fetch_ticker",
        "fetch_trades",
        "fetch_ohlcv",
        "fetch_mark_ohlcv",
        "fetch_index_ohlcv",
        "fetch_premium_index_ohlcv",
    ),
    *(
        "fetch_mark_price",
        "fetch_funding_rate_history",
        "fetch_funding_interval",
        "fetch_open_interest",
        "fetch_adl_rank",
    ),
    *(
        "fetch_open_interest_history",
        "fetch_long_short_ratio_history",
        "fetch_market_leverage_tiers",
        "fetch_margin_mode",
    ),
    *(
        "fetch_position_mode",
        "fetch_trading_fee",
        "fetch_orders",
        "fetch_canceled_and_closed_orders",
        "fetch_my_trades",
    ),
    *("fetch_funding_history", "fetch_my_liquidations", "fetch_margin_adjustment_history"),
)


def test_everything_that_it_reads_is_answered(client: Any) -> None:
    for name in READS:
        getattr(client, name)(PAIR)
    for name in ("fetch_tickers", "fetch_bids_asks", "fetch_last_prices", "fetch_mark_prices", "fetch_funding_rates"):
        assert client.market(PAIR)["symbol"] in getattr(client, name)()


def test_orders_by_the_dozen_and_conditional_ones(client: Any) -> None:
    several = [{"symbol": PAIR, "type": "limit", "side": "buy", "amount": 0.01, "price": 49_000 + n} for n in range(3)]
    placed = [order["id"] for order in client.create_orders(several)]
    assert [order["status"] for order in client.cancel_orders(placed, PAIR)] == ["canceled"] * 3
    by_book = client.create_order(PAIR, "limit", "buy", 0.01, None, {"priceMatch": "QUEUE_5"})
    assert client.fetch_order(by_book["id"], PAIR)["price"] == 49_999.6
    client.cancel_all_orders(PAIR)
    client.create_trailing_percent_order(PAIR, "market", "sell", 0.01, None, 1, 50_500)
    client.create_order(PAIR, "market", "sell", 0.01, None, {"stopLossPrice": 48_000})
    waiting = client.fetch_open_orders(PAIR, params={"trigger": True})
    assert {order["info"]["orderType"] for order in waiting} == {"TRAILING_STOP_MARKET", "STOP_MARKET"}
    client.cancel_all_orders(PAIR, {"trigger": True})
    assert client.fetch_open_orders(PAIR, params={"trigger": True}) == []


def test_errors_are_those_of_the_venue(client: Any) -> None:
    with pytest.raises(ccxt.InvalidOrder, match="-5022"):
        client.create_order(PAIR, "limit", "buy", 0.01, 50_001, {"postOnly": True})
    with pytest.raises(ccxt.ExchangeError, match="-2019"):
        client.create_order(PAIR, "limit", "buy", 900, 49_990)
    with pytest.raises(ccxt.MarginModeAlreadySet):
        client.set_margin_mode("cross", PAIR)
    client.secret = "wrong"
    with pytest.raises(ccxt.ExchangeError, match="-1022"):
        client.fetch_balance()


def test_the_log_is_whole(client: Any, venue: dict[str, Any]) -> None:
    client.fetch_time()
    lines = [json.loads(line) for line in Path(venue["log"]).read_text().splitlines()]
    assert [line["n"] for line in lines] == list(range(1, len(lines) + 1))
    assert venue["secret"] not in Path(venue["log"]).read_text()
