"""Paper and live trading at a venue that runs on loopback, by NautilusTrader's own adapter for Binance."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import cast

import msgspec
import pytest

from engine.core.commands import Submit
from engine.core.events import OrderCanceled
from engine.journal.manifest import Status
from engine.run.account import GONE
from engine.run.moments import Walk
from tests.support.builders import LINEAR
from tests.support.cli import command, environment, perpmm, run_file
from tests.support.venue_process import quiet_market, venue_process

ADDRESSES = ("rest", "ws", "ws_api")


ETHUSDT = msgspec.structs.replace(LINEAR, id="ETHUSDT-PERP.BINANCE", raw_symbol="ETHUSDT", base="ETH")
ELSEWHERE = {  # two per cent below the traded market: no quote of 3 % around it can trade
    "price_source": "external_market",
    "price_source_derivative": "binance_perpetual",
    "price_source_market": "ETH-USDT",
    "bid_spread": "3",
    "ask_spread": "3",
}


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    catalog = quiet_market(tmp_path_factory.mktemp("venue"))
    quiet_market(catalog, instrument=ETHUSDT, bid=49_000)
    with venue_process(catalog, "--loop") as addresses:
        yield addresses


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


def test_killed_at_the_venue_s_own_market_a_paper_run_goes_on(tmp_path: Path, venue: dict[str, str]) -> None:
    """The journal has all that was decided before; what rested at the venue that is gone is said to be gone. It quotes
    around the price of another contract, which it reads there too."""
    elsewhere = (f"--set=strategy.{key}={value}" for key, value in ELSEWHERE.items())
    line = ("paper", run_file(tmp_path), *at(venue), *elsewhere, "--runs", tmp_path / "runs", "--no-report")
    _told(command(*line), until="quote level 0", then=signal.SIGKILL)
    (folder,) = (tmp_path / "runs").iterdir()
    before = Walk(folder).last().after
    assert before.orders
    assert _told(command(*line, "--resume", folder.name), until="quote level 0", then=signal.SIGINT) == 130
    walk = Walk(folder)
    assert walk.journal.status is Status.INTERRUPTED
    gone = [cast(OrderCanceled, e.value) for e in walk.journal.entries(since=before.seq + 1, types=["OrderCanceled"])]
    assert [event.id for event in gone if event.reason == GONE] == [w.order.id for w in before.orders]
    assert walk.last().after.orders == ()
    prices = {cast(Submit, entry.value).price for entry in walk.journal.entries(types=["Submit"])}
    assert prices == {Decimal("47530.0"), Decimal("50470.0")}  # of 49000.05, rounded down
    assert perpmm("replay", folder).code == 0


def test_asked_to_stop_before_the_venue_has_answered_it_stops(tmp_path: Path, venue: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        streams = f"venue.ws=ws://127.0.0.1:{mute.getsockname()[1]}"
        words = ("paper", run_file(tmp_path), *at(venue), "--set", streams, "--runs", tmp_path / "runs")
        with subprocess.Popen(command(*words), env=environment(), stderr=subprocess.PIPE, text=True) as run:
            connection, _ = mute.accept()
            run.send_signal(signal.SIGTERM)
            _, said = run.communicate()
            connection.close()
    assert run.returncode == 143, said
    (folder,) = (tmp_path / "runs").iterdir()
    assert Walk(folder).journal.status is Status.INTERRUPTED


def _told(words: list[str], *, until: str, then: signal.Signals) -> int:
    """The exit code of a run that was sent a signal once it had said `until`."""
    with subprocess.Popen(
        words, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stderr is not None
        assert any(until in line for line in run.stderr)
        run.send_signal(then)
        run.communicate()
    return run.returncode
