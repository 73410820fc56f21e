"""`perpmm live` at the venue on loopback: begun, steered, stopped, hung, killed and taken up again."""

import resource
import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from engine.core.commands import Submit, TradingChanged
from engine.core.events import OrderFilled, ParametersChanged
from engine.core.types import Action
from engine.journal.manifest import Status
from engine.journal.reader import Journal
from engine.run.control import Set, say
from engine.run.moments import Walk
from engine.run.replay import replay_run
from engine.venue_api.account import our_id
from tests.support.cli import Said, perpmm, sample
from tests.support.live import (
    BUSY,
    LiveRun,
    agrees,
    hurry_the_timer,
    keys,
    legs,
    live_process,
    open_orders,
    sim,
    strangers_order,
    wait,
    words,
)
from tests.support.venue_process import venue_process

pytestmark = pytest.mark.timeout(900)
NUMBERS = ["killed", "steered", "halt", "nothing", "full", "fault", "neither"]
SLOW_EXITS = {"long_profit_taking_spread": "0.01", "short_profit_taking_spread": "0.01"}  # a position is held a while


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    log = tmp_path_factory.mktemp("venue") / "log.jsonl"
    with venue_process(sample(), "--loop", "--accounts", "7", "--log", str(log)) as addresses:
        yield {**addresses, "log": log}


@pytest.fixture
def place(venue: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """An account for each test, so that they do not meet; a position is moved from outside on the first."""
    number = NUMBERS.index(request.node.name.split("_")[1])
    return {**venue, **[venue, *venue["accounts"]][number]}


def told(run: LiveRun, *arguments: str) -> Said:
    return perpmm(*arguments, "--runs", run.folder / "runs", **keys(run.venue))


def test_steered_from_outside_stopped_flat_and_replayed(tmp_path: Path, place: dict[str, Any]) -> None:
    stranger = strangers_order(place)
    with live_process(tmp_path, place, "--set=risk.stop_policy=flatten", **BUSY | SLOW_EXITS) as run:
        run.until("filled")
        assert told(run, "pause", run.run.name).code == 0
        run.until("REDUCE: held back by user")
        assert told(run, "set", run.run.name, "strategy.bid_spread=0.004").code == 0
        assert told(run, "resume", run.run.name).code == 0
        run.until("RUN: no longer held back by user")
        assert wait(lambda: legs(place) != {})
        sim(place, "fault", {"kind": "disconnect", "on": "market", "most": 1})
        assert wait(lambda: "Connection closed" in (run.run / "node.log").read_text())
        for _ in range(2):  # a second Ctrl-C skips neither the cancel nor the way to flat
            run.process.send_signal(signal.SIGINT)
            run.until("HALT: held back by user: stopped by Ctrl-C")
        assert run.ended() == 130
    assert any("orders of others" in line and "1 rest" in line for line in run.said.read_text().splitlines())
    assert "nothing of this run is left open" in run.said.read_text()
    assert Journal(run.run).status is Status.INTERRUPTED
    agrees(run.run, place)
    assert legs(place) == {}
    assert open_orders(place) == [stranger]
    assert any(isinstance(e.value, ParametersChanged) for e in Journal(run.run).entries(types=["ParametersChanged"]))
    assert perpmm("replay", run.run).code == 0
    assert perpmm("verify", run.run).code == 0
    no_key_in(tmp_path, place)


def test_killed_in_hedge_mode_it_takes_up_what_the_venue_and_others_did_meanwhile(
    tmp_path: Path, place: dict[str, Any]
) -> None:
    """Both legs are open. The venue's timer cancels for the dead, strangers' orders too: it says so beforehand."""
    hedge = BUSY | SLOW_EXITS | {"position_mode": "Hedge", "quote_flat_leg": "true"}
    with live_process(tmp_path, place, **hedge) as run:
        assert wait(lambda: legs(place).keys() == {"LONG", "SHORT"})
        assert wait(lambda: len(open_orders(place)) > 0)
        run.process.kill()
        run.ended()
    stranger, resting = strangers_order(place, positionSide="LONG"), {our_id(each) for each in open_orders(place)}
    before = legs(place)
    sim(place, "fault", {"kind": "move", "size": "0.03", "most": 1})
    assert wait(lambda: legs(place) != before)
    hurry_the_timer(place)
    assert wait(lambda: '"kind":"countdown"' in place["log"].read_text())
    assert wait(lambda: open_orders(place) == [])
    with live_process(tmp_path, place, "--resume", run.run.name, **hedge) as again:
        assert wait(lambda: moved_by_others(run.run) == Decimal("0.03"))
        assert wait(lambda: {leg for leg, _ in closed(run.run)} == {"LONG", "SHORT"})
        assert wait(lambda: legs(place) != {})
        assert told(again, "halt", run.run.name, "--flatten").code == 0
        assert (open_orders(place), legs(place)) == ([], {})
        again.process.send_signal(signal.SIGTERM)
        assert again.ended() == 128 + signal.SIGTERM
    walk = Walk(run.run)
    over = {cast(Any, entry.value).id for entry in walk.journal.entries(types=["OrderCanceled", "OrderFilled"])}
    assert resting - {stranger} <= over
    assert walk.journal.status is Status.INTERRUPTED
    assert len(walk.journal.run_file.resumed_after) == 1
    agrees(run.run, place)
    assert perpmm("replay", run.run).code == 0


def moved_by_others(run: Path) -> Decimal:
    """In however many parts the fault's order was filled."""
    fills = (cast(OrderFilled, entry.value) for entry in Journal(run).entries(types=["OrderFilled"]))
    return sum((fill.size for fill in fills if fill.id.startswith("web_")), Decimal(0))


def closed(run: Path) -> set[tuple[str, str]]:
    """The legs of which an order of the run's own has closed a part, with that order."""
    entries = list(Journal(run).entries(types=["Submit", "OrderFilled"]))
    exits = {e.value.id for e in entries if isinstance(e.value, Submit) and e.value.action is Action.CLOSE}
    fills = [e.value for e in entries if isinstance(e.value, OrderFilled)]
    return {(fill.leg.value, fill.id) for fill in fills if fill.id in exits}


def test_halt_needs_nothing_of_a_process_that_hangs(tmp_path: Path, place: dict[str, Any]) -> None:
    with live_process(tmp_path, place, **BUSY | {"order_refresh_time": "60"}) as run:
        run.until("quote level 0")
        assert wait(lambda: len(open_orders(place)) > 0)
        stranger = strangers_order(place)
        run.process.send_signal(signal.SIGSTOP)
        first = told(run, "halt", run.run.name, "--flatten")
        assert first.code == 0
        assert stranger in first.out
        assert (open_orders(place), legs(place)) == ([stranger], {})
        assert told(run, "halt", run.run.name, "--flatten").code == 0
        run.process.send_signal(signal.SIGCONT)
        run.until("HALT: held back by user: perpmm halt")
        run.process.send_signal(signal.SIGINT)
        assert run.ended() == 130
    said = [cast(TradingChanged, entry.value).reason for entry in Journal(run.run).entries(types=["TradingChanged"])]
    assert "perpmm halt" in said
    agrees(run.run, place)
    assert open_orders(place) == [stranger]
    assert perpmm("replay", run.run).code == 0


def test_full_disk_ends_the_run_and_leaves_nothing_of_it_at_the_venue(tmp_path: Path, place: dict[str, Any]) -> None:
    ends_on_a_full_disk(tmp_path, place, logs=True)


def test_neither_does_one_on_which_not_even_the_log_has_room(tmp_path: Path, place: dict[str, Any]) -> None:
    ends_on_a_full_disk(tmp_path, place, logs=False)


def ends_on_a_full_disk(tmp_path: Path, place: dict[str, Any], *, logs: bool) -> None:
    """What cannot be written down is not sent; the run fails, and what rests is cancelled by REST all the same. `logs`:
    NautilusTrader's log is so short that there is still room for it."""
    with live_process(tmp_path, place, **BUSY) as run:
        run.until("quote level 0")
        stranger = strangers_order(place)
        assert wait(lambda: len(open_orders(place)) > 1)
        full = max(path.stat().st_size for path in run.run.glob("journal.sqlite*"))
        with (run.run / "node.log").open("a") as log:
            log.write("" if logs else "-" * full)
        resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (full, full))
        assert run.ended() == 2
        assert open_orders(place) == [stranger]
    assert "cannot be written" in run.said.read_text()
    assert "[ERROR]" not in run.said.read_text()  # NautilusTrader's, of the files that it has to give up
    assert ("[ERROR]" in (run.run / "node.log").read_text()) == logs
    assert "sealed as CrashedRecovered" in perpmm("recover", run.run).out


