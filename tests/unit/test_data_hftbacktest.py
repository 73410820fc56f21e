"""hftbacktest's npz: events on two clocks, snapshots up to their last level, floats on the grid."""

import io
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.decimals import BadNumberError
from data.floats import float_units
from data.readers.hftbacktest_events import BBO, BUY, CLEAR, DEPTH, EXCH, LOCAL, SELL, SNAPSHOT
from tests.support.captures import START_MS
from tests.support.tapes import BTCUSDT
from tests.support.vendor_reading import reading, refused
from tests.support.vendor_small import events, hftbacktest_rows

BOTH = EXCH | LOCAL


def test_an_event_that_stands_there_for_each_clock_is_one(tmp_path: Path) -> None:
    rows = hftbacktest_rows()
    once = reading(tmp_path, events(rows), BTCUSDT)
    twice = [(ev ^ clock, at, late, px, qty) for ev, at, late, px, qty in rows for clock in (EXCH, LOCAL)]
    assert reading(tmp_path, events(twice), BTCUSDT).made.fingerprint == once.made.fingerprint
    assert once.made.clock.min_ns == 5_000_000


def test_npz_and_npy_are_one(tmp_path: Path) -> None:
    content = events(hftbacktest_rows())
    file = io.BytesIO()
    np.savez_compressed(file, data=np.load(io.BytesIO(content)))
    plain, packed = reading(tmp_path, content, BTCUSDT), reading(tmp_path, file.getvalue(), BTCUSDT)
    assert packed.made.fingerprint == plain.made.fingerprint


def test_a_later_snapshot_tells_the_book_up_to_its_last_level(tmp_path: Path) -> None:
    rows = hftbacktest_rows(0)
    at = START_MS + 1000
    rows += [(BOTH | BUY | CLEAR, at, 5, 99.8, 0.0), (BOTH | BUY | SNAPSHOT, at, 5, 99.9, 4.0)]
    rows += [(BOTH | BUY | SNAPSHOT, at, 5, 99.8, 1.0)]
    found = reading(tmp_path, events(rows), BTCUSDT)
    told = found.table("order_book_deltas").tail(2).select("action", "price", "size").rows()
    assert told == [("DELETE", Decimal(100), Decimal(0)), ("UPDATE", Decimal("99.9"), Decimal(4))]
    assert found.tops()[-1].bid == Decimal("99.9")
    assert found.tops()[-1].ask == Decimal("100.1")  # of the side that was not told nothing changed


@pytest.mark.parametrize(
    ("clearing", "bids", "asks"),
    [
        ((BOTH | BUY | CLEAR, 99.8), 8, 10),  # 100.0 and 99.9 were not told again, 99.8 was
        ((BOTH | BUY | CLEAR, float("nan")), 1, 10),
        ((BOTH | SELL | CLEAR, float("inf")), 10, 0),
        ((BOTH | CLEAR, 99.8), 1, 0),
    ],
)
def test_a_clearing_reaches_as_far_as_hftbacktest_says(
    tmp_path: Path, clearing: tuple[int, float], bids: int, asks: int
) -> None:
    at = START_MS + 1000
    ev, price = clearing
    rows = [*hftbacktest_rows(0), (ev, at, 5, price, 0.0), (BOTH | BUY | SNAPSHOT, at, 5, 99.8, 4.0)]
    deltas = reading(tmp_path, events(rows), BTCUSDT).table("order_book_deltas")
    last = deltas.group_by("side", "price").last().filter(pl.col("action").is_in(["ADD", "UPDATE"]))
    assert [(last["side"] == side).sum() for side in ("BUY", "SELL")] == [bids, asks]


def test_best_bid_and_ask_alone_are_quotes(tmp_path: Path) -> None:
    rows = [
        (BOTH | side | BBO, START_MS + n, 5, px, 1.0) for n in range(3) for side, px in ((BUY, 99.0 + n), (SELL, 110.0))
    ]
    quotes = reading(tmp_path, events(rows), BTCUSDT).table("quotes")
    assert quotes["bid_price"].to_list() == [Decimal(99 + n) for n in range(3)]
    assert set(quotes["ask_size"]) == {Decimal(1)}


REFUSED = {
    "off the tick": (lambda rows: [*rows, (BOTH | BUY | DEPTH, START_MS + 9000, 5, 99.95, 1.0)], "px"),
    "off the step": (lambda rows: [*rows, (BOTH | BUY | DEPTH, START_MS + 9000, 5, 99.9, 0.0015)], "qty"),
    "no number": (lambda rows: [*rows, (BOTH | BUY | DEPTH, START_MS + 9000, 5, float("nan"), 1.0)], "px"),
    "single orders": (lambda rows: [*rows, (BOTH | BUY | 10, START_MS + 9000, 5, 99.9, 1.0)], "ev"),
    "order": (lambda rows: [*rows[:-3], (BOTH | BUY | DEPTH, START_MS - 9000, 5, 99.9, 1.0)], "local_ts"),
    "unit": (lambda rows: [(ev, at // 1000, late, px, qty) for ev, at, late, px, qty in rows], "exch_ts"),
    "no snapshot": (lambda rows: rows[22:], "ev"),
    "one clock": (lambda rows: [(ev ^ LOCAL, at, late, px, qty) for ev, at, late, px, qty in rows], "ev"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_events_are_refused_with_their_field(tmp_path: Path, name: str) -> None:
    change, field = REFUSED[name]
    assert refused(tmp_path, events(change(hftbacktest_rows())), BTCUSDT).field == field


def test_the_first_form_and_other_arrays_are_refused(tmp_path: Path) -> None:
    for array, word in ((np.zeros((3, 6)), "first form"), (np.zeros(3), "not of hftbacktest")):
        file = io.BytesIO()
        np.save(file, array)
        assert word in refused(tmp_path, file.getvalue(), BTCUSDT).message


@given(st.integers(1, 10**12), st.sampled_from(["0.1", "0.001", "0.5", "0.25", "1", "0.00001", "10", "0.005"]))
def test_a_float_is_the_decimal_that_was_written(units: int, unit: str) -> None:
    written = Decimal(units) * Decimal(unit)
    assert float_units(np.array([float(written)]), Decimal(unit)).tolist() == [units]
    with pytest.raises(BadNumberError):
        float_units(np.array([float(written + Decimal(unit) / 3)]), Decimal(unit))
