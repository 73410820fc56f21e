"""The true queue: who cancels before an order only helps it; NautilusTrader's model is no kinder than the kindest."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synthetic.tape import BOOK, LIQUIDATIONS, TICKER, TRADES, Tape
from data.synthetic.true_queue import Cancels, Order, fill_times
from scripts.queue_bias import fill_rate, probes

LATE = 10**9
changes = st.lists(
    st.tuples(st.booleans(), st.sampled_from([99, 100]), st.integers(0, 12), st.integers(1, 3)), max_size=40
)


def tape_of(rows: list[tuple[bool, int, int, int]]) -> Tape:
    """Takers who sell and changes of the bids, a microsecond apart or more, after a level of 5 at 100."""
    book, trades = [(0, 0, True, 1, 100, 5), (0, 0, True, -1, 105, 5)], []
    at = 10
    for n, (is_trade, price, lots, wait) in enumerate(rows):
        at += wait
        if is_trade:
            trades.append((at, at, n, -1, price, max(lots, 1)))
        else:
            book.append((at, at, False, 1, price, lots))
    return Tape(
        pl.DataFrame(book, schema=BOOK, orient="row"),
        pl.DataFrame(trades, schema=TRADES, orient="row"),
        pl.DataFrame(schema=TICKER),
        pl.DataFrame(schema=LIQUIDATIONS),
    )


@settings(max_examples=200, deadline=None)
@given(changes, st.integers(1, 60), st.integers(1, 4))
def test_who_cancels_in_front_helps_and_who_cancels_behind_does_not(rows: list, start: int, lots: int) -> None:
    order = Order(1, 100, lots, start, LATE)
    tape = tape_of(rows)
    front, evenly, back = (
        fill_times(tape, [order], cancels)[0] or LATE for cancels in (Cancels.FRONT, Cancels.EVENLY, Cancels.BACK)
    )
    assert start <= front <= evenly <= back


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(True, 100, 5, 1), (True, 100, 1, 1)], (12, 12, 12)),  # five ahead, then one for us
        ([(False, 100, 2, 1), (True, 100, 1, 1), (True, 100, 1, 1), (True, 100, 1, 1)], (13 + 1, 14, 14)),
        ([(False, 100, 10, 1), (False, 100, 5, 1), (True, 100, 4, 1)], (13, 13, None)),  # 5 join, 5 leave
        ([(True, 99, 1, 1)], (11, 11, 11)),  # through the price
        ([(True, 100, 5, 1)], (None, None, None)),
    ],
)
def test_by_hand(rows: list, expected: tuple[int | None, ...]) -> None:
    tape, order = tape_of(rows), [Order(1, 100, 1, 5, LATE)]
    assert tuple(fill_times(tape, order, cancels)[0] for cancels in (Cancels.FRONT, Cancels.EVENLY, Cancels.BACK)) == (
        expected
    )


def test_the_central_assumption_is_that_cancels_come_from_behind(tmp_path: Path) -> None:
    """On a small market; `make bias` asks the same of large ones, and prints by how much it is off."""
    found = probes(77, 2.0, tmp_path)
    assert len(found) >= 15
    simulated = [probe.simulated for probe in found]
    never = float("inf")
    for probe in found:
        assert (probe.simulated or never) >= (probe.true[Cancels.FRONT] or never) - 1e-6
    alike = sum(probe.simulated == probe.true[Cancels.BACK] for probe in found)
    assert alike >= 0.9 * len(found)
    assert 0 < fill_rate(simulated) < 1
