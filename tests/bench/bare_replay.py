"""NautilusTrader replaying a catalog for nobody, as the run file's venue: prints {"rows", "seconds"} of the loop.

python -m tests.bench.bare_replay RUN.toml CATALOG
"""

import json
import sys
from pathlib import Path

from engine.config.read import override, read_config
from engine.nautilus.backtest import MarketData
from engine.nautilus.bench import bare_replay
from engine.run.compose import compose
from engine.run.simulate import planned

catalog = Path(sys.argv[2])
plan = planned(read_config(Path(sys.argv[1]), [override(f"data.catalog={catalog}")]))
started = compose(plan.config, run="bare", instrument=plan.instrument, at_ns=plan.start_ns).started
replay = bare_replay(MarketData(catalog=catalog), plan.config.simulation, started)
print(json.dumps({"rows": replay.rows, "seconds": replay.loop_seconds}))
