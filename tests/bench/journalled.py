"""A backtest's loop with its journal, sealed, or with none: prints {"rows", "seconds", "run_dir"}.

python -m tests.bench.journalled RUN.toml CATALOG [RUNS]
"""

import json
import sys
import time
from pathlib import Path

from engine.config.read import override, read_config
from engine.journal.manifest import Status, manifest_hash
from engine.journal.writer import create_run
from engine.nautilus.backtest import BacktestEnd, MarketData, run_backtest
from engine.run.compose import compose
from engine.run.simulate import Plan, planned
from tests.bench.workbench import REFRESH_S


def _run(plan: Plan, record: object) -> BacktestEnd:
    config = plan.config
    parts = compose(config, run=manifest_hash(plan.manifest), instrument=plan.instrument, at_ns=plan.start_ns)
    data = MarketData(catalog=config.data.catalog, depth=parts.policy.needs_depth)
    return run_backtest(data, config.simulation, parts.started, lambda send: parts.session(record, send))  # type: ignore[arg-type]


def main(run_file: Path, catalog: Path, runs: Path | None) -> dict[str, object]:
    sets = (f"data.catalog={catalog}", f"strategy.order_refresh_time={REFRESH_S}")
    plan = planned(read_config(run_file, [override(text) for text in sets]))
    if runs is None:
        end = _run(plan, lambda _seq, _event, _outcomes: None)
        return {"rows": end.rows, "seconds": end.loop_seconds, "run_dir": None}
    with create_run(runs, plan.manifest) as writer:
        end = _run(plan, writer.record)
        began = time.perf_counter()
        writer.seal(Status.ENDED)
        seconds = end.loop_seconds + time.perf_counter() - began
    return {"rows": end.rows, "seconds": seconds, "run_dir": str(writer.folder)}


if __name__ == "__main__":
    words = [Path(word) for word in sys.argv[1:]]
    print(json.dumps(main(words[0], words[1], words[2] if len(words) > 2 else None)))
