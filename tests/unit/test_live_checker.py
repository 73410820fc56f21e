"""The checker of the fault seeds: it passes a run that is right, and finds each thing that can be wrong."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.support.live_checker import LATENCY_NS, MAX_FEED_AGE_NS, SECOND, Entry, Story, ends_alike, problems

RUN, LIMIT = "0123456789ab", Decimal("0.06")
NAME = f"{RUN}-2-0"
T0 = 1_700_000_000 * SECOND

type Lines = list[dict[str, Any]]
type Spoil = Callable[[list[Entry], Lines], None]


def entry(seq: int, kind: str, second: float, **said: Any) -> Entry:
    at_ns = T0 + int(second * SECOND)
    return Entry(seq, kind, at_ns, {"ts_event": at_ns} | said)


def order(second: float, execution: str, status: str, filled: str = "0", name: str = NAME) -> dict[str, Any]:
    fields = {"side": "BUY", "origQty": "0.02", "executedQty": filled, "status": status}
    at = {"ts_ns": T0 + int(second * SECOND), "kind": "order", "execution": execution}
    return at | {"order": fields | {"clientOrderId": f"x-aHRE4BCj-R{name}"}}


def right() -> tuple[list[Entry], Lines]:
    """One quote: taken, half filled, cancelled, and all of it told."""
    submit = {"id": NAME, "size": "0.02", "side": 1, "action": "OPEN", "leg": "NET"}
    fill = {"id": NAME, "trade_id": "7", "price": "100", "size": "0.01", "fee": "0.0002", "side": 1, "leg": "NET"}
    entries = [
        entry(1, "Started", 0, balance="1000", instrument={"multiplier": "1"}),
        entry(2, "Tick", 1, seen_ns=T0),
        entry(2, "Submit", 1, **submit),
        entry(3, "OrderFilled", 2, **fill),
        entry(4, "OrderCanceled", 4, id=NAME),
        entry(5, "Tick", 5, seen_ns=T0 + 4 * SECOND),
    ]
    there = {"id": 7, "price": "100", "qty": "0.01", "commission": "0.0002", "time": T0 // 10**6 + 2000}
    fields = {"fill": there | {"side": "BUY", "positionSide": "BOTH"}, "position": "0.01", "wallet": "999.9998"}
    filled = {"kind": "fill", "ts_ns": T0 + 2 * SECOND, "clientOrderId": f"x-aHRE4BCj-R{NAME}"} | fields
    log = [
        order(1, "NEW", "NEW"),
        filled,
        order(2, "TRADE", "PARTIALLY_FILLED", "0.01"),
        order(4, "CANCELED", "CANCELED", "0.01"),
        {"kind": "request", "ts_ns": T0 + 6 * SECOND, "request": "GET /fapi/v1/openOrders"},
    ]
    return entries, log


def found(spoil: Spoil = lambda _entries, _log: None) -> list[str]:
    entries, log = right()
    spoil(entries, log)
    story = Story(RUN, entries, [{"n": n} | line for n, line in enumerate(log)])
    return [*problems(story, LIMIT), *ends_alike(story)]


def sent_twice(_entries: list[Entry], log: Lines) -> None:
    log.insert(1, order(1, "NEW", "NEW"))


def sent_by_nobody(_entries: list[Entry], log: Lines) -> None:
    log[:0] = [order(1, "NEW", "NEW", name=f"{RUN}-9-0"), order(1, "CANCELED", "CANCELED", name=f"{RUN}-9-0")]


def sent_otherwise(entries: list[Entry], _log: Lines) -> None:
    entries[2].said["size"] = "0.03"


def end_not_told(entries: list[Entry], _log: Lines) -> None:
    del entries[4]


def fill_not_told(entries: list[Entry], _log: Lines) -> None:
    del entries[3]


def fill_told_twice(entries: list[Entry], _log: Lines) -> None:
    entries.insert(4, entries[3])


def fill_of_another_price(entries: list[Entry], _log: Lines) -> None:
    entries[3].said["price"] = "101"


def fee_of_another_size(entries: list[Entry], _log: Lines) -> None:
    entries[3].said["fee"] = "0"


def beyond_the_limit(entries: list[Entry], _log: Lines) -> None:
    entries[0].said["positions"] = [{"leg": "NET", "size": "0.05", "entry": "100"}]


def money_lost(_entries: list[Entry], log: Lines) -> None:
    log[1]["wallet"] = "999"


def left_resting(_entries: list[Entry], log: Lines) -> None:
    log[3]["order"]["status"] = "PARTIALLY_FILLED"


SPOILT: dict[Spoil, str] = {
    sent_twice: "was taken twice",
    sent_by_nobody: "in no journal",
    sent_otherwise: "not the order that was decided",
    end_not_told: "rests in the journal",
    fill_not_told: "trade 7 is not in the journal",
    fill_told_twice: "booked twice",
    fill_of_another_price: "booked otherwise",
    fee_of_another_size: "a fee of 0, charged 0.0002",
    beyond_the_limit: "beyond 0.06",
    money_lost: "cash: 999.9998 in the journal, 999 at the venue",
    left_resting: "still rests",
}


def test_a_run_that_is_right_passes() -> None:
    assert found() == []


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_what_is_wrong_is_found(spoil: Spoil) -> None:
    assert any(SPOILT[spoil] in each for each in found(spoil))


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [((), False), (("income", "", "balance"), False), (("", "income"), True)],
    ids=["not at all", "of money before", "of money"],
)
def test_what_came_after_its_last_question_a_run_cannot_know(asked: tuple[str, ...], wrong: bool) -> None:
    """A funding, where the question is empty, is told in answer to a question for money alone."""

    def later(_entries: list[Entry], log: Lines) -> None:
        for path in asked or ("",):
            request = {"kind": "request", "request": f"GET /fapi/v1/{path}"}
            log.append(request if path else {"kind": "income", "wallet": "998", "amount": "-1.9998"})

    assert found(later) == (["cash: 999.9998 in the journal, 998 at the venue"] if wrong else [])


@pytest.mark.parametrize(
    ("over_ns", "faulty", "wrong"),
    [(0, False, False), (1, False, True), (1, True, False)],
    ids=["last", "late", "struck"],
)
def test_a_quote_on_an_old_book_is_over_one_latency_after_the_tick_that_saw_it(
    over_ns: int, faulty: bool, wrong: bool
) -> None:
    """The tick at 3 s sees a book that is too old by one nanosecond; a fault on the way is allowed for."""
    seen = T0 + 3 * SECOND - MAX_FEED_AGE_NS - 1

    def spoil(entries: list[Entry], log: Lines) -> None:
        entries.insert(4, entry(4, "Tick", 3, seen_ns=seen))
        entries[4:4] = [entry(4, "Tick", 3 + n, seen_ns=T0 + (3 + n) * SECOND) for n in range(1, 12)]
        entries.sort(key=lambda each: each.at_ns)
        log[3]["ts_ns"] = T0 + 3 * SECOND + LATENCY_NS + over_ns
        log[3:3] = [{"kind": "fault", "ts_ns": T0 + 4 * SECOND}] if faulty else []

    assert any("a book that is too old" in each for each in found(spoil)) is wrong
