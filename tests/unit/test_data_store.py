"""The catalog: whole or not there, asked and answered."""

import errno
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from data import store
from data.manifest import NAME
from engine.core.errors import InputError
from engine.run.ingest import ingest
from tests.support.captures import START_MS, capture, write_gz
from tests.support.ingesting import ingested, refusal, tree
from tests.support.tapes import BTCUSDT

NS = 1_000_000


@pytest.fixture
def capture_path(tmp_path: Path) -> Path:
    return write_gz(tmp_path / "capture", capture())


def later(hours: int) -> list[str]:
    """The capture as it would have been some hours later, with other ids."""
    shifted = []
    for each in capture():
        then = START_MS // 100_000
        shifted.append(each.replace(str(then), str(then + hours * 36)))
    return shifted


def test_contents_span_and_fingerprint(tmp_path: Path, capture_path: Path) -> None:
    made = ingested([capture_path], tmp_path / "c")
    found = store.contents(tmp_path / "c", BTCUSDT)
    assert found.rows == made.rows_by_table
    assert list(found.rows) == ["funding_rates", "index_prices", "mark_prices", "trades", "order_book_deltas", "quotes"]
    assert store.span(tmp_path / "c", BTCUSDT) == (made.start_ns, made.end_ns)
    assert made.start_ns == START_MS * NS + 5 * NS
    assert store.fingerprint(tmp_path / "c", BTCUSDT) == made.fingerprint
    assert store.instrument_ids(tmp_path / "c") == (BTCUSDT,)


def test_a_catalog_grows_by_time_and_keeps_what_it_had(tmp_path: Path, capture_path: Path) -> None:
    first = ingested([capture_path], tmp_path / "c")
    before = tree(tmp_path / "c")
    second = ingested([write_gz(tmp_path / "next", later(5))], tmp_path / "c")
    assert store.span(tmp_path / "c", BTCUSDT) == (first.start_ns, second.end_ns)
    assert second.fingerprint != first.fingerprint
    after = tree(tmp_path / "c")
    assert all(after[path] == content for path, content in before.items() if path != NAME)


def test_files_that_a_larger_recording_holds_too_give_way(tmp_path: Path) -> None:
    lines = capture()
    day1, day2 = write_gz(tmp_path / "1", lines[:40]), write_gz(tmp_path / "2", lines[40:])
    ingested([day1], tmp_path / "c")
    both = ingested([day1, day2], tmp_path / "c")
    assert both.fingerprint == ingested([day1, day2], tmp_path / "d").fingerprint
    assert sorted(tree(tmp_path / "c")) == sorted(tree(tmp_path / "d"))
    assert ingested([day1], tmp_path / "c").unchanged


def test_a_changed_file_is_named(tmp_path: Path, capture_path: Path) -> None:
    ingested([capture_path], tmp_path / "c")
    write_gz(capture_path, capture(21))
    assert "capture has changed since" in refusal([capture_path], tmp_path / "c").message


def test_another_contract_of_the_same_name_is_refused(tmp_path: Path, capture_path: Path) -> None:
    ingested([capture_path], tmp_path / "c")
    old = write_gz(tmp_path / "old", later(-24 * 300))  # of a time at which the table has other terms
    assert "min_notional 100 there, 10 here" in refusal([old], tmp_path / "c").message


def test_what_is_not_there_is_said_with_the_nearest(tmp_path: Path, capture_path: Path) -> None:
    ingested([capture_path], tmp_path / "c")
    with pytest.raises(InputError, match=r"has no BTCUSD-PERP\.BINANCE; did you mean BTCUSDT-PERP\.BINANCE"):
        store.contents(tmp_path / "c", "BTCUSD-PERP.BINANCE")
    with pytest.raises(InputError, match="no such catalog"):
        store.contents(tmp_path / "nowhere", BTCUSDT)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is no catalog"):
        store.contents(tmp_path / "empty", BTCUSDT)


