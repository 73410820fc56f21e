"""Databento's DBN: events, snapshots, single orders summed to levels, undefined prices; its own fixtures."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.readers.databento_orders import OrderBook
from tests.support.shared import TAPES, needs_tapes
from tests.support.tapes import BTCUSDT
from tests.support.vendor_reading import Reading, reading, refused
from tests.support.vendor_small import F_LAST, F_SNAPSHOT, Order, dbn_orders, orders

FIXTURES = TAPES / "databento" / "GLBX.MDP3"
ES = ("ESH1.GLBX", "ESH1")


def read(folder: Path, rows: list[Order]) -> Reading:
    return reading(folder, dbn_orders(rows), BTCUSDT, "BTCUSDT", step="1")


def test_trades_and_fills_change_no_book_the_cancellation_does(tmp_path: Path) -> None:
    rows = orders(0)
    rows += [("T", "A", 0, 100.0, 4, 0), ("F", "B", 1, 100.0, 4, 0), ("C", "B", 1, 100.0, 4, F_LAST)]
    found = read(tmp_path, rows)
    assert [top.bid_size for top in found.tops()] == [Decimal(10), Decimal(6)]
    trades = found.table("trades")
    assert trades.select("price", "size", "aggressor_side").rows() == [(Decimal(100), Decimal(4), "SELL")]


def test_the_book_is_looked_at_behind_the_last_record_of_an_event(tmp_path: Path) -> None:
    crossing = [("A", "B", 99, 100.1, 1, 0), ("C", "A", 11, 100.1, 10, F_LAST)]
    assert [top.bid for top in read(tmp_path, [*orders(0), *crossing]).tops()] == [Decimal(100), Decimal("100.1")]
    split = [(*crossing[0][:5], F_LAST), crossing[1]]
    assert (
        "cross"
        in refused(
            tmp_path, dbn_orders([*orders(0), ("A", "B", 98, 100.2, 1, F_LAST)]), BTCUSDT, "BTCUSDT", step="1"
        ).message
    )
    assert read(tmp_path, [*orders(0), *split]).said("locked")


def test_a_snapshot_is_of_when_it_was_taken_and_begins_the_book(tmp_path: Path) -> None:
    early = [("A", "B", 77, 99.0, 1, F_LAST)]
    found = read(tmp_path, [*early, *orders(2)])
    assert found.said("1 records before the first snapshot")
    deltas = found.table("order_book_deltas")
    snapshot = deltas.filter(deltas["flags"] & F_SNAPSHOT > 0)
    assert snapshot["action"].to_list() == ["CLEAR", *["ADD"] * 10]
    assert (snapshot["ts_event"] == snapshot["ts_init"]).all()
    assert "no snapshot" in refused(tmp_path, dbn_orders(early), BTCUSDT, "BTCUSDT", step="1").message


def test_an_event_that_is_not_finished_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    rows = [*orders(2), ("A", "B", 500, 99.9, 3, 0)]
    found = read(tmp_path, rows)
    assert found.said("1 records at the end are of an event that is not finished")
    assert found.made.rows == read(tmp_path, orders(2)).made.rows


def test_a_price_off_the_tick_and_an_action_that_is_none_are_refused(tmp_path: Path) -> None:
    wrong = [*orders(1), ("A", "B", 500, 99.9, 3, F_LAST)]
    problem = refused(tmp_path, dbn_orders(wrong), BTCUSDT, "BTCUSDT", tick="0.5", step="1")
    assert problem.field == "price"
    odd = [*orders(1), ("Z", "B", 500, 99.9, 3, F_LAST)]
    problem = refused(tmp_path, dbn_orders(odd), BTCUSDT, "BTCUSDT", step="1")
    assert (problem.line, problem.field) == (len(odd), "action")


actions = st.tuples(
    st.sampled_from("ACM"), st.integers(1, 12), st.sampled_from([1, -1]), st.integers(1, 5), st.integers(1, 9)
)


@settings(max_examples=200, deadline=None)
@given(st.lists(actions, max_size=60), st.integers(1, 7))
def test_levels_are_the_sums_of_their_orders(steps: list[tuple[str, int, int, int, int]], every: int) -> None:
    book, resting, levels = OrderBook(), dict[int, tuple[int, int, int]](), Counter[tuple[int, int]]()
    for n, (action, order, side, price, size) in enumerate(steps):
        if action == "C":
            book.cancel(order, size)
            if order in resting:
                held = resting[order]
                resting[order] = (held[0], held[1], held[2] - size)
                if resting[order][2] <= 0:
                    del resting[order]
        else:
            book.add(order, side, price, size)
            resting[order] = (side, price, size)
        if n % every == 0 or n == len(steps) - 1:
            levels |= Counter()
            for changed, at, lots in book.changes():
                levels[changed, at] = lots
            sums = Counter[tuple[int, int]]()
            for changed, at, lots in resting.values():
                sums[changed, at] += lots
            assert {key: lots for key, lots in levels.items() if lots} == dict(sums)


@needs_tapes
@pytest.mark.parametrize(
    ("schema", "rows"),
    [
        ("mbp-10", {"order_book_deltas": 24, "quotes": 4}),
        ("mbp-1", {"quotes": 4}),
        ("tbbo", {"trades": 4, "quotes": 4}),
        ("trades", {"trades": 4}),
        ("mbo", {"order_book_deltas": 5, "quotes": 1}),
    ],
)
def test_its_own_fixtures_are_read(tmp_path: Path, schema: str, rows: dict[str, int]) -> None:
    content = (FIXTURES / f"test_data.{schema}.dbn.zst").read_bytes()
    assert reading(tmp_path, content, *ES, tick="0.25", step="1").made.rows_by_table == rows


@needs_tapes
def test_ten_levels_are_those_that_databento_decodes(tmp_path: Path) -> None:
    import databento  # noqa: PLC0415 - slow to import

    path = FIXTURES / "test_data.mbp-10.dbn.zst"
    frame = databento.DBNStore.from_bytes(path.read_bytes()).to_ndarray()[-1]
    found = reading(tmp_path, path.read_bytes(), *ES, tick="0.25", step="1").tops()[-1]
    wanted = [Decimal(int(frame[f"{side}_px_00"])).scaleb(-9) for side in ("bid", "ask")]
    assert [found.bid, found.ask] == wanted
    assert [found.bid_size, found.ask_size] == [Decimal(int(frame[f"{side}_sz_00"])) for side in ("bid", "ask")]


@needs_tapes
def test_the_contract_is_held_against_its_definition(tmp_path: Path) -> None:
    files = {name: (FIXTURES / f"test_data.{name}.dbn.zst").read_bytes() for name in ("definition", "mbp-1")}
    found = reading(tmp_path, files, *ES, tick="0.25", step="1", multiplier="50")
    assert found.made.rows_by_table == {"quotes": 4}
    for terms, field in (
        ({"tick": "0.05", "multiplier": "50"}, "min_price_increment"),
        ({"tick": "0.25", "multiplier": "5"}, "unit_of_measure_qty"),
    ):
        assert refused(tmp_path, files, *ES, step="1", **terms).field == field
    assert "nothing" in refused(tmp_path, files["definition"], *ES, tick="0.25", step="1", multiplier="50").message


@needs_tapes
def test_other_schemas_are_refused_by_name(tmp_path: Path) -> None:
    for schema in ("statistics", "ohlcv-1s", "status"):
        content = (FIXTURES / f"test_data.{schema}.dbn.zst").read_bytes()
        assert schema in refused(tmp_path, content, *ES, tick="0.25", step="1").message


def test_records_of_another_size_are_refused(tmp_path: Path) -> None:
    content = dbn_orders(orders())
    harmed = bytearray(content)
    harmed[-56] = np.uint8(3)  # the length of the last record
    problem = refused(tmp_path, bytes(harmed), BTCUSDT, "BTCUSDT", step="1")
    assert (problem.field, problem.line) == ("rtype", len(orders()))
