"""The venue on a socket of this machine: REST, streams and the WebSocket API on one port of the loopback interface."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

from aiohttp import web

from engine.core.errors import ConfigError, Problem
from engine.venue_sim.bybit import server as bybit
from engine.venue_sim.bybit.venue import BybitVenue
from engine.venue_sim.hyperliquid import server as hyperliquid
from engine.venue_sim.hyperliquid.venue import HyperliquidVenue
from engine.venue_sim.okx import server as okx
from engine.venue_sim.okx.venue import OkxVenue
from engine.venue_sim.rest import answer, answer_control
from engine.venue_sim.sockets import serve_streams
from engine.venue_sim.striking import strike_moments
from engine.venue_sim.venue import Venue
from engine.venue_sim.ws_api import serve_api

HOST = "127.0.0.1"  # and nothing else: what speaks here is no exchange
SLOWEST_S = 0.6


class Addresses(NamedTuple):
    rest: str
    ws: str
    ws_api: str


class Protocol(NamedTuple):
    """How a venue's words go over the wire: `answer` to a request, `serve` a connection; `api`: the path of orders."""

    venue: type[Venue]
    answer: Callable[[Any, web.Request], Awaitable[web.Response]]
    serve: Callable[[Any, web.Request], Awaitable[web.StreamResponse]]
    api: str


async def _serve_binance(venue: Venue, request: web.Request) -> web.StreamResponse:
    return await (serve_api if request.path.startswith("/ws-fapi") else serve_streams)(venue, request)


PROTOCOLS = {
    each.venue.protocol: each
    for each in (
        Protocol(Venue, answer, _serve_binance, "/ws-fapi/v1"),
        Protocol(BybitVenue, bybit.answer, bybit.serve, "/v5/trade"),
        Protocol(OkxVenue, okx.answer, okx.serve, "/ws/v5/private"),
        Protocol(HyperliquidVenue, hyperliquid.answer, hyperliquid.serve, "/ws"),
    )
}


def application(venue: Venue) -> web.Application:
    protocol = PROTOCOLS[venue.protocol]

    async def dispatch(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/sim/"):
            return await answer_control(venue, request)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return await protocol.answer(venue, request)
        if venue.faults.maintained(venue.age_s):
            return web.Response(status=503)
        return await protocol.serve(venue, request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", dispatch)
    return app


@asynccontextmanager
async def serving(venue: Venue, port: int = 0) -> AsyncIterator[Addresses]:
    """Listen (port 0: any that is free) and play the feed until the block ends. What fails in the feed ends it too.

    Raises ConfigError for a port that is taken."""
    venue.strike = partial(strike_moments, venue)
    runner = web.AppRunner(application(venue), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigError(Problem(f"{HOST}:{port}", f"cannot be listened on: {error.strerror}")) from error
    place = f"{HOST}:{runner.addresses[0][1]}"
    try:
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(venue.feed.run(venue)) if venue.feed.speed else None
            yield Addresses(f"http://{place}", f"ws://{place}", f"ws://{place}{PROTOCOLS[venue.protocol].api}")
            if playing is not None:
                playing.cancel()
    finally:
        for line in list(venue.streams.lines):
            await line.close()
        await runner.cleanup()
        venue.log.close()


type Ready = Callable[[Addresses], None]


async def run(venue: Venue, ready: Ready, *, port: int = 0, until_end: bool = False) -> None:
    """Serve until cancelled; with `until_end` until the tape has ended. Raises what the tape raises."""
    try:
        async with serving(venue, port) as addresses:
            ready(addresses)
            await (venue.feed.over.wait() if until_end else asyncio.Event().wait())
            await asyncio.sleep(SLOWEST_S)  # what is said at intervals is still to come
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
