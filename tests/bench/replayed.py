"""A run verified and replayed: prints {"rows": events, "seconds", "bytes": of its journal}.

python -m tests.bench.replayed RUN_DIR
"""

import json
import sys
import time
from pathlib import Path

from engine.run.replay import replay_run

folder = Path(sys.argv[1])
began = time.perf_counter()
outcome = replay_run(folder)
seconds = time.perf_counter() - began
if not outcome.identical:
    raise SystemExit(f"{folder}: the replay is not identical")
size = (folder / "journal.sqlite").stat().st_size
print(json.dumps({"rows": outcome.events, "seconds": seconds, "bytes": size}))
