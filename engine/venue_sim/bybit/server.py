"""Bybit's REST and WebSockets as they come over the wire."""

import re
from typing import Any

import msgspec
from aiohttp import web

from engine.venue_sim.bybit.errors import said
from engine.venue_sim.bybit.frames import acknowledged, topics_of
from engine.venue_sim.bybit.market_words import envelope
from engine.venue_sim.bybit.sessions import Session
from engine.venue_sim.bybit.venue import BybitVenue, Signature
from engine.venue_sim.frames import frame_of, strings
from engine.venue_sim.line import Line
from engine.venue_sim.rest import json_response, parameters
from engine.venue_sim.sockets import talk
from engine.venue_sim.striking import outcome
from engine.venue_sim.venue import Asked

_SPAN, _UNITS_MS = re.compile(r"(\d+)([sm])"), {"s": 1000, "m": 60_000}
HEADERS = ("X-BAPI-TIMESTAMP", "X-BAPI-RECV-WINDOW", "X-BAPI-SIGN")


async def answer(venue: BybitVenue, request: web.Request) -> web.Response:
    query, body = request.rel_url.raw_query_string, await request.text()
    given = parameters(query, "") | strings(frame_of(body))
    timestamp, window, sign = (request.headers.get(name, "") for name in HEADERS)
    signature = Signature(timestamp, window, sign, body or query)
    asked = Asked(f"{request.method} {request.path}", given, request.headers.get("X-BAPI-API-KEY"))
    found = await outcome(venue, asked, lambda: venue.answered(asked, signature))
    if found.body is None and request.transport is not None:  # done, but nobody will hear of it
        request.transport.abort()
    now_ms, failed = venue.exchange.now_ms, found.code and found.body is not None
    body_said = envelope({}, now_ms, *said(found.code, found.body["msg"])) if failed else envelope(found.body, now_ms)
    return json_response(body_said, 200 if found.status == 400 else found.status, {})


async def serve(venue: BybitVenue, request: web.Request) -> web.StreamResponse:
    match request.path:
        case "/v5/public/linear":
            return await talk(venue, request, "market", lambda line, text: _public(venue, line, text))
        case "/v5/private":
            return await talk(venue, request, "user", Session(venue).private, lambda line: _greet(venue, request, line))
        case "/v5/trade":
            return await talk(venue, request, "api", Session(venue).trade)
        case _:
            return web.Response(status=404)


def _greet(venue: BybitVenue, request: web.Request, line: Line) -> None:
    """What the venue sends counts as a sign of life there; here what it hears does."""
    if (asked := _SPAN.fullmatch(request.query.get("max_active_time", ""))) is not None:
        line.patience_ms = int(asked[1]) * _UNITS_MS[asked[2]]
        line.heard_ms = venue.exchange.now_ms


async def _public(venue: BybitVenue, line: Line, text: str) -> bytes | None:
    frame = frame_of(text)
    topics, answer = topics_of(frame), acknowledged(line, frame)
    match frame.get("op"):
        case "ping":
            answer["ret_msg"] = "pong"
        case "subscribe":
            _subscribe(venue, line, topics, answer)
            return None
        case "unsubscribe":
            venue.streams.unsubscribe(line, topics)
        case _:
            answer |= {"success": False, "ret_msg": "error:unknown op"}
    return msgspec.json.encode(answer)


def _subscribe(venue: BybitVenue, line: Line, topics: list[str], answer: dict[str, Any]) -> None:
    """All or none; the first words of each topic come after the answer."""
    unknown = [f"error:handler not found,topic:{topic}" for topic in topics if not venue.streams.known(topic)]
    again = [f"error:already subscribed,topic:{topic}" for topic in topics if topic in line.names]
    for reason in (*unknown, *again):
        line.answer(msgspec.json.encode(answer | {"success": False, "ret_msg": reason}))
        return
    line.answer(msgspec.json.encode(answer))
    venue.streams.subscribe(line, topics)
    for topic in topics:
        venue.streams.welcome(line, topic, venue.exchange.now_ms)
