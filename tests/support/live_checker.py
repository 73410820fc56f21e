"""What must hold after a live run, whatever went wrong: judged from the venue's log and the run's journal alone.

Nothing of the engine is used but the form of its journal. All runs of an account are given in their order.
"""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.hashed_names import rename

SECOND = 1_000_000_000
CENT = Decimal("0.00001")  # each booking is rounded
MAX_FEED_AGE_NS = 3 * SECOND  # as the runs are told
LATENCY_NS = 5 * SECOND  # from the tick to the venue: this is a machine that may be busy
STRUCK_NS = 15 * SECOND  # where a fault met it: a request is dead after 5 s, and asked again by REST
PLAIN = re.compile("^([0-9a-f]{12})x([0-9]+)x([0-9]+)$")  # where a venue takes letters and digits alone
OF_MONEY = ("/income", "/transaction-log", "/bills", "/bills-archive", "userFunding")  # ends of what fundings answer
HUNG_NS = 3 * SECOND // 2  # without an entry: the process hangs, or is dead


class Entry(NamedTuple):
    seq: int
    type: str
    at_ns: int
    said: dict[str, Any]


class Story(NamedTuple):
    """`run` is the first of the manifest's hash, that order ids begin with; `log` the account's lines of the venue."""

    run: str
    entries: list[Entry]
    log: list[dict[str, Any]]

    def of(self, *types: str) -> list[Entry]:
        return [each for each in self.entries if each.type in types]

    def orders(self, execution: str | None = None) -> list[dict[str, Any]]:
        """Of this run, as the venue logged them."""
        lines = (line for line in self.log if line["kind"] == "order")
        ours = (line for line in lines if _name(line).startswith(f"{self.run}-"))
        return [line for line in ours if execution in (None, line["execution"])]


def read_story(run: Path, log: Path, account: str) -> Story:
    with sqlite3.connect(f"file:{run / 'journal.sqlite'}?mode=ro", uri=True) as db:
        rows = db.execute("select seq, type, ts_init, payload from entry order by seq").fetchall()
    db.close()
    entries = [Entry(seq, kind, at, json.loads(payload)) for seq, kind, at, payload in rows]
    name = json.loads((run / "manifest.json").read_text())["run"][:12]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    of_account = [line for line in lines if line.get("account", account) in (account, None)]
    rename([entry.said for entry in entries], of_account)
    return Story(name, entries, of_account)


def problems(story: Story, limit: Decimal) -> Iterator[str]:
    """`limit` is the run's max_position."""
    yield from _none_sent_twice(story)
    yield from _every_order_accounted_for(story)
    yield from _every_fill_once(story)
    yield from _never_beyond(story, limit)
    yield from _no_quote_on_a_stale_feed(story)


def ends_alike(story: Story) -> Iterator[str]:
    """Position, cash and orders, where the run is the last on its account."""
    held, cash = _folded(story)
    questions = [line for line in story.log if line["kind"] == "request"]
    asked = max((line["n"] for line in questions), default=0)
    of_money = max((line["n"] for line in questions if line["request"].endswith(OF_MONEY)), default=asked)
    seen = [line for line in story.log if line["n"] < asked]  # what came after the run's last question it cannot know
    fills = [line for line in seen if line["kind"] == "fill"]
    wallets = [line["wallet"] for line in seen if line["kind"] in ("fill", "income")]
    untold = [line["amount"] for line in seen if line["kind"] == "income" and line["n"] > of_money]
    there = {line["fill"]["positionSide"]: Decimal(line["position"]) for line in fills}
    begun = {each["leg"]: Decimal(each["size"]) for each in story.of("Started")[0].said.get("positions", ())}
    for leg in held.keys() | there.keys():
        position = there.get("BOTH" if leg == "NET" else leg, begun.get(leg, Decimal(0)))
        if leg != "BOTH" and held[leg] != position:
            yield f"position {leg}: {held[leg]} in the journal, {position} at the venue"
    wallet = Decimal(wallets[-1]) - sum(map(Decimal, untold)) if wallets else cash
    if abs(wallet - cash) > CENT * (1 + len(fills)):
        yield f"cash: {cash} in the journal, {wallet} at the venue"
    last = {line["order"]["clientOrderId"]: line["order"]["status"] for line in story.orders()}
    yield from (f"{name} still rests" for name, status in last.items() if status in ("NEW", "PARTIALLY_FILLED"))


