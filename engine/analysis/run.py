"""A run on disk, for notebooks and reports: its manifest, its journal, its frames, each read when it is asked for."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import polars as pl

from engine.analysis.band import BAND_FILE, CELLS
from engine.analysis.figures import run_figure, units_of
from engine.analysis.fold import fold_journal, started_of
from engine.analysis.frames import EQUITY, FILLS, Frames, read_frames
from engine.analysis.study import Study, study
from engine.analysis.study_figures import markout_figure, waterfall_figure
from engine.analysis.summary import summary
from engine.core.errors import JournalError, Problem
from engine.core.types import Instrument
from engine.journal.manifest import MANIFEST_FILE, RunFile, Status
from engine.journal.reader import Journal

FRAMES_FOLDER = "frames"
SUMMARY_FILE = "summary.json"
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


class Run:
    """A run's folder. The frames' columns and units are described in `engine.analysis.frames`.

    Frames come from the Parquet files beside the journal where they have been written, else from the journal itself:
    a run that crashed, or is being written, can be read too. `status` says which it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal(folder)

    @property
    def run_file(self) -> RunFile:
        return self.journal.run_file

    @property
    def status(self) -> Status:
        return self.journal.status

    @cached_property
    def instrument(self) -> Instrument:
        return started_of(self.journal).instrument

    @cached_property
    def frames(self) -> Frames:
        written = self.folder / FRAMES_FOLDER
        if self.run_file.seal and written.is_dir():
            frames = read_frames(written)
            if (
                frames.fills.schema == FILLS and frames.equity.schema == EQUITY
            ):  # else of an earlier version: the journal has it all
                return frames
        return fold_journal(self.journal)

    @cached_property
    def study(self) -> Study:
        """Attribution, markouts, how quotes filled, broken laws: see `engine.analysis.study`. Reads the run's catalog
        where it still holds the same data, else makes do with its ticks."""
        return study(self.folder, self.run_file, self.frames, self.instrument)

    @property
    def orders(self) -> pl.DataFrame:
        return self.frames.orders

    @property
    def fills(self) -> pl.DataFrame:
        return self.frames.fills

    @property
    def positions(self) -> pl.DataFrame:
        return self.frames.positions

    @property
    def equity(self) -> pl.DataFrame:
        return self.frames.equity

    @property
    def quotes(self) -> pl.DataFrame:
        return self.frames.quotes

    @property
    def refusals(self) -> pl.DataFrame:
        return self.frames.refusals

    @cached_property
    def summary(self) -> dict[str, Any]:
        """As written by `analyse`; computed where it has not been, then `rows` and `seconds` are the seal's or None."""
        path = self.folder / SUMMARY_FILE
        if path.is_file():
            return dict(json.loads(path.read_bytes()))
        notes = self.run_file.seal.notes if self.run_file.seal else {}
        return summary(self.frames, rows=notes.get("rows"), seconds=notes.get("seconds"))

    @cached_property
    def band(self) -> pl.DataFrame | None:
        """The runs of its band, itself among them (schema CELLS of engine.analysis.band); None if none was run."""
        path = self.folder / BAND_FILE
        return pl.DataFrame(json.loads(path.read_bytes())["cells"], schema=CELLS) if path.is_file() else None

    @property
    def events(self) -> pl.DataFrame:
        """The whole journal as raw columns: seq, kind, type, ts_event and ts_init (ns), payload (JSON bytes), hash."""
        return self.journal.frame()

    def figure(self) -> go.Figure:
        """Price with our orders and fills, position, PnL and drawdown over one time axis."""
        return run_figure(self.frames, self.instrument)

    def waterfall(self) -> go.Figure:
        """Where the money came from."""
        return waterfall_figure(self.study.attribution, units_of(self.instrument))

    def markout_figure(self) -> go.Figure | None:
        """Were the quotes picked off? None if none filled."""
        return markout_figure(self.study.curve)

    def __repr__(self) -> str:
        figures, money = self.summary, self.instrument.settlement
        start, end = figures["start"][:19].replace("T", " "), figures["end"][:19].replace("T", " ")
        manifest = self.run_file.manifest
        return (
            f"<Run {self.run_file.run_id}: {self.status}\n"
            f"  {manifest.instrument} {manifest.kind}, {start} to {end} UTC\n"
            f"  net {figures['net_pnl']:+,.6g} {money} (realised {figures['realised_pnl']:+,.6g}, unrealised "
            f"{figures['unrealised_pnl']:+,.6g}, fees {-figures['fees']:+,.6g}, rebates "
            f"{figures['rebates']:+,.6g}, funding {figures['funding']:+,.6g})\n"
            f"  {figures['orders']:,} orders, {figures['fills']:,} fills, volume {figures['volume']:,.6g} {money}\n"
            f"  .orders .fills .quotes .positions .equity .refusals .events .summary .study .figure()>"
        )


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
