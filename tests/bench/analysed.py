"""A day of ticks, one a second, with ten thousand fills, analysed: prints {"rows", "seconds", "page_bytes"}.

python -m tests.bench.analysed FOLDER
"""

import json
import random
import sys
import time
from decimal import Decimal
from pathlib import Path

from engine.analysis.analyse import REPORT_FILE, analyse, write_report
from engine.core.commands import Submit
from engine.core.events import OrderAccepted
from engine.core.types import SECOND, Side
from engine.journal.manifest import Status
from engine.journal.writer import JournalWriter, create_run
from tests.support.builders import START_NS, a_fill, a_start, a_tick, an_order
from tests.support.journals import a_manifest

SECONDS, FILLS = 86_400, 10_000
SIZE = Decimal("0.01")


def write(runs: Path) -> Path:
    """Quotes on either side in turn, each filled half a second after it came."""
    chance, mid = random.Random(7), Decimal(60_000)
    with create_run(runs, a_manifest()) as writer:
        writer.record(1, a_start(), ())
        seq, filled = 2, 0
        for second in range(1, SECONDS):
            mid += Decimal(chance.randint(-20, 20)) / 10
            due = filled < FILLS and second * FILLS >= filled * SECONDS
            order = _quote(filled, mid) if due else None
            writer.record(seq, a_tick(second, str(mid), str(mid + 1)), () if order is None else (order,))
            seq += 1
            if order is not None:
                seq = _filled(writer, seq + 1, second, order)
                filled += 1
        writer.seal(Status.ENDED, rows=SECONDS, seconds=1.0)
    return writer.folder


def _quote(number: int, mid: Decimal) -> Submit:
    side = Side.BUY if number % 2 else Side.SELL
    return an_order(f"o{number}", side, mid - side * 2, SIZE, level=number % 3, post_only=True)


def _filled(writer: JournalWriter, seq: int, second: int, order: Submit) -> int:
    taken, done = ({"ts_event": ns, "ts_init": ns} for ns in (_ns(second + 0.05), _ns(second + 0.5)))
    writer.record(seq, OrderAccepted(id=order.id, venue_id="v", **taken), ())
    writer.record(seq + 1, a_fill(order.id, order.side, str(SIZE), str(order.price), **done), ())
    return seq + 2


def _ns(second: float) -> int:
    return START_NS + int(second * SECOND)


if __name__ == "__main__":
    folder = write(Path(sys.argv[1]))
    began = time.perf_counter()
    analyse(folder, rows=SECONDS, seconds=1.0, report=False)
    took = time.perf_counter() - began
    write_report(folder)
    size = (folder / REPORT_FILE).stat().st_size
    print(json.dumps({"rows": SECONDS + 3 * FILLS, "seconds": took, "page_bytes": size}))
