"""Paper and live trading at a venue that runs on loopback, by NautilusTrader's own adapter for Binance."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from engine.config.read import override, read_config
from engine.core.commands import Cancel
from engine.core.events import AnyEvent, OrderAccepted, OrderCanceled, OrderFilled, Started, Stopping, Tick
from engine.core.session import Send, Session
from engine.journal.manifest import Status
from engine.nautilus.access import Access
from engine.nautilus.desk import Desk, LiveMarket
from engine.nautilus.live import Account, live
from engine.run.compose import compose
from engine.run.market_now import addresses_of, contract_now
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


def test_a_live_node_places_orders_and_ends_with_every_cancel_confirmed(tmp_path: Path, venue: dict[str, str]) -> None:
    config = read_config(run_file(tmp_path), [override(f"venue.{key}={venue[key]}") for key in ADDRESSES])
    now = time.time_ns()
    contract = contract_now(config.venue, config.instrument.id)
    parts = compose(config, run=f"{now:064x}", instrument=contract, at_ns=now)
    told: list[tuple[AnyEvent, tuple[Any, ...]]] = []
    accepted = threading.Event()

    def record(_seq: int, event: AnyEvent, outcomes: tuple[Any, ...]) -> None:
        told.append((event, outcomes))
        if isinstance(event, OrderAccepted):
            accepted.set()

    def session_of(send: Send) -> Session[Any]:
        return parts.session(record, send)

    def stop() -> None:
        accepted.wait(60)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=stop, daemon=True).start()
    desk = Desk(started=parts.started, opening=lambda _now: (parts.started,), session_of=session_of)
    market = LiveMarket(addresses=addresses_of(config.venue), depth=False)
    end = live(market, Account(access=Access(venue["key"], venue["secret"])), desk)
    assert end.stopped is not None
    assert [type(event) for event, _ in told[:2]] == [Started, Tick]
    assert len([event for event, _ in told if isinstance(event, OrderAccepted)]) >= 1
    (asked,) = [outcomes for event, outcomes in told if isinstance(event, Stopping)]
    over = {event.id for event, _ in told if isinstance(event, OrderCanceled | OrderFilled)}
    assert {cast(Cancel, each).id for each in asked} <= over
