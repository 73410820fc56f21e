"""A recording with one thing wrong with it: the verdict names it, and where."""

from collections.abc import Callable
from pathlib import Path

import pytest

from data.quality.limits import Limits, limits_of
from data.quality.verdict import Verdict, Word
from engine.core.errors import ConfigError, DataError
from engine.run.check import Contract, check_catalog, check_files
from engine.run.ingest import ingest
from tests.support.captures import (
    START_MS,
    capture,
    depth,
    line,
    snapshot,
    tardis_book,
    tardis_ticker,
    tardis_trades,
    trade,
    write_gz,
)
from tests.support.cli import INSTRUMENT
from tests.support.vendor_files import lines as content
from tests.support.vendor_small import bybit_skipping

CONTRACT = Contract(INSTRUMENT)


def verdict(paths: list[Path], limits: Limits | None = None) -> Verdict:
    return check_files(paths, CONTRACT, limits or Limits(), lambda _share: None)


def quiet(seconds: int = 100, *, skip: range = range(0), shift_ms: Callable[[int], int] = lambda _n: 0) -> list[str]:
    """A book whose one level a side breathes, ten times a second, with a trade each second."""
    bids, asks, last = [("100.0", "5.000")], [("100.1", "5.000")], 1000
    lines = [line(START_MS, snapshot(last, bids, asks, START_MS), latency_us=5_000 + shift_ms(0) * 1000)]
    for n in range(1, seconds * 10):
        at, first = START_MS + n * 100, last + 1
        last += 10
        if n in skip:
            continue
        latency = 5_000 + shift_ms(n) * 1000
        lines.append(
            line(at, depth((first, last, first - 1), [("100.0", f"{5 + n % 2}.000")], asks, at), latency_us=latency)
        )
        if n % 10 == 0:
            lines.append(line(at, trade(n, "100.0", "0.010", at), latency_us=latency))
    return lines


def test_a_recording_without_fault_is_clean(tmp_path: Path) -> None:
    found = verdict([write_gz(tmp_path / "a.gz", quiet())])
    assert (found.word, found.reasons) == (Word.CLEAN, ())
    assert (found.tally.messages, found.tally.trades) == (1000, 99)


def test_a_broken_sequence_costs_the_time_until_the_next_snapshot(tmp_path: Path) -> None:
    lines = quiet(skip=range(300, 310))
    at = START_MS + 31_500
    where = next(n for n, text in enumerate(lines) if text.startswith(str(at + 105)))
    again = snapshot(1000 + 315 * 10, [("100.0", "5.000")], [("100.1", "5.000")], at)
    found = verdict([write_gz(tmp_path / "a.gz", [*lines[:where], line(at, again), *lines[where:]])])
    assert (found.word, found.tally.breaks) == (Word.USABLE, 1)
    assert found.tally.lost_ns == 500_000_000
    assert "no book to trust for 0.5 s in 1 gap" in found.reason
    broken = found.findings.to_dicts()[0]
    assert (broken["kind"], broken["line"]) == ("break", 330)


def test_too_much_time_lost_is_unfit_and_the_limit_can_be_set(tmp_path: Path) -> None:
    bids, asks = [("100.0", "5.000")], [("100.1", "5.000")]
    at = START_MS + 60_000
    lines = quiet(40, skip=range(100, 110))
    lines += [line(at, snapshot(9000, bids, asks, at)), line(at + 100, depth((9001, 9010, 9000), bids, asks, at + 100))]
    path = write_gz(tmp_path / "a.gz", lines)
    assert verdict([path]).word is Word.UNFIT
    loose = limits_of(changes=["lost_share.unfit=0.9", "breaks_an_hour.unfit=never"])
    assert verdict([path], loose).word is Word.USABLE


