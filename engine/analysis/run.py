"""A run on disk, for notebooks and reports: its manifest, its journal, its frames, each read when it is asked for."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from engine.analysis.fold import fold_journal, started_of
from engine.analysis.frames import Frames, read_frames
from engine.analysis.summary import summary
from engine.core.errors import JournalError, Problem
from engine.core.types import Instrument
from engine.journal.manifest import RunFile, Status
from engine.journal.reader import Journal

FRAMES_FOLDER = "frames"
SUMMARY_FILE = "summary.json"


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
        return read_frames(written) if self.run_file.seal and written.is_dir() else fold_journal(self.journal)

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

    def __repr__(self) -> str:
        figures = self.summary
        money = self.instrument.settlement
        return (
            f"<Run {self.run_file.run_id}: {self.status}, {self.run_file.manifest.instrument}, "
            f"{figures['start'][:19]} to {figures['end'][:19]} UTC, {figures['orders']} orders, "
            f"{figures['fills']} fills, net {figures['net_pnl']:+.4g} {money}>"
        )


def open_run(folder: str | Path) -> Run:
    """Open a run's folder for reading, whatever its state. Raises JournalError if there is no run in it."""
    path = Path(folder)
    if not path.is_dir():
        raise JournalError(Problem(str(path), "no such folder"))
    return Run(path)