def test_a_range_without_data_is_refused_and_one_with_some_is_cut(tmp_path: Path, capture_path: Path) -> None:
    made = ingested([capture_path], tmp_path / "c")
    with pytest.raises(InputError, match=r"no data of BTCUSDT-PERP.BINANCE.*it holds 2023-11-14T22:13:20Z"):
        store.span_within(tmp_path / "c", BTCUSDT, made.end_ns + 1, None)
    cut = store.span_within(tmp_path / "c", BTCUSDT, made.start_ns + 10, made.end_ns + 10)
    assert cut == (made.start_ns + 10, made.end_ns)


def test_a_catalog_with_a_file_missing_or_too_many_is_not_whole(tmp_path: Path, capture_path: Path) -> None:
    ingested([capture_path], tmp_path / "c")
    (trades,) = (tmp_path / "c" / "data" / "trades").rglob("*.parquet")
    stray = trades.with_name("stray.parquet")
    stray.write_bytes(trades.read_bytes())
    with pytest.raises(InputError, match="did not finish"):
        store.contents(tmp_path / "c", BTCUSDT)
    assert not ingested([capture_path], tmp_path / "c").unchanged
    assert not stray.exists()
    trades.unlink()
    with pytest.raises(InputError, match="is missing"):
        store.contents(tmp_path / "c", BTCUSDT)
    assert not ingested([capture_path], tmp_path / "c").unchanged
    assert trades.exists()


def test_tables_that_somebody_else_wrote_are_left_alone(tmp_path: Path, capture_path: Path) -> None:
    theirs = tmp_path / "c" / "data" / "trades" / BTCUSDT / "a.parquet"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    assert "no ingest of ours" in refusal([capture_path], tmp_path / "c").message
    theirs.parent.rename(theirs.parent.with_name("ETHUSDT-PERP.BINANCE"))
    ingested([capture_path], tmp_path / "c")
    assert (tmp_path / "c" / "data" / "trades" / "ETHUSDT-PERP.BINANCE" / "a.parquet").read_text() == "theirs"


def test_the_same_file_under_two_names_is_refused(tmp_path: Path, capture_path: Path) -> None:
    twin = write_gz(tmp_path / "twin", capture())
    assert "the same file" in refusal([capture_path, twin], tmp_path / "c").message


def test_progress_comes_to_all_bytes_and_rows(tmp_path: Path, capture_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    made = ingest(
        [capture_path],
        instrument_id=BTCUSDT,
        catalog=tmp_path / "c",
        progress=lambda *step: seen.append(step),
    )
    size = capture_path.stat().st_size
    assert {stage: done for stage, done, _ in seen} == {"ingest": size, "write": made.rows}
    assert {stage: total for stage, _, total in seen} == {"ingest": size, "write": made.rows}


@pytest.mark.parametrize("exists", [False, True])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, capture_path: Path, exists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if exists:
        ingested([write_gz(tmp_path / "next", later(5))], tmp_path / "c")

    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    assert "no space left on the disk" in refusal([capture_path], tmp_path / "c").message
    assert (tmp_path / "c").exists() is exists


def test_ctrl_c_leaves_nothing(tmp_path: Path, capture_path: Path) -> None:
    before = tree(tmp_path)

    def stop(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("ingest", total):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest([capture_path], instrument_id=BTCUSDT, catalog=tmp_path / "c", progress=stop)
    assert tree(tmp_path) == before
    assert not (tmp_path / "c").exists()


def test_what_a_killed_ingest_left_is_cleared_by_the_next(tmp_path: Path, capture_path: Path) -> None:
    left = tmp_path / ".c.partial-999999999"
    left.mkdir()
    (left / "x").write_text("x")
    ingested([capture_path], tmp_path / "c")
    assert not left.exists()


def test_a_catalog_that_is_a_file_is_refused(tmp_path: Path, capture_path: Path) -> None:
    (tmp_path / "c").write_text("")
    refusal([capture_path], tmp_path / "c")


def test_all_bad_files_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        ingest([tmp_path / "x", tmp_path / "y"], instrument_id=BTCUSDT, catalog=tmp_path / "c")
    assert len(refused.value.problems) == 2
