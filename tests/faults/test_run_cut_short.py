"""A run that is cut short, by Ctrl-C or a full disk, says so: its exit code, a message, no folder that looks whole."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.core.errors import JournalError
from engine.journal.manifest import Status
from engine.journal.reader import Journal
from tests.support.cli import INSTRUMENT, command, environment, perpmm, run_file, sample


def only_run(runs: Path) -> Path:
    (folder,) = runs.iterdir()
    return folder


def heeds_hangup() -> None:
    """What `nohup` ignores stays ignored, and the tests may run under it."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def stopped_at(
    words: str, file: Path, folder: Path, number: signal.Signals = signal.SIGINT
) -> subprocess.CompletedProcess[str]:
    """The outcome of a backtest to which a signal is sent when these words appear on standard error."""
    child = subprocess.Popen(
        command("backtest", file, "--runs", folder / "runs", "--json"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_hangup,  # noqa: PLW1509  no thread of ours runs
    )
    assert child.stderr is not None
    heard = ""
    for line in child.stderr:
        heard += line
        if words in line:
            child.send_signal(number)
            break
    out, err = child.communicate(timeout=120)
    return subprocess.CompletedProcess(child.args, child.returncode, out, heard + err)


@pytest.mark.parametrize(
    ("words", "number", "name"),
    [
        ("Replaying the market", signal.SIGINT, "Ctrl-C"),
        ("Writing the results", signal.SIGINT, "Ctrl-C"),
        ("Replaying the market", signal.SIGTERM, "SIGTERM"),
        ("Writing the results", signal.SIGHUP, "SIGHUP"),
    ],
)
def test_asked_to_stop(words: str, number: signal.Signals, name: str, tmp_path: Path) -> None:
    done = stopped_at(words, run_file(tmp_path, catalog=sample(15)), tmp_path, number)
    assert done.returncode == 128 + number, done.stderr
    folder = only_run(tmp_path / "runs")
    assert Journal(folder).status is Status.INTERRUPTED
    assert not (folder / "report.html").exists()
    assert not (folder / "summary.json").exists()
    assert str(folder) in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith(f'{{"error": "stopped by {name}"')


def test_ctrl_c_leaves_a_journal_of_what_was_done(tmp_path: Path) -> None:
    stopped_at("Replaying the market", run_file(tmp_path, catalog=sample(15)), tmp_path)
    entries = list(Journal(only_run(tmp_path / "runs")).entries())
    assert entries[0].type == "Started"
    assert "Stopping" in {entry.type for entry in entries}


def test_ctrl_c_before_the_run_leaves_nothing(tmp_path: Path) -> None:
    asked = """
import os, signal
from engine.cli import exits
raise SystemExit(exits.code_of(lambda: os.kill(os.getpid(), signal.SIGINT), as_json=False))
"""
    done = subprocess.run([sys.executable, "-c", asked], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "Ctrl-C" in done.stderr


FULL_AFTER = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
from engine.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("size", [100, 6_000, 30_000, 150_000, 1_000_000])
def test_disk_full(size: int, tmp_path: Path) -> None:
    """No file can grow beyond `size` bytes: the manifest, the journal at its start and later, the report."""
    file = run_file(tmp_path, catalog=sample(15))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            FULL_AFTER.format(size=size),
            "backtest",
            str(file),
            "--runs",
            str(tmp_path / "runs"),
            "--json",
        ],
        cwd=tmp_path,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "runs") in done.stderr
    for folder in (tmp_path / "runs").iterdir():
        try:
            assert Journal(folder).status is not Status.ENDED
        except JournalError:
            assert not (folder / "manifest.json").exists()
        assert not (folder / "report.html").exists()


@pytest.mark.parametrize("size", [3_000, 100_000])
def test_disk_full_in_data_commands(size: int, tmp_path: Path) -> None:
    raw = sample().parent / "raw"
    ingest = ["data", "ingest", *map(str, raw.iterdir()), "--instrument", INSTRUMENT, "--catalog", "catalog"]
    for arguments in (["data", "synthetic", "--minutes", "3", "--out", "raw"], ingest):
        done = subprocess.run(
            [sys.executable, "-c", FULL_AFTER.format(size=size), *arguments],
            cwd=tmp_path,
            env=environment(PYTHONDONTWRITEBYTECODE="1"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_disk_full_in_init(tmp_path: Path) -> None:
    full = FULL_AFTER.format(size=100)
    done = subprocess.run(
        [sys.executable, "-c", full, "init", "run.toml"],
        cwd=tmp_path,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "run.toml" in done.stderr
    assert not (tmp_path / "run.toml").exists()


def test_broken_invariant_is_our_fault(tmp_path: Path) -> None:
    """A fault of ours: exit code 1, the run sealed as failed, with a traceback for whoever mends it."""
    asked = """
import sys
import engine.run.simulate as simulate
from engine.core.errors import BrokenInvariantError
def broken(*_):
    raise BrokenInvariantError("on purpose")
simulate.check_agreement = broken
from engine.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
    file = run_file(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", asked, "backtest", str(file), "--runs", str(tmp_path / "runs"), "--json"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert '"own fault"' in done.stdout
    assert Journal(only_run(tmp_path / "runs")).status is Status.FAILED


def test_a_run_of_the_same_file_works_afterwards(tmp_path: Path) -> None:
    file = run_file(tmp_path)
    stopped_at("Replaying the market", file, tmp_path)
    assert perpmm("backtest", file, "--runs", tmp_path / "runs", "--no-report", cwd=tmp_path).code == 0
