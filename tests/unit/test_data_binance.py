"""Raw Binance captures: what order, what is kept, what is refused and with which words."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.captures import START_MS, capture, depth, line, mark, snapshot, trade, write_gz
from tests.support.ingesting import ingested, refusal
from tests.support.tapes import table, tops

BIDS = [("100.0", "1.000"), ("99.9", "2.000")]
ASKS = [("100.1", "1.000"), ("100.2", "2.000")]
T = START_MS


@pytest.mark.parametrize("ns", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_microseconds_and_nanoseconds_wrapped_and_bare(tmp_path: Path, ns: bool, wrapped: bool) -> None:
    lines = [
        line(T, snapshot(10, BIDS, ASKS, T), ns=ns),
        line(T + 1, depth((8, 12, 7), [("100.0", "0.000")], [], T + 1), ns=ns, wrapped=wrapped),
        line(T + 2, trade(1, "99.9", "0.5", T + 2), ns=ns, wrapped=wrapped),
    ]
    made = ingested([write_gz(tmp_path / "a", lines)], tmp_path / "c")
    assert made.rows_by_table == {"trades": 1, "order_book_deltas": 6, "quotes": 2}
    assert [top.bid for _, top in tops(tmp_path / "c")] == [Decimal(100), Decimal("99.9")]
    deltas = table(tmp_path / "c", "order_book_deltas")
    assert deltas["action"].to_list() == ["CLEAR", "ADD", "ADD", "ADD", "ADD", "DELETE"]
    assert deltas["flags"].to_list() == [32, 32, 32, 32, 160, 128]
    assert deltas["sequence"].to_list() == [10] * 5 + [12]
    assert made.clock.min_ns == made.clock.median_ns == 5_000_000
    assert made.clock.applied_ns == 0


def test_a_late_snapshot_does_not_undo_newer_diffs(tmp_path: Path) -> None:
    lines = [
        line(T, depth((1, 5, 0), [("100.0", "9.000")], [], T)),  # before the snapshot: dropped
        line(T + 1, depth((8, 12, 5), [("100.0", "3.000")], [], T + 1)),  # spans it
        line(T + 2, depth((13, 15, 12), [("100.0", "4.000")], [], T + 2)),  # newer
        line(T + 3, snapshot(10, BIDS, ASKS, T + 1)),
        line(T + 4, depth((16, 17, 15), [("99.9", "5.000")], [], T + 4)),
    ]
    ingested([write_gz(tmp_path / "a", lines)], tmp_path / "c")
    seen = [(row["sequence"], top.bid_size) for row, top in tops(tmp_path / "c")]
    assert seen == [(10, Decimal(1)), (12, Decimal(3)), (15, Decimal(4)), (17, Decimal(4))]


def test_the_first_diff_after_a_snapshot_may_follow_it_directly(tmp_path: Path) -> None:
    lines = [
        line(T, snapshot(10, BIDS, ASKS, T)),
        line(T + 1, depth((11, 12, 10), [("100.0", "3.000")], [], T + 1)),
    ]
    ingested([write_gz(tmp_path / "a", lines)], tmp_path / "c")
    assert [row["sequence"] for row, _ in tops(tmp_path / "c")] == [10, 12]


def test_the_book_runs_on_over_files_in_any_order(tmp_path: Path) -> None:
    lines = capture()
    whole = ingested([write_gz(tmp_path / "whole", lines)], tmp_path / "one")
    parts = [write_gz(tmp_path / "z", lines[:30]), write_gz(tmp_path / "a", lines[30:])]
    split = ingested(parts[::-1], tmp_path / "two")
    assert split.fingerprint == whole.fingerprint
    assert [file.rows for file in split.files] != [0, 0]


def test_plain_text_reads_like_gzip(tmp_path: Path) -> None:
    zipped = write_gz(tmp_path / "a", capture())
    (tmp_path / "b").write_bytes(gzip.decompress(zipped.read_bytes()))
    assert ingested([zipped], tmp_path / "1").fingerprint == ingested([tmp_path / "b"], tmp_path / "2").fingerprint


def test_a_special_print_is_no_trade(tmp_path: Path) -> None:
    lines = capture()
    lines.insert(10, line(T + 250, trade(99, "160.3", "0.001", T + 250, kind="INSURANCE_FUND")))
    made = ingested([write_gz(tmp_path / "a", lines)], tmp_path / "c")
    assert "99" not in table(tmp_path / "c", "trades")["trade_id"].to_list()
    assert any("INSURANCE_FUND" in warning for warning in made.warnings)


def test_a_clock_that_runs_behind_is_put_right_by_one_constant(tmp_path: Path) -> None:
    lines = [
        line(T, snapshot(10, BIDS, ASKS, T), latency_us=-1_000_000),
        line(T + 1, depth((8, 12, 7), [("100.0", "2.000")], [], T + 1), latency_us=-1_000_000),
        line(T + 2, depth((13, 14, 12), [("100.0", "3.000")], [], T + 2), latency_us=-999_000),
        line(T + 3, depth((15, 16, 14), [("100.0", "4.000")], [], T + 3), latency_us=-997_000),
    ]
    made = ingested([write_gz(tmp_path / "a", lines)], tmp_path / "c")
    assert (made.clock.min_ns, made.clock.median_ns) == (-1_000_000_000, -999_000_000)
    assert made.clock.applied_ns == 1_000_000_000
    assert "-1000.000 ms at least and -999.000 ms in the median; 1000.000 ms were added" in made.warnings[0]
    deltas = table(tmp_path / "c", "order_book_deltas")
    latency = (deltas["ts_init"] - deltas["ts_event"]).dt.total_milliseconds().unique().sort()
    assert latency.to_list() == [0, 1, 3]


def test_mark_index_and_funding(tmp_path: Path) -> None:
    lines = [*capture(2), line(T + 900, mark("100.12345678", T + 900, rate="0.00002760"))]
    ingested([write_gz(tmp_path / "a", lines)], tmp_path / "c")
    marks, funding = table(tmp_path / "c", "mark_prices"), table(tmp_path / "c", "funding_rates")
    assert marks["value"][-1] == table(tmp_path / "c", "index_prices")["value"][-1] == Decimal("100.12345678")
    assert funding["rate"][-1] == "0.00002760"
    assert funding["next_funding_ns"].dt.timestamp("ms").to_list() == [T + 3_600_000] * 3


def test_a_snapshot_not_needed_is_left_out(tmp_path: Path) -> None:
    lines = capture()
    extra = [*lines, line(T + 5_000, snapshot(1100, [("50.0", "1.000")], [("51.0", "1.000")], T + 5_000))]
    before = ingested([write_gz(tmp_path / "a", lines)], tmp_path / "1")
    assert ingested([write_gz(tmp_path / "b", extra)], tmp_path / "2").fingerprint == before.fingerprint


def test_a_gap_empties_the_book_until_the_next_snapshot(tmp_path: Path) -> None:
    lines = [
        line(T, snapshot(10, BIDS, ASKS, T)),
        line(T + 1, depth((8, 12, 7), [("100.0", "3.000")], [], T + 1)),
        line(T + 9, depth((20, 22, 19), [("100.0", "5.000")], [], T + 9)),
        line(T + 10, depth((23, 25, 22), [("100.0", "6.000")], [], T + 10)),
        line(T + 11, snapshot(24, BIDS, ASKS, T + 11)),
    ]
    made = ingested([write_gz(tmp_path / "a", lines)], tmp_path / "c")
    seen = [(row["sequence"], top and top.bid_size) for row, top in tops(tmp_path / "c")]
    assert seen == [(10, Decimal(1)), (12, Decimal(3)), (22, None), (24, Decimal(1)), (25, Decimal(6))]
    assert any("a:3" in warning and "sequence gap" in warning for warning in made.warnings)


def test_a_snapshot_that_comes_before_the_gap_is_seen_ends_it(tmp_path: Path) -> None:
    """A new connection may begin with it, before the first diff that shows that some are missing."""
    lines = [
        line(T, snapshot(10, BIDS, ASKS, T)),
        line(T + 1, depth((11, 12, 10), [("100.0", "3.000")], [], T + 1)),
        line(T + 2, snapshot(20, [("99.8", "7.000")], ASKS, T + 2)),
        line(T + 3, depth((19, 21, 18), [("99.8", "8.000")], [], T + 3)),
        line(T + 4, depth((22, 23, 21), [("99.8", "9.000")], [], T + 4)),
    ]
    made = ingested([write_gz(tmp_path / "a", lines)], tmp_path / "c")
    seen = [(row["sequence"], top and top.bid_size) for row, top in tops(tmp_path / "c")]
    assert seen == [(10, 1), (12, 3), (21, None), (20, 7), (21, 8), (23, 9)]
    assert any("sequence gap" in warning for warning in made.warnings)


def test_a_gap_without_a_snapshot_after_it_ends_the_book_and_not_the_trades(tmp_path: Path) -> None:
    lines = [
        line(T, snapshot(10, BIDS, ASKS, T)),
        line(T + 1, depth((8, 12, 7), [("100.0", "3.000")], [], T + 1)),
        line(T + 9, depth((20, 22, 19), [("100.0", "5.000")], [], T + 9)),
        line(T + 10, depth((23, 25, 22), [("100.0", "6.000")], [], T + 10)),
        line(T + 11, trade(1, "100.0", "0.5", T + 11)),
    ]
    made = ingested([write_gz(tmp_path / "a", lines)], tmp_path / "c")
    assert [top and top.bid_size for _, top in tops(tmp_path / "c")] == [Decimal(1), Decimal(3), None]
    assert made.rows_by_table["trades"] == 1
    assert "a:3: no snapshot follows: the book ends here" in made.warnings


def test_lines_written_twice_and_empty_lines_change_nothing(tmp_path: Path) -> None:
    lines = [
        line(T, depth((6, 9, 5), [("99.9", "7.000")], [], T)),
        line(T + 1, depth((11, 12, 9), [("99.8", "3.000")], [], T + 1)),
        line(T + 2, depth((14, 15, 12), [("99.7", "3.000")], [], T + 2)),
        line(T + 3, snapshot(10, BIDS, ASKS, T + 3)),
        line(T + 4, trade(1, "100.0", "0.5", T + 4)),
        line(T + 5, depth((16, 17, 15), [("100.0", "0.000")], [], T + 5)),
        line(T + 6, trade(2, "99.9", "0.5", T + 6)),
    ]
    once = ingested([write_gz(tmp_path / "a", lines)], tmp_path / "1")
    twice = [each for one in lines for each in (one, one, "")]
    again = ingested([write_gz(tmp_path / "b", twice)], tmp_path / "2")
    assert again.fingerprint == once.fingerprint
    assert again.rows_by_table["trades"] == 2
    assert any("a trade that was there already" in warning for warning in again.warnings)


REFUSED = {
    "no snapshot": ([line(T, depth((8, 12, 7), BIDS, ASKS, T))], None, "lastUpdateId", "no usable snapshot"),
    "snapshot too old": (
        [line(T, depth((8, 12, 7), BIDS, ASKS, T)), line(T, snapshot(3, BIDS, ASKS, T))],
        None,
        "lastUpdateId",
        "no usable snapshot",
    ),
    "crossed": (
        [
            line(T, snapshot(10, BIDS, ASKS, T)),
            line(T, depth((8, 12, 7), [("100.2", "1.000")], [], T)),
        ],
        2,
        None,
        "crossed book: best bid 100.2 is above best ask 100.1",
    ),
    "no JSON": ([*capture(2), f"{T}000000 {{broken"], None, None, "the local time"),
    "cut JSON": ([*capture(2), capture(3)[-1][:60]], 10, None, "truncated"),
    "other symbol": (
        [*capture(2), line(T + 900, trade(1, "1", "1", T + 900) | {"s": "ETHUSDT"})],
        10,
        "s",
        "ETHUSDT",
    ),
    "only another symbol": (
        [each.replace("BTCUSDT", "ETHUSDT") for each in capture(3)],
        None,
        "s",
        "is of ETHUSDT, not of BTCUSDT",
    ),
    "off the tick": (
        [line(T, snapshot(10, [("99.95", "1.000")], ASKS, T)), capture(1)[1]],
        1,
        "price",
        "99.95 is not a whole number of 0.1",
    ),
    "off the step": (
        [line(T, snapshot(10, [("99.9", "1.0005")], ASKS, T)), capture(1)[1]],
        1,
        "size",
        "1.0005 is not a whole number of 0.001",
    ),
    "no number": ([line(T, snapshot(10, [("x", "1")], ASKS, T))], 1, "b or a", "levels"),
    "a level of three": ([line(T, snapshot(10, [("1", "1", "1")], ASKS, T))], 1, "b or a", "levels"),
    "milliseconds": ([each[:13] + each[16:] for each in capture()], 1, "local time", "13 digits"),
    "seconds of event": (
        [line(T, snapshot(10, BIDS, ASKS, T)), line(T, depth((8, 12, 7), BIDS, ASKS, T) | {"E": T // 1000})],
        2,
        "E",
        ">= 1483228800000",
    ),
    "a day apart": (
        [line(T, snapshot(10, BIDS, ASKS, T)), line(T, depth((8, 12, 7), BIDS, ASKS, T - 90_000_000))],
        2,
        "E",
        "more than a day apart",
    ),
    "an id too large": (
        [line(T, snapshot(10, BIDS, ASKS, T)), line(T, depth((8, 10**30, 7), BIDS, ASKS, T))],
        2,
        "u",
        "int",
    ),
    "deep JSON": ([line(T, snapshot(10, BIDS, ASKS, T)), f"{T}000 " + '{"a":' * 100_000], 2, None, "no JSON"),
    "clock back": (
        [*capture(30), line(T + 100, trade(9, "100.0", "1.000", T + 100))],
        122,
        "local time",
        "goes back by 2.900 s",
    ),
    "a field missing": (
        [
            *capture(1),
            f"{T * 1000 + 900000} " + '{"e":"trade","T":1700000000900,"s":"BTCUSDT","p":"1","q":"1","m":true}',
        ],
        6,
        None,
        "`t`",
    ),
    "a trade of nothing": ([*capture(1), line(T + 900, trade(9, "100.0", "0.000", T + 900))], 6, "q", "nothing"),
    "other JSON": ([f'{T}000 {{"topic":"orderbook.50.BTCUSDT","type":"snapshot"}}'], 1, None, "no known kind"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_captures_are_refused_with_their_place(tmp_path: Path, name: str) -> None:
    lines, where, field, words = REFUSED[name]
    problem = refusal([write_gz(tmp_path / "bad", lines)], tmp_path / "c")
    assert problem.source == str(tmp_path / "bad")
    assert words in problem.message
    assert where is None or problem.line == where
    assert field is None or problem.field == field


def test_all_lines_that_cannot_be_read_are_named_at_once(tmp_path: Path) -> None:
    lines = capture()
    lines[3] += "}"
    lines[7] = lines[7][:-3]
    path = write_gz(tmp_path / "bad", lines)
    assert refusal([path], tmp_path / "c").line == 4
