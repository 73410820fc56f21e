"""A run of so many entries, killed, and taken up again: prints {"rows": entries, "seconds": until it can go on}.

python -m tests.bench.recovery ENTRIES FOLDER
"""

import json
import os
import random
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.core.session import Session
from engine.journal import snapshot
from engine.journal.snapshot import write_snapshot
from engine.journal.writer import create_run
from engine.run.recover import resumed
from engine.run.scenario import UNLIMITED
from tests.support.builders import LINEAR, a_start, a_tick
from tests.support.stories import a_story, manifest_of, parts

snapshot.code_version = lambda: "bench"  # writing takes a while: sources may change meanwhile
SNAPSHOT_AGE = 9_000  # entries since the newest snapshot: nearly as old as it gets


def write(entries: int, runs: Path) -> None:
    """Ticks of a market that wanders; orders come and go and never fill. Ends as a killed process ends."""
    policy = parts(a_story(1))[1]
    writer = create_run(runs, manifest_of(policy))
    session: Session[Any] = Session(policy, UNLIMITED, writer.record, lambda _command: None)
    chance, mid, taken = random.Random(7), Decimal(60_000), False
    session.feed(a_start())
    second = 0
    while writer.tail.seq < entries:
        second += 1
        mid += Decimal(chance.randint(-20, 20)) / 10
        session.feed(a_tick(second, str(mid), str(mid + LINEAR.tick)))
        if not taken and writer.tail.seq >= entries - SNAPSHOT_AGE:
            write_snapshot(writer.folder, writer.tail, session.state)  # type: ignore[arg-type]  # it has begun
            taken = True
    writer.flush()
    os.kill(os.getpid(), 9)


def main(entries: int, runs: Path) -> dict[str, object]:
    subprocess.run([sys.executable, "-m", "tests.bench.recovery", "write", str(entries), str(runs)], check=False)
    folder = next(runs.iterdir())
    began = time.perf_counter()
    writer, found = resumed(folder)
    seconds = time.perf_counter() - began
    writer.close()
    if found.from_snapshot is None or found.tail.seq < entries:
        raise SystemExit(f"{folder}: from snapshot {found.from_snapshot}, {found.tail.seq} entries")
    return {"rows": found.tail.seq, "seconds": seconds}


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(json.dumps(main(int(sys.argv[1]), Path(sys.argv[2]))))
