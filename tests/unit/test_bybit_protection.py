"""Bybit's dead man's timer, at the venue on loopback: who is gone, who is not, and what it takes along."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import aiohttp
import msgspec
import pytest

from engine.run.preflight import Verdict, preflight
from engine.venue_api.bybit import Bybit
from engine.venue_api.bybit_dcp import PATH, TOPIC, Presence, signed
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys
from engine.venue_sim.bybit.venue import BybitVenue
from tests.support.venue import SYMBOL, Client, client_of, venue_of
from tests.support.waiting import until
from tests.unit.test_bybit_account import AT_BYBIT, asked, order, verdicts

WINDOW_S = 10


@asynccontextmanager
async def resting() -> AsyncIterator[Client]:
    """An order of a stranger's in an account whose protection was granted."""
    async with client_of(venue_of(of=BybitVenue)) as client:
        await asked(client, lambda there: order(there, "Buy", "99.0", "0.1", orderLinkId="by-hand"))
        yield client


@asynccontextmanager
async def present(client: Client) -> AsyncIterator[Bybit]:
    keys = Keys(client.account.key, client.account.secret)
    there = Bybit(
        client.addresses.rest,
        keys,
        clock_ms=lambda: client.venue.exchange.now_ms,
        streams=client.addresses.ws,
    )
    await asyncio.to_thread(there.__enter__)
    try:
        await asyncio.to_thread(there.arm, SYMBOL)
        yield there
    finally:
        await asyncio.to_thread(there.__exit__)


def kinds(client: Client) -> list[str]:
    return [line["kind"] for line in client.venue.log.lines]  # type: ignore[attr-defined]


async def connection(client: Client, http: aiohttp.ClientSession, path: str) -> aiohttp.ClientWebSocketResponse:
    """One that has asked for it and then says nothing."""
    socket = await http.ws_connect(f"{client.addresses.ws}{path}")
    keys = Keys(client.account.key, client.account.secret)
    spoken = signed(keys, client.venue.exchange.now_ms)
    for op, args in (("auth", spoken), ("subscribe", (TOPIC,))):
        await socket.send_json({"op": op, "args": args})
        assert (await socket.receive_json())["success"]
    return socket


async def test_it_strikes_a_window_after_the_last_is_gone_and_takes_everybody_s_orders() -> None:
    async with resting() as client, aiohttp.ClientSession() as http:
        first, second = [await connection(client, http, "/v5/private") for _ in range(2)]
        await first.close()
        await asyncio.to_thread(until, lambda: len(client.venue.streams.lines) == 1)
        client.advance(WINDOW_S + 1)
        assert client.account.open
        await second.close()
        await asyncio.to_thread(until, lambda: not client.venue.streams.lines)
        client.advance(0.1)
        client.advance(WINDOW_S - 1)
        assert client.account.open
        client.advance(1)
        assert not client.account.open
        assert kinds(client).count("dcp") == 1
        history = await asked(client, lambda there: there.pages("/v5/order/history", category="linear", symbol=SYMBOL))
        assert history[0]["cancelType"] == "CancelByDCP"


async def test_who_comes_back_in_time_is_not_gone_and_a_window_can_be_set() -> None:
    async with resting() as client:
        fields = {"product": "DERIVATIVES", "timeWindow": 20}
        await asked(client, lambda there: there.change("/v5/order/disconnected-cancel-all", **fields))
        async with present(client):
            (line,) = client.venue.streams.lines
            line.drop()
            await asyncio.to_thread(until, lambda: "disconnected" in kinds(client))
            client.advance(19)
            await asyncio.to_thread(until, lambda: f"{client.account.key}:{TOPIC}" in client.venue.streams.by_name)
            client.advance(21)
            assert client.account.open


async def test_a_clean_end_takes_the_topic_back_and_nobody_s_orders_go() -> None:
    async with resting() as client:
        async with present(client) as there:
            await asyncio.to_thread(there.disarm, SYMBOL)
            client.advance(100)
        assert client.account.open
        assert "dcp" not in kinds(client)


async def test_who_ends_without_having_swept_is_missed() -> None:
    async with resting() as client:
        async with present(client):
            client.advance(100)
            assert client.account.open
        await asyncio.to_thread(until, lambda: not client.venue.streams.lines)
        client.advance(0.1)
        client.advance(WINDOW_S)
        assert not client.account.open


async def test_who_hangs_says_nothing_is_dropped_and_is_gone() -> None:
    async with resting() as client, aiohttp.ClientSession() as http:
        await connection(client, http, PATH)
        client.advance(30)
        assert "silent" not in kinds(client)
        client.advance(1)
        client.advance(WINDOW_S)
        assert not client.account.open
        assert "silent" in kinds(client)


async def test_preflight_says_whether_it_was_granted_when_it_strikes_and_what_goes_along() -> None:
    async with resting() as client:
        found = await asked(client, lambda there: preflight(there, AT_BYBIT))
        (line,) = [each for each in found.findings if each.what == "dead man's timer"]
        assert (line.verdict, line.found[:4], found.timer is not None) == (Verdict.OK, "10 s", True)
        assert "all derivatives of the account" in line.why
        declined = await asked(client, lambda there: preflight(there, msgspec.structs.replace(AT_BYBIT, timer=False)))
        client.account.dcp_s = None
        none = await asked(client, lambda there: preflight(there, AT_BYBIT))
        for other in (declined, none):
            assert other.timer is None
            assert verdicts(other)["dead man's timer"] is Verdict.NOTED


async def test_what_cannot_be_armed_is_an_error_that_names_no_key() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:
        presence = Presence(client.addresses.ws, Keys(client.account.key, "canary"), lambda: time.time_ns() // 10**6)
        try:
            with pytest.raises(VenueError, match="dcp") as refused:
                await asyncio.to_thread(presence.check)
            assert "canary" not in str(refused.value)
            assert client.account.key not in str(refused.value)
        finally:
            await asyncio.to_thread(partial(presence.leave, missed=True))
