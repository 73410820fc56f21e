"""Orders at the loopback venue, over HTTP: what is accepted, refused, filled, and what the account then says."""

from typing import Any

import pytest

from engine.core.types import Side
from engine.venue_sim.market_events import Depth, Print
from tests.support.venue import SYMBOL, Client, at, client_of, venue_of

CLOSING = {"closePosition": "true", "triggerPrice": "99", "quantity": ""}


async def refused(client: Client, code: int, side: str, price: str | None, quantity: str, **more: object) -> None:
    status, body = await client.place(side, price, quantity, **more)
    assert (status, body["code"]) == (400, code), body


async def test_an_order_rests_is_changed_and_cancelled() -> None:
    async with client_of(venue_of()) as client:
        _, placed = await client.place("BUY", "99.0", "0.5", newClientOrderId="mine")
        assert (placed["status"], placed["clientOrderId"], placed["origQty"]) == ("NEW", "mine", "0.500")
        _, changed = await client.ask(
            "PUT", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="mine", side="BUY", quantity="0.4", price="99.5"
        )
        assert (changed["orderId"], changed["price"]) == (placed["orderId"], "99.5")
        _, (amendment,) = await client.ask("GET", "/fapi/v1/orderAmendment", symbol=SYMBOL, orderId=placed["orderId"])
        assert amendment["amendment"] == {
            "price": {"before": "99.0", "after": "99.5"},
            "origQty": {"before": "0.500", "after": "0.400"},
            "count": 1,
        }
        assert len((await client.ask("GET", "/fapi/v1/openOrders"))[1]) == 1
        _, cancelled = await client.ask("DELETE", "/fapi/v1/order", symbol=SYMBOL, orderId=placed["orderId"])
        assert cancelled["status"] == "CANCELED"
        assert (await client.ask("DELETE", "/fapi/v1/order", symbol=SYMBOL, orderId=placed["orderId"]))[1][
            "code"
        ] == -2011
        assert (await client.ask("GET", "/fapi/v1/openOrders"))[1] == []


async def test_a_taker_walks_the_book_and_pays() -> None:
    async with client_of(venue_of()) as client:
        _, filled = await client.place("BUY", None, "1.5")
        assert (filled["status"], filled["executedQty"], filled["cumQuote"]) == ("FILLED", "1.500", "150.20000000")
        _, (position,) = await client.ask("GET", "/fapi/v3/positionRisk")
        assert position["positionAmt"] == "1.500"
        _, trades = await client.ask("GET", "/fapi/v1/userTrades", symbol=SYMBOL)
        assert [(t["price"], t["qty"], t["maker"]) for t in trades] == [
            ("100.1", "1.000", False),
            ("100.2", "0.500", False),
        ]
        _, (balance,) = await client.ask("GET", "/fapi/v2/balance")
        assert balance["balance"] == "9999.92490000"  # 5 bp of 150.20


async def test_what_one_has_taken_is_gone_until_shown_anew() -> None:
    async with client_of(venue_of([Depth(SYMBOL, at(1), (), ((1001, 900),))])) as client:
        await client.place("BUY", None, "1")
        assert (await client.place("BUY", "100.1", "1", timeInForce="IOC"))[1]["executedQty"] == "0.000"
        client.advance(1)
        assert (await client.place("BUY", "100.1", "1", timeInForce="IOC"))[1]["executedQty"] == "0.900"


async def test_who_rests_waits_for_its_turn() -> None:
    prints = [Print(SYMBOL, at(n + 1), int(Side.SELL), 1000, 600) for n in range(3)]
    async with client_of(venue_of(prints)) as client:
        _, placed = await client.place("BUY", "100.0", "0.5")  # behind one unit
        filled = []
        for _ in prints:
            client.advance(1)
            _, order = await client.ask("GET", "/fapi/v1/order", symbol=SYMBOL, orderId=placed["orderId"])
            filled.append(order["executedQty"])
        assert filled == ["0.000", "0.200", "0.500"]


