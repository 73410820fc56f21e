"""The WebSocket API: requests with an id, answered with that id and a status."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from engine.venue_sim import rest_account, rest_algo, rest_market, rest_orders, rest_settings, weights
from engine.venue_sim.account import Account
from engine.venue_sim.auth import account_of
from engine.venue_sim.errors import ApiError
from engine.venue_sim.exchange_info import rate_limits
from engine.venue_sim.line import Line
from engine.venue_sim.routes import Needs, Route
from engine.venue_sim.sockets import talk
from engine.venue_sim.striking import outcome
from engine.venue_sim.venue import Asked, Venue

METHODS: dict[str, Route] = {
    "ping": Route(rest_market.ping, Needs.NOTHING),
    "time": Route(rest_market.time, Needs.NOTHING),
    "exchangeInfo": Route(rest_market.info, Needs.NOTHING),
    "depth": Route(rest_market.depth, Needs.NOTHING, weights.book),
    "ticker.price": Route(rest_market.ticker_price, Needs.NOTHING, weights.one_or_all(1, 2)),
    "ticker.book": Route(rest_market.book_ticker, Needs.NOTHING, weights.one_or_all(2, 5)),
    "order.place": Route(rest_orders.place, weight=0, orders=1),
    "order.modify": Route(rest_orders.modify, weight=0, orders=1),
    "order.cancel": Route(rest_orders.cancel),
    "order.status": Route(rest_orders.query),
    "algoOrder.place": Route(rest_algo.place, weight=0, orders=1),
    "algoOrder.cancel": Route(rest_algo.cancel),
    "account.position": Route(rest_account.position_risk_v2, weight=5),
    "v2/account.position": Route(rest_account.position_risk_v3, weight=5),
    "account.balance": Route(rest_account.balance, weight=5),
    "v2/account.balance": Route(rest_account.balance, weight=5),
    "account.status": Route(rest_account.account_v2, weight=5),
    "v2/account.status": Route(rest_account.account_v3, weight=5),
    "userDataStream.start": Route(rest_settings.open_listen_key, Needs.KEY),
    "userDataStream.ping": Route(rest_settings.keep_listen_key, Needs.KEY),
    "userDataStream.stop": Route(rest_settings.close_listen_key, Needs.KEY),
}


class Session:
    """Whoever has logged on over a connection need not sign again there. Mutable. `limits` "false": answers are
    wanted without them."""

    def __init__(self, limits: str = "true") -> None:
        self.limits = limits
        self.account: Account | None = None
        self._since_ms = 0

    @property
    def key(self) -> str | None:
        return None if self.account is None else self.account.key

    def act(self, venue: Venue, method: str, given: Mapping[str, str]) -> Any:
        match method:
            case "session.logon":
                self.account, self._since_ms = venue.signed(given), venue.exchange.now_ms
            case "session.logout":
                self.account = None
            case "session.status":
                pass
            case _:
                raise ApiError(-1000, f"Unknown method {method}.")
        since = None if self.account is None else self._since_ms
        times = {
            "connectedSince": self._since_ms,
            "returnRateLimits": self.limits != "false",
            "serverTime": venue.exchange.now_ms,
        }
        return {"apiKey": self.key, "authorizedSince": since} | times


async def serve_api(venue: Venue, request: web.Request) -> web.WebSocketResponse:
    session = Session(request.query.get("returnRateLimits", "true"))

    async def heard(line: Line, text: str) -> bytes | None:
        if (body := await _answer(venue, session, text)) is None:
            line.drop()
            return None
        return msgspec.json.encode(body)

    return await talk(venue, request, "api", heard)


async def _answer(venue: Venue, session: Session, text: str) -> dict[str, Any] | None:
    """None where the client is to hear nothing."""
    try:
        frame = msgspec.json.decode(text)
        number, method, given = frame.get("id"), frame["method"], strings(frame.get("params") or {})
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError):
        error = ApiError(-1000, "Malformed request.")
        return {"id": None, "status": 400, "error": error.body(), "rateLimits": []}
    key = given.get("apiKey") or session.key
    asked = Asked(f"WS {method}", given, key)
    found = await outcome(venue, asked, lambda: _act(venue, session, method, given))
    if found.body is None:
        return None
    body = {"id": number, "status": found.status} | {"error" if found.code else "result": found.body}
    wanted = given.get("returnRateLimits") or session.limits
    return body if wanted == "false" else body | {"rateLimits": counted(venue, key)}


def _act(venue: Venue, session: Session, method: str, given: Mapping[str, str]) -> Any:
    venue.beat()
    if method.startswith("session."):
        return session.act(venue, method, given)
    route = METHODS.get(method)
    if route is None:
        raise ApiError(-1000, f"Unknown method {method}.")
    limits = venue.limits(given.get("apiKey") or session.key)
    limits.spend(route.weighs(given), route.orders, venue.exchange.now_ms)
    return venue.act(route, _account(venue, session, route, given), given)


def _account(venue: Venue, session: Session, route: Route, given: Mapping[str, str]) -> Account | None:
    if session.account is not None and route.needs is not Needs.NOTHING and not given.get("signature"):
        return session.account
    match route.needs:
        case Needs.NOTHING:
            return None
        case Needs.KEY:
            return account_of(venue.exchange.accounts, given.get("apiKey"))
        case Needs.SIGNATURE:
            return venue.signed(given)


def strings(parameters: dict[str, Any]) -> dict[str, str]:
    """Values as they are signed: words for booleans, digits for numbers."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in parameters.items()
        if value is not None
    }


def counted(venue: Venue, key: str | None) -> list[dict[str, Any]]:
    limits = venue.limits(key)
    used = (limits.weight.used, limits.orders_1m.used, limits.orders_10s.used)
    return [limit | {"count": count} for limit, count in zip(rate_limits(), used, strict=True)]
