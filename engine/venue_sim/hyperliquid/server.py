"""Hyperliquid's HTTP and WebSocket as they come over the wire."""

from typing import Any

import msgspec
from aiohttp import web

from engine.venue_sim.errors import ApiError
from engine.venue_sim.hyperliquid.signing import Signed
from engine.venue_sim.hyperliquid.topics import OF_ACCOUNT, channel
from engine.venue_sim.hyperliquid.venue import HyperliquidVenue
from engine.venue_sim.line import Line
from engine.venue_sim.rest import json_response
from engine.venue_sim.sockets import talk
from engine.venue_sim.striking import Outcome, outcome
from engine.venue_sim.venue import Asked

_UNREADABLE = "Failed to parse the request body as JSON"


async def answer(venue: HyperliquidVenue, request: web.Request) -> web.Response:
    text = await request.text()
    match request.method, request.path:
        case "POST", "/info":
            found = await _told(venue, text)
        case "POST", "/exchange":
            found = await _done(venue, "POST /exchange", text)
        case _:
            return web.Response(status=404)
    if found.body is None and request.transport is not None:  # done, but nobody will hear of it
        request.transport.abort()
    if found.status != 200:
        return web.Response(status=found.status, text=str((found.body or {}).get("msg", "")))
    return json_response(found.body, 200, {})


async def _told(venue: HyperliquidVenue, text: str) -> Outcome:
    asked = _frame(text)
    given = {name: str(value) for name, value in asked.items()}
    key = given.get("user", "").lower() or None
    found = await outcome(venue, Asked(f"POST /info {asked.get('type')}", given, key), lambda: venue.told(asked))
    return found._replace(status=422) if found.status == 400 else found


async def _done(venue: HyperliquidVenue, where: str, text: str) -> Outcome:
    """What is refused as a whole is answered all the same."""
    try:
        request = msgspec.json.decode(text, type=Signed)
        account = venue.owner(request)
    except (msgspec.MsgspecError, ApiError):
        return Outcome(422, -1130, {"msg": _UNREADABLE})
    action = request.action
    asked = Asked(f"{where} {action.get('type')}", _named(venue, action), None if account is None else account.key)
    found = await outcome(venue, asked, lambda: {"status": "ok", "response": venue.done(request)})
    if found.status == 400 and found.body is not None:
        return Outcome(200, found.code, {"status": "err", "response": found.body["msg"]})
    return found


def _named(venue: HyperliquidVenue, action: dict[str, Any]) -> dict[str, str]:
    """As the log and the faults see it: the first order that it is about, and all of it."""
    rows = action.get("orders") or action.get("cancels") or [{}]
    first = rows[0] if isinstance(rows, list) and isinstance(rows[0], dict) else {}
    asset, symbols = first.get("a", first.get("asset")), list(venue.exchange.markets)
    symbol = symbols[asset] if isinstance(asset, int) and asset < len(symbols) else ""
    name = {"cloid": str(first.get("c", first.get("cloid", ""))), "orderId": str(first.get("o", ""))}
    return {"symbol": symbol, **name, "action": msgspec.json.encode(action).decode()}


async def serve(venue: HyperliquidVenue, request: web.Request) -> web.StreamResponse:
    if request.path != "/ws":
        return web.Response(status=404)
    return await talk(venue, request, "market", lambda line, text: _heard(venue, line, text))


async def _heard(venue: HyperliquidVenue, line: Line, text: str) -> bytes | None:
    frame = _frame(text)
    match frame.get("method"):
        case "ping":
            return b'{"channel":"pong"}'
        case "subscribe" | "unsubscribe":
            _subscribe(venue, line, frame)
            return None
        case "post":
            return await _posted(venue, line, frame)
        case _:
            return msgspec.json.encode(channel("error", f"Error parsing JSON into valid websocket request: {text}"))


def _subscribe(venue: HyperliquidVenue, line: Line, frame: dict[str, Any]) -> None:
    subscription = frame.get("subscription")
    topic = venue.streams.known(subscription) if isinstance(subscription, dict) else None
    if topic is None:
        line.answer(msgspec.json.encode(channel("error", f"Invalid subscription {subscription}")))
        return
    line.answer(msgspec.json.encode(channel("subscriptionResponse", frame)))
    if frame["method"] == "unsubscribe":
        venue.streams.unsubscribe(line, [topic])
        return
    if topic.partition(":")[0] in OF_ACCOUNT:
        line.kind = "user"
    venue.streams.subscribe(line, [topic])
    venue.streams.welcome(line, topic, venue.exchange.now_ms)


async def _posted(venue: HyperliquidVenue, line: Line, frame: dict[str, Any]) -> bytes | None:
    asked = frame.get("request") or {}
    text = msgspec.json.encode(asked.get("payload")).decode()
    is_info = asked.get("type") == "info"
    found = await (_told(venue, text) if is_info else _done(venue, "WS post", text))
    if found.body is None:
        line.drop()
        return None
    kind, payload = ("info" if is_info else "action"), found.body
    if found.status != 200:
        kind, payload = "error", f"{found.status} {found.body.get('msg', '')}"
    response = {"type": kind, "payload": payload}
    return msgspec.json.encode(channel("post", {"id": frame.get("id"), "response": response}))


def _frame(text: str) -> dict[str, Any]:
    try:
        frame = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return frame if isinstance(frame, dict) else {}
