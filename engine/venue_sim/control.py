"""Requests that Binance does not have, for tests: look at the venue, move its time, let something go wrong.

GET /sim/state; POST /sim/advance {"seconds": 1.5} (at speed 0); POST /sim/fault with a fault (see faults.py), whose
times count from now. None of them is signed: who reaches a port of this machine may use them.
"""

from typing import Any

import msgspec

from engine.venue_sim.contract import money
from engine.venue_sim.errors import ApiError
from engine.venue_sim.faults import Fault, checked
from engine.venue_sim.order_words import order_body
from engine.venue_sim.venue import Venue

SECOND_NS = 1_000_000_000


class Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seconds: float


def control(venue: Venue, method: str, path: str, body: bytes) -> Any:
    """Raises ApiError for what it does not know or cannot read."""
    try:
        match method, path:
            case "GET", "/sim/state":
                return state(venue)
            case "POST", "/sim/advance":
                return _advance(venue, msgspec.json.decode(body, type=Advance))
            case "POST", "/sim/fault":
                return _fault(venue, checked(msgspec.json.decode(body, type=Fault)))
            case _:
                raise ApiError(-5000, f"Path {path}, Method {method} is invalid", 404)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ApiError(-1130, str(error)) from error


def state(venue: Venue) -> dict[str, Any]:
    """What the venue itself knows: the truth to compare a client with."""
    exchange = venue.exchange
    return {
        "now_ms": exchange.now_ms,
        "events_played": venue.feed.played,
        "tape_over": venue.feed.over.is_set(),
        "connections": sorted(line.kind for line in venue.streams.lines),
        "accounts": [
            {
                "key": account.key,
                "wallet": money(account.wallet),
                "positions": {"/".join(leg): f"{position.size:f}" for leg, position in account.positions()},
                "open_orders": [
                    order_body(order, exchange.contracts[order.request.symbol], queried=True)
                    for order in account.open.values()
                ],
                "fills": len(account.fills),
            }
            for account in exchange.accounts.values()
        ],
    }


def _advance(venue: Venue, given: Advance) -> dict[str, Any]:
    if venue.feed.speed:
        raise ApiError(-1130, "time moves by itself: start the venue with --speed 0 to move it")
    venue.feed.advance(venue, int(given.seconds * SECOND_NS))
    return {"now_ms": venue.exchange.now_ms}


def _fault(venue: Venue, fault: Fault) -> dict[str, Any]:
    venue.faults.add(fault, venue.age_s)
    venue.beat()
    return {"fault": fault.kind}
