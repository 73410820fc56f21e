"""`perpmm data record` at a venue on loopback: killed, cut off, and stopped; what came is kept, and gaps are marked."""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data import store
from data.quality.limits import Limits
from engine.run.check import check_catalog
from tests.support.cli import INSTRUMENT, command, environment
from tests.support.venue_process import quiet_market, venue_process

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


def test_a_recording_survives_what_happens_to_it(tmp_path: Path) -> None:
    catalog = tmp_path / "c"
    with venue_process(quiet_market(tmp_path / "market"), "--loop") as venue:
        line = command("data", "record", "BINANCE", INSTRUMENT, "--catalog", catalog)
        line += ["--rest", venue["rest"], "--ws", venue["ws"], "--json"]

        def state() -> Any:
            return asked(venue["rest"], "/sim/state")

        def listening_a_while() -> None:
            until(lambda: bool(state()["connections"]))
            streamed = tmp_path / f".{catalog.name}.stream"
            until(lambda: any(path.stat().st_size for path in streamed.rglob("order_book_deltas*.feather*")))
            played = state()["events_played"]
            until(lambda: state()["events_played"] > played + 12)

        with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE) as killed:
            listening_a_while()
            killed.kill()
        assert not catalog.exists()
        until(lambda: not state()["connections"])
        with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, text=True) as stopped:
            until(catalog.exists)
            listening_a_while()
            asked(venue["rest"], "/sim/fault", {"kind": "disconnect", "on": "market", "from_s": 0})
            listening_a_while()
            stopped.send_signal(signal.SIGINT)
            out, _ = stopped.communicate(timeout=LONGEST_S)
        assert stopped.returncode == 128 + signal.SIGINT
    assert json.loads(out)["rows"]["order_book_deltas"] > 0
    held = store.contents(catalog, INSTRUMENT)
    assert len(held.ingests) == 2
    assert len(store.gaps(catalog, held, held.start_ns, held.end_ns)) >= 1
    found = check_catalog(catalog, None, Limits())[INSTRUMENT]
    assert found.tally.breaks >= 1
    assert found.tally.crossed == 0
    assert not list(tmp_path.glob(".*"))
