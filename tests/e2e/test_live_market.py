"""Paper and live trading at a venue that runs on loopback, by NautilusTrader's own adapter for Binance."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.journal.manifest import Status
from engine.run.moments import Walk
from tests.support.cli import command, environment, perpmm, run_file, sample

ADDRESSES = ("rest", "ws", "ws_api")


@pytest.fixture(scope="module")
def venue() -> Iterator[dict[str, str]]:
    words = command("venue-sim", sample(), "--loop")
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)


def at(venue: dict[str, str]) -> list[str]:
    return [word for key in ADDRESSES for word in ("--set", f"venue.{key}={venue[key]}")]


def test_a_paper_run_trades_at_the_venue_s_own_market_and_records_it(tmp_path: Path, venue: dict[str, str]) -> None:
    words = command("paper", run_file(tmp_path), *at(venue), "--runs", tmp_path / "runs", "--no-report")
    with subprocess.Popen(
        words, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stderr is not None
        assert any("quote level 0" in line for line in run.stderr)
        time.sleep(2.5)
        run.send_signal(signal.SIGINT)
        run.communicate()
    assert run.returncode == 130
    (folder,) = (tmp_path / "runs").iterdir()
    walk = Walk(folder)
    assert walk.journal.status is Status.INTERRUPTED
    assert walk.journal.run_file.seal is not None
    assert walk.journal.run_file.seal.market is not None
    assert walk.last().after.orders == ()
    assert perpmm("replay", folder).code == 0
    assert perpmm("verify", folder).code == 0
