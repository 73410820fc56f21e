"""Faults put into effect: on a request, on a message, at a moment. Each leaves a line in the log."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from engine.core.types import Side
from engine.venue_sim import trading
from engine.venue_sim.account import Account
from engine.venue_sim.errors import ApiError, unknown_outcome
from engine.venue_sim.faults import Fault
from engine.venue_sim.line import Line
from engine.venue_sim.orders import Request
from engine.venue_sim.upkeep import end_listen_key, liquidate
from engine.venue_sim.venue import Asked, Venue

BAN_MS = 120_000
_NAMES = ("origClientOrderId", "orderLinkId", "clOrdId", "cloid")  # as the venues call them
_SYMBOLS, _NUMBERS = ("symbol", "instId"), ("orderId", "ordId")
CANCELS = ("DELETE /fapi/v1/order", "WS order.cancel", "WS cancel-order", "WS post cancelByCloid")


class Outcome(NamedTuple):
    """How a request ended. Without a `body` the client hears nothing."""

    status: int
    code: int
    body: Any


async def outcome(venue: Venue, asked: Asked, act: Callable[[], Any]) -> Outcome:
    """Do what was asked, as far as the faults of the moment let it come to pass, and log the request."""
    late = venue.faults.of_request("slow", asked.what, venue.age_s)
    if late is not None:
        noted(venue, late.fault, asked.what)
        await asyncio.sleep(late.late_s())
    silenced = None
    try:
        _before(venue, asked)
        found = Outcome(200, 0, act())
        silenced = venue.faults.of_request("timeout", asked.what, venue.age_s)
    except ApiError as error:
        found = Outcome(error.status, error.code, error.body())
    venue.record_request(asked, found.status, found.code)
    if silenced is None:
        return found
    noted(venue, silenced.fault, asked.what)
    unknown = unknown_outcome()
    return Outcome(unknown.status, unknown.code, unknown.body() if silenced.fault.answered else None)


def _before(venue: Venue, asked: Asked) -> None:
    faults, what = venue.faults, asked.what
    if faults.maintained(venue.age_s):
        raise ApiError(-1016, "This service is no longer available.", 503)
    if (rule := faults.of_request("refuse", what, venue.age_s)) is not None:
        noted(venue, rule.fault, what)
        raise _refusal(rule.fault.status, venue.exchange.now_ms)
    if "timestamp" in asked.given and (rule := faults.of_request("clock", what, venue.age_s)) is not None:
        noted(venue, rule.fault, what)
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")
    if what in CANCELS and (rule := faults.of_request("race", what, venue.age_s)) is not None:
        _race(venue, rule.fault, asked, whole=rule.chance.random() < 0.5)


def _refusal(status: int, now_ms: int) -> ApiError:
    match status:
        case 418:
            return ApiError(-1003, f"Way too many requests; IP banned until {now_ms + BAN_MS}.", status)
        case 429:
            return ApiError(-1003, "Too many requests; current limit is 2400 request weight per 1 MINUTE.", status)
        case 503:
            return ApiError(-1008, "Server is currently overloaded with other requests. Please try again.", status)
        case _:
            return ApiError(-1000, "An unknown error occurred while processing the request.", status)


def _race(venue: Venue, fault: Fault, asked: Asked, *, whole: bool) -> None:
    """A part of the order, or all of it, is filled at its price just before the cancel arrives."""
    given, account = asked.given, venue.exchange.accounts.get(asked.key or "")
    name, symbol, number = (_first(given, words) for words in (_NAMES, _SYMBOLS, _NUMBERS))
    order = account and trading.find(account, symbol, int(number) if number.isdigit() else None, name)
    if order and order.is_open and order.price is not None and (most := venue.exchange.most(order)):
        noted(venue, fault, f"order {order.id}")
        venue.exchange.fill(order, order.price, most if whole else max(most // 2, 1), maker=True)


def _first(given: Mapping[str, str], words: tuple[str, ...]) -> str:
    return next((given[word] for word in words if given.get(word)), "")


def on_messages(venue: Venue, line: Line) -> None:
    """Let the messages of a connection meet their faults."""

    def met(message: bytes) -> Iterable[tuple[float, bytes, bool]]:
        rule = venue.faults.of_message(line.kind, venue.age_s)
        if rule is None:
            return ((0.0, message, False),)
        noted(venue, rule.fault, line.kind)
        match rule.fault.kind:
            case "lose":
                return ()
            case "duplicate":
                return ((0.0, message, False), (0.0, message, False))
            case "reorder":
                return ((rule.late_s(), message, False),)
            case _:
                return ((rule.late_s(), message, True),)

    line.meet = met


def strike_moments(venue: Venue) -> None:
    """What is due now. A maintenance window sends everybody away while it lasts."""
    for fault in venue.faults.due(venue.age_s):
        noted(venue, fault, fault.on)
        strike(venue, fault)
    if venue.faults.maintained(venue.age_s) and venue.streams.lines:
        venue.record("fault", {"fault": "maintenance", "on": "connections"})
        for line in list(venue.streams.lines):
            line.drop()
            venue.streams.leave(line)


def strike(venue: Venue, fault: Fault) -> None:
    exchange = venue.exchange
    match fault.kind:
        case "disconnect":
            for line in [each for each in venue.streams.lines if fault.on in {"", each.kind}]:
                line.drop()
        case "expire_listen_key":
            for account in exchange.accounts.values():
                if account.listen_key is not None:
                    end_listen_key(exchange, account)
        case "liquidate":
            for account in exchange.accounts.values():
                if held := [leg for leg, _ in account.positions()]:
                    liquidate(exchange, account, held)
        case "move":
            _move(venue, next(iter(exchange.accounts.values())), Decimal(fault.size))
        case _:
            raise AssertionError(fault.kind)


def _move(venue: Venue, account: Account, size: Decimal) -> None:
    """An order of somebody else's who has the same account: at market, in the first contract."""
    exchange = venue.exchange
    contract = next(iter(exchange.contracts.values()))
    side = Side.BUY if size > 0 else Side.SELL
    request = Request(
        symbol=contract.symbol,
        side=side,
        type="MARKET",
        tif="GTC",
        lots=max(int(abs(size) / contract.base_of(1)), contract.least_lots),
        price=None,
        client_id=f"web_{exchange.next_id()}",
        position_side=("LONG" if side is Side.BUY else "SHORT") if account.dual else "BOTH",
    )
    try:
        trading.place(exchange, account, request)
    except ApiError as error:
        venue.record("fault", {"fault": "move", "on": f"refused: {error}"})


def noted(venue: Venue, fault: Fault, on: str) -> None:
    venue.record("fault", {"fault": fault.kind, "on": on, "rule": msgspec.to_builtins(fault)})
