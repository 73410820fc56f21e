"""`perpmm venue-sim` as a process of its own, on a market that stands nearly still."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.core.types import Instrument, Side
from tests.support.builders import LINEAR
from tests.support.catalogs import Handmade
from tests.support.cli import command, environment


def quiet_market(root: Path, seconds: int = 60, *, instrument: Instrument = LINEAR, bid: int = 50_000) -> Path:
    """A book whose best ask is 0.1 above its bid, with a trade and a change at its edge every half second."""
    bids = {f"{bid - n / 10:.1f}": "5.000" for n in range(20)}
    asks = {f"{bid + 0.1 + n / 10:.1f}": "5.000" for n in range(20)}
    market = Handmade(instrument).snapshot(0, bids, asks).funding(0, "0.0001", 3600).mark(0, f"{bid}")
    for n in range(seconds * 2):
        at = 0.5 + n / 2
        market.levels(at, (Side.BUY, f"{bid}.0", f"{4 + n % 3}.000"))
        market.trade(at, Side.SELL, f"{bid}.0", "0.010").mark(at, f"{bid}")
    return market.write(root)


@contextmanager
def venue_process(catalog: Path, *options: str) -> Iterator[dict[str, Any]]:
    """What it prints when it is ready; it must end well when it is told to."""
    line = command("venue-sim", catalog, *options)
    with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert process.returncode == 128 + signal.SIGTERM
