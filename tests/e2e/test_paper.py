"""`perpmm paper --feed`: what a user types, and what is left of it when it ends, is stopped, or is killed."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import cast

from engine.cli.main import main
from engine.core.commands import Cancel, Submit
from engine.core.events import OrderCanceled, Stopping
from engine.journal.manifest import Status
from engine.journal.reader import Journal
from engine.run.account import GONE
from engine.run.control import Pause, Resume, Set, say
from engine.run.moments import Walk
from tests.support.cli import command, environment, perpmm, run_file, sample

QUICK = ("--no-report", "--speed", "0")


def paper(folder: Path, *more: str) -> list[str | Path]:
    return ["paper", run_file(folder), "--feed", sample(), "--runs", folder / "runs", *more]


def the_run(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def started(folder: Path, *more: str, until: str) -> subprocess.Popen[str]:
    """A run at a pace at which it can be met on its way: so far that it has said `until`."""
    words = command(*paper(folder, "--no-report", "--speed", "40", *more))
    process = subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if until in line:
            break
    return process


def test_it_ends_with_its_feed_and_is_the_backtest_of_it(tmp_path: Path) -> None:
    said = perpmm(*paper(tmp_path, *QUICK, "--json"))
    assert said.code == 0, said.err
    run = Path(said.json["run_dir"])
    assert perpmm("replay", run).code == 0
    tested = perpmm("backtest", run_file(tmp_path), "--runs", tmp_path / "runs", "--no-report", "--json")
    same = ("net_pnl", "fees", "funding", "orders", "fills", "volume")
    assert {key: said.json["summary"][key] for key in same} == {key: tested.json["summary"][key] for key in same}
    compared = perpmm("compare", run, tested.json["run_dir"], "--runs", tmp_path / "runs", "--json").json
    assert (compared["commands"]["share"], compared["agreement"]) == (1.0, 1.0)
    decided = [line for line in said.err.splitlines() if "reference price" in line]
    quotes = [entry for entry in Journal(run).entries(types=["Submit"]) if cast(Submit, entry.value).purpose == "quote"]
    assert len(decided) == len(quotes) > 0


def read_meanwhile(run: Path) -> None:
    """All that reads a run, of one whose process holds still in the middle of it; nothing is changed by that."""
    before = sorted((path.name, path.stat().st_size) for path in run.iterdir())
    order = next(iter(Journal(run).entries(types=["Submit"]))).value
    for words, code in {
        ("inspect", run): 0,
        ("why", run, cast(Submit, order).id): 0,
        ("journal", run): 0,
        ("status", run, "--once"): 0,
        ("verify", run): 1,  # not sealed
        ("replay", run): 0,
    }.items():
        assert main([*map(str, words)]) == code, words
    assert main(["recover", str(run)]) == 2  # its writer is at work
    assert sorted((path.name, path.stat().st_size) for path in run.iterdir()) == before


def test_stopped_by_a_signal_it_cancels_what_rests_and_is_sealed(tmp_path: Path) -> None:
    process = started(tmp_path, "--speed", "1", until="quote level 0")
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
    walk = Walk(the_run(tmp_path))
    assert walk.journal.status is Status.INTERRUPTED
    state = walk.last().after
    assert (state.stopping, state.orders) == (True, ())
    (stopping,) = walk.journal.entries(types=["Stopping"])
    asked = [cast(Cancel, e.value).id for e in walk.journal.entries(since=stopping.seq, types=["Cancel"])]
    ended = [cast(OrderCanceled, e.value).id for e in walk.journal.entries(since=stopping.seq, types=["OrderCanceled"])]
    assert asked == ended != []
    assert isinstance(stopping.value, Stopping)
    assert perpmm("replay", the_run(tmp_path)).code == 0


def test_steered_while_it_runs_it_is_replayed_alike(tmp_path: Path) -> None:
    process = started(tmp_path, "--speed", "1", until="quote level 0")
    run, lines = the_run(tmp_path), process.stderr
    assert lines is not None
    say(run, Pause("by hand"))
    assert any("REDUCE: held back by user" in line for line in lines)
    say(run, Set({"bid_spread": "0.5"}))
    say(run, Resume("by hand"))
    assert any("RUN: no longer held back by user" in line for line in lines)
    assert any("x 0.995" in line for line in lines)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
    steered = [entry.type for entry in Journal(run).entries(types=["Paused", "ParametersChanged", "Resumed"])]
    assert steered == ["Paused", "ParametersChanged", "Resumed"]
    assert perpmm("replay", run).code == 0


def test_killed_it_goes_on_with_its_account(tmp_path: Path) -> None:
    """Its orders went with the venue that simulated them, its position stays, and one replay covers both lives."""
    process = started(tmp_path, until="filled")
    time.sleep(0.1)
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    run = the_run(tmp_path)
    read_meanwhile(run)
    process.kill()
    process.communicate()
    last = Walk(run).last()
    before = last.after
    said = perpmm(*paper(tmp_path, *QUICK, "--json", "--resume", run.name))
    assert said.code == 0, said.err
    walk = Walk(run)
    assert walk.journal.status is Status.CRASHED_RECOVERED
    gone = [cast(OrderCanceled, e.value) for e in walk.journal.entries(since=before.seq + 1, types=["OrderCanceled"])]
    assert [event.id for event in gone if event.reason == GONE] == [w.order.id for w in before.orders]
    assert all(event.ts_event >= last.event.ts_init for event in gone)
    first = next(iter(walk.moments(walk.journal.entries(since=before.seq + 1), before)))
    assert first.after.positions == before.positions
    assert perpmm("replay", run).code == 0


def test_a_run_that_ended_hands_its_account_to_the_next(tmp_path: Path) -> None:
    process = started(tmp_path, until="filled")
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    run = the_run(tmp_path)
    before = Walk(run).last().after
    said = perpmm(*paper(tmp_path, *QUICK, "--json", "--resume", run.name))
    assert said.code == 0, said.err
    after = Walk(Path(said.json["run_dir"]))
    assert after.journal.run_file.manifest.parent == run.name
    state = next(iter(after.moments())).after
    assert state.ledger.cash == before.ledger.cash
    assert state.positions == before.positions
    assert perpmm("replay", said.json["run_dir"]).code == 0
    folders = sorted((tmp_path / "runs").iterdir())
    again = perpmm(*paper(tmp_path, *QUICK, "--resume", Path(said.json["run_dir"]).name))
    assert again.code == 2
    assert "has seen it to its end" in again.err
    assert sorted((tmp_path / "runs").iterdir()) == folders


def test_what_cannot_be_resumed_is_said(tmp_path: Path) -> None:
    tested = perpmm("backtest", run_file(tmp_path), "--runs", tmp_path / "runs", "--no-report", "--json")
    said = perpmm(*paper(tmp_path, *QUICK, "--resume", Path(tested.json["run_dir"]).name))
    assert said.code == 2
    assert "no paper run" in said.err
