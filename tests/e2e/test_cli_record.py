"""`perpmm data record` at a venue on loopback: killed, cut off, and stopped; what came is kept, gaps are marked, and
each book and trade is that of the tape."""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data import store
from data.quality.limits import Limits
from engine.nautilus.adapters import ADAPTERS
from engine.run.check import check_catalog
from engine.run.contracts import full_name
from tests.support.cli import INSTRUMENT, command, environment
from tests.support.recorded import DEEP, check_recorded, wandering_market
from tests.support.venue_process import venue_process

LONGEST_S = 200


def asked(rest: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{rest}{path}", data=data)) as answer:
        return json.loads(answer.read())


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_S
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


@pytest.mark.parametrize(("venue_name", "kills"), [("BINANCE", 1), ("BYBIT", 0)])
def test_a_recording_survives_what_happens_to_it(tmp_path: Path, venue_name: str, kills: int) -> None:
    catalog, market = tmp_path / "c", wandering_market(tmp_path / "market")
    with venue_process(market, "--loop", "--protocol", venue_name) as venue:
        line = command("data", "record", venue_name.lower(), "BTCUSDT", "--catalog", catalog)
        line += ["--rest", venue["rest"], "--ws", venue["ws"], "--json"]

        def state() -> Any:
            return asked(venue["rest"], "/sim/state")

        def listening_a_while() -> None:
            until(lambda: bool(state()["connections"]))
            streamed = tmp_path / f".{catalog.name}.stream"
            until(lambda: any(path.stat().st_size for path in streamed.rglob("order_book_deltas*.feather*")))
            played = state()["events_played"]
            until(lambda: state()["events_played"] > played + 12)

        for _ in range(kills):
            with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE) as killed:
                listening_a_while()
                killed.kill()
            assert not catalog.exists()
            until(lambda: not state()["connections"])
        with subprocess.Popen(
            line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as stopped:
            until(lambda: catalog.exists() or not kills)
            listening_a_while()
            asked(venue["rest"], "/sim/fault", {"kind": "disconnect", "on": "market", "from_s": 0})
            listening_a_while()
            stopped.send_signal(signal.SIGINT)
            out, said = stopped.communicate(timeout=LONGEST_S)
        assert stopped.returncode == 128 + signal.SIGINT
    assert "Error" not in said, said
    name = full_name(venue_name, "BTCUSDT")
    assert json.loads(out)["rows"]["order_book_deltas"] > 0
    held = store.contents(catalog, name)
    assert len(held.ingests) == 1 + kills
    assert len(store.gaps(catalog, held, held.start_ns, held.end_ns)) >= 1
    found = check_catalog(catalog, None, Limits())[name]
    assert found.tally.breaks >= 1
    assert found.tally.crossed == 0
    assert check_recorded(catalog, name, market, INSTRUMENT, levels=ADAPTERS[venue_name].levels or DEEP) > 10
    assert not list(tmp_path.glob(".*"))
