"""From an order back to the tick, the event and the parameters that made it, and forward to its end."""

from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import msgspec

from engine.core.commands import Submit
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent
from engine.core.types import OrderId
from engine.journal.entry import Entry
from engine.journal.reader import Journal
from engine.run.moments import Walk

ABOUT_ORDERS = ("OrderAccepted", "OrderRejected", "OrderCanceled", "CancelRejected", "OrderFilled", "Cancel")
ENDS = {"OrderRejected": "rejected", "OrderCanceled": "canceled"}


def why(folder: Path, order_id: OrderId) -> dict[str, Any]:
    """Plain values. Raises JournalError where the run has no such order or cannot be read."""
    walk = Walk(folder)
    submitted = _submitted(walk.journal, order_id)
    moment = walk.last(seq=submitted.seq)
    order = cast(Submit, submitted.value)
    state = moment.decided_in
    because = walk.made.strategy.because(walk.made.parameters, state, order)
    life, end = _life(walk.journal, submitted, order)
    return {
        "run": walk.journal.folder.name,
        "order": _plain(order),
        "seq": submitted.seq,
        "at_ns": submitted.ts_init,
        "event": {"seq": moment.record.event.seq, **_plain(moment.event)},
        "tick": None if state.tick is None else {"ts_event": state.tick.ts_event, **_plain(state.tick)},
        "because": list(because.sentences),
        "parameters": because.parameters,
        "beside": [each for each in map(_plain, moment.outcomes) if each.get("id") != order_id],
        "life": life,
        "end": end,
        "same_code": walk.made.same_code,
        "diverged_at": walk.diverged_at,
    }


def _submitted(journal: Journal, order_id: OrderId) -> Entry:
    """The id names the event; the order stands right behind it."""
    _, _, place = order_id.partition("-")
    seq = place.partition("-")[0]
    since = int(seq) if seq.isdecimal() else 1
    for entry in journal.entries(since=since, types=["Submit"]):
        if cast(Submit, entry.value).id == order_id:
            return entry
        if seq.isdecimal() and entry.seq > since + 10_000:
            break
    raise JournalError(Problem(str(journal.folder), f"no order {order_id} in this run; `perpmm journal --type Submit`"))


def _life(journal: Journal, submitted: Entry, order: Submit) -> tuple[list[dict[str, Any]], str]:
    filled, life = Decimal(0), list[dict[str, Any]]()
    for entry in journal.entries(since=submitted.seq + 1, types=ABOUT_ORDERS):
        value: Any = entry.value
        if value.id != order.id:
            continue
        life.append({"seq": entry.seq, "at_ns": entry.ts_init, **_plain(value)})
        if entry.type == "OrderFilled":
            filled += value.size
            if filled >= order.size:
                return life, "filled"
        if entry.type in ENDS:
            return life, f"{ENDS[entry.type]} after {filled} of {order.size}" if filled else ENDS[entry.type]
    return life, "working still" if not filled else f"working still, {filled} of {order.size} filled"


def _plain(value: AnyEvent | Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value, builtin_types=(Decimal,))
    return plain