def _none_sent_twice(story: Story) -> Iterator[str]:
    seen = set[str]()
    for line in story.orders("NEW"):
        name = line["order"]["clientOrderId"]
        if name in seen:
            yield f"{name} was taken twice"
        seen.add(name)


def _every_order_accounted_for(story: Story) -> Iterator[str]:
    """What the venue took was decided, and is over in the journal if it is over there; and the other way round."""
    submits = {each.said["id"]: each.said for each in story.of("Submit")}
    ended = {each.said["id"] for each in story.of("OrderCanceled", "OrderRejected")}
    filled = defaultdict[str, Decimal](Decimal)
    for each in story.of("OrderFilled"):
        filled[each.said["id"]] += Decimal(each.said["size"])
    there = {_name(line): line["order"] for line in story.orders()}
    for name, order in there.items():
        submit = submits.get(name)
        if submit is None:
            yield f"{name} is at the venue and in no journal"
        elif (Decimal(submit["size"]), submit["side"]) != (Decimal(order["origQty"]), _side(order)):
            yield f"{name} is not the order that was decided"
        elif order["status"] == "CANCELED" and name not in ended and filled[name] < Decimal(submit["size"]):
            yield f"{name} is over at the venue, and rests in the journal"
    for name, submit in submits.items():
        if name not in ended and filled[name] < Decimal(submit["size"]):
            yield f"nobody knows what became of {name}"


def _every_fill_once(story: Story) -> Iterator[str]:
    since_ms = story.of("Started")[0].said["ts_event"] // 1_000_000
    until = story.entries[-1].at_ns + SECOND
    here = [each.said for each in story.of("OrderFilled")]
    names = [_number(each) for each in here]
    there = {
        str(line["fill"]["id"]): line["fill"]
        for line in story.log
        if line["kind"] == "fill" and line["fill"]["time"] > since_ms and line["ts_ns"] <= until
    }
    yield from (f"trade {name} is booked twice" for name in set(names) if names.count(name) > 1)
    yield from (f"trade {name} is not in the journal" for name in there.keys() - set(names))
    for each in here:
        fill = there.get(_number(each))
        if fill is None:
            yield f"trade {each['trade_id']} is not the venue's"
        elif any(Decimal(each[a]) != Decimal(fill[b]) for a, b in (("price", "price"), ("size", "qty"))):
            yield f"trade {each['trade_id']} is booked otherwise than it was"
        elif Decimal(each["fee"]) != Decimal(fill["commission"]):
            yield f"trade {each['trade_id']}: a fee of {each['fee']}, charged {fill['commission']}"


def _never_beyond(story: Story, limit: Decimal) -> Iterator[str]:
    """At each order that the venue took to open: what is held and rests on its side of its leg, itself included. What
    others did to the account counts once the journal knew of it."""
    submits = {each.said["id"]: each for each in story.of("Submit")}
    foreign = [
        (each.seq, each.said["leg"], each.said["side"] * Decimal(each.said["size"]))
        for each in story.of("OrderFilled")
        if each.said["id"] not in submits
    ]
    own = defaultdict[str, Decimal](Decimal)
    for each in story.of("Started")[0].said.get("positions", ()):
        own[each["leg"]] += Decimal(each["size"])
    leaves = dict[str, tuple[str, int, Decimal]]()
    for line in story.log:
        if line["kind"] == "fill" and (name := _bare(line["clientOrderId"])) in submits:
            own[submits[name].said["leg"]] += _side(line["fill"]) * Decimal(line["fill"]["qty"])
        elif line["kind"] == "order" and (name := _name(line)) in submits:
            order, submit = line["order"], submits[name]
            leg, side = submit.said["leg"], _side(order)
            left = Decimal(order["origQty"]) - Decimal(order["executedQty"])
            leaves[name] = (leg, side, left if order["status"] in ("NEW", "PARTIALLY_FILLED") else Decimal(0))
            if line["execution"] != "NEW" or submit.said["action"] != "OPEN":
                continue
            known = own[leg] + sum((size for seq, at, size in foreign if at == leg and seq < submit.seq), Decimal(0))
            resting = sum((size for *at, size in leaves.values() if at == [leg, side]), Decimal(0))
            if abs(known + side * resting) > limit:
                yield f"{name}: {known} held and {resting} on its side, beyond {limit}"


