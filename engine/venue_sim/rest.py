"""REST over HTTP: a request in, JSON and Binance's headers out."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from engine.venue_sim.errors import ApiError
from engine.venue_sim.venue import Venue

KEY_HEADER = "X-MBX-APIKEY"


async def answer(venue: Venue, request: web.Request) -> web.Response:
    query, body = request.rel_url.raw_query_string, await request.text()
    given = parameters(query, body)
    key, what = request.headers.get(KEY_HEADER), f"{request.method} {request.path}"
    status, code, found = 200, 0, None
    try:
        found = venue.ask(request.method, request.path, (query, body), given, key)
    except ApiError as error:
        status, code, found = error.status, error.code, error.body()
    venue.record_request(what, key, given, (status, code))
    orders = "order" in request.path.lower()
    return json_response(found, status, venue.limits(key).headers(int(orders)))


def parameters(query: str, body: str) -> dict[str, str]:
    """Of the body and the query; where both have a name, the query's counts."""
    return dict(parse_qsl(body, keep_blank_values=True)) | dict(parse_qsl(query, keep_blank_values=True))


def json_response(found: Any, status: int, headers: dict[str, str]) -> web.Response:
    retry = {"Retry-After": "1"} if status in {418, 429} else {}
    body = msgspec.json.encode(found)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers | retry)
