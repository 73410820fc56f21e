"""NautilusTrader's own loader of Tardis CSV and its own catalog writer, file to file: prints {"rows", "seconds"}.

    python -m tests.bench.nautilus_tardis WARM_UP_FOLDER TAPE_FOLDER TARGET INSTRUMENT

Its loader reads a whole file at once: no rival of ours in memory, which is why this is a tape that fits.
"""

import json
import shutil
import sys
import time
from pathlib import Path

from nautilus_trader.adapters.tardis import load_tardis_deltas, load_tardis_trades
from nautilus_trader.model import InstrumentId
from nautilus_trader.persistence import ParquetDataCatalog


def convert(tape: Path, target: Path, name: str) -> None:
    identity = InstrumentId.from_str(name)
    target.mkdir(parents=True)
    catalog = ParquetDataCatalog(str(target))
    for path in sorted(tape.glob("*_incremental_book_L2_*")):
        catalog.write_order_book_deltas(load_tardis_deltas(str(path), 1, 3, identity))
    for path in sorted(tape.glob("*_trades_*")):
        catalog.write_trade_ticks(load_tardis_trades(str(path), 1, 3, identity))


warm_up, tape, target = (Path(word) for word in sys.argv[1:4])
shutil.rmtree(target, ignore_errors=True)
convert(warm_up, target / "warm-up", sys.argv[4])
started = time.perf_counter()
convert(tape, target / "tape", sys.argv[4])
print(json.dumps({"rows": int((tape / "rows").read_text()), "seconds": time.perf_counter() - started}))
