"""Bybit's REST and WebSockets as they come over the wire."""

from typing import Any

import msgspec
from aiohttp import web

from engine.venue_sim.bybit.market_words import envelope
from engine.venue_sim.bybit.venue import BybitVenue
from engine.venue_sim.line import Line
from engine.venue_sim.rest import json_response, parameters
from engine.venue_sim.sockets import talk
from engine.venue_sim.striking import outcome
from engine.venue_sim.venue import Asked

PUBLIC = "/v5/public/linear"


async def answer(venue: BybitVenue, request: web.Request) -> web.Response:
    query, body = request.rel_url.raw_query_string, await request.text()
    given = parameters(query, "") | _decoded(body)
    asked = Asked(f"{request.method} {request.path}", given, request.headers.get("X-BAPI-API-KEY"))
    found = await outcome(venue, asked, lambda: venue.ask(asked, (query, body)))
    if found.body is None and request.transport is not None:  # done, but nobody will hear of it
        request.transport.abort()
    now_ms = venue.exchange.now_ms
    said = envelope({}, now_ms, found.code, found.body["msg"]) if found.code else envelope(found.body, now_ms)
    return json_response(said, found.status, {})


def _decoded(body: str) -> dict[str, str]:
    try:
        fields = msgspec.json.decode(body) if body else {}
    except msgspec.DecodeError:
        fields = {}
    return {str(name): _plain(value) for name, value in fields.items()} if isinstance(fields, dict) else {}


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def serve(venue: BybitVenue, request: web.Request) -> web.StreamResponse:
    if request.path != PUBLIC:
        return web.Response(status=404)
    return await talk(venue, request, "market", lambda line, text: _public(venue, line, text))


async def _public(venue: BybitVenue, line: Line, text: str) -> bytes | None:
    frame = _frame(text)
    operation, topics = frame.get("op"), [str(each) for each in frame.get("args") or ()]
    said = {"success": True, "ret_msg": "", "conn_id": f"{id(line):x}", "req_id": frame.get("req_id", "")}
    said["op"] = operation
    match operation:
        case "ping":
            said["ret_msg"] = "pong"
        case "subscribe":
            _subscribe(venue, line, topics, said)
            return None
        case "unsubscribe":
            venue.streams.unsubscribe(line, topics)
        case _:
            said |= {"success": False, "ret_msg": "error:unknown op"}
    return msgspec.json.encode(said)


def _subscribe(venue: BybitVenue, line: Line, topics: list[str], said: dict[str, Any]) -> None:
    """All or none; the first words of each topic come after the answer."""
    unknown = [topic for topic in topics if not venue.streams.known(topic)]
    again = [topic for topic in topics if topic in line.names]
    if unknown or again:
        reason = "handler not found" if unknown else "already subscribed"
        line.answer(
            msgspec.json.encode(said | {"success": False, "ret_msg": f"error:{reason},topic:{(unknown or again)[0]}"})
        )
        return
    line.answer(msgspec.json.encode(said))
    venue.streams.subscribe(line, topics)
    for topic in topics:
        venue.streams.welcome(line, topic, venue.exchange.now_ms)


def _frame(text: str) -> dict[str, Any]:
    try:
        frame = msgspec.json.decode(text)
    except msgspec.DecodeError:
        frame = None
    return frame if isinstance(frame, dict) else {}
