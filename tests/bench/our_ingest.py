"""Our ingest, file to file: prints {"rows", "seconds"}.

    python -m tests.bench.our_ingest WARM_UP_FOLDER TAPE_FOLDER TARGET INSTRUMENT

A small tape goes first, as for hftbacktest, so that imports are not counted.
"""

import json
import shutil
import sys
import time
from pathlib import Path

from engine.run.ingest import ingest

warm_up, tape, target = (Path(word) for word in sys.argv[1:4])
instrument = sys.argv[4]
shutil.rmtree(target, ignore_errors=True)
ingest(sorted(warm_up.glob("*.gz")), instrument_id=instrument, catalog=target / "warm-up")
started = time.perf_counter()
ingest(sorted(tape.glob("*.gz")), instrument_id=instrument, catalog=target / "tape")
print(json.dumps({"rows": int((tape / "rows").read_text()), "seconds": time.perf_counter() - started}))
