"""`perpmm backtest --band`."""

from pathlib import Path
from typing import Any

import polars as pl
from rich.table import Table

from engine.analysis.figures import units_of
from engine.analysis.metrics import number
from engine.cli import backtest, show, speak
from engine.run.assumptions import Band, band_of

STAGES = {"band": "Replaying the market under 12 assumptions"}


def run(run_file: Path, changes: list[str], options: dict[str, Any], workers: int | None, *, as_json: bool) -> None:
    wanted = tuple(backtest.overrides(changes, options))
    with show.progress(STAGES) as progress:
        found = band_of(run_file, wanted, workers=workers, progress=lambda share: progress("band", share))
    for note in found.result.notes:
        speak.note(f"note: {note}")
    if as_json:
        said = {"cells": found.cells.to_dicts(), "verdict": found.verdict._asdict()}
        speak.json_object({**backtest.plain(found.result), "band": said})
        return
    backtest.tell(found.result)
    _tell(found)


def _tell(found: Band) -> None:
    money = units_of(found.result.instrument).money
    grid = Table(box=None, pad_edge=False, title=f"Net PnL in {money}, with its 95 % band", title_justify="left")
    grid.add_column("order latency")
    kinds = found.cells["fills"].unique(maintain_order=True).to_list()
    for kind in kinds:
        grid.add_column(kind, justify="right", header_style="bold")
    for (_, latency), rows in found.cells.group_by("times", "latency_ms", maintain_order=True):
        cells = {row["fills"]: row for row in rows.iter_rows(named=True)}
        grid.add_row(f"{latency} ms", *(_cell(cells[kind]) for kind in kinds))
    show.OUT.print(grid)
    fills = found.cells.filter(pl.col("times") == 1.0).select("fills", "filled").rows()
    show.OUT.print("fills    " + ", ".join(f"{count:,} {kind}" for kind, count in fills))
    show.OUT.print(f"verdict  Does the edge survive? {found.verdict.said}", soft_wrap=True)


def _cell(row: dict[str, Any]) -> str:
    net, high = row["net_pnl"], row["net_high"]
    return number(net) if high is None else f"{number(net)} \N{PLUS-MINUS SIGN} {high - net:.3g}"
