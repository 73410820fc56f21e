"""The commands that look at a run: on a finished one, a crashed one, and one that is being written."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.core.commands import Submit
from engine.core.types import Purpose
from engine.journal.folder import status_of
from engine.journal.manifest import Status
from engine.journal.reader import Journal
from tests.support.stories import a_story, story_run

ROOT = Path(__file__).resolve().parents[2]
STORY = a_story(1, 200)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return story_run(tmp_path_factory.mktemp("runs"), STORY)


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return story_run(tmp_path_factory.mktemp("runs"), STORY, seal=False)


def said(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> str:
    assert main([str(word) for word in words]) == code
    return capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> dict[str, Any]:
    return dict(json.loads(said(capsys, *words, "--json", code=code)))


def orders(folder: Path, purpose: Purpose) -> list[str]:
    found = (entry.value for entry in Journal(folder).entries(types=["Submit"]))
    return [order.id for order in found if isinstance(order, Submit) and order.purpose is purpose]


def test_replay_is_identical_wherever_the_folder_lies(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(finished, tmp_path / "elsewhere")
    assert said(capsys, "replay", copy).endswith("identical\n")
    got = told(capsys, "replay", copy)
    assert got["identical"]
    assert got["commands"] > 50


def test_a_run_is_found_by_its_id(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "identical" in said(capsys, "replay", finished.name, "--runs", finished.parent)
    assert main(["replay", "no-such-run"]) == 2


def test_replay_tells_the_first_difference(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A manifest that says another spread: as if the parameters had been read otherwise."""
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["manifest"]["config"]["strategy"]["bid_spread"] = "0.31"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert main(["replay", str(folder)]) == 2  # the manifest is not the one that was hashed
    capsys.readouterr()
    plain = story_run(tmp_path / "runs", STORY, seal=False)
    file = json.loads((plain / "manifest.json").read_text())
    file["manifest"]["config"]["strategy"]["bid_spread"] = "0.31"
    (plain / "manifest.json").write_text(json.dumps(file))
    from engine.journal.replay import replay  # noqa: PLC0415  the layer below, which does not look at the hash
    from engine.run.remade import remade  # noqa: PLC0415

    made = remade(plain, Journal(plain).run_file)
    found = replay(plain, made.policy, made.limits).divergence
    assert found is not None
    assert any(difference.where.endswith("order.price") for difference in found.states)


def test_verify_says_whole_crashed_and_damaged(
    finished: Path, crashed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "verify", finished)["status"] == "Ended"
    assert told(capsys, "verify", crashed, code=1)["status"] == "Crashed"
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    with (folder / "journal.sqlite").open("r+b") as file:
        file.seek(30_000)
        byte = file.read(1)
        file.seek(30_000)
        file.write(bytes([byte[0] ^ 1]))
    got = told(capsys, "verify", folder, code=2)
    assert got["damages"]
    assert 0 < got["readable"] < got["high_watermark"]
    assert main(["replay", str(folder)]) == 2


