"""The loopback venue's streams: what is subscribed to arrives, in Binance's words and order."""

import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from engine.venue_sim.market_events import Depth, Mark, Print, Rate
from tests.support.venue import SYMBOL, at, client_of, venue_of

MARKET = [
    Depth(SYMBOL, at(1), ((1000, 500),), ()),
    Print(SYMBOL, at(1.05), -1, 1000, 200),
    Depth(SYMBOL, at(1.1), ((999, 0),), ((1001, 700), (1002, 800))),
    Mark(SYMBOL, at(1.5), mark=None, index=None),
    Depth(SYMBOL, at(2), ((1000, 400),), ()),
]


WRONG: list[tuple[Any, int]] = [
    ({"method": "DANCE", "id": 2}, 2),
    ({"params": [], "id": 3}, 2),
    ({"method": "SUBSCRIBE", "params": "btcusdt@trade", "id": 4}, 2),
    ({"method": "SUBSCRIBE", "params": [1], "id": 5}, 2),
    ({"method": ["SUBSCRIBE"], "id": 6}, 2),
    ({"method": "SET_PROPERTY", "params": ["combined", "yes"], "id": 7}, 1),
    ({"method": "GET_PROPERTY", "params": ["colour"], "id": 8}, 0),
    ([1], 2),
]


async def received(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[dict[str, Any]]:
    return [json.loads((await socket.receive(timeout=10)).data) for _ in range(count)]


@pytest.mark.parametrize("prefix", ["", "/public", "/market", "/private"])
async def test_names_in_the_path_or_subscribed_later(prefix: str) -> None:
    async with client_of(venue_of(MARKET)) as client:
        named = await client.stream(f"{prefix}/ws/btcusdt@depth@0ms")
        combined = await client.stream(f"{prefix}/stream?streams=btcusdt@depth@0ms/btcusdt@trade")
        later = await client.stream(f"{prefix}/ws")
        await later.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@depth@0ms"], "id": 7})
        assert await received(later, 1) == [{"result": None, "id": 7}]
        await later.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 8})
        assert await received(later, 1) == [{"result": ["btcusdt@depth@0ms"], "id": 8}]
        client.advance(3)
        raw = await received(named, 3)
        wrapped = await received(combined, 4)
        assert await received(later, 3) == raw
        assert [each["data"] for each in wrapped if each["stream"] == "btcusdt@depth@0ms"] == raw
        assert [each["data"]["q"] for each in wrapped if each["stream"] == "btcusdt@trade"] == ["0.200"]
        assert [each["b"] for each in raw] == [[["100.0", "0.500"]], [["99.9", "0.000"]], [["100.0", "0.400"]]]


async def test_unsubscribed_is_silent_and_a_wrong_frame_is_answered() -> None:
    async with client_of(venue_of(MARKET)) as client:
        socket = await client.stream("/ws/btcusdt@trade")
        await socket.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": 1})
        await received(socket, 1)
        client.advance(3)
        for frame, code in WRONG:
            await socket.send_json(frame)
            (answer,) = await received(socket, 1)
            assert answer["error"]["code"] == code
            assert answer.get("id") == (frame.get("id") if isinstance(frame, dict) else None)


@pytest.mark.parametrize("name", ["btcusdt@depth@100ms", "btcusdt@depth@500ms", "btcusdt@depth"])
async def test_slower_streams_gather_what_the_fast_one_says(name: str) -> None:
    async with client_of(venue_of(MARKET)) as client:
        fast, slow = await client.stream("/ws/btcusdt@depth@0ms"), await client.stream(f"/ws/{name}")
        for _ in range(40):
            client.advance(0.1)
        every, gathered = await received(fast, 3), [(await received(slow, 1))[0]]
        while gathered[-1]["u"] != every[-1]["u"]:
            gathered += await received(slow, 1)
        assert (gathered[0]["U"], gathered[0]["pu"]) == (every[0]["U"], every[0]["pu"])
        assert all(later["pu"] == sooner["u"] for sooner, later in pairwise(gathered))
        assert _folded(gathered) == _folded(every)


