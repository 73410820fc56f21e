"""The market that a paper run saw: recorded beside its journal, kept over a kill, checked, and simulated on again."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest
from msgspec import UNSET

from engine.cli.main import main
from engine.journal.manifest import Status, read_run_file
from engine.journal.market import MARKET, STREAM
from engine.run.recording import kept
from tests.support.cli import environment, run_file

MESSAGES = 250
KILLED_AFTER = (60, 130)


class Ran(NamedTuple):
    folder: Path
    given: int  # messages that the process said it had given to its node
    code: int


def ran(run: Path, messages: int, folder: Path | None = None, kill_after: int | None = None) -> Ran:
    words = [sys.executable, "-m", "tests.support.recorder", str(run), str(run.parent / "runs"), str(messages)]
    words += [] if folder is None else [str(folder)]
    given = 0
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment(), text=True) as child:
        assert child.stdout is not None
        where = Path(child.stdout.readline().strip())
        for line in child.stdout:
            given = int(line) if line.strip().isdecimal() else given
            if given == kill_after:
                child.kill()
    return Ran(where, given, child.returncode)


def trade_ids(folder: Path) -> list[list[int]]:
    """Of each process that recorded, in order of time."""
    files = sorted((folder / MARKET / "data/trades").rglob("*.parquet"))
    return [[int(name) for name in pq.read_table(file)["trade_id"].to_pylist()] for file in files]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = ran(run_file(tmp_path_factory.mktemp("whole")), MESSAGES)
    assert (done.code, done.given) == (0, MESSAGES)
    return done.folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Killed, taken up, and killed again."""
    run = run_file(tmp_path_factory.mktemp("killed"))
    first = ran(run, MESSAGES, kill_after=KILLED_AFTER[0])
    again = ran(run, MESSAGES, first.folder, kill_after=KILLED_AFTER[1])
    assert (first.code, again.code) == (-9, -9)
    assert not (again.folder / MARKET).exists()
    return again


def told(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> dict[str, Any]:
    assert main([*map(str, words), "--json"]) == code
    return dict(json.loads(capsys.readouterr().out))


def test_all_that_was_seen_is_recorded_and_named(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trade_ids(whole) == [[*range(1, MESSAGES + 1)]]
    assert not (whole / STREAM).exists()
    assert told(capsys, "verify", whole)["data"] == "same"
    assert told(capsys, "replay", whole)["identical"]
    held = json.loads((whole / MARKET / "perpmm.json").read_text())["ingests"][0]
    assert held["rows"] == {
        "funding_rates": MESSAGES // 10,
        "mark_prices": MESSAGES // 10,
        "trades": MESSAGES,
        "order_book_deltas": 3 * MESSAGES,
        "quotes": MESSAGES,
    }


def test_it_is_simulated_on_again_wherever_the_folder_lies(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    said = told(capsys, "backtest", "--from", copy, "--set", "strategy.bid_spread=0.07", "--no-report")
    made, parent = read_run_file(Path(said["run_dir"])), read_run_file(whole)
    assert made.manifest.parent == parent.run_id
    assert parent.seal is not None
    assert parent.seal.market is not UNSET
    assert made.manifest.data_fingerprint == parent.seal.market.fingerprint
    assert made.places["catalog"] == str(copy / MARKET)
    assert said["summary"]["orders"]


def test_a_wrong_bit_in_it_is_found_and_the_journal_still_replays(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    for path in sorted(path for path in (copy / MARKET).rglob("*") if path.is_file()):
        content = path.read_bytes()
        harmed = bytearray(content)
        harmed[len(content) // 2] ^= 4
        path.write_bytes(harmed)
        found = told(capsys, "verify", copy, code=2)
        assert str(path.relative_to(copy)) in found["damages"][0]
        path.write_bytes(content)
    path.unlink()
    assert told(capsys, "verify", copy, code=2)["readable"] > 0
    assert told(capsys, "replay", copy)["identical"]


def test_a_kill_takes_only_what_was_not_written_yet(
    killed: Ran, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(killed.folder, tmp_path / killed.folder.name))
    assert "perpmm recover" in told(capsys, "backtest", "--from", folder, code=2)["problems"][0]["message"]
    for path in (folder / STREAM).rglob("quotes*.partial"):  # the last write cut short
        path.write_bytes(path.read_bytes()[:-100])
    assert told(capsys, "recover", folder, code=1)["status"] == Status.CRASHED_RECOVERED
    parts = trade_ids(folder)
    assert len(parts) == 2
    for part in parts:
        assert part == [*range(1, len(part) + 1)]
    assert len(parts[-1]) <= killed.given + 1
    assert told(capsys, "verify", folder, code=1)["data"] == "same"
    again = told(capsys, "backtest", "--from", folder, "--no-report")
    assert "the recording of quotes ends within a write" in again["notes"]


@pytest.mark.parametrize("when", ["before the catalog", "after the catalog"])
def test_keeping_it_can_be_cut_short_and_done_again(when: str, killed: Ran, tmp_path: Path) -> None:
    whole = Path(shutil.copytree(killed.folder, tmp_path / "whole"))
    expected = kept(whole)
    assert expected is not None
    cut = Path(shutil.copytree(killed.folder, tmp_path / "cut"))
    if when == "after the catalog":  # and before what it was made from was removed
        shutil.copytree(whole / MARKET, cut / MARKET)
    else:
        (cut / f".{MARKET}.partial-99999999").mkdir()
        (cut / f".{MARKET}.partial-99999999/half").write_text("half")
    for _ in range(2):
        got = kept(cut)
        assert got is not None
        assert (got.fingerprint, got.files.keys()) == (expected.fingerprint, expected.files.keys())
    assert {path.name for path in cut.iterdir()} == {path.name for path in whole.iterdir()}