def test_a_crossed_book_is_unfit(tmp_path: Path) -> None:
    lines = quiet(2)
    at, last = START_MS + 2000, 1000 + 19 * 10
    lines.append(line(at, depth((last + 1, last + 9, last), [("100.3", "1.000")], [], at)))
    found = verdict([write_gz(tmp_path / "a.gz", lines)])
    assert (found.word, found.tally.crossed) == (Word.UNFIT, 1)
    row = found.findings.to_dicts()[-1]
    assert (row["kind"], row["line"], row["detail"]) == (
        "crossed",
        len(lines),
        "best bid 100.3 is above best ask 100.1",
    )


def test_a_locked_book_is_counted_and_can_be_borne(tmp_path: Path) -> None:
    lines, last = quiet(20), 1000 + 199 * 10
    at = START_MS + 20_000
    lines.append(line(at, depth((last + 1, last + 9, last), [("100.1", "1.000")], [], at)))
    found = verdict([write_gz(tmp_path / "a.gz", lines)])
    assert (found.word, found.tally.locked, found.tally.crossed) == (Word.USABLE, 1, 0)


def test_a_step_of_our_clock_is_found(tmp_path: Path) -> None:
    found = verdict([write_gz(tmp_path / "a.gz", quiet(shift_ms=lambda n: 400 if n > 500 else 0))])
    assert (found.word, found.tally.clock_steps) == (Word.USABLE, 1)
    (step,) = found.findings.filter(kind="clock_step").to_dicts()
    assert step["seconds"] == pytest.approx(0.4)


def test_a_clock_that_ran_behind_all_the_time_is_said(tmp_path: Path) -> None:
    found = verdict([write_gz(tmp_path / "a.gz", quiet(shift_ms=lambda _n: -800))])
    assert [reason.limit for reason in found.reasons] == ["clock_offset_ms"]


def test_trades_that_are_there_twice_are_counted(tmp_path: Path) -> None:
    rows = tardis_trades(50)
    paths = [write_gz(tmp_path / "b.gz", tardis_book(50)), write_gz(tmp_path / "t.gz", [*rows, rows[-1], rows[-1]])]
    found = verdict(paths)
    assert (found.word, found.tally.duplicates) == (Word.UNFIT, 2)
    raw = write_gz(
        tmp_path / "a.gz", [*quiet(), line(START_MS + 99_900, trade(990, "100.0", "0.010", START_MS + 99_000))]
    )
    assert verdict([raw]).tally.duplicates == 1


def test_trades_without_a_taker_are_counted(tmp_path: Path) -> None:
    rows = [row.replace(",sell,", ",unknown,") if n == 7 else row for n, row in enumerate(tardis_trades(50))]
    found = verdict([write_gz(tmp_path / "b.gz", tardis_book(50)), write_gz(tmp_path / "t.gz", rows)])
    assert (found.word, found.tally.no_aggressor) == (Word.USABLE, 1)


