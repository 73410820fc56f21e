"""The loopback venue's faults: each does what it says, is logged, and comes again with the same seed."""

import json
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import ConfigError
from engine.venue_sim.faults import Fault, Faults, faults_from, mixture
from engine.venue_sim.market_events import Print
from engine.venue_sim.venue import Venue
from tests.support.venue import SYMBOL, Client, MemoryLog, at, client_of, sign, venue_of

ORDER = "/fapi/v1/order"


def faulty(*faults: Fault, trades: int = 0, seed: int = 1) -> Venue:
    prints = [Print(SYMBOL, at((n + 1) / 10), -1, 999, n + 1) for n in range(trades)]
    venue = venue_of(prints)
    venue.faults = Faults(faults, seed)
    return venue


def struck(venue: Venue) -> list[str]:
    assert isinstance(venue.log, MemoryLog)
    return [line["fault"] for line in venue.log.lines if line["kind"] == "fault"]


async def trade_ids(client: Client, count: int) -> list[int]:
    socket = await client.stream("/ws/btcusdt@trade")
    client.advance(10)
    return [json.loads((await socket.receive(timeout=10)).data)["t"] % 1000 for _ in range(count)]


async def test_messages_are_lost_doubled_and_overtaken() -> None:
    async with client_of(faulty(Fault(kind="lose", p=0.5), trades=40)) as client:
        kept = 40 - len(await _counted(client, "lose"))
        assert 0 < kept < 40
    async with client_of(faulty(Fault(kind="duplicate", most=1), trades=3)) as client:
        assert await trade_ids(client, 4) == [1, 1, 2, 3]
    async with client_of(faulty(Fault(kind="reorder", most=1), trades=3)) as client:
        assert await trade_ids(client, 3) == [2, 3, 1]
    async with client_of(faulty(Fault(kind="delay", most=1), trades=3)) as client:
        assert await trade_ids(client, 3) == [1, 2, 3]


async def test_an_answer_is_lost_and_the_connection_stays() -> None:
    """Over the WebSocket API: the order is there, and the next request is answered."""
    async with client_of(faulty(Fault(kind="lose", on="api", most=1), Fault(kind="lose"))) as client:
        socket = await client.session.ws_connect(client.addresses.ws_api)
        client.sockets.append(socket)
        for number, method in enumerate(("order.place", "time")):
            order = {
                "symbol": SYMBOL,
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": "1",
                "price": "99",
            }
            given = {**order, "apiKey": "key0", "timestamp": str(client.venue.exchange.now_ms)}
            signed = sign("secret0", "&".join(f"{name}={given[name]}" for name in sorted(given)))
            await socket.send_json({"id": number, "method": method, "params": given | {"signature": signed}})
        assert (await socket.receive_json(timeout=10))["id"] == 1
        assert len((await client.ask("GET", "/fapi/v1/openOrders"))[1]) == 1


async def _counted(client: Client, kind: str) -> list[str]:
    await client.stream("/ws/btcusdt@trade")
    client.advance(10)
    return [each for each in struck(client.venue) if each == kind]


@pytest.mark.parametrize(("status", "code"), [(429, -1003), (418, -1003), (503, -1008), (500, -1000)])
async def test_a_refused_request_has_done_nothing(status: int, code: int) -> None:
    async with client_of(faulty(Fault(kind="refuse", status=status, on=f"POST {ORDER}"))) as client:
        said, body = await client.place("BUY", "99.0", "1")
        assert (said, body["code"]) == (status, code)
        assert (await client.ask("GET", "/fapi/v1/allOrders", symbol=SYMBOL))[1] == []


async def test_the_clock_is_out() -> None:
    async with client_of(faulty(Fault(kind="clock", most=1))) as client:
        assert (await client.place("BUY", "99.0", "1"))[1]["code"] == -1021
        assert (await client.place("BUY", "99.0", "1"))[0] == 200