def _no_quote_on_a_stale_feed(story: Story) -> Iterator[str]:
    """A quote is over at the venue one latency after the first tick that could see that its book is too old."""
    decided = {each.said["id"]: each.at_ns for each in story.of("Submit") if each.said["action"] == "OPEN"}
    resting = {name: _at_the_venue(story, name) for name in decided}
    for tick in story.of("Tick"):
        seen = tick.said.get("seen_ns")
        if seen is None or tick.said["ts_event"] - seen <= MAX_FEED_AGE_NS:
            continue
        for name, (since, until) in resting.items():
            from_ns = max(tick.at_ns, since)
            if decided[name] < tick.at_ns and until > _at_latest(story, from_ns, until):
                yield f"{name} rests {(until - from_ns) / SECOND:.1f} s on a book that is too old, at entry {tick.seq}"


def _at_the_venue(story: Story, name: str) -> tuple[int, int]:
    """From when to when it rested there, by the venue's clock, which is this machine's. An order that it never took
    rested at no time; one that rests still is not over."""
    lines = [line for line in story.orders() if _name(line) == name]
    if not lines:
        return 0, 0
    open_still = lines[-1]["order"]["status"] in ("NEW", "PARTIALLY_FILLED")
    return lines[0]["ts_ns"], story.log[-1]["ts_ns"] if open_still else lines[-1]["ts_ns"]


def _at_latest(story: Story, from_ns: int, until_ns: int) -> int:
    """When a cancel asked for at `from_ns` is at the venue. A process that hangs or is dead asks for nothing."""
    struck = any(line["kind"] == "fault" and from_ns <= line["ts_ns"] <= until_ns for line in story.log)
    times = [each.at_ns for each in story.entries if from_ns <= each.at_ns <= until_ns]
    gaps = (after - before for before, after in pairwise((from_ns, *times, until_ns)))
    return from_ns + (STRUCK_NS if struck else LATENCY_NS) + sum(gap for gap in gaps if gap > HUNG_NS)


def _folded(story: Story) -> tuple[defaultdict[str, Decimal], Decimal]:
    """Positions by leg, and cash: average entries, by hand."""
    started = story.of("Started")[0].said
    cash, size, entry = Decimal(started["balance"]), defaultdict[str, Decimal](Decimal), dict[str, Decimal]()
    worth = Decimal(started["instrument"]["multiplier"])
    for each in started.get("positions", ()):
        size[each["leg"]], entry[each["leg"]] = Decimal(each["size"]), Decimal(each["entry"])
    for each in story.of("OrderFilled", "FundingSettled", "Transferred", "EntryCorrected"):
        if each.type == "EntryCorrected":
            leg, price = each.said["leg"], Decimal(each.said["entry"])
            cash += size[leg] * worth * (price - entry[leg])
            entry[leg] = price
            continue
        if each.type != "OrderFilled":
            cash += Decimal(each.said["amount"])
            continue
        leg, price = each.said["leg"], Decimal(each.said["price"])
        change = each.said["side"] * Decimal(each.said["size"])
        before, after = size[leg], size[leg] + change
        cash -= Decimal(each.said["fee"])
        if before * change >= 0:
            entry[leg] = (entry.get(leg, Decimal(0)) * before + price * change) / after
        else:
            closed = min(abs(before), abs(change)) * (1 if before > 0 else -1)
            cash += closed * worth * (price - entry[leg])
            entry[leg] = price if before * after < 0 else entry[leg]
        size[leg] = after
    return size, cash


def _name(line: dict[str, Any]) -> str:
    return _bare(line["order"]["clientOrderId"])


def _number(fill: dict[str, Any]) -> str:
    """Of a trade, as the log has it: Bybit writes the number as the end of a word."""
    return str(int(str(fill["trade_id"]).rpartition("-")[2]))


def _bare(client_id: str) -> str:
    """As the journal has it, of an id as the venue took it."""
    return PLAIN.sub(r"\1-\2-\3", client_id.partition("-R")[2] or client_id)


def _side(order: dict[str, Any]) -> int:
    return 1 if order["side"] == "BUY" else -1
