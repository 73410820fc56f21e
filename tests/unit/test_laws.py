"""The laws find what was broken on purpose, and the counts of how quotes filled can be worked out by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.frames import Frames
from engine.analysis.laws import TOO_EARLY, TOO_LATE, TOO_MUCH, broken_laws, share_of_volume
from engine.analysis.market import Prints, ticks_of
from engine.analysis.quality import fill_quality, touch_shares
from engine.analysis.supply import Change, Moment, Print, overdrawn
from engine.core.commands import Cancel
from engine.core.events import OrderAccepted, OrderCanceled
from engine.core.types import SECOND, Side
from tests.support.builders import LINEAR, START_NS, a_fill, a_start, a_tick, an_order
from tests.support.markets import frames_of

MS = 1_000_000


def at(second: float) -> dict[str, Any]:
    ns = START_NS + round(second * SECOND)
    return {"ts_event": ns, "ts_init": ns}


def story(filled: float = 0.05, late: float | None = None) -> Frames:
    """A bid sent at 0 s and filled, another cancelled at 3 s, the last word at 1.05 s before, or filled `late`."""
    script: list[Any] = [
        (a_start(), ()),
        (a_tick(0, "99.9", "100.1"), (an_order("a", Side.BUY, "99.9"), an_order("b", Side.BUY, "98"))),
        (OrderAccepted(**at(0.05), id="b", venue_id="v"), ()),
        (OrderAccepted(**at(0.05), id="a", venue_id="v"), ()),
        (a_fill("a", Side.BUY, "1", "99.9", **at(filled)), ()),
        (a_tick(3, "98", "100"), (Cancel("b", "refresh"),)),
        (OrderCanceled(**at(3.05), id="b"), ()),
        *([] if late is None else [(a_fill("b", Side.BUY, "1", "98", **at(late)), ())]),
        (a_tick(5, "98", "100"), ()),
    ]
    return frames_of(script)


def test_a_sound_run_breaks_no_law() -> None:
    assert broken_laws(story(filled=0.05), 50 * MS, 0.05) == ()


def test_each_broken_law_is_a_finding() -> None:
    (early,) = broken_laws(story(filled=0.049), 50 * MS, None)
    assert (early.law, early.fills) == (TOO_EARLY, 1)
    assert "49 ms after it was sent" in early.example
    (late,) = broken_laws(story(late=3.2), 50 * MS, None)
    assert (late.law, late.fills) == (TOO_LATE, 1)
    (much,) = broken_laws(story(), 50 * MS, 0.2)
    assert much.law == TOO_MUCH


def test_share_of_volume_counts_the_run_s_own_time() -> None:
    frames = story()
    ns = np.array([START_NS - 1, START_NS + SECOND, START_NS + 5 * SECOND, START_NS + 6 * SECOND])
    page = Prints(ns, np.full(4, 100.0), np.array([50.0, 3.0, 1.0, 50.0]), np.ones(4, np.int64))
    market = ticks_of(frames.equity)._replace(prints=lambda _low, _high: iter((page,)))
    assert share_of_volume(frames, market, LINEAR) == pytest.approx(0.25)
    assert share_of_volume(frames, ticks_of(frames.equity), LINEAR) is None


def test_fill_quality_by_hand() -> None:
    frames = story(filled=2.05)
    rows = fill_quality(frames, ticks_of(frames.equity))
    assert rows.select("from_bps", "to_bps", "orders", "filled").rows() == [(10, 20, 1, 1), (100, None, 1, 0)]
    assert rows["seconds_to_fill"].to_list() == [2.0, None]
    assert rows["fills_per_hour"].to_list() == [1800.0, 0.0]
    touch = touch_shares(frames)  # "b" is at the touch from 3 s to 3.05 s: seen by the tick at 3 s
    assert touch == {"bid": pytest.approx(1 / 3), "ask": 0.0}


def fills_of(rows: Sequence[tuple[int, str, float, float, bool]]) -> pl.DataFrame:
    plain = [
        {"ts": ts, "id": str(n), "side": side, "price": price, "size": size, "maker": maker, "liquidation": False}
        for n, (ts, side, price, size, maker) in enumerate(rows)
    ]
    return pl.DataFrame(plain, orient="row").with_columns(pl.col("ts").cast(pl.Datetime("ns", "UTC")))


BOOK: Moment = (1, [Change(1, 99.0, 5.0), Change(-1, 101.0, 2.0), Change(-1, 102.0, 4.0)])


@pytest.mark.parametrize(
    ("fills", "market", "honest"),
    [
        ([(2, "buy", 99.0, 3.0, True)], [BOOK, (2, [Print(-1, 99.0, 3.0)])], True),
        ([(2, "buy", 99.0, 3.0, True)], [BOOK, (2, [Print(-1, 98.0, 3.0)])], True),  # through the price
        ([(2, "buy", 99.0, 3.0, True)], [BOOK, (2, [Print(-1, 99.0, 2.9)])], False),
        ([(2, "buy", 99.0, 3.0, True)], [BOOK, (2, [Print(1, 99.0, 3.0)])], False),  # takers bought
        ([(2, "buy", 99.0, 3.0, True)], [BOOK, (3, [Print(-1, 99.0, 3.0)])], False),  # of another time
        ([(2, "buy", 99.0, 2.0, True), (2, "buy", 99.0, 2.0, True)], [BOOK, (2, [Print(-1, 99.0, 3.0)])], False),
        ([(2, "buy", 101.0, 2.0, False)], [BOOK], True),
        ([(2, "buy", 101.0, 2.1, False)], [BOOK], False),
        ([(2, "buy", 101.0, 2.0, False), (3, "buy", 101.0, 1.0, False)], [BOOK], False),  # used twice
        ([(2, "buy", 101.0, 2.0, False), (4, "buy", 101.0, 1.0, False)], [BOOK, (3, [Change(-1, 101.0, 2.0)])], True),
        ([(3, "buy", 101.0, 1.0, False)], [BOOK, (2, [Change(-1, 101.0, 0.0)])], False),
        ([(2, "sell", 99.0, 5.0, False)], [BOOK], True),
        ([(2, "sell", 100.0, 1.0, False)], [BOOK], False),
        ([(2, "sell", 100.0, 1.0, True)], [BOOK, (2, [Change(1, 100.5, 1.0)])], True),  # the market came through
        ([(3, "sell", 99.0, 1.0, False)], [BOOK, (2, [Change(0, None, 0.0)])], False),
    ],
)
def test_liquidity_is_there_once(fills: list[Any], market: list[Moment], honest: bool) -> None:
    assert (overdrawn(fills_of(fills), iter(market)) is None) is honest


@settings(max_examples=60, deadline=None)
@given(
    prints=st.lists(st.tuples(st.integers(1, 4), st.integers(95, 105), st.integers(1, 5)), min_size=1, max_size=8),
    cuts=st.lists(st.integers(1, 5), min_size=1, max_size=8),
    more=st.floats(0.01, 5),
)
def test_all_that_was_sold_can_be_bought_and_no_more(prints: list[Any], cuts: list[int], more: float) -> None:
    """Buys that share out what takers sold are honest in any pieces; one more, of whatever size, is not."""
    ordered = sorted(prints)
    moments = [(ts, [Print(-1, float(p), float(s)) for t, p, s in ordered if t == ts]) for ts in range(1, 5)]
    fills = []
    for n, (ts, price, size) in enumerate(ordered):
        piece = min(cuts[n % len(cuts)], size)
        parts = [float(piece), *([float(size - piece)] if size > piece else [])]
        fills += [(ts, "buy", float(price), part, True) for part in parts]
    assert overdrawn(fills_of(fills), iter(moments)) is None
    last = max(ts for ts, *_ in fills)
    assert overdrawn(fills_of([*fills, (last, "buy", 200.0, more, True)]), iter(moments)) is not None