def test_a_book_that_starts_late_and_one_without_trades(tmp_path: Path) -> None:
    book = tardis_book(5)
    late = [book[0], *(row.replace(str(START_MS // 100_000), str(START_MS // 100_000 + 1)) for row in book[1:])]
    found = verdict([write_gz(tmp_path / "b.gz", late), write_gz(tmp_path / "t.gz", tardis_trades(5))])
    assert "stale_start_s" in {reason.limit for reason in found.reasons}
    assert {r.limit for r in verdict([write_gz(tmp_path / "c.gz", book)]).reasons} == {"no_trades"}


def test_a_silence_counts_as_lost(tmp_path: Path) -> None:
    book = tardis_book(2)
    at = (START_MS + 60_000) * 1000
    book += [f"binance-futures,BTCUSDT,{at},{at + 5000},false,bid,99,2.5"]
    found = verdict([write_gz(tmp_path / "b.gz", book), write_gz(tmp_path / "t.gz", tardis_trades(50))])
    assert (found.tally.silences, found.tally.outages) == (1, 0)
    assert found.tally.lost_ns == 59_800_000_000


def test_what_an_ingest_refuses_is_unfit_and_says_where(tmp_path: Path) -> None:
    whole = write_gz(tmp_path / "a.gz", quiet())
    cut = tmp_path / "cut.gz"
    cut.write_bytes(whole.read_bytes()[:-20])
    odd = tmp_path / "odd.txt"
    odd.write_text("hello\n")
    broken = write_gz(tmp_path / "broken.gz", [*quiet()[:50], "1700000009000000 {not json", *quiet()[50:]])
    for path, place in ((cut, "truncated gzip"), (odd, "no known kind"), (broken, "broken.gz:51")):
        found = verdict([path])
        assert found.word is Word.UNFIT
        assert place in found.reason
    both = verdict([whole, odd])
    assert both.word is Word.UNFIT
    assert both.tally.messages == 1000


def test_files_and_the_catalog_made_of_them_get_the_same_verdict(tmp_path: Path) -> None:
    for name, paths in {
        "raw": [write_gz(tmp_path / "a.gz", quiet(shift_ms=lambda n: -300 if n > 500 else 0))],
        "tardis": [
            write_gz(tmp_path / f"{kind}.gz", rows)
            for kind, rows in (("b", tardis_book(50)), ("t", tardis_trades(50)), ("d", tardis_ticker()))
        ],
        "steps": [write_gz(tmp_path / "c.gz", capture(40))],
    }.items():
        ingest(paths, instrument_id=INSTRUMENT, catalog=tmp_path / name)
        of_files, of_catalog = verdict(paths), check_catalog(tmp_path / name, None, Limits())[INSTRUMENT]
        assert of_files.word is of_catalog.word
        for count in ("messages", "trades", "marks", "locked", "crossed", "clock_steps", "lost_ns", "longest_ns"):
            assert getattr(of_files.tally, count) == getattr(of_catalog.tally, count), count


def test_limits_from_a_file_and_wrong_ones(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("silence_s = 3\n[lost_share]\nunfit = 0.5\n")
    limits = limits_of(path, ["locked_share.usable=0.001"])
    assert (limits.silence_s, limits.lost_share.unfit, limits.lost_share.usable) == (3, 0.5, 0)
    assert limits.locked_share.usable == 0.001
    path.write_text("silence_s = 3\nlost = 1\n[locked_share]\nunfit = 'much'\n")
    with pytest.raises(DataError) as refused:
        limits_of(path)
    assert {problem.field for problem in refused.value.problems} == {"lost", "locked_share.unfit"}
    with pytest.raises(DataError, match="no such limit"):
        limits_of(changes=["nonsense=1"])
    with pytest.raises(DataError, match="below usable"):
        limits_of(changes=["locked_share.usable=0.9"])


def test_files_want_a_contract_and_must_be_there(tmp_path: Path) -> None:
    path = write_gz(tmp_path / "a.gz", quiet(1))
    with pytest.raises(ConfigError, match="--instrument"):
        check_files([path], Contract(), Limits(), lambda _share: None)
    with pytest.raises(DataError, match="no such file"):
        check_files([tmp_path / "none.gz"], CONTRACT, Limits(), lambda _share: None)


def test_the_page_of_limits_in_the_docs_is_the_model() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text()
    for name, field in Limits.model_fields.items():
        value = getattr(Limits(), name)
        bar = (
            (f"{value:g}", "")
            if isinstance(value, float)
            else (f"{value.usable:g}", "never" if value.unfit is None else f"{value.unfit:g}")
        )
        assert f"| `{name}` | {bar[0]} | {bar[1]} | {field.description} |".replace("|  |", "| |") in text, name


def test_a_sequence_that_jumps_without_a_known_loss_is_not_clean(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content(bybit_skipping(5)))
    found = check_files(
        [path], Contract("BTCUSDT-LINEAR.BYBIT"), limits_of(changes=["no_trades.usable=1"]), lambda _share: None
    )
    assert (found.word, found.tally.jumps, found.tally.breaks) == (Word.USABLE, 5, 0)
    assert "jumps" in found.reason
    assert [word for word, _, _ in found.days.values()] == [Word.USABLE]
