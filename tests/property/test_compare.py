"""Two runs aligned: a run is the same as itself, every order has its row, and A against B is B against A mirrored."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.compare import EARLIER, IN_A, IN_B, LATER, PART, PRICED, SAME, SENT_IN_A, SENT_IN_B, compare
from engine.analysis.frames import Frames
from engine.core.commands import Refused
from engine.core.events import OrderAccepted, OrderCanceled, OrderRejected
from engine.core.types import SECOND, Side
from tests.support.builders import START_NS, a_draft, a_fill, a_start, a_tick, an_order
from tests.support.markets import frames_of

MIRRORED = {IN_A: IN_B, IN_B: IN_A, EARLIER: LATER, LATER: EARLIER, SENT_IN_A: SENT_IN_B, SENT_IN_B: SENT_IN_A}


def at(second: float) -> dict[str, Any]:
    ns = START_NS + round(second * SECOND)
    return {"ts_event": ns, "ts_init": ns}


lives = st.tuples(
    st.booleans(),  # sent at all
    st.sampled_from([98, 99]),
    st.sampled_from([0.01, 0.05]),  # arrives
    st.sampled_from([None, 0.3, 0.6, 1.4]),  # fills
    st.sampled_from(["0.4", "1"]),
    st.sampled_from([None, 1.2, 3.0]),  # ends
    st.integers(0, 1),  # its level
)
runs = st.lists(lives, min_size=1, max_size=6)


def ran(name: str, drawn: list[Any]) -> Frames:
    """One order each two seconds, in a market that is the same for all."""
    script: list[Any] = [(a_start(), ())]
    for n, (sent, price, arrives, fills, size, ends, level) in enumerate(drawn):
        second, order_id = 2 * n, f"{name}{n}"
        asked = (an_order(order_id, Side.BUY, price, level=level),) if sent else ()
        script.append((a_tick(second, "99", "100"), asked))
        if not sent:
            continue
        later = [(second + arrives, OrderAccepted(**at(second + arrives), id=order_id, venue_id="v"))]
        if fills is not None:
            later.append((second + fills, a_fill(order_id, Side.BUY, size, str(price), **at(second + fills))))
        if ends is not None and size != "1":
            later.append((second + ends, OrderCanceled(**at(second + ends), id=order_id)))
        script += [(event, ()) for _, event in sorted(later, key=lambda each: each[0])]
    return frames_of(script)


@settings(max_examples=60, deadline=None)
@given(runs, runs)
def test_every_order_has_one_row_and_a_difference_has_a_cause(one: list[Any], other: list[Any]) -> None:
    a, b = ran("a", one), ran("b", other)
    found = compare(a, b).orders
    assert sorted(found["a"].drop_nulls()) == sorted(a.orders["id"])
    assert sorted(found["b"].drop_nulls()) == sorted(b.orders["id"])
    assert found["sent"].is_sorted()
    assert ((found["outcome"] == SAME) == found["cause"].is_null()).all()
    assert (found["cause"].is_null() == found["detail"].is_null()).all()


@settings(max_examples=60, deadline=None)
@given(runs, runs)
def test_who_is_called_a_does_not_matter(one: list[Any], other: list[Any]) -> None:
    a, b = ran("a", one), ran("b", other)
    there, back = compare(a, b).orders, compare(b, a).orders
    mirrored = [
        (b_id, a_id, MIRRORED.get(outcome, outcome)) for a_id, b_id, outcome in there["a", "b", "outcome"].rows()
    ]
    key = str
    assert sorted(mirrored, key=key) == sorted(back["a", "b", "outcome"].rows(), key=key)


@settings(max_examples=30, deadline=None)
@given(runs)
def test_a_run_is_the_same_as_itself(one: list[Any]) -> None:
    found = compare(ran("a", one), ran("b", one))
    assert set(found.outcomes) <= {SAME}
    assert found.first is None
    assert found.agreement in (None, 1.0)


def story(name: str, *later: Any, price: int = 99, tick: Any = None, asked: Any = None) -> Frames:
    """One bid, sent on the first tick, and what became of it."""
    first = tick or a_tick(0, "99", "100")
    given = (an_order(name, price=price),) if asked is None else asked
    return frames_of([(a_start(), ()), (first, given), *((event, ()) for event in later), (a_tick(9, "99", "100"), ())])


def taken(name: str, second: float = 0.05) -> OrderAccepted:
    return OrderAccepted(**at(second), id=name, venue_id="v")


FILLED = (taken("a"), a_fill("a", Side.BUY, "1", "99", **at(0.5)))
REFUSAL = (Refused(a_draft(price="99"), "max_position", "too much"),)


@pytest.mark.parametrize(
    ("b", "outcome", "cause", "said"),
    [
        (story("b", taken("b"), a_fill("b", Side.BUY, "1", "99", **at(0.5))), SAME, None, None),
        (story("b", taken("b"), a_fill("b", Side.BUY, "1", "99", **at(0.7))), LATER, "queue", "in B"),
        (story("b", taken("b"), a_fill("b", Side.BUY, "1", "99", **at(0.4))), EARLIER, "queue", "in A"),
        (story("b", taken("b"), a_fill("b", Side.BUY, "0.3", "99", **at(0.5))), PART, "queue", "in B"),
        (story("b", taken("b")), IN_A, "queue", "rested there"),
        (story("b", taken("b", 0.6)), IN_A, "arrived late", "100 ms after"),
        (story("b", OrderRejected(**at(0.05), id="b", reason="post-only")), IN_A, "not taken", "post-only"),
        (story("b", taken("b"), OrderCanceled(**at(0.3), id="b", reason="asked")), IN_A, "cancelled before", "200 ms"),
        (story("b", taken("b"), price=98), IN_A, "decided otherwise", "1 at 98 in B"),
        (story("b", taken("b"), price=98, tick=a_tick(0, "98", "99")), IN_A, "market", "the mid was 99.5 in A, 98.5"),
        (story("b", asked=()), IN_A, "decided otherwise", "same market"),
        (story("b", asked=REFUSAL), IN_A, "refused", "B refused it: max_position"),
    ],
)  # fmt: skip
def test_each_outcome_and_cause_by_hand(b: Frames, outcome: str, cause: str | None, said: str | None) -> None:
    row = compare(story("a", *FILLED), b).orders.row(0, named=True)
    assert (row["outcome"], row["cause"]) == (outcome, cause)
    assert said is None or said in row["detail"]


def test_what_follows_from_a_difference_names_it() -> None:
    """B missed the first fill; on the next tick each quotes as its position has it."""
    later = a_tick(5, "99", "100")
    a = frames_of([(a_start(), ()), (a_tick(0, "99", "100"), (an_order("a", price=99),)), *((e, ()) for e in FILLED),
                   (later, (an_order("a2", price=98),))])  # fmt: skip
    b = frames_of([(a_start(), ()), (a_tick(0, "99", "100"), (an_order("b", price=99),)), (taken("b"), ()),
                   (later, (an_order("b2", price=97),))])  # fmt: skip
    rows = compare(a, b).orders.rows(named=True)
    assert [(row["outcome"], row["cause"]) for row in rows] == [(IN_A, "queue"), (PRICED, "follows")]
    assert "after order a had filled otherwise" in rows[1]["detail"]
