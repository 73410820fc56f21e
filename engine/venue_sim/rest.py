"""REST over HTTP: a request in, JSON and Binance's headers out."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from engine.venue_sim.control import control
from engine.venue_sim.errors import ApiError
from engine.venue_sim.striking import outcome
from engine.venue_sim.venue import Asked, Venue

KEY_HEADER = "X-MBX-APIKEY"
RETRY_S = {418: "120", 429: "1"}


async def answer(venue: Venue, request: web.Request) -> web.Response:
    query, body = request.rel_url.raw_query_string, await request.text()
    given, key = parameters(query, body), request.headers.get(KEY_HEADER)
    method, path = request.method, request.path
    asked = Asked(f"{method} {path}", given, key)
    found = await outcome(venue, asked, lambda: venue.ask(asked, (query, body)))
    if found.body is None and request.transport is not None:  # done, but nobody will hear of it
        request.transport.abort()
    return json_response(found.body, found.status, venue.limits(key).headers("order" in path.lower()))


async def answer_control(venue: Venue, request: web.Request) -> web.Response:
    try:
        return json_response(control(venue, request.method, request.path, await request.read()), 200, {})
    except ApiError as error:
        return json_response(error.body(), error.status, {})


def parameters(query: str, body: str) -> dict[str, str]:
    """Of the body and the query; where both have a name, the query's counts."""
    return dict(parse_qsl(body, keep_blank_values=True)) | dict(parse_qsl(query, keep_blank_values=True))


def json_response(found: Any, status: int, headers: dict[str, str]) -> web.Response:
    retry = {"Retry-After": RETRY_S[status]} if status in RETRY_S else {}
    body = msgspec.json.encode(found)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers | retry)
