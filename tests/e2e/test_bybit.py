"""Bybit's market by NautilusTrader's own adapter, at the venue on loopback."""

import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from engine.core.events import Tick
from engine.nautilus.catalog import instrument_of
from engine.run.moments import Walk
from engine.run.venue_tape import catalog_tape
from engine.venue_sim.market_events import Mark, Rate
from tests.support.cli import command, environment, perpmm, run_file
from tests.support.recorded import wandering_market
from tests.support.venue_process import venue_process

NAME = "BTCUSDT-LINEAR.BYBIT"


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    market = wandering_market(tmp_path_factory.mktemp("market") / "m")
    with venue_process(market, "--loop", "--protocol", "bybit") as said:
        yield said | {"market": market}


def test_a_paper_run_trades_at_bybit_s_own_market_and_records_it(tmp_path: Path, venue: dict[str, Any]) -> None:
    """The top that it decides on is the book's: the adapter's own quotes are not."""
    places = [word for key in ("rest", "ws") for word in ("--set", f"venue.{key}={venue[key]}")]
    places += ["--set", f"instrument.id={NAME}", "--set", "venue.name=BYBIT"]
    words = command("paper", run_file(tmp_path), *places, "--runs", tmp_path / "runs", "--no-report")
    with subprocess.Popen(
        words, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stderr is not None
        assert any("quote level 0" in line for line in run.stderr)
        run.send_signal(signal.SIGINT)
        run.communicate()
    assert run.returncode == 130
    (folder,) = (tmp_path / "runs").iterdir()
    walk = Walk(folder)
    ticks = [cast(Tick, entry.value) for entry in walk.journal.entries(types=["Tick"])]
    spreads = {top.ask - top.bid for top in (tick.top for tick in ticks) if top.ask is not None and top.bid is not None}
    assert spreads == {Decimal("0.1")}
    assert ticks[-1].mark is not None
    market = folder / "market"
    assert {Mark, Rate} <= {type(each) for each in catalog_tape(market, (instrument_of(market, NAME),))}
    for check in ("replay", "verify"):
        assert perpmm(check, folder).code == 0
    again = perpmm("backtest", "--from", folder, "--runs", tmp_path / "runs", "--no-report", "--json")
    assert again.code == 0, again.err
