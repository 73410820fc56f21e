"""Hyperliquid's log and journals side by side: there an order has a hash of its id, and a fill a name that
NautilusTrader makes of it. Here both get the names that the others' have."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from nautilus_trader.adapters.hyperliquid import hyperliquid_cloid_from_client_order_id
from nautilus_trader.model import ClientOrderId

HASH = "0x"


def cloid(order_id: str) -> str:
    return str(hyperliquid_cloid_from_client_order_id(ClientOrderId(order_id)))


def rename(entries: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
    """In the venue's lines our ids, in the journal's fills the venue's numbers. Of other venues nothing changes."""
    if not any(line["kind"] == "request" and "/info" in line["request"] for line in lines):
        return
    names = {cloid(each["id"]): each["id"] for each in entries if each["type"] == "Submit"}
    numbers = {trade_id(line): str(line["fill"]["id"]) for line in lines if line["kind"] == "fill"}
    for line in lines:
        for holder in (line, line.get("order") or {}):
            if (name := holder.get("clientOrderId")) is not None:
                holder["clientOrderId"] = names.get(name, name)
    for each in entries:
        if each["type"] == "OrderFilled":
            each["trade_id"] = numbers.get(each["trade_id"], each["trade_id"])


def trade_id(line: dict[str, Any]) -> str:
    """FNV-1a of a fill's hash, order, price, size, time, and the position before it."""
    fill, found = line["fill"], 0xCBF29CE484222325
    signed = int(fill["qty"].replace(".", "")) * (1 if fill["side"] == "BUY" else -1)
    before, places = int(_scaled(line["position"], fill["qty"])) - signed, len(fill["qty"].partition(".")[2])
    start = f"{'-' if before < 0 else ''}{abs(before) // 10**places}.{abs(before) % 10**places:0{places}}"
    order, time = (int(fill[each]).to_bytes(8, "little") for each in ("orderId", "time"))
    texts = f"0x{fill['id']:064x}".encode(), fill["price"].encode(), fill["qty"].encode(), start.encode()
    for byte in texts[0] + order + texts[1] + texts[2] + time + texts[3]:
        found = (found ^ byte) * 0x100000001B3 % 2**64
    return f"{found:016x}-{fill['orderId']:016x}"


def _scaled(number: str, like: str) -> str:
    """Without its point, with as many decimals as another number."""
    whole, _, decimals = number.partition(".")
    return whole + decimals.ljust(len(like.partition(".")[2]), "0")


def of_no_run(runs: list[Path], log: Path) -> Iterator[str]:
    """Orders under a hash that no run's journal accounts for."""
    known = {cloid(order_id) for run in runs for order_id in _submitted(run)}
    lines = (json.loads(line) for line in log.read_text().splitlines())
    there = {line["order"]["clientOrderId"] for line in lines if line["kind"] == "order"}
    yield from (f"{name} is at the venue and in no journal" for name in there - known if name.startswith(HASH))


def _submitted(run: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{run / 'journal.sqlite'}?mode=ro", uri=True)) as db:
        rows = db.execute("select payload from entry where type = 'Submit'").fetchall()
    return [json.loads(payload)["id"] for (payload,) in rows]
