"""Who may ask the loopback venue, and that whatever is asked gets an answer of the protocol."""

from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.types import Nanos
from engine.venue_sim.auth import private_pem
from engine.venue_sim.errors import ApiError
from engine.venue_sim.routes import ROUTES
from engine.venue_sim.venue import Asked
from tests.support.venue import START_NS, SYMBOL, Client, MemoryLog, client_of, sign, venue_of

BALANCE = "/fapi/v2/balance"
NOW_MS = START_NS // 1_000_000
type Given = dict[str, Any]


async def get(client: Client, query: str, key: str | None, body: str = "") -> tuple[int, int]:
    """HTTP status and code."""
    headers = {} if key is None else {"X-MBX-APIKEY": key}
    async with client.session.get(f"{client.addresses.rest}{BALANCE}?{query}", headers=headers, data=body) as answer:
        said = await answer.json()
        return answer.status, said["code"] if isinstance(said, dict) else 0


def signed(query: str) -> str:
    return f"{query}&signature={sign('secret0', query)}"


@pytest.mark.parametrize(
    ("query", "key", "expected"),
    [
        (signed(f"timestamp={NOW_MS}"), "key0", (200, 0)),
        (signed(f"timestamp={NOW_MS}"), None, (401, -2014)),
        (signed(f"timestamp={NOW_MS}"), "nobody", (401, -2014)),
        (signed(f"timestamp={NOW_MS}"), "n" * 64, (401, -2015)),
        (signed(f"timestamp={NOW_MS}")[:-1] + "x", "key0", (400, -1022)),
        (signed(f"timestamp={NOW_MS}") + "&symbol=BTCUSDT", "key0", (400, -1022)),
        (f"timestamp={NOW_MS}", "key0", (400, -1102)),
        (signed("symbol=BTCUSDT"), "key0", (400, -1102)),
        (signed(f"timestamp={NOW_MS - 5001}"), "key0", (400, -1021)),
        (signed(f"timestamp={NOW_MS - 5001}&recvWindow=6000"), "key0", (200, 0)),
        (signed(f"timestamp={NOW_MS + 1001}"), "key0", (400, -1021)),
        (signed(f"timestamp={NOW_MS}&recvWindow=60001"), "key0", (400, -1131)),
        (signed(f"timestamp={NOW_MS}&recvWindow=x"), "key0", (400, -1100)),
    ],
)
async def test_keys_signatures_and_times(query: str, key: str | None, expected: tuple[int, int]) -> None:
    async with client_of(venue_of()) as client:
        assert await get(client, query, key) == expected


async def test_a_signature_covers_query_and_body() -> None:
    async with client_of(venue_of()) as client:
        query, body = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC", f"quantity=1&price=99&timestamp={NOW_MS}"
        url = f"{client.addresses.rest}/fapi/v1/order?{query}"
        sent = f"{body}&signature={sign('secret0', query + body)}"
        headers = {"X-MBX-APIKEY": "key0", "Content-Type": "application/x-www-form-urlencoded"}
        async with client.session.post(url, data=sent, headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers["X-MBX-ORDER-COUNT-1M"] == "1"
            assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "0"  # an order weighs nothing, it is counted


async def test_over_the_websocket_api() -> None:
    async with client_of(venue_of()) as client:
        socket = await client.session.ws_connect(client.addresses.ws_api)
        client.sockets.append(socket)
        order = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "99"}
        named: Given = order | {"apiKey": "key0", "timestamp": NOW_MS}
        named["signature"] = sign("secret0", "&".join(f"{name}={named[name]}" for name in sorted(named)))
        await socket.send_json({"id": "a", "method": "order.place", "params": named})
        placed = await socket.receive_json(timeout=10)
        assert (placed["id"], placed["status"], placed["result"]["status"]) == ("a", 200, "NEW")
        named["signature"] = "0" * 64
        await socket.send_json({"id": "b", "method": "order.place", "params": named})
        refused = await socket.receive_json(timeout=10)
        assert (refused["id"], refused["status"], refused["error"]["code"]) == ("b", 400, -1022)
        logon: Given = {"apiKey": "key0", "timestamp": NOW_MS}
        logon["signature"] = sign("secret0", f"apiKey=key0&timestamp={NOW_MS}")
        await socket.send_json({"id": "c", "method": "session.logon", "params": logon})
        assert (await socket.receive_json(timeout=10))["result"]["apiKey"] == "key0"
        await socket.send_json({"id": "d", "method": "account.balance", "params": {"timestamp": NOW_MS}})
        assert (await socket.receive_json(timeout=10))["result"][0]["asset"] == "USDT"
        await socket.send_json({"id": "e", "method": "session.logout"})
        assert (await socket.receive_json(timeout=10))["result"]["apiKey"] is None
        await socket.send_json({"id": "f", "method": "account.balance", "params": {"timestamp": NOW_MS}})
        assert (await socket.receive_json(timeout=10))["error"]["code"] == -2014
        await socket.send_str("nonsense")
        assert (await socket.receive_json(timeout=10))["status"] == 400


