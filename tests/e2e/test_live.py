"""`perpmm live` at the venue on loopback: begun, steered, stopped, hung, killed and taken up again."""

import signal
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from engine.core.commands import TradingChanged
from engine.journal.manifest import Status
from engine.journal.reader import Journal
from engine.run.moments import Walk
from tests.support.cli import Said, perpmm, sample
from tests.support.live import BUSY, LiveRun, account, agrees, keys, live_process, sim, wait, words
from tests.support.venue_process import venue_process

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def venue() -> Iterator[dict[str, Any]]:
    with venue_process(sample(), "--loop", "--accounts", "4") as addresses:
        yield addresses


@pytest.fixture
def place(venue: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """An account for each test, so that they do not meet; a position is moved from outside on the first."""
    number = ["killed", "steered", "halt", "nothing"].index(request.function.__name__.split("_")[1])
    return {**venue, **[venue, *venue["accounts"]][number]}


def told(run: LiveRun, *arguments: str) -> Said:
    return perpmm(*arguments, "--runs", run.folder / "runs", **keys(run.venue))


def test_steered_from_outside_stopped_and_replayed(tmp_path: Path, place: dict[str, Any]) -> None:
    with live_process(tmp_path, place, **BUSY) as run:
        run.until("filled")
        assert told(run, "pause", run.run.name).code == 0
        run.until("REDUCE: held back by user")
        assert told(run, "set", run.run.name, "strategy.bid_spread=0.004").code == 0
        assert told(run, "resume", run.run.name).code == 0
        run.until("RUN: no longer held back by user")
        run.until("x 0.99996")
        for _ in range(2):  # a second Ctrl-C does not skip the cancel
            run.process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        assert run.ended() == 130
        said = run.said.read_text()
        assert "left open" in said
        assert Journal(run.run).status is Status.INTERRUPTED
        agrees(run.run, place)
        assert account(place)["open_orders"] == []
        assert perpmm("replay", run.run).code == 0
        assert perpmm("verify", run.run).code == 0
        no_key_in(tmp_path, place)


def test_killed_it_takes_up_its_orders_and_what_others_did_meanwhile(tmp_path: Path, place: dict[str, Any]) -> None:
    patient = BUSY | {"order_refresh_time": "60", "bid_spread": "0.5"}
    with live_process(tmp_path, place, **patient) as run:
        run.until("quote level 0")
        wait(lambda: len(account(place)["open_orders"]) > 0)
        run.process.kill()
        run.ended()
    resting = {order["orderId"] for order in account(place)["open_orders"]}
    sim(place, "fault", {"kind": "move", "size": "0.03", "most": 1})
    wait(lambda: sum(map(Decimal, account(place)["positions"].values())) != 0)
    with live_process(tmp_path, place, "--resume", run.run.name, **patient) as again:
        again.until("filled buy 0.030")
        again.process.send_signal(signal.SIGTERM)
        assert again.ended() == 128 + signal.SIGTERM
    assert resting
    walk = Walk(run.run)
    assert walk.journal.status is Status.INTERRUPTED
    assert len(walk.journal.run_file.resumed_after) == 1
    agrees(run.run, place)
    assert perpmm("replay", run.run).code == 0


def test_halt_needs_nothing_of_a_process_that_hangs(tmp_path: Path, place: dict[str, Any]) -> None:
    with live_process(tmp_path, place, **BUSY | {"order_refresh_time": "60"}) as run:
        run.until("quote level 0")
        wait(lambda: len(account(place)["open_orders"]) > 0)
        run.process.send_signal(signal.SIGSTOP)
        assert told(run, "halt", run.run.name, "--flatten").code == 0
        there = account(place)
        assert (there["open_orders"], there["positions"]) == ([], {})
        assert told(run, "halt", run.run.name, "--flatten").code == 0
        run.process.send_signal(signal.SIGCONT)
        run.until("HALT: held back by user: perpmm halt")
        run.process.send_signal(signal.SIGINT)
        assert run.ended() == 130
    said = [cast(TradingChanged, entry.value).reason for entry in Journal(run.run).entries(types=["TradingChanged"])]
    assert "perpmm halt" in said
    agrees(run.run, place)
    assert perpmm("replay", run.run).code == 0


def test_nothing_begins_without_consent_keys_or_a_venue(tmp_path: Path, place: dict[str, Any]) -> None:
    def refused(venue: dict[str, Any], *more: str, answer: str = "") -> str:
        line = words(tmp_path, venue, *more)
        done = subprocess.run(line, env=keys(venue), input=answer, capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        (tmp_path / f"refused-{len(done.stderr)}").write_text(done.stderr + done.stdout)
        return done.stderr

    said = refused(place, answer="yes\n")
    sentence = said.partition("type: ")[2].splitlines()[0]
    assert all(word in sentence for word in ("BTCUSDT", "BINANCE", place["rest"], "USDT"))
    assert "not begun" in said
    assert "-1022" in refused(place | {"secret": "canary-secret"}, "--live")
    assert "-2015" in refused(place | {"key": "canary-key"}, "--live")
    assert "no word on the contracts" in refused(place | {"rest": "http://127.0.0.1:9"}, "--live")
    assert "backtests only" in refused(place, "--live", "--set=venue.backtest_only=true")
    assert not (tmp_path / "runs").exists()
    no_key_in(tmp_path, place)
    no_key_in(tmp_path, {"key": "canary-key", "secret": "canary-secret"})


def no_key_in(folder: Path, venue: dict[str, Any]) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        for word in (venue["key"], venue["secret"]):
            assert word.encode() not in content, path
