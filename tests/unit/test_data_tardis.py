"""Tardis CSV: messages, snapshots, several symbols, and what is refused."""

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from data import source
from data.unpack import Unpacked
from tests.support.captures import BOOK_HEADER, START_MS, tardis_book, tardis_ticker, tardis_trades, write_gz
from tests.support.ingesting import ingested, refusal
from tests.support.tapes import table, tops

T = START_MS * 1000


def row(at: int, side: str, price: str, amount: str, *, snapshot: bool = False, symbol: str = "BTCUSDT") -> str:
    mark = str(snapshot).lower()
    return f"binance-futures,{symbol},{at},{at + 5000},{mark},{side},{price},{amount}"


def test_the_rows_of_a_message_are_applied_together(tmp_path: Path) -> None:
    rows = [
        BOOK_HEADER,
        row(T, "bid", "100", "1", snapshot=True),
        row(T, "ask", "100.1", "1", snapshot=True),
        row(T + 1, "bid", "100.1", "2"),  # crosses until the message is whole
        row(T + 1, "ask", "100.1", "0"),
        row(T + 1, "ask", "100.2", "3"),
    ]
    ingested([write_gz(tmp_path / "a", rows)], tmp_path / "c")
    deltas = table(tmp_path / "c", "order_book_deltas")
    assert deltas["action"].to_list() == ["CLEAR", "ADD", "ADD", "UPDATE", "DELETE", "UPDATE"]
    assert deltas["flags"].to_list() == [32, 32, 160, 0, 0, 128]
    assert [top.ask for _, top in tops(tmp_path / "c")] == [Decimal("100.1"), Decimal("100.2")]


def test_a_later_snapshot_starts_the_book_anew(tmp_path: Path) -> None:
    rows = [*tardis_book(3), row(T + 900_000, "bid", "50", "1", snapshot=True)]
    rows += [row(T + 900_000, "ask", "51", "1", snapshot=True), row(T + 900_000, "ask", "52", "0", snapshot=True)]
    ingested([write_gz(tmp_path / "a", rows)], tmp_path / "c")
    *_, (last, top) = tops(tmp_path / "c")
    assert (top.bid, top.ask) == (Decimal(50), Decimal(51))
    assert last["flags"] == 160


def test_rows_before_the_first_snapshot_are_left_out_and_said(tmp_path: Path) -> None:
    rows = tardis_book(3)
    made = ingested([write_gz(tmp_path / "a", [rows[0], row(T - 9, "bid", "1", "1"), *rows[1:]])], tmp_path / "c")
    assert "1 rows before the first snapshot were left out" in made.warnings
    assert made.fingerprint == ingested([write_gz(tmp_path / "b", rows)], tmp_path / "d").fingerprint


def test_other_symbols_are_passed_over(tmp_path: Path) -> None:
    ours, theirs = tardis_book(), tardis_book(symbol="ETHUSDT")
    mixed = [ours[0], *sorted(ours[1:] + theirs[1:], key=lambda r: int(r.split(",")[3]))]
    alone = ingested([write_gz(tmp_path / "a", ours)], tmp_path / "1")
    assert ingested([write_gz(tmp_path / "b", mixed)], tmp_path / "2").fingerprint == alone.fingerprint


def test_book_trades_and_ticker_are_one_recording(tmp_path: Path) -> None:
    files = [tardis_book(), tardis_trades(), tardis_ticker()]
    paths = [write_gz(tmp_path / str(n), rows) for n, rows in enumerate(files)]
    made = ingested(paths[::-1], tmp_path / "c")
    assert made.rows_by_table == {
        "funding_rates": 5,
        "index_prices": 5,
        "mark_prices": 5,
        "trades": 20,
        "order_book_deltas": 61,
        "quotes": 1,
    }
    assert [file.kind for file in made.files] == [
        "tardis-derivative_ticker",
        "tardis-trades",
        "tardis-incremental_book_L2",
    ]
    assert made.clock.min_ns == made.clock.median_ns == 5_000_000


def test_an_empty_cell_of_the_ticker_is_no_news(tmp_path: Path) -> None:
    rows = tardis_ticker(3)
    rows[2] = ",".join([*rows[2].split(",")[:4], "", "0.0002", "", "", "", "", ""])
    made = ingested([write_gz(tmp_path / "a", tardis_book()), write_gz(tmp_path / "trades", rows)], tmp_path / "c")
    assert made.rows_by_table["mark_prices"] == 2
    funding = table(tmp_path / "c", "funding_rates")
    assert funding["rate"].to_list() == ["0.0001", "0.0002", "0.0001"]
    assert funding["next_funding_ns"].n_unique() == 1


