"""Paper-trade a catalog as the live feed, as fast as it goes, and say how much memory it held.

python -m tests.bench.paper_memory RUN.toml CATALOG RUNS: prints {"rows", "seconds", "trading", "all"}; `trading` is the
most that was held before the results were worked out, which is a job of its own over what was written.
"""

import json
import resource
import sys
from pathlib import Path

from engine.config.read import override, read_config
from engine.run.paper import paper, planned_over
from tests.bench.workbench import REFRESH_S


def main(run_file: Path, catalog: str, runs: str) -> dict[str, float]:
    sets = {"data.catalog": catalog, "output.runs": runs, "output.report": "false"}
    sets |= {"strategy.order_refresh_time": str(REFRESH_S)}
    config = read_config(run_file, [override(f"{key}={value}") for key, value in sets.items()])
    trading = 0

    def progress(what: str, _share: float) -> None:
        nonlocal trading
        trading = trading if what == "analysis" and trading else _peak()

    result = paper(planned_over(config, None, speed=None), created="2026-01-01T00:00:00Z", progress=progress)
    return {
        "rows": result.summary["rows"],
        "seconds": result.summary["seconds"],
        "trading": trading,
        "all": _peak(),
    }


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), *sys.argv[2:])))
