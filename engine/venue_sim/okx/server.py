"""OKX's REST and WebSockets as they come over the wire."""

from typing import Any

import msgspec
from aiohttp import web

from engine.venue_sim.frames import strings
from engine.venue_sim.okx.errors import OK, said
from engine.venue_sim.okx.sessions import Session
from engine.venue_sim.okx.venue import OkxVenue, Signature
from engine.venue_sim.rest import json_response, parameters
from engine.venue_sim.sockets import talk
from engine.venue_sim.striking import outcome
from engine.venue_sim.venue import Asked

HEADERS = ("OK-ACCESS-TIMESTAMP", "OK-ACCESS-SIGN", "OK-ACCESS-PASSPHRASE")
LINES = {"public": "market", "private": "user", "business": "api"}
_ROOT = "/ws/v5/"


async def answer(venue: OkxVenue, request: web.Request) -> web.Response:
    query, body = request.rel_url.raw_query_string, await request.text()
    orders = _orders(body)
    given = parameters(query, "") | (orders[0] if orders else {})
    place = f"{request.path}?{query}" if query else request.path
    stamp, sign, word = (request.headers.get(name, "") for name in HEADERS)
    signature = Signature(stamp, sign, word, f"{request.method}{place}{body}")
    asked = Asked(f"{request.method} {request.path}", given, request.headers.get("OK-ACCESS-KEY"))
    found = await outcome(venue, asked, lambda: venue.answered(asked, orders, signature))
    if found.body is None and request.transport is not None:  # done, but nobody will hear of it
        request.transport.abort()
    return json_response(_envelope(found.code, found.body), 200 if found.status == 400 else found.status, {})


def _orders(body: str) -> list[dict[str, str]]:
    """What a body names: one, or several."""
    try:
        said = msgspec.json.decode(body) if body else []
    except msgspec.DecodeError:
        said = []
    return [strings(each) for each in (said if isinstance(said, list) else [said])]


def _envelope(code: int, body: Any) -> dict[str, Any]:
    if code and body is not None:
        number, message = said(code, body["msg"])
        return {"code": str(number), "msg": message, "data": []}
    word, rows = body or (OK, [])
    return {"code": word, "msg": "" if word == OK else "All operations failed", "data": rows}


async def serve(venue: OkxVenue, request: web.Request) -> web.StreamResponse:
    if (kind := LINES.get(request.path.removeprefix(_ROOT))) is None:
        return web.Response(status=404)
    return await talk(venue, request, kind, Session(venue).hear)