def test_a_trade_without_an_id_or_a_side_is_a_trade(tmp_path: Path) -> None:
    rows = tardis_trades(2)
    rows[1] = rows[1].replace(",2,sell,", ",,unknown,")
    ingested([write_gz(tmp_path / "a", tardis_book()), write_gz(tmp_path / "trades", rows)], tmp_path / "c")
    trades = table(tmp_path / "c", "trades")
    assert trades["aggressor_side"].to_list() == ["NO_AGGRESSOR", "SELL"]
    assert all(trades["trade_id"])


def test_a_trade_written_twice_is_one_and_empty_lines_at_the_end_are_none(tmp_path: Path) -> None:
    book, rows = [*tardis_book(), "", ""], tardis_trades(3)
    once = ingested([write_gz(tmp_path / "a", tardis_book()), write_gz(tmp_path / "t", rows)], tmp_path / "1")
    again = [rows[0], *(each for row in rows[1:] for each in (row, row)), ""]
    twice = ingested([write_gz(tmp_path / "b", book), write_gz(tmp_path / "u", again)], tmp_path / "2")
    assert twice.fingerprint == once.fingerprint


@pytest.mark.parametrize("size", [50, 333])
def test_small_chunks_cut_no_line_and_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    path = write_gz(tmp_path / "a", tardis_book(200))
    whole = ingested([path], tmp_path / "1")
    text = gzip.decompress(path.read_bytes())
    chunks = [text[n : n + size] for n in range(0, len(text), size)]
    monkeypatch.setattr(source, "unpacked", lambda *_args, **_more: Unpacked(iter(chunks), (), ""))
    assert ingested([path], tmp_path / "2").fingerprint == whole.fingerprint


def changed(line: int, old: str, new: str) -> Callable[[list[str]], list[str]]:
    def change(rows: list[str]) -> list[str]:
        assert old in rows[line - 1]
        return [*rows[: line - 1], rows[line - 1].replace(old, new), *rows[line:]]

    return change


REFUSED = {
    "wrong unit, ns": (lambda rows: [rows[0], *(r.replace(f",{T}", f",{T}000") for r in rows[1:])], 2, "timestamp"),
    "wrong unit, ms": (changed(30, str(T)[:7], str(T)[3:7]), 30, "timestamp"),
    "no time": (changed(30, f",{str(T)[:5]}", ",x"), 30, "timestamp"),
    "columns": (changed(1, "is_snapshot,", ""), 1, "is_snapshot"),
    "too few cells": (changed(25, ",ask", ""), 25, None),
    "no side": (changed(24, "bid", "buy"), 24, "side"),
    "no number": (changed(24, "99.1,1", "99.1,one"), 24, "amount"),
    "no amount": (changed(24, "99.1,1", "99.1,"), 24, "amount"),
    "negative": (changed(24, "99.1,1", "99.1,-1"), 24, "amount"),
    "off the tick": (changed(24, "99.1,", "99.15,"), 24, "price"),
    "price 0": (changed(24, "99.1,", "0,"), 24, "price"),
    "no boolean": (changed(24, "false", "maybe"), 24, "is_snapshot"),
    "crossed": (changed(24, "99.1,", "100.9,"), 25, None),
    "order": (lambda rows: [*rows[:30], *rows[32:], *rows[30:32]], None, "local_timestamp"),
    "no snapshot": (lambda rows: [rows[0], *rows[21:]], None, "is_snapshot"),
    "another exchange": (lambda rows: [r.replace("binance-futures", "bybit") for r in rows], 2, "exchange"),
    "two exchanges": (changed(30, "binance-futures", "binance-delivery"), None, "exchange"),
    "another symbol": (lambda rows: [r.replace("BTCUSDT", "ETHUSDT") for r in rows], None, "symbol"),
    "no rows": (lambda rows: rows[:1], None, None),
}


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (f"{T + 3_600_000_000}", "1" * 30, "funding_timestamp"),
        (f"{T + 3_600_000_000}", f"{T // 1000}", "funding_timestamp"),
        ("0.0001", "nan", "funding_rate"),
        ("100.05", "100.00000000000000000001", "mark_price"),
        ("100.05", "0", "mark_price"),
        ("100.04", "1e30", "index_price"),
    ],
)
def test_a_bad_ticker_is_refused_with_its_place(tmp_path: Path, old: str, new: str, field: str) -> None:
    problem = refusal([write_gz(tmp_path / "bad", changed(3, old, new)(tardis_ticker()))], tmp_path / "c")
    assert (problem.line, problem.field) == (3, field)


@pytest.mark.parametrize("name", REFUSED)
def test_bad_files_are_refused_with_their_place(tmp_path: Path, name: str) -> None:
    change, line, field = REFUSED[name]
    problem = refusal([write_gz(tmp_path / "bad", change(tardis_book()))], tmp_path / "c")
    assert problem.source == str(tmp_path / "bad")
    assert line is None or problem.line == line
    assert field is None or problem.field == field