def test_fault_of_the_strategy_ends_the_run_and_pulls_its_quotes(tmp_path: Path, place: dict[str, Any]) -> None:
    """A number that cannot be, in the middle of a decision, while a quote rests and a position is held."""
    hedge = {"position_mode": "Hedge", "quote_flat_leg": "true", "ask_spread": "0.5", "order_refresh_time": "600"}
    with live_process(tmp_path, place, program="tests.support.failing", **BUSY | hedge) as run:
        run.until("quote level 0")
        strangers_order(place, positionSide="LONG", price="51000.0")
        stranger = strangers_order(place, positionSide="LONG")
        assert wait(lambda: legs(place) != {} and len(open_orders(place)) > 1)
        say(run.run, Set({"bid_spread": "0.6"}))
        assert run.ended() == 1
    assert open_orders(place) == [stranger]
    said, seal = run.said.read_text(), Journal(run.run).run_file.seal
    assert "left open: position LONG 0.0" in said
    assert "a fault of perpmm's own" in said
    assert seal is not None
    assert seal.status is Status.FAILED
    assert "DivisionByZero" in seal.reason
    assert replay_run(run.run).identical
    no_key_in(tmp_path, place)


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
    assert "-2014" in refused(place | {"key": "canary-key"}, "--live")
    assert "no word on the contracts" in refused(place | {"rest": "http://127.0.0.1:9"}, "--live")
    unlisted = refused(place, "--live", "--set=instrument.id=XYZUSDT-PERP.BINANCE", "--set=strategy.market=XYZ-USDT")
    assert f"{place['rest']}/fapi/v1/exchangeInfo: instrument: has no contract XYZUSDT-PERP.BINANCE" in unlisted
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
