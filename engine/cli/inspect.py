"""`perpmm inspect`."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.cli import speak
from engine.run.inspect import inspect
from engine.run.runs import iso, run_folder, time_ns

MARKET = ("bid", "bid_size", "ask", "ask_size", "mark", "last_trade")
ACCOUNT = ("cash", "equity", "available", "realised_pnl", "unrealised_pnl", "fees", "rebates", "funding")
MARGIN = ("leverage", "initial_margin", "maintenance_margin", "liquidation_price")
PLACES, LARGE = Decimal("1e-8"), Decimal("1e18")
LEVELS = {
    "take_profit": "take profit",
    "stop": "stop",
    "trail_arms_at": "trail arms at",
    "trail_peak": "trail's peak",
    "trail_closes_at": "trail closes at",
}


def show(run: str, runs: Path, at: str | None, seq: int | None, *, as_json: bool) -> None:
    folder = run_folder(run, runs)
    found = inspect(folder, seq=seq, at_ns=None if at is None else time_ns(at, "--at"))
    speak.found_in_a_run(found, _lines(found), as_json=as_json)


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['run']} ({found['status']}) at {iso(found['at_ns'])}, after entry {found['seq']} ({found['event']})"
    market = found["market"]
    yield "market     " + ("no tick yet" if market is None else _pairs(market, MARKET))
    yield from _orders(found)
    yield from _positions(found)
    yield "account    " + _pairs(found["account"], ACCOUNT)
    yield "margin     " + _pairs(found["account"], MARGIN)
    strategy = found["strategy"]
    yield f"quotes     reference {number(strategy['reference'])}; new ones after {time_of(strategy['next_quotes_ns'])}"
    yield f"           those that rest are replaced from {time_of(strategy['next_refresh_ns'])} on"
    limits = (
        f"{name} {each['used']} of {each['limit']}"
        for name, each in found["limits"].items()
        if each["used"] is not None
    )
    held = [f"{hold['limit']}: {hold['reason']}" for hold in found["trading"]["held_by"]]
    yield "trading    " + "; ".join((found["trading"]["state"], *held))
    yield "limits     " + (", ".join(limits) or "none that is counted")


def _orders(found: dict[str, Any]) -> Iterator[str]:
    for order in found["orders"]:
        away = "" if order["spread_pct"] is None else f", {order['spread_pct']:.4f} % from mid"
        state = "cancel asked" if order["cancel_requested_ns"] else "working" if order["accepted"] else "sent"
        price = "market" if order["price"] is None else order["price"]
        what = f"{order['purpose']} {order['side']} {order['size']} at {price}, filled {order['filled']}"
        yield f"order      {order['id']}: {what}, {order['age_seconds']:.1f} s old{away}, {state}"
    for side in ("bid", "ask"):
        if said := found["strategy"][f"no_{side}"]:
            yield f"no {side}     {with_times(said)}"


def _positions(found: dict[str, Any]) -> Iterator[str]:
    if not found["positions"]:
        yield "position   flat"
    for held in found["positions"]:
        at, worth = number(held["entry"]), number(held["unrealised_pnl"])
        yield f"position   {held['leg']} {held['size']} at {at}, unrealised {worth}"
    for leg in found["strategy"]["legs"]:
        for key, name in LEVELS.items():
            if leg[key] is not None:
                yield f"exit       {name} {number(leg[key])}"
        trail, stop = (
            "trail armed, " if leg["trail_armed"] else "",
            "reached" if leg["stop_breached"] else "not reached",
        )
        allowed = "now" if leg["next_exit_ns"] is None else time_of(leg["next_exit_ns"])
        yield f"           {trail}stop {stop}; next exit allowed {allowed}"
        if leg["no_exit"]:
            yield f"no exit    {with_times(leg['no_exit'])}"


def _pairs(values: dict[str, Any], keys: tuple[str, ...]) -> str:
    return ", ".join(f"{key} {number(values[key])}" for key in keys if values[key] is not None)


def number(value: Any) -> str:
    """What was worked out has more digits than anybody reads; what was traded and paid has eight at most."""
    if not isinstance(value, Decimal):
        return "none" if value is None else str(value)
    return f"{value.quantize(PLACES).normalize():f}" if value.is_finite() and abs(value) < LARGE else f"{value:f}"


def time_of(ns: int) -> str:
    return iso(ns) if ns > 0 else "the start"


def with_times(said: str) -> str:
    """Nanoseconds in a sentence as times."""
    words = (
        iso(int(bare)) + word[len(bare) :] if len(bare := word.rstrip(":;,")) == 19 and bare.isdecimal() else word
        for word in said.split(" ")
    )
    return " ".join(words)