async def test_an_ed25519_key_signs_and_logs_on() -> None:
    """As a client would that is given the PEM alone: base64 over the bytes sent, and over sorted parameters."""
    key = load_pem_private_key(private_pem("secret0"), password=None)
    assert isinstance(key, Ed25519PrivateKey)

    def made(text: str) -> str:
        return b64encode(key.sign(text.encode())).decode()

    async with client_of(venue_of()) as client:
        query = f"timestamp={NOW_MS}"
        assert await get(client, f"{query}&{urlencode({'signature': made(query)})}", "key0") == (200, 0)
        assert await get(client, f"{query}&signature={made(query)}", "key0") == (200, 0)  # not encoded: a plus is sent
        assert await get(client, f"{query}&{urlencode({'signature': made('timestamp=1')})}", "key0") == (400, -1022)
        socket = await client.session.ws_connect(client.addresses.ws_api)
        client.sockets.append(socket)
        logon = {"apiKey": "key0", "timestamp": NOW_MS, "signature": made(f"apiKey=key0&timestamp={NOW_MS}")}
        await socket.send_json({"id": 1, "method": "session.logon", "params": logon})
        assert (await socket.receive_json(timeout=10))["result"]["apiKey"] == "key0"


@pytest.mark.parametrize(
    ("path", "given", "weight"),
    [
        ("/fapi/v1/depth", {"symbol": SYMBOL, "limit": 5}, 2),
        ("/fapi/v1/depth", {"symbol": SYMBOL, "limit": 1000}, 20),
        ("/fapi/v1/klines", {"symbol": SYMBOL, "interval": "1m"}, 5),
        ("/fapi/v1/klines", {"symbol": SYMBOL, "interval": "1m", "limit": 99}, 1),
        ("/fapi/v1/ticker/24hr", {"symbol": SYMBOL}, 1),
        ("/fapi/v1/ticker/24hr", {}, 40),
        ("/fapi/v1/openOrders", {"symbol": SYMBOL}, 1),
        ("/fapi/v1/openOrders", {}, 40),
    ],
)
async def test_what_a_request_weighs(path: str, given: Given, weight: int) -> None:
    async with client_of(venue_of()) as client:
        headers = {"X-MBX-APIKEY": "key0"}
        url = f"{client.addresses.rest}{path}?{client.signed(given)}"
        async with client.session.get(url, headers=headers) as answer:
            assert (answer.status, answer.headers["X-MBX-USED-WEIGHT-1M"]) == (200, str(weight))


async def test_too_much_is_refused_until_the_minute_is_over() -> None:
    async with client_of(venue_of()) as client:
        for _ in range(2400 // 40):
            assert (await client.ask("GET", "/fapi/v1/openOrders"))[0] == 200
        status, said = await client.ask("GET", "/fapi/v1/openOrders")
        assert (status, said["code"]) == (429, -1003)
        client.advance(60)
        assert (await client.ask("GET", "/fapi/v1/openOrders"))[0] == 200


async def test_secrets_and_signatures_are_not_logged() -> None:
    async with client_of(venue_of()) as client:
        await client.ask("GET", BALANCE)
        assert isinstance(client.venue.log, MemoryLog)
        text = repr(client.venue.log.lines)
        assert "secret0" not in text
        assert "signature" not in text


SENSIBLE = {
    "symbol": SYMBOL,
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "99.5",
    "interval": "1m",
    "leverage": "5",
    "marginType": "ISOLATED",
    "dualSidePosition": "true",
    "multiAssetsMargin": "true",
    "countdownTime": "1000",
    "triggerPrice": "110",
}
NAMES = """newClientOrderId origClientOrderId orderId limit startTime endTime fromId batchOrders orderIdList amount
    origClientOrderIdList reduceOnly closePosition algoId clientAlgoId goodTillDate recvWindow positionSide"""
WORDS = "BTCUSDT BUY MARKET GTD STOP_MARKET 1 99.5 5m true LONG -1 1e9 NaN [1] [{}] {} [ 0 99999999999999 BOTH [null]"
VALUES = st.sampled_from(WORDS.split()) | st.text(max_size=6)
PARAMETERS = st.dictionaries(st.sampled_from([*SENSIBLE, *NAMES.split()]), VALUES, max_size=6)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(ROUTES)), PARAMETERS)
def test_any_request_is_answered_or_refused(what: str, drawn: dict[str, str]) -> None:
    given_ = SENSIBLE | drawn
    now: Nanos = START_NS
    venue = venue_of()
    query = urlencode(given_ | {"timestamp": now // 1_000_000})
    asked = Asked(what, given_ | {"timestamp": str(now // 1_000_000), "signature": sign("secret0", query)}, "key0")
    try:
        venue.ask(asked, (query, ""))
    except ApiError as error:
        refused = error.code < 0 and 400 <= error.status < 500
        assert refused


@pytest.mark.parametrize("orders", ["", "[]", "[1]", "{}", "[", "[{}]", '[{"symbol": 1, "quantity": null}]'])
async def test_a_batch_that_is_none(orders: str) -> None:
    async with client_of(venue_of()) as client:
        status, body = await client.ask("POST", "/fapi/v1/batchOrders", batchOrders=orders)
        refused = body["code"] if status == 400 else body[0]["code"]
        assert refused < 0