def test_journal_selects_by_type_number_and_time(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "journal", finished, "--type", "OrderFilled", "--json").splitlines()
    fills = [json.loads(line) for line in lines]
    assert {fill["type"] for fill in fills} == {"OrderFilled"}
    middle = fills[len(fills) // 2]
    later = said(capsys, "journal", finished, "--since", str(middle["seq"]), "--json").splitlines()
    assert json.loads(later[0])["seq"] == middle["seq"]
    by_time = said(capsys, "journal", finished, "--since", str(middle["ts_init"] + 10**12), "--json")
    assert by_time == "" or all(json.loads(line)["ts_init"] > middle["ts_init"] for line in by_time.splitlines())
    assert main(["journal", str(finished), "--type", "NoSuchThing"]) == 2


def test_inspect_is_the_state_at_a_number_and_at_a_time(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = next(e for e in Journal(finished).entries(since=300) if e.type == "Tick")
    by_seq = told(capsys, "inspect", finished, "--seq", str(entry.seq))
    by_time = told(capsys, "inspect", finished, "--at", str(entry.ts_init + 1).zfill(13))
    for key in ("market", "positions", "account"):
        assert by_seq[key] == by_time[key]
    assert by_seq["market"]["tick_ns"] == entry.ts_event
    assert main(["inspect", str(finished), "--seq", "999999999"]) == 2
    assert "position" in said(capsys, "inspect", finished)


@pytest.mark.parametrize("purpose", [Purpose.QUOTE, Purpose.STOP])
def test_why_leads_back_to_the_parameters_and_on_to_the_end(
    finished: Path, purpose: Purpose, capsys: pytest.CaptureFixture[str]
) -> None:
    order = orders(finished, purpose)[3]
    got = told(capsys, "why", finished, order)
    assert got["order"]["id"] == order
    assert got["tick"]["top"]
    assert got["because"]
    assert ("bid_spread" in got["parameters"] or "ask_spread" in got["parameters"]) == (purpose is Purpose.QUOTE)
    assert got["end"] != "working still"
    assert order in said(capsys, "why", finished, order)
    assert main(["why", str(finished), "no-such-order"]) == 2


def test_a_crashed_run_is_read_recovered_and_sealed(
    crashed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(crashed, tmp_path / "run"))
    assert "identical" in said(capsys, "replay", folder)
    assert told(capsys, "inspect", folder)["status"] == "Crashed"
    got = told(capsys, "recover", folder, code=1)
    assert got["status"] == "CrashedRecovered"
    assert "sealed" in said(capsys, "verify", folder, code=1)
    assert main(["recover", str(folder)]) == 2  # sealed already
    assert "identical" in said(capsys, "replay", folder)


def test_a_damaged_run_is_quarantined(crashed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(shutil.copytree(crashed, tmp_path / "run"))
    path = folder / "journal.sqlite"
    content = path.read_bytes()
    place = content.index(b'"OrderFilled"')
    path.write_bytes(content[:place] + b'"OrderFillee"' + content[place + 13 :])
    assert told(capsys, "recover", folder, code=2)["status"] == "Quarantined"
    assert told(capsys, "verify", folder, code=2)["readable"] > 0
    assert main(["replay", str(folder)]) == 2


WRITING = """
import sys, time
from pathlib import Path
from engine.journal.manifest import Status
from engine.journal.writer import create_run
from tests.support.stories import a_story, manifest_of, parts, played
story = a_story(1, 200)
writer = create_run(Path(sys.argv[1]), manifest_of(parts(story)[1]), durable=True)
events = 0
def record(seq, event, outcomes):
    global events
    writer.record(seq, event, outcomes)
    events += 1
    if events == 200:
        print(writer.folder, flush=True)
        sys.stdin.readline()
played(story, record, writer.run)
writer.seal(Status.ENDED)
"""


def test_a_run_that_is_being_written_is_read_and_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", WRITING, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        folder = Path(child.stdout.readline().strip())
        assert status_of(folder) is Status.RUNNING
        assert told(capsys, "inspect", folder)["status"] == "Running"
        assert told(capsys, "verify", folder, code=1)["damages"] == []
        assert told(capsys, "replay", folder)["events"] == 200
        assert main(["recover", str(folder)]) == 2  # its writer is at work
        capsys.readouterr()
        follow = [sys.executable, "-m", "engine.cli", "journal", str(folder), "--follow", "--json"]
        with subprocess.Popen(follow, stdout=subprocess.PIPE, env=environment, text=True) as reader:
            assert reader.stdout is not None
            first = json.loads(reader.stdout.readline())
            child.stdin.write("go on\n")
            child.stdin.flush()
            assert child.wait(60) == 0
            rest = [json.loads(line)["seq"] for line in reader.stdout]
    assert [first["seq"], *rest] == [entry.seq for entry in Journal(folder).entries()]
    assert told(capsys, "verify", folder)["verdict"] == 0


MUTATIONS = {
    "a price": ("rates.py", "Level(Side.BUY, ONE - bid - k * more", "Level(Side.BUY, ONE - bid - bid / 50 - k * more"),
    "a timer": ("refresh.py", "next_ns = now + turn.rates.refresh_ns", "next_ns = now + turn.rates.refresh_ns + 1"),
    "a stop": ("exits_safe.py", "holding.sign * (price - level) <= 0", "holding.sign * (price - level) < -5"),
}


def test_a_changed_line_of_strategy_code_is_caught(finished: Path, tmp_path: Path) -> None:
    """On a copy of the sources, a line at a time; the run was made by these."""
    for package in ("engine", "strategies", "data"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("lake", "__pycache__"))

    def replayed(code: int) -> dict[str, Any]:
        words = [sys.executable, "-m", "engine.cli", "replay", str(finished), "--json"]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        said = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert said.returncode == code, said.stderr
        return dict(json.loads(said.stdout))

    assert replayed(0)["identical"]
    for name, (file, line, other) in MUTATIONS.items():
        path = tmp_path / "strategies/perpetual_market_making" / file
        text = path.read_text()
        assert text.count(line) == 1, name
        path.write_text(text.replace(line, other))
        found = replayed(1)["divergence"]
        assert found["expected"] != found["got"], name
        assert found["states"], name
        path.write_text(text)


def test_a_journal_of_another_schema_is_refused_in_words(
    crashed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of an older one and of one to come, in the manifest and in the file itself, by every command."""
    for place in ("manifest.json", "journal.sqlite"):
        folder = Path(shutil.copytree(crashed, tmp_path / place))
        if place == "manifest.json":
            file = json.loads((folder / place).read_text())
            file["manifest"]["schema_version"] = 0
            (folder / place).write_text(json.dumps(file))
        else:
            with closing(sqlite3.connect(folder / place)) as db:
                db.execute("pragma user_version = 2")
        for name in ("replay", "verify", "journal", "inspect", "recover"):
            assert main([name, str(folder)]) == 2, (place, name)
            said = capsys.readouterr()
            assert "version" in said.out + said.err, (place, name)
