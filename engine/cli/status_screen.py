"""One screen of a run: what is quoted, held and planned, and why there is no order. For 80 columns and more."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.cli.inspect import LEVELS, number, time_of, with_times
from engine.journal.manifest import Status
from engine.run.runs import iso

WIDTH = 80
COLOURS = {"BUY": "green", "SELL": "red", "RUN": "green", "REDUCE": "yellow", "HALT": "red"}


def screen(found: dict[str, Any] | None) -> RenderableType:
    """`found` is of engine.run.status."""
    if found is None:
        return Text("nothing was journalled yet")
    return Group(_head(found), *_market(found), _orders(found), *_why(found), *_positions(found), *_rest(found))


def _head(found: dict[str, Any]) -> Text:
    """Green and red are for what goes on."""
    trading = found["trading"]["state"]
    style = f"bold {COLOURS[trading]}" if found["status"] == Status.RUNNING.value else "dim"
    return Text.assemble(
        (found["run"], "bold"),
        f"  {found['kind']} {found['instrument']}  {found['status']}\n{iso(found['at_ns'])}  ",
        (trading, style),
        *(f"\n  {hold['limit']}: {hold['reason']}" for hold in found["trading"]["held_by"]),
    )


def _market(found: dict[str, Any]) -> Iterator[Text]:
    market, strategy = found["market"], found["strategy"]
    if market is None:
        yield Text("no tick yet", style="yellow")
        return
    shown = {key: number(market[key]) for key in ("bid", "bid_size", "ask", "ask_size", "mark", "last_trade")}
    yield Text("\n{bid_size} @ {bid} | {ask} @ {ask_size}".format(**shown))
    yield Text("mark {mark}  last {last_trade}  reference ".format(**shown) + number(strategy["reference"]))
    if not market["ready"]:
        yield Text("the feed is not ready", style="yellow")


def _orders(found: dict[str, Any]) -> RenderableType:
    if not found["orders"]:
        return Text("\nno orders")
    table = _table("orders", ("", "level", "price", "spread %", "amount", "filled", "age", ""))
    for order in sorted(found["orders"], key=lambda each: -(each["price"] or 0)):
        state = "cancelling" if order["cancel_requested_ns"] else "" if order["accepted"] else "sent"
        what = order["purpose"].replace("_", " ")
        table.add_row(
            Text(order["side"].lower(), style=COLOURS[order["side"]]),
            str(order["level"] + 1) if what == "quote" else what,
            "market" if order["price"] is None else number(order["price"]),
            "" if order["spread_pct"] is None else f"{order['spread_pct']:.3f}",
            number(order["size"]),
            number(order["filled"]),
            _age(order["age_seconds"]),
            state,
        )
    return table


def _why(found: dict[str, Any]) -> Iterator[Text]:
    for side, name in (("bid", "no buy"), ("ask", "no sell")):
        if said := found["strategy"][f"no_{side}"]:
            yield Text(f"{name}: {with_times(said)}", style="yellow")


def _positions(found: dict[str, Any]) -> Iterator[RenderableType]:
    if not found["positions"]:
        yield Text("\nflat")
        return
    account = found["account"]
    liquidation, leverage = number(account.get("liquidation_price")), f"{account['leverage']}x"
    table = _table("positions", ("leg", "size", "entry", "unrealised", "liquidation", "leverage"))
    for held in found["positions"]:
        pnl = held["unrealised_pnl"]
        worth = Text(number(pnl), style="" if pnl is None else COLOURS["BUY" if pnl >= 0 else "SELL"])
        table.add_row(held["leg"], number(held["size"]), number(held["entry"]), worth, liquidation, leverage)
    yield table
    for leg in found["strategy"]["legs"]:
        yield from _exits(leg)


def _exits(leg: dict[str, Any]) -> Iterator[Text]:
    levels = [f"{name} {number(leg[key])}" for key, name in LEVELS.items() if leg[key] is not None]
    trail = (("armed" if leg["trail_armed"] else "not armed"),) if leg["trail_arms_at"] is not None else ()
    stop = (("stop reached" if leg["stop_breached"] else "stop not reached"),) if leg["stop"] is not None else ()
    allowed = "now" if leg["next_exit_ns"] is None else time_of(leg["next_exit_ns"])
    yield Text(f"{leg['leg']}: {', '.join((*levels, *trail, *stop))}; next exit {allowed}")
    if leg["no_exit"]:
        yield Text(f"{leg['leg']}: no exit: {with_times(leg['no_exit'])}", style="yellow")


def _rest(found: dict[str, Any]) -> Iterator[RenderableType]:
    strategy, account = found["strategy"], found["account"]
    quotes, refresh = (_when(strategy[f"next_{each}_ns"], found) for each in ("quotes", "refresh"))
    times = f"next quotes {quotes}, refresh {refresh}"
    money = (("cash", "available"), ("realised_pnl", "fees", "funding"))
    lines = ("  ".join(f"{key.replace('_pnl', '')} {number(account[key])}" for key in line) for line in money)
    yield Text("\n".join(("", times, *lines)))
    if used := [
        f"{name} {each['used']} of {each['limit']}"
        for name, each in found["limits"].items()
        if each["used"] is not None
    ]:
        yield Text("limits: " + ", ".join(used))
    table = _table("last fills", ("time", "", "size", "price", "fee", ""))
    for fill in found["fills"]:
        side = Text(fill["side"].lower(), style=COLOURS[fill["side"]])
        role = "maker" if fill["maker"] else "taker"
        table.add_row(
            iso(fill["at_ns"])[11:19], side, number(fill["size"]), number(fill["price"]), number(fill["fee"]), role
        )
    yield table


def _when(at_ns: int, found: dict[str, Any]) -> str:
    """A time that has come holds nothing back any more; what does is said beside the orders."""
    return "now" if at_ns <= found["at_ns"] else f"after {time_of(at_ns)}"


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(
        title=f"\n{title}", title_justify="left", box=None, pad_edge=False, header_style="dim", title_style="bold"
    )
    for column in columns:
        table.add_column(
            column, justify="right" if column in ("price", "spread %", "amount", "filled", "size", "fee") else "left"
        )
    return table


def _age(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}"
