"""One run file under three assumptions of when a resting order fills, at four order latencies, on the same market."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from engine.analysis.analyse import write_report
from engine.analysis.band import BAND_FILE, CELLS, FILLS, TIMES, Verdict, net_band, verdict
from engine.analysis.runs import open_run
from engine.config.read import Override, read_config
from engine.journal.atomic import write_atomically
from engine.run.many import Job, all_run

if TYPE_CHECKING:
    from engine.run.simulate import Result  # and with it NautilusTrader, which only a worker needs

FOLDER = "band"  # of the other runs, in the run's own


class Band(NamedTuple):
    """`cells`: schema CELLS of engine.analysis.band; `result`: of the run file as it is."""

    result: "Result"
    cells: pl.DataFrame
    verdict: Verdict


def band_of(
    run_file: Path,
    changes: tuple[Override, ...] = (),
    *,
    workers: int | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> Band:
    """Run them all, in processes of their own; the run file as it is first, the others into a folder within its own.
    Both the band and its verdict are written there, and onto its page. Raises as `engine.run.simulate.planned`."""
    config = read_config(run_file, changes)
    kinds = [*product(FILLS, TIMES)]
    own = (config.simulation.fills, 1.0)
    share = 1 / len(kinds)
    (result,) = all_run([Job(run_file, changes)], progress=lambda done: progress(done * share))
    others = [kind for kind in kinds if kind != own]
    latency = config.simulation.order_latency_ms
    jobs = [Job(run_file, (*changes, *_changed(kind, latency, result.run_dir)), result.run_dir.name) for kind in others]
    results = all_run(jobs, workers=workers, progress=lambda done: progress(share + done * (1 - share)))
    by_kind = dict(zip(others, results, strict=True)) | {own: result}
    rows = [_cell(kind, latency, by_kind[kind], result.run_dir) for kind in kinds]
    cells = pl.DataFrame(rows, schema=CELLS)
    found = Band(result, cells, verdict(cells))
    _write(found)
    return found


def _ms(times: float, latency_ms: int) -> int:
    return round(times * latency_ms)


def _changed(kind: tuple[str, float], latency_ms: int, run_dir: Path) -> tuple[Override, ...]:
    fills, times = kind
    return (
        Override("--band", ("simulation", "fills"), fills),
        Override("--band", ("simulation", "order_latency_ms"), _ms(times, latency_ms)),
        Override("--band", ("output", "runs"), str(run_dir / FOLDER)),
        Override("--band", ("output", "report"), value=False),
    )


def _cell(kind: tuple[str, float], latency_ms: int, result: "Result", above: Path) -> dict[str, Any]:
    figures = result.summary
    low, high = net_band(open_run(result.run_dir).equity)
    markout = next((row["mean_bps"] for row in figures["markouts"] if row["horizon_s"] == 1.0), None)
    return {
        "fills": kind[0],
        "times": kind[1],
        "latency_ms": _ms(kind[1], latency_ms),
        "net_pnl": figures["net_pnl"],
        "net_low": low,
        "net_high": high,
        "rebates": figures["rebates"],
        "markout_1s_bps": markout,
        "filled": figures["fills"],
        "volume": figures["volume"],
        "run": "." if result.run_dir == above else str(result.run_dir.relative_to(above)),
    }


def _write(found: Band) -> None:
    folder = found.result.run_dir
    said = {"verdict": found.verdict._asdict(), "cells": found.cells.to_dicts()}
    write_atomically(folder / BAND_FILE, json.dumps(said, indent=2).encode() + b"\n")
    if found.result.report is not None:
        write_report(folder)
