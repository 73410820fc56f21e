"""The runs of a folder: open one, list them all."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from engine.analysis.run import SUMMARY_FILE, Run
from engine.core.errors import JournalError, Problem
from engine.journal.manifest import MANIFEST_FILE

LISTED: dict[str, Any] = {
    "run_id": pl.String,
    "created": pl.String,
    "status": pl.String,
    "kind": pl.String,
    "instrument": pl.String,
    "net_pnl": pl.Float64,
    "fills": pl.Int64,
    "folder": pl.String,
}


def open_run(folder: str | Path) -> Run:
    """Open a run's folder for reading, whatever its state. Raises JournalError if there is no run in it."""
    path = Path(folder)
    if not path.is_dir():
        raise JournalError(Problem(str(path), "no such folder"))
    return Run(path)


def list_runs(runs: str | Path = "runs") -> pl.DataFrame:
    """The runs below a folder, the newest first: run_id, created, status, kind, instrument, net_pnl and fills (null
    where no summary was written), folder. Reads manifests and summaries only; empty where there are none."""
    folders = sorted(path.parent for path in Path(runs).glob(f"*/{MANIFEST_FILE}"))
    table = pl.DataFrame([_listed(open_run(folder)) for folder in folders], schema=LISTED, orient="row")
    return table.sort("created", "run_id", descending=True, nulls_last=True)


def _listed(run: Run) -> tuple[Any, ...]:
    written = run.folder / SUMMARY_FILE
    figures = json.loads(written.read_bytes()) if written.is_file() else {}
    file = run.run_file
    what = (file.run_id, file.created, run.status.value, file.manifest.kind, file.manifest.instrument)
    return (*what, figures.get("net_pnl"), figures.get("fills"), str(run.folder))
