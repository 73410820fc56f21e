"""WebSocket streams: a connection, what it subscribes to, and the control frames in between."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from engine.venue_sim.line import Line
from engine.venue_sim.striking import on_messages
from engine.venue_sim.venue import Venue

PING_S = 180.0
METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")


async def serve_streams(venue: Venue, request: web.Request) -> web.WebSocketResponse:
    """`/ws/<name>/<name>`, `/stream?streams=<name>/<name>`, `?listenKey=<key>`, or nothing yet; with or without the
    prefixes /public, /market and /private."""
    names = _names(request)
    keys = {account.listen_key for account in venue.exchange.accounts.values()}
    kind = "user" if keys.intersection(names) else "market"

    def greet(line: Line) -> None:
        line.combined = "/stream" in request.path
        if events := request.query.get("events"):
            line.events = frozenset(events.split("/"))
        venue.streams.subscribe(line, names)

    async def heard(line: Line, text: str) -> bytes:
        return msgspec.json.encode(_control(venue, line, text))

    return await talk(venue, request, kind, heard, greet)


type Hear = Callable[[Line, str], Awaitable[bytes | None]]


async def talk(
    venue: Venue, request: web.Request, kind: str, hear: Hear, greet: Callable[[Line], None] = lambda _line: None
) -> web.WebSocketResponse:
    """A connection from its first word to its last; `hear` says what a message is answered with, if it is."""
    socket = web.WebSocketResponse(heartbeat=PING_S, autoping=True)
    await socket.prepare(request)
    line = Line(socket, request.transport, kind, combined=False)
    on_messages(venue, line)
    venue.connected(line)
    greet(line)
    writing = asyncio.create_task(line.write())
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT and (answer := await hear(line, message.data)) is not None:
                (line.send if kind == "api" else line.answer)(answer)
    finally:
        venue.disconnected(line)
        writing.cancel()
    return socket


def _names(request: web.Request) -> list[str]:
    inside = request.path.partition("/ws/")[2].split("/")
    asked = request.query.get("streams", "").split("/")
    return [name for name in (*inside, *asked, request.query.get("listenKey", "")) if name]


def _control(venue: Venue, line: Line, text: str) -> dict[str, Any]:
    try:
        frame = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        return _wrong(3, f"Invalid JSON: {error}")
    if not isinstance(frame, dict):
        return _wrong(2, "Invalid request: request must be an object")
    method, names = frame.get("method"), frame.get("params") or []
    if not isinstance(names, list):
        found = _wrong(2, "Invalid request: params must be a list")
    elif method in ("SUBSCRIBE", "UNSUBSCRIBE") and not all(isinstance(name, str) for name in names):
        found = _wrong(2, "Invalid request: a stream's name must be a string")
    else:
        found = _done(venue, line, method, names)
    return found | ({"id": frame["id"]} if "id" in frame else {})


def _done(venue: Venue, line: Line, method: Any, names: list[Any]) -> dict[str, Any]:
    match method, names:
        case "SUBSCRIBE", _:
            venue.subscribed(line, names)
            return {"result": None}
        case "UNSUBSCRIBE", _:
            venue.streams.unsubscribe(line, names)
            return {"result": None}
        case "LIST_SUBSCRIPTIONS", _:
            return {"result": list(line.names)}
        case "SET_PROPERTY", ["combined", bool() as wanted]:
            line.combined = wanted
            return {"result": None}
        case "SET_PROPERTY", ["combined", _]:
            return _wrong(1, "Invalid value type: expected Boolean")
        case "GET_PROPERTY", ["combined"]:
            return {"result": line.combined}
        case (("SET_PROPERTY" | "GET_PROPERTY"), _):
            return _wrong(0, "Unknown property")
        case _:
            return _wrong(2, f"Invalid request: unknown variant {method}, expected one of {', '.join(METHODS)}")


def _wrong(code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "msg": message}}
