"""Bybit's archives: the chain of u, snapshots of a known book, trades in either order, RPI, inverse contracts."""

import json
import random
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data import unpack
from tests.support.vendor_files import BYBIT, lines
from tests.support.vendor_reading import reading, refused
from tests.support.vendor_small import (
    ASKS,
    BIDS,
    BYBIT_TRADES_HEADER,
    bybit_book,
    bybit_line,
    bybit_skipping,
    bybit_trades,
)


def test_both_times_are_kept(tmp_path: Path) -> None:
    found = reading(tmp_path, lines(bybit_book()), BYBIT)
    deltas = found.table("order_book_deltas")
    late = deltas["ts_init"].cast(int) - deltas["ts_event"].cast(int)
    assert late.unique().to_list() == [3_000_000]
    assert found.said("no receive time")


def test_a_jump_of_u_empties_the_book_until_the_next_snapshot(tmp_path: Path) -> None:
    rows = bybit_book(6)
    rows = [
        *rows[:3],
        *rows[4:],
        bybit_line(1007, BIDS, ASKS, snapshot=True, step=9),
        bybit_line(1008, [], [], step=10),
    ]
    found = reading(tmp_path, lines(rows), BYBIT)
    assert found.tops()[3:-1] == [None]
    assert found.tops()[-1] is not None
    assert found.said("file:4: sequence gap: u 1004 follows 1002")


def test_a_lost_message_costs_the_rest_of_a_file_without_a_snapshot(tmp_path: Path) -> None:
    rows = bybit_book(9)
    assert reading(tmp_path, lines([*rows[:3], *rows[4:]]), BYBIT).tops()[-1] is None


def test_numbers_that_skip_all_the_time_are_no_gaps_and_that_is_said(tmp_path: Path) -> None:
    found = reading(tmp_path, lines(bybit_skipping(5)), BYBIT)
    assert None not in found.tops()
    assert found.said("u jumps, but the levels fit together")
    assert None in reading(tmp_path, lines(bybit_skipping(2)), BYBIT).tops()


def test_numbers_that_skip_where_an_unknown_level_is_deleted_are_gaps(tmp_path: Path) -> None:
    rows = [*bybit_skipping(5), bybit_line(2000, [("42.0", "0")], [], step=99)]
    assert None in reading(tmp_path, lines(rows), BYBIT).tops()


def test_a_message_twice_is_one_and_a_service_that_began_again_begins_the_book_anew(tmp_path: Path) -> None:
    rows = bybit_book(5)
    once = reading(tmp_path, lines(rows), BYBIT)
    assert reading(tmp_path, lines([*rows, rows[-1]]), BYBIT).made.fingerprint == once.made.fingerprint
    again = reading(tmp_path, lines([*rows, bybit_line(1, BIDS[:2], ASKS[:2], snapshot=True, step=9)]), BYBIT)
    assert again.table("order_book_deltas")["action"].to_list()[-5:] == ["CLEAR", "ADD", "ADD", "ADD", "ADD"]


def test_numbers_that_start_again_without_a_snapshot_are_a_gap(tmp_path: Path) -> None:
    rows = [*bybit_book(5), bybit_line(2, [("99.9", "5")], [], step=9)]
    assert reading(tmp_path, lines(rows), BYBIT).tops()[-1] is None


def test_the_next_day_goes_on_where_the_last_ended(tmp_path: Path) -> None:
    """Of the snapshot that begins a file only what differs is told, and within the window alone."""
    first = bybit_book(1)
    bids = [("99.9", "1.000"), ("99.8", "7.000")]  # of ten levels known, two shown of a depth of 500: all there is
    second = bybit_line(1002, bids, ASKS, snapshot=True, step=9)
    found = reading(tmp_path, {"a": lines(first), "b": lines([second])}, BYBIT)
    last = found.table("order_book_deltas").tail(9)
    assert "CLEAR" not in last["action"].to_list()
    assert found.tops()[-1].bid == Decimal("99.9")
    two = [row.replace("orderbook.500.", "orderbook.2.") for row in (*first, second)]
    deltas = reading(tmp_path, {"a": lines(two[:2]), "b": lines(two[2:])}, BYBIT).table("order_book_deltas")
    gone = deltas.filter(deltas["action"] == "DELETE")
    assert gone["price"].to_list() == [
        Decimal(99),
        Decimal(100),
    ]  # the delta took 99; what lies beyond the second level is not known, and stays