def _folded(messages: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {(side, price): size for each in messages for side in "ba" for price, size in each[side]}


async def test_partial_depth_top_and_mark() -> None:
    rate = Rate(SYMBOL, at(1), Decimal("0.0003"), at(100))
    async with client_of(venue_of([*MARKET, rate])) as client:
        names = ("btcusdt@depth5@100ms", "btcusdt@bookTicker", "btcusdt@markPrice@1s", "btcusdt@kline_1m")
        socket = await client.stream(f"/stream?streams={'/'.join(names)}")
        for _ in range(40):
            client.advance(0.1)
        last: dict[str, Any] = {}
        while set(last) != set(names) or last[names[1]]["B"] != "0.400" or last[names[2]]["r"] != "0.00030000":
            (message,) = await received(socket, 1)
            last[message["stream"]] = message["data"]
        assert len(last[names[0]]["b"]) == 4
        assert last[names[1]]["a"] == "100.1"
        assert last[names[2]]["T"] == at(100) // 1_000_000
        assert last[names[3]]["k"]["v"] == "0.200"


@pytest.mark.parametrize("name", ["btcusdt@kline_1m", "btcusdt_perpetual@continuousKline_1m"])
async def test_a_candle_ends_with_a_word_that_says_so(name: str) -> None:
    """The first minute ends 40 s after the start, and the next begins with a trade at once."""
    told = [Print(SYMBOL, at(second), 1, 1001, 100) for second in (1, 39.9, 40.1)]
    async with client_of(venue_of(told)) as client:
        socket = await client.stream(f"/ws/{name}")
        for _ in range(84):
            client.advance(0.5)
        candles: list[dict[str, Any]] = []
        while not candles or candles[-1]["t"] != at(40) // 1_000_000:
            candles += [each["k"] for each in await received(socket, 1)]
        first = [candle for candle in candles if candle["t"] == at(-20) // 1_000_000]
        assert [candle["x"] for candle in first] == [False] * (len(first) - 1) + [True]
        assert (first[-1]["v"], candles[-1]["v"], candles[-1]["x"]) == ("0.200", "0.100", False)


async def test_the_minutes_of_a_price_that_nobody_trades_at() -> None:
    told = [(1, "100", "100"), (2, "102", "100"), (3, "99", "99"), (70, "101", "100")]
    marks = [Mark(SYMBOL, at(second), Decimal(mark), Decimal(index)) for second, mark, index in told]
    async with client_of(venue_of(marks)) as client:
        client.advance(71)

        async def bars(kind: str, name: str, interval: str) -> list[list[str]]:
            _, rows = await client.ask("GET", f"/fapi/v1/{kind}Klines", **{name: SYMBOL, "interval": interval})
            return [[f"{Decimal(price).normalize():f}" for price in row[1:5]] for row in rows]

        minutes = await bars("markPrice", "symbol", "1m")
        assert minutes == [["100", "102", "99", "99"], ["101", "101", "101", "101"]]
        assert await bars("markPrice", "symbol", "3m") == [["100", "102", "99", "101"]]
        assert await bars("indexPrice", "pair", "3m") == [["100", "100", "99", "100"]]
        assert await bars("premiumIndex", "symbol", "3m") == [["0", "0.02", "0", "0.01"]]


async def test_the_account_hears_of_its_orders() -> None:
    async with client_of(venue_of([Print(SYMBOL, at(1), -1, 999, 400)])) as client:
        _, opened = await client.ask("POST", "/fapi/v1/listenKey")
        socket = await client.stream(f"/ws/{opened['listenKey']}")
        _, placed = await client.place("BUY", "100.0", "1", newClientOrderId="mine")
        client.advance(1)
        await client.ask("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
        new, lite, account, partial, cancelled = await received(socket, 5)
        said = [
            (each["e"], each.get("o", {}).get("x"), each.get("o", {}).get("X")) for each in (new, partial, cancelled)
        ]
        assert said == [
            ("ORDER_TRADE_UPDATE", "NEW", "NEW"),
            ("ORDER_TRADE_UPDATE", "TRADE", "PARTIALLY_FILLED"),
            ("ORDER_TRADE_UPDATE", "CANCELED", "CANCELED"),
        ]
        assert (lite["e"], lite["i"], lite["l"]) == ("TRADE_LITE", placed["orderId"], "0.400")
        assert (partial["o"]["L"], partial["o"]["m"], partial["o"]["n"]) == ("100.0", True, "0.00800000")
        assert (account["a"]["m"], account["a"]["P"][0]["pa"]) == ("ORDER", "0.400")


async def test_funding_is_settled_at_its_instant_and_told() -> None:
    events = [Rate(SYMBOL, at(1), Decimal("0.001"), at(5)), Mark(SYMBOL, at(2), Decimal(200))]
    async with client_of(venue_of(events)) as client:
        await client.place("BUY", None, "1")
        key = (await client.ask("POST", "/fapi/v1/listenKey"))[1]["listenKey"]
        socket = await client.stream(f"/private/ws?listenKey={key}&events=ACCOUNT_UPDATE")
        client.advance(4.9)
        assert (await client.ask("GET", "/fapi/v1/income", incomeType="FUNDING_FEE"))[1] == []
        client.advance(0.2)
        (told,) = await received(socket, 1)
        assert (told["a"]["m"], told["a"]["B"][0]["bc"]) == ("FUNDING_FEE", "-0.20000000")
        _, (paid,) = await client.ask("GET", "/fapi/v1/income", incomeType="FUNDING_FEE")
        assert paid["income"] == "-0.20000000"


async def test_who_cannot_pay_is_liquidated() -> None:
    async with client_of(venue_of([Mark(SYMBOL, at(1), Decimal(50))])) as client:
        await client.ask("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=100)
        client.account.wallet = Decimal(30)
        assert (await client.place("BUY", None, "5"))[0] == 200
        assert (await client.place("SELL", "104.0", "1"))[0] == 200
        client.advance(1)
        _, orders = await client.ask("GET", "/fapi/v1/allOrders", symbol=SYMBOL)
        assert [order["status"] for order in orders] == ["FILLED", "CANCELED", "FILLED"]
        assert orders[-1]["clientOrderId"].startswith("autoclose-")
        assert (await client.ask("GET", "/fapi/v3/positionRisk"))[1] == []
