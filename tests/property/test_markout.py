"""Markouts against brute force: the last mid known at the horizon, however the market is cut into pages."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.frames import FILLS
from engine.analysis.market import tops_at
from engine.analysis.markout import curve, markouts, student
from engine.core.types import SECOND
from tests.support.markets import a_market

TENTH = SECOND // 10
times = st.integers(0, 60).map(lambda tenths: tenths * TENTH)  # few and coarse: many fall together
quotes = st.tuples(times, st.integers(90, 110), st.integers(0, 5)).map(lambda q: (q[0], q[1], q[1] + q[2]))
markets = st.lists(quotes, min_size=1, max_size=25).map(lambda rows: sorted(rows, key=lambda row: row[0]))
cuts = st.lists(st.integers(0, 25), max_size=6)


def fills_at(rows: list[tuple[int, int, str]]) -> pl.DataFrame:
    plain = [
        {"seq": n, "ts": ts, "price": float(price), "side": side, "maker": True, "purpose": "quote", "level": n % 2}
        for n, (ts, price, side) in enumerate(rows)
    ]
    raw = {name: pl.Int64 if name in ("ts", "ts_event") else kind for name, kind in FILLS.items()}
    return pl.DataFrame(plain, schema=raw).cast(pl.Schema(FILLS))


def last_known(rows: list[tuple[int, int, int]], at: int) -> tuple[int, float, float] | None:
    return next((row for row in reversed(rows) if row[0] <= at), None)


@settings(max_examples=150, deadline=None)
@given(rows=markets, pages=cuts, asked=st.lists(times, max_size=20), more=st.lists(times, max_size=5))
def test_as_of_is_the_last_known(rows: list, pages: list[int], asked: list[int], more: list[int]) -> None:
    found = tops_at(a_market(rows, pages), np.array(asked, np.int64), np.array(more, np.int64))
    for tops, wanted in zip(found, (asked, more), strict=True):
        for n, at in enumerate(wanted):
            row = last_known(rows, at)
            if row is None:
                assert (tops.ts[n], np.isnan(tops.mid[n])) == (-1, True)
            else:
                assert (tops.ts[n], tops.bid[n], tops.ask[n]) == row


@settings(max_examples=80, deadline=None)
@given(
    rows=markets,
    pages=cuts,
    drawn=st.lists(st.tuples(times, st.integers(90, 110), st.sampled_from(["buy", "sell"])), max_size=12),
)
def test_markouts_are_what_brute_force_finds(rows: list, pages: list[int], drawn: list) -> None:
    horizons = (0.1, 1.0, 2.5)
    expected = []
    for horizon in horizons:
        for n, (ts, price, side) in enumerate(drawn):
            later = ts + round(horizon * SECOND)
            row = last_known(rows, later)
            if row is not None and later <= rows[-1][0]:
                sign = 1 if side == "buy" else -1
                expected.append((n, horizon, sign * ((row[1] + row[2]) / 2 / price - 1) * 1e4))
    found = markouts(fills_at(drawn), a_market(rows, pages), horizons)
    assert found.select("seq", "horizon_s").rows() == [row[:2] for row in expected]
    assert found["markout_bps"].to_list() == pytest.approx([row[2] for row in expected])


@settings(max_examples=40, deadline=None)
@given(rows=markets, drawn=st.lists(st.tuples(times, st.integers(90, 110), st.just("buy")), min_size=1, max_size=12))
def test_nothing_after_the_horizon_matters(rows: list, drawn: list) -> None:
    """Scramble the market after the last horizon: no markout changes."""
    last = max(ts for ts, *_ in drawn) + SECOND
    end = max(last, rows[-1][0]) + SECOND
    known = [row for row in rows if row[0] <= last]
    one = markouts(fills_at(drawn), a_market([*known, (end, 1, 2)]), (1.0,))
    other = markouts(fills_at(drawn), a_market([*known, (last + 1, 500, 600), (end, 7, 9)]), (1.0,))
    assert one.equals(other)


def test_horizons_finer_than_the_market_are_left_out() -> None:
    market = a_market([(n * SECOND, 99, 101) for n in range(400)], step_ns=SECOND)
    found = markouts(fills_at([(5 * SECOND, 100, "buy")]), market)
    assert found["horizon_s"].min() == 1.0
    assert found["horizon_s"].max() == 300.0


def test_curve_means_and_bands() -> None:
    """Two fills of one moment are one witness: the band is that of the three moments."""
    rows = [(0, 100, "buy"), (0, 100, "buy"), (20 * SECOND, 100, "sell"), (40 * SECOND, 100, "buy")]
    market = a_market([(0, 100.0, 100.2), (19 * SECOND, 99.9, 100.0), (39 * SECOND, 100.3, 100.5), (99 * SECOND, 1, 1)])
    found = curve(markouts(fills_at(rows), market, (1.0,)))
    row = found.row(0, named=True)
    assert (row["fills"], row["bunches"]) == (4, 3)
    values = np.array([10, 10, 5, 40.0])
    mean = values.mean()
    sums = np.array([(values[:2] - mean).sum(), *(values[2:] - mean)])
    error = np.sqrt((sums**2).sum() * 3 / 2) / 4
    assert row["mean_bps"] == pytest.approx(mean)
    assert row["high_bps"] - row["mean_bps"] == pytest.approx(4.302653 * error, rel=1e-6)
    assert row["mean_bps"] - row["low_bps"] == pytest.approx(4.302653 * error, rel=1e-6)
    assert curve(markouts(fills_at(rows[:1]), market, (1.0,)))["low_bps"].to_list() == [None]


def test_band_covers_as_often_as_it_says() -> None:
    """Bunched, heavy fills of mean zero, seeded: 95 of 100 bands hold it, give or take what chance allows."""
    chance = np.random.default_rng(8)
    held = 0
    for _ in range(300):
        bunch = np.repeat(np.arange(30), chance.integers(1, 6, 30))
        values = chance.standard_t(5, 30)[bunch] + chance.normal(0, 0.3, len(bunch))
        frame = pl.DataFrame({"ts": bunch * 20 * SECOND, "horizon_s": 10.0, "markout_bps": values})
        row = curve(frame.with_columns(pl.col("ts").cast(pl.Datetime("ns", "UTC")))).row(0, named=True)
        held += row["low_bps"] <= 0 <= row["high_bps"]
    assert 0.90 <= held / 300 <= 0.98


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (5, 2.5706), (30, 2.0423), (500, 1.9647)]
)
def test_student_is_the_tables(degrees: int, quantile: float) -> None:
    assert student(degrees) == pytest.approx(quantile, rel=2e-3)