@pytest.mark.parametrize("where", [0, 1, 7])
def test_levels_may_be_written_with_blanks_or_exponents(tmp_path: Path, where: int) -> None:
    rows = bybit_book(9)
    changed = [json.dumps(json.loads(row)) if n == where else row for n, row in enumerate(rows)]
    right = reading(tmp_path, lines(rows), BYBIT).made.fingerprint
    assert reading(tmp_path, lines(changed), BYBIT).made.fingerprint == right
    odd = [row.replace('"1.000"', '"1E+0"') for row in rows]
    assert reading(tmp_path, lines(odd), BYBIT).made.fingerprint == right


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('"2.003"', '"2.0035"', "size"),
        ('"2.003"', '"-1"', "size"),
        ('"2.003"', '"x"', "size"),
        ('"100.8"', '"100.85"', "price"),
        ('"100.8"', '"0"', "price"),
        ('[["100.8","2.003"]]', "[[]]", "asks"),
        ('[["100.8","2.003"]]', '"100.8"', "asks"),
        ('"s":"BTCUSDT"', '"s":"ETHUSDT"', "s"),
        ('"type":"delta"', '"type":"mood"', "type"),
        ('"u":1004', '"u":"1004"', "u"),
    ],
)
def test_a_bad_message_is_refused_with_its_place(tmp_path: Path, old: str, new: str, field: str) -> None:
    rows = bybit_book(9)
    assert old in rows[4]
    problem = refused(tmp_path, lines([*rows[:4], rows[4].replace(old, new), *rows[5:]]), BYBIT)
    assert (problem.line, problem.field) == (5, field)


@pytest.mark.parametrize("chunk", [500, 1 << 18])
def test_a_trade_file_may_be_written_latest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    header, *rows = bybit_trades(200)
    right = reading(tmp_path, lines([header, *rows]), BYBIT)
    monkeypatch.setattr(unpack, "_READ", chunk)
    turned = reading(tmp_path, lines([header, *reversed(rows)]), BYBIT)
    assert turned.table("trades").equals(right.table("trades"))
    random.Random(1).shuffle(rows)
    assert refused(tmp_path, lines([header, *rows]), BYBIT).field == "timestamp"


def test_prints_against_hidden_orders_are_kept_apart(tmp_path: Path) -> None:
    header, *rows = bybit_trades(4)
    marked = [f"{row},{int(n == 2)}" for n, row in enumerate(rows)]
    found = reading(tmp_path, lines([f"{header},RPI", *marked]), BYBIT)
    assert len(found.table("trades")) == 3
    assert len(found.beside("special_trades")) == 1
    assert found.said("1 RPI print kept apart")


def test_sizes_of_an_inverse_contract_are_dollars(tmp_path: Path) -> None:
    row = "1700000000.1,BTCUSD,Buy,250,36500.5,PlusTick,a-b,684936,0.00684922,250"
    found = reading(tmp_path, lines([BYBIT_TRADES_HEADER, row]), "BTCUSD-INVERSE.BYBIT")
    assert found.table("trades")["size"].to_list() == [Decimal(250)]
    terms = {"tick": "0.5", "step": "1"}
    problem = refused(tmp_path, lines([BYBIT_TRADES_HEADER, row]), "BTCUSD-LINEAR.BYBIT", "BTCUSD", **terms)
    assert problem.field == "foreignNotional"


@pytest.mark.parametrize("digits", ["", ".1", ".1234", ".12345678"])
def test_times_are_kept_to_the_last_digit(tmp_path: Path, digits: str) -> None:
    rows = [f"{1700000000 + n}{digits},BTCUSDT,Buy,0.01,36500.5,PlusTick,{n},1,0.01,365" for n in range(3)]
    found = reading(tmp_path, lines([BYBIT_TRADES_HEADER, *rows]), BYBIT)
    nanoseconds = int(Decimal(f"0{digits}") * 10**9)
    assert [int(at) % 10**9 for at in found.table("trades")["ts_event"].cast(pl.Int64)] == [nanoseconds] * 3


def test_the_same_trade_twice_is_one(tmp_path: Path) -> None:
    header, *rows = bybit_trades(4)
    found = reading(tmp_path, lines([header, rows[0], rows[1], rows[1], rows[2], rows[3]]), BYBIT)
    assert len(found.table("trades")) == 4
    assert found.said("1 trades that were there already")


def test_a_level_pushed_out_of_the_window_is_no_cancel(tmp_path: Path) -> None:
    """Of three levels a side: one that falls out stays until the window reaches it again and does not tell it."""

    def line(u: int, bids: list[tuple[str, str]], *, snapshot: bool = False) -> str:
        return bybit_line(u, bids, [("101.0", "1")] if snapshot else [], snapshot=snapshot, step=u).replace(
            ".500.", ".3."
        )

    rows = [
        line(1, [("99.0", "1"), ("98.0", "1"), ("97.0", "1")], snapshot=True),
        line(2, [("100.0", "1"), ("97.0", "0")]),  # 97 falls out
        line(3, [("100.5", "1"), ("98.0", "0")]),  # 98 falls out
        line(4, [("100.5", "0"), ("98.0", "2")]),  # 98 comes in again, with another size
        line(5, [("100.0", "0"), ("96.0", "1")]),  # the window reaches 96 and does not tell 97: it is gone
        line(6, [("99.0", "0")]),  # a cancel: two levels are left, all that there are
    ]
    deltas = reading(tmp_path, lines(rows), BYBIT).table("order_book_deltas").filter(pl.col("side") == "BUY")
    told = deltas.filter(pl.col("action") != "ADD").select("sequence", "action", pl.col("price").cast(int)).rows()
    assert told == [
        (2, "UPDATE", 100),
        (3, "UPDATE", 100),
        (4, "DELETE", 100),
        (4, "UPDATE", 98),
        (5, "DELETE", 100),
        (5, "UPDATE", 96),
        (5, "DELETE", 97),
        (6, "DELETE", 99),
    ]
