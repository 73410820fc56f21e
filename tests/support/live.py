"""`perpmm live` as a process of its own, at the venue on loopback."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from engine.core.state import State
from engine.run.contracts import full_name
from engine.run.moments import Walk
from engine.venue_api.account import our_id
from engine.venue_api.binance import COUNTDOWN_MS, Binance
from engine.venue_api.keys import Keys
from tests.support.cli import command, environment, run_file
from tests.support.hashed_names import cloid

ADDRESSES = ("rest", "ws", "ws_api")
PATIENCE_S = 240
SYMBOLS, CONTRACTS = {"OKX": "BTC-USDT-SWAP"}, {"OKX": 100}  # in a base unit
STRANGERS = ("by-hand-", "byhand", "0xbadbad")  # what the orders begin with that tests send by hand
ONE, SIZES = Decimal(1), {"strategy.order_amount": Decimal("0.02"), "risk.max_position": Decimal("0.1")}
BUSY = {  # quotes at the touch, closed soon: fills within seconds
    "bid_spread": "0.002",
    "ask_spread": "0.002",
    "order_refresh_time": "3",
    "filled_order_delay": "1",
    "long_profit_taking_spread": "0.002",
    "short_profit_taking_spread": "0.002",
}


class LiveRun(NamedTuple):
    """`folder` is the test's: the run file, `runs/` and what was said lie in it."""

    folder: Path
    venue: dict[str, Any]
    process: subprocess.Popen[str]
    said: Path

    @property
    def run(self) -> Path:
        (run,) = (self.folder / "runs").iterdir()
        return run

    def until(self, text: str, count: int = 1) -> None:
        """Wait until it has said this so often."""
        wait(lambda: self.said.read_text().count(text) >= count or self.process.poll() is not None)
        assert self.said.read_text().count(text) >= count, self.said.read_text()

    def ended(self) -> int:
        return self.process.wait(PATIENCE_S)


def wait(true: Callable[[], bool]) -> bool:
    """Whether it came true."""
    end = time.monotonic() + PATIENCE_S
    while not (is_so := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return is_so


def words(folder: Path, venue: dict[str, Any], *more: str, program: str = "engine.cli", **strategy: str) -> list[str]:
    places = [f"--set=venue.{key}={venue[key]}" for key in ADDRESSES if key in venue]
    if "name" in venue:
        places += [f"--set=venue.name={venue['name']}"]
        places += [f"--set=instrument.id={full_name(venue['name'], symbol_at(venue))}"]
    if venue.get("name") == "HYPERLIQUID":
        places.append("--set=strategy.market=BTCUSDT-USD")
    counted = {key: sized(venue, size) for key, size in SIZES.items()} if sized(venue, ONE) != ONE else {}
    changes = [f"--set={key}={value}" for key, value in counted.items()]
    changes += [f"--set=strategy.{key}={value}" for key, value in strategy.items()]
    file = folder / "run.toml"
    return command(
        "live",
        file if file.is_file() else run_file(folder),
        *("--runs", folder / "runs"),
        *(*places, *changes, *more),
        program=program,
    )


def symbol_at(venue: dict[str, Any]) -> str:
    """What the venue calls the sample's contract."""
    return SYMBOLS.get(venue.get("name", ""), "BTCUSDT")


def sized(venue: dict[str, Any], base: Decimal) -> Decimal:
    """As the venue counts it."""
    return base * CONTRACTS.get(venue.get("name", ""), 1)


def keys(venue: dict[str, Any]) -> dict[str, str]:
    name = venue.get("name", "BINANCE")
    return environment(
        **{f"{name}_API_{word.upper()}": venue[word] for word in ("key", "secret", "passphrase") if word in venue}
    )


@contextmanager
def live_process(folder: Path, venue: dict[str, Any], *more: str, **strategy: str) -> Iterator[LiveRun]:
    """Begun without being asked; killed at the end if it is still there."""
    number = len(list(folder.glob("said-*")))
    said = folder / f"said-{number}"
    with (
        said.open("w") as err,
        (folder / f"told-{number}").open("w") as out,
        subprocess.Popen(
            words(folder, venue, "--live", *more, **strategy),
            env=keys(venue),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            text=True,
        ) as process,
    ):
        try:
            yield LiveRun(folder, venue, process, said)
        finally:
            process.kill()


def sim(venue: dict[str, Any], path: str, body: object = None) -> Any:
    """A request that Binance does not have."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{venue['rest']}/sim/{path}", data, timeout=30) as answer:
        return json.load(answer)


def strangers_order(venue: dict[str, Any], **more: str) -> str:
    """An order on the same account that no run has sent: the id that its owner gave it."""
    fields = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "49000.0"}
    name = f"by-hand-{time.time_ns()}"
    with _account_at(venue) as there:
        there.signed("POST", "/fapi/v1/order", {**fields, "quantity": "0.003", "newClientOrderId": name, **more})
    return name


def hurry_the_timer(venue: dict[str, Any]) -> None:
    """The dead man's timer that a run has armed runs out soon: no test waits for a minute."""
    armed = (line for line in venue["log"].read_text().splitlines() if "countdownCancelAll" in line)
    assert any(venue["key"] in line and f'"countdownTime":"{COUNTDOWN_MS}"' in line for line in armed)
    with _account_at(venue) as there:
        there.count_down("BTCUSDT", 500)


def _account_at(venue: dict[str, Any]) -> Binance:
    keys = Keys(venue["key"], venue["secret"])
    return Binance(venue["rest"], keys, clock_ms=lambda: time.time_ns() // 1_000_000)


def open_orders(venue: dict[str, Any]) -> list[str]:
    return [each["clientOrderId"] for each in account(venue)["open_orders"]]


def account(venue: dict[str, Any]) -> Any:
    return next(each for each in sim(venue, "state")["accounts"] if each["key"] == venue["key"])


def legs(venue: dict[str, Any]) -> dict[str, Decimal]:
    """What is held there, by the leg as a journal names it."""
    held = {name.partition("/")[2]: Decimal(size) for name, size in account(venue)["positions"].items()}
    return {"NET" if leg == "BOTH" else leg: size for leg, size in held.items()}


def state_of(run: Path) -> State[Any]:
    return Walk(run).last().after


def agrees(run: Path, venue: dict[str, Any]) -> None:
    """Orders, positions and cash of the journal's end are the venue's."""
    state, there = state_of(run), account(venue)
    names = {our_id(each["clientOrderId"]) for each in there["open_orders"]}
    ours = {cloid(w.order.id) if venue.get("name") == "HYPERLIQUID" else w.order.id for w in state.orders}
    assert ours == {name for name in names if not name.startswith(STRANGERS)}
    assert {leg.value: p.size for leg, p in state.positions.items()} == legs(venue)
    assert abs(state.ledger.cash - Decimal(there["wallet"])) < Decimal("1e-6")