@pytest.mark.parametrize("answered", [True, False])
async def test_an_order_of_unknown_outcome_is_there(answered: bool) -> None:
    async with client_of(faulty(Fault(kind="timeout", on=f"POST {ORDER}", answered=answered))) as client:
        if answered:
            assert (await client.place("BUY", "99.0", "1", newClientOrderId="x"))[1]["code"] == -1007
        else:
            with pytest.raises(aiohttp.ClientError):
                await client.place("BUY", "99.0", "1", newClientOrderId="x")
        _, (found,) = await client.ask("GET", "/fapi/v1/openOrders")
        assert found["clientOrderId"] == "x"
        assert struck(client.venue) == ["timeout"]


async def test_a_cancel_that_comes_late() -> None:
    async with client_of(faulty(Fault(kind="race"))) as client:
        _, placed = await client.place("BUY", "99.0", "1")
        await client.ask("DELETE", ORDER, symbol=SYMBOL, orderId=placed["orderId"])
        _, found = await client.ask("GET", ORDER, symbol=SYMBOL, orderId=placed["orderId"])
        assert (found["executedQty"], found["status"]) in {("0.500", "CANCELED"), ("1.000", "FILLED")}


async def test_moments() -> None:
    moments = ("move", "expire_listen_key", "liquidate", "disconnect")
    faults = [Fault(kind=kind, from_s=n + 1.0, size="0.5") for n, kind in enumerate(moments)]
    async with client_of(faulty(*faults)) as client:
        _, opened = await client.ask("POST", "/fapi/v1/listenKey")
        socket = await client.stream(f"/ws/{opened['listenKey']}")
        client.advance(1)
        assert (await client.ask("GET", "/fapi/v3/positionRisk"))[1][0]["positionAmt"] == "0.500"
        client.advance(1)
        assert (await client.ask("PUT", "/fapi/v1/listenKey"))[1]["code"] == -1125
        client.advance(1)
        assert (await client.ask("GET", "/fapi/v3/positionRisk"))[1] == []
        client.advance(1)
        events = [json.loads(message.data)["e"] async for message in socket if message.type is aiohttp.WSMsgType.TEXT]
        assert events[-1] == "listenKeyExpired"
        assert socket.closed
        assert struck(client.venue) == list(moments)


async def test_maintenance_ends() -> None:
    async with client_of(faulty(Fault(kind="maintenance", from_s=1, until_s=2))) as client:
        await client.stream("/ws")
        client.advance(1)
        assert (await client.ask("GET", "/fapi/v1/time"))[0] == 503
        with pytest.raises(aiohttp.ClientError):
            await client.stream("/ws")
        client.advance(1)
        assert (await client.ask("GET", "/fapi/v1/time"))[0] == 200


@given(st.integers(0, 2**32), st.floats(10, 1000))
def test_a_mixture_follows_from_its_seed_and_ends_calm(seed: int, span_s: float) -> None:
    made = mixture(seed, span_s)
    assert made == mixture(seed, span_s)
    assert made
    assert all(fault.until_s is not None and fault.until_s <= span_s * 0.8 + 1 for fault in made)


@given(st.integers(0, 2**32), st.integers(1, 50))
def test_the_same_seed_strikes_the_same_messages(seed: int, count: int) -> None:
    def strikes() -> list[bool]:
        faults = Faults((Fault(kind="lose", p=0.3),), seed)
        return [faults.of_message("market", 0.0) is not None for _ in range(count)]

    assert strikes() == strikes()


def test_a_file_is_refused_with_all_that_is_wrong_in_it(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(
        '[{"kind": "lose"}, {"kind": "explode"}, {"kind": "refuse", "status": 200}, {"kind": "lose", "p": 2}]'
    )
    with pytest.raises(ConfigError) as refused:
        faults_from(path)
    assert [problem.field for problem in refused.value.problems] == ["[1]", "[2]", "[3]"]
