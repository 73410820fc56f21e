"""A live run that hangs, is halted beside it, and leaves a stranger's order alone: the same at every venue."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.run.replay import replay_run
from tests.support.cli import perpmm
from tests.support.live import BUSY, LiveRun, agrees, keys, legs, live_process, open_orders, sim


def hung_and_halted(
    folder: Path, venue: dict[str, Any], by_hand: Callable[[dict[str, Any]], str], moved: str, secrets: tuple[str, ...]
) -> LiveRun:
    """`by_hand` places the stranger's order and names it; `moved` is what is said of a position moved from outside.
    Returns the run, which has ended. None of the secrets may stand in a file below `folder`."""
    with live_process(folder, venue, **BUSY) as run:
        run.until("filled")
        stranger = by_hand(venue)
        sim(venue, "fault", {"kind": "move", "size": "0.03", "most": 1})
        run.until(moved)
        run.process.send_signal(signal.SIGSTOP)
        halt = perpmm("halt", run.run.name, "--flatten", "--runs", folder / "runs", **keys(venue))
        assert halt.code == 0, halt.err
        assert (open_orders(venue), legs(venue)) == ([stranger], {})
        run.process.send_signal(signal.SIGCONT)
        run.until("HALT: held back by user: perpmm halt")
        run.process.send_signal(signal.SIGINT)
        assert run.ended() == 130
    agrees(run.run, venue)
    assert open_orders(venue) == [stranger]
    assert replay_run(run.run).identical
    for path in (each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path
    return run
