"""The loopback venue under a test's control: time that is moved, faults that are asked for, the same run twice."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.core.errors import ConfigError, DataError, Problem
from engine.core.types import SECOND
from engine.venue_sim.account import Account
from engine.venue_sim.feed import Feed
from engine.venue_sim.market_events import Depth, Mark, MarketEvent, Print
from engine.venue_sim.server import run
from engine.venue_sim.venue import Venue
from engine.venue_sim.venue_log import VenueLog
from tests.support.venue import CONTRACT, OPENING, START_NS, SYMBOL, Client, MemoryLog, at, client_of, venue_of

TAPE = [
    *(Print(SYMBOL, at(n / 2), 1 if n % 3 else -1, 1000 + n % 3, 100 * n) for n in range(1, 20)),
    *(Depth(SYMBOL, at(10 + n), ((1000 - n % 2, 500 + n),), ((1001 + n % 2, 700 + n),)) for n in range(5)),
]


async def control(client: Client, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    method = "GET" if body is None else "POST"
    async with client.session.request(method, f"{client.addresses.rest}/sim/{path}", json=body) as answer:
        return answer.status, await answer.json()


async def a_day(client: Client) -> list[dict[str, Any]]:
    """Orders at fixed steps; what the venue's log then says."""
    for step in range(15):
        await client.place(
            "BUY" if step % 2 else "SELL", f"{100 + (step % 3 - 1) / 10:.1f}", "0.3", newClientOrderId=f"c{step}"
        )
        assert (await control(client, "advance", {"seconds": 1}))[0] == 200
        if step % 4 == 3:
            await client.ask("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
    assert isinstance(client.venue.log, MemoryLog)
    return client.venue.log.lines


async def test_the_same_steps_give_the_same_log() -> None:
    async with client_of(venue_of(TAPE)) as client:
        first = await a_day(client)
    async with client_of(venue_of(TAPE)) as client:
        assert await a_day(client) == first
    kinds = {line["kind"] for line in first}
    assert {"request", "order", "fill"} <= kinds
    assert [line["n"] for line in first] == list(range(1, len(first) + 1))


async def test_state_is_what_clients_are_told() -> None:
    async with client_of(venue_of(TAPE)) as client:
        await a_day(client)
        (known,) = (await control(client, "state"))[1]["accounts"]
        _, (balance,) = await client.ask("GET", "/fapi/v2/balance")
        _, positions = await client.ask("GET", "/fapi/v3/positionRisk")
        _, orders = await client.ask("GET", "/fapi/v1/openOrders")
        assert known["wallet"] == balance["balance"]
        assert known["positions"] == {f"{p['symbol']}/{p['positionSide']}": p["positionAmt"] for p in positions}
        assert known["open_orders"] == orders


async def test_time_moves_as_far_as_it_is_told() -> None:
    async with client_of(venue_of()) as client:
        before = client.venue.exchange.now_ns
        assert (await control(client, "advance", {"seconds": 2.5}))[1]["now_ms"] == (before + 5 * SECOND // 2) // 10**6
        assert (await control(client, "advance", {"second": 1}))[0] == 400
    async with client_of(venue_of(speed=1.0)) as client:
        assert (await control(client, "advance", {"seconds": 1}))[0] == 400


async def test_a_fault_that_is_asked_for() -> None:
    async with client_of(venue_of()) as client:
        assert (await control(client, "fault", {"kind": "move", "size": "-0.2"}))[0] == 200
        assert (await client.ask("GET", "/fapi/v3/positionRisk"))[1][0]["positionAmt"] == "-0.200"
        assert (await control(client, "fault", {"kind": "refuse", "most": 1, "status": 429}))[0] == 200
        assert (await client.ask("GET", "/fapi/v2/balance"))[0] == 429
        assert (await client.ask("GET", "/fapi/v2/balance"))[0] == 200
        assert (await control(client, "fault", {"kind": "surprise"}))[0] == 400
        assert (await control(client, "nonsense"))[0] == 404


async def test_the_dead_mans_timer() -> None:
    async with client_of(venue_of()) as client:
        await client.place("BUY", "99.0", "1")
        await client.ask("POST", "/fapi/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=2000)
        client.advance(1.5)
        await client.ask("POST", "/fapi/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=2000)
        client.advance(1.5)
        assert len((await client.ask("GET", "/fapi/v1/openOrders"))[1]) == 1
        client.advance(0.5)
        assert (await client.ask("GET", "/fapi/v1/openOrders"))[1] == []


async def test_hedge_mode_keeps_two_legs() -> None:
    async with client_of(venue_of()) as client:
        assert (await client.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true"))[0] == 200
        assert (await client.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true"))[1]["code"] == -4059
        await client.place("BUY", None, "0.3", positionSide="LONG")
        await client.place("SELL", None, "0.2", positionSide="SHORT")
        _, positions = await client.ask("GET", "/fapi/v2/positionRisk", symbol=SYMBOL)
        assert {p["positionSide"]: p["positionAmt"] for p in positions} == {"LONG": "0.300", "SHORT": "-0.200"}
        assert (await client.place("SELL", None, "0.5", positionSide="LONG"))[1]["executedQty"] == "0.300"
        assert (await client.place("SELL", None, "0.1", positionSide="LONG"))[1]["code"] == -2022
        assert (await client.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="false"))[1]["code"] == -4068


async def test_a_stop_waits_for_its_price() -> None:
    async with client_of(venue_of([Print(SYMBOL, at(1), -1, 998, 10)])) as client:
        await client.place("BUY", None, "0.5")
        stop = {
            "symbol": SYMBOL,
            "side": "SELL",
            "type": "STOP_MARKET",
            "algoType": "CONDITIONAL",
            "closePosition": "true",
        }
        assert (await client.ask("POST", "/fapi/v1/algoOrder", **stop, triggerPrice="101"))[1]["code"] == -2021
        _, waiting = await client.ask("POST", "/fapi/v1/algoOrder", **stop, triggerPrice="99.8")
        assert (await client.ask("POST", "/fapi/v1/algoOrder", **stop, triggerPrice="99.7"))[1]["code"] == -4130
        assert len((await client.ask("GET", "/fapi/v1/openAlgoOrders"))[1]) == 1
        client.advance(1)
        assert (await client.ask("GET", "/fapi/v3/positionRisk"))[1] == []
        _, done = await client.ask("GET", "/fapi/v1/algoOrder", algoId=waiting["algoId"])
        assert (done["algoStatus"], done["actualQty"], float(done["actualPrice"])) == ("FINISHED", "0.500", 100.0)


async def test_a_stop_at_a_limit_is_finished_when_its_order_is() -> None:
    async with client_of(venue_of([Print(SYMBOL, at(1), -1, 998, 10)])) as client:
        await client.place("BUY", None, "0.5")
        asked = {"symbol": SYMBOL, "side": "SELL", "type": "STOP", "quantity": "0.5", "reduceOnly": "true"}
        _, made = await client.ask("POST", "/fapi/v1/algoOrder", **asked, price="100.5", triggerPrice="99.8")
        stream = await client.stream(f"/ws/{(await client.ask('POST', '/fapi/v1/listenKey'))[1]['listenKey']}")
        client.advance(1)
        said = [(await stream.receive_json(timeout=10)) for _ in range(3)]
        assert [each["o"]["X"] for each in said] == ["TRIGGERING", "NEW", "TRIGGERED"]
        _, (resting,) = await client.ask("GET", "/fapi/v1/openOrders", symbol=SYMBOL)
        assert (await client.ask("GET", "/fapi/v1/algoOrder", algoId=made["algoId"]))[1]["algoStatus"] == "TRIGGERED"
        await client.ask("DELETE", "/fapi/v1/order", symbol=SYMBOL, orderId=resting["orderId"])
        _, over = await client.ask("GET", "/fapi/v1/algoOrder", algoId=made["algoId"])
        assert (over["algoStatus"], over["actualOrderId"]) == ("FINISHED", str(resting["orderId"]))


@pytest.mark.parametrize("active", [True, False])
async def test_a_trailing_stop_follows_the_best_price(active: bool) -> None:
    """It sells once the price has come back by a per cent from the best that it saw while active."""
    prices = [(1, 1020), (2, 1040), (3, 1030), (4, 1029)]
    async with client_of(venue_of([Print(SYMBOL, at(second), 1, price, 1) for second, price in prices])) as client:
        await client.place("BUY", None, "0.5")
        trail = {
            "symbol": SYMBOL,
            "side": "SELL",
            "type": "TRAILING_STOP_MARKET",
            "quantity": "0.5",
            "reduceOnly": "true",
        }
        beyond = {} if active else {"activatePrice": "104.1"}
        path = "/fapi/v1/algoOrder"
        assert (await client.ask("POST", path, **trail, callbackRate="11"))[1]["code"] == -2007
        assert (await client.ask("POST", path, **trail, callbackRate="1", activatePrice="99"))[1]["code"] == -2021
        _, waiting = await client.ask("POST", path, **trail, callbackRate="1", **beyond)
        assert waiting["callbackRate"] == "1"
        client.advance(3.5)
        assert (await client.ask("GET", path, algoId=waiting["algoId"]))[1]["algoStatus"] == "NEW"
        client.advance(1)
        held = (await client.ask("GET", "/fapi/v3/positionRisk"))[1]
        assert [p["positionAmt"] for p in held] == ([] if active else ["0.500"])


async def test_margin_moved_to_an_isolated_position_keeps_it_longer() -> None:
    path, asked = "/fapi/v1/positionMargin", {"symbol": SYMBOL, "type": 1, "amount": "3"}
    async with client_of(venue_of([Mark(SYMBOL, at(1), Decimal("96.5")), Mark(SYMBOL, at(2), Decimal(95))])) as client:
        assert (await client.ask("POST", path, **asked))[1]["code"] == -4054
        await client.ask("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
        await client.place("BUY", None, "1")
        (alone,) = (await client.ask("GET", "/fapi/v3/positionRisk"))[1]
        before = (await client.ask("GET", "/fapi/v2/balance"))[1][0]["availableBalance"]
        assert (await client.ask("POST", path, **asked))[1]["msg"] == "Successfully modify position margin."
        (backed,) = (await client.ask("GET", "/fapi/v3/positionRisk"))[1]
        assert Decimal(backed["isolatedWallet"]) == Decimal(alone["isolatedWallet"]) + 3
        assert Decimal(backed["liquidationPrice"]) < Decimal(alone["liquidationPrice"])
        assert Decimal((await client.ask("GET", "/fapi/v2/balance"))[1][0]["availableBalance"]) == Decimal(before) - 3
        for refused, code in (
            ({"amount": "4", "type": 2}, -4051),
            ({"amount": "99999"}, -4050),
            ({"amount": "0"}, -4055),
        ):
            assert (await client.ask("POST", path, **asked | refused))[1]["code"] == code
        assert (await client.ask("POST", path, **asked | {"amount": "1", "type": 2}))[0] == 200
        moves = (await client.ask("GET", f"{path}/history", symbol=SYMBOL))[1]
        assert [(row["type"], Decimal(row["amount"])) for row in moves] == [(1, 3), (2, 1)]
        at_price = Decimal((await client.ask("GET", "/fapi/v3/positionRisk"))[1][0]["liquidationPrice"])
        assert 95 < at_price < Decimal("96.5") < Decimal(alone["liquidationPrice"])
        client.advance(1.5)
        assert len((await client.ask("GET", "/fapi/v3/positionRisk"))[1]) == 1
        client.advance(1)
        assert (await client.ask("GET", "/fapi/v3/positionRisk"))[1] == []
        assert client.account.wallet > 9_000  # the rest of the account does not stand for it


async def test_a_tape_that_breaks_ends_the_venue() -> None:
    def broken() -> Iterator[MarketEvent]:
        yield OPENING
        yield Print(SYMBOL, START_NS, 1, 1001, 1)
        raise DataError(Problem("tape", "is damaged"))

    feed = Feed(broken, lambda: START_NS, speed=1.0)
    venue = Venue((CONTRACT,), [Account("key", "secret", asset="USDT", wallet=Decimal(1))], feed, MemoryLog())
    venue.prime()
    with pytest.raises(DataError, match="is damaged"):
        await run(venue, lambda _: None)


async def test_a_port_that_is_taken_is_named() -> None:
    async with client_of(venue_of()) as client:
        port = int(client.addresses.rest.rpartition(":")[2])
        with pytest.raises(ConfigError, match=str(port)):
            await run(venue_of(), lambda _: None, port=port)


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing"):
        VenueLog(tmp_path / "missing" / "venue.jsonl")