@pytest.mark.parametrize(
    ("code", "side", "price", "quantity", "more"),
    [
        (-1111, "BUY", "99.0", "0.0001", {}),
        (-1111, "BUY", "99.05", "1", {}),
        (-4005, "SELL", "101.0", "1000001", {}),
        (-1106, "BUY", "99.0", "1", {"priceMatch": "QUEUE"}),
        (-5037, "BUY", "", "1", {"priceMatch": "BEST"}),
        (-5041, "BUY", "", "1", {"priceMatch": "QUEUE_20"}),
        (-4164, "BUY", "99.0", "0.01", {}),
        (-4016, "BUY", "120.0", "1", {}),
        (-2019, "BUY", "99.0", "9000", {}),
        (-5022, "BUY", "100.1", "1", {"timeInForce": "GTX"}),
        (-5021, "BUY", "100.1", "9", {"timeInForce": "FOK"}),
        (-2022, "SELL", "101.0", "1", {"reduceOnly": "true"}),
        (-4061, "BUY", "99.0", "1", {"positionSide": "LONG"}),
        (-1121, "BUY", "99.0", "1", {"symbol": "NONE"}),
        (-1136, "BUY", "99.0", "1", {"newOrderRespType": "LOUD"}),
        (-5039, "BUY", "99.0", "1", {"selfTradePreventionMode": "NEVER"}),
        (-5040, "BUY", "99.0", "1", {"timeInForce": "GTD", "goodTillDate": "1"}),
        (-1115, "BUY", "99.0", "1", {"timeInForce": "GTG"}),
        (-4120, "BUY", "99.0", "1", {"type": "STOP_MARKET", "stopPrice": "101"}),
        (-1116, "BUY", "99.0", "1", {"type": "MOON"}),
        (-4136, "BUY", "99.0", "1", {"closePosition": "true"}),
        (-4015, "BUY", "99.0", "1", {"newClientOrderId": "no spaces"}),
    ],
)
async def test_what_is_refused(code: int, side: str, price: str, quantity: str, more: dict[str, str]) -> None:
    async with client_of(venue_of()) as client:
        await refused(client, code, side, price, quantity, **more)
        assert (await client.ask("GET", "/fapi/v1/openOrders"))[1] == []


@pytest.mark.parametrize(("match", "price"), [("QUEUE", "100.0"), ("QUEUE_5", "99.6"), ("OPPONENT", "100.1")])
async def test_the_venue_prices_an_order_from_the_book(match: str, price: str) -> None:
    async with client_of(venue_of()) as client:
        _, placed = await client.place("BUY", "", "1", priceMatch=match)
        assert (placed["price"], placed["priceMatch"]) == (price, match)


@pytest.mark.parametrize(
    ("code", "method", "path", "more"),
    [
        (-4031, "POST", "algoOrder", {"type": "STOP_MARKET", "workingType": "MOOD", "triggerPrice": "99"}),
        (-4137, "POST", "algoOrder", {"type": "STOP_MARKET", "closePosition": "true", "triggerPrice": "99"}),
        (-1102, "DELETE", "algoOrder", {}),
        (-1106, "POST", "algoOrder", {"type": "STOP_MARKET", **CLOSING, "reduceOnly": "true"}),
        (-4136, "POST", "algoOrder", {"type": "STOP", **CLOSING, "price": "98"}),
        (-4161, "POST", "leverage", {"leverage": 2}),
        (-4167, "POST", "multiAssetsMargin", {"multiAssetsMargin": "true"}),
        (-4048, "POST", "marginType", {"marginType": "CROSSED"}),
        (-1125, "PUT", "listenKey", {}),
        (-4104, "GET", "continuousKlines", {"pair": SYMBOL, "contractType": "NEXT", "interval": "1m"}),
    ],
)
async def test_what_is_refused_to_an_isolated_position(code: int, method: str, path: str, more: dict[str, Any]) -> None:
    async with client_of(venue_of()) as client:
        await client.ask("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
        await client.place("BUY", None, "1")
        given = {"symbol": SYMBOL, "side": "SELL", "quantity": "1"} | more
        assert (await client.ask(method, f"/fapi/v1/{path}", **given))[1]["code"] == code


async def test_an_id_in_use_is_refused() -> None:
    async with client_of(venue_of()) as client:
        assert (await client.place("BUY", "99.0", "1", newClientOrderId="a"))[0] == 200
        await refused(client, -4116, "BUY", "98.0", "1", newClientOrderId="a")
