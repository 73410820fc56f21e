"""A run on disk, for notebooks and reports: its manifest, its journal, its frames, each read when it is asked for."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import polars as pl

from engine.analysis.band import BAND_FILE, CELLS
from engine.analysis.compare import Comparison, compare
from engine.analysis.depth_figure import depth_figure
from engine.analysis.figures import run_figure, units_of
from engine.analysis.fold import fold_journal, started_of
from engine.analysis.frames import SCHEMAS, Frames, read_frame
from engine.analysis.market import Market, market_of
from engine.analysis.metrics import HEADLINE
from engine.analysis.order_figures import inventory_figure, queue_figure, refresh_figure
from engine.analysis.study import Study, study
from engine.analysis.study_figures import markout_figure, waterfall_figure
from engine.analysis.summary import summary
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
        """All of them at once, as a named tuple."""
        written = {name: self._written(name) for name in Frames._fields}
        if all(frame is not None for frame in written.values()):
            return Frames(**{name: frame for name, frame in written.items() if frame is not None})
        return fold_journal(self.journal)  # never written, or of an earlier version: the journal has it all

    @cached_property
    def market(self) -> Market:
        """What the run saw of the market: its catalog's, if it still holds the same data, else that of its ticks."""
        return market_of(self.folder, self.run_file, self.equity)

    @cached_property
    def study(self) -> Study:
        """Attribution, markouts, how quotes filled, broken laws: see `engine.analysis.study`."""
        return study(self.run_file, self.frames, self.instrument, self.market)

    @cached_property
    def orders(self) -> pl.DataFrame:
        """One row an order: what was asked (side, price in quote, size in base or contracts, purpose, level) and what
        became of it (submitted, accepted, cancel_requested, ended: UTC, ns; status, filled, fees in settlement)."""
        return self._frame("orders")

    @cached_property
    def fills(self) -> pl.DataFrame:
        """One row an execution: side, price (quote), size (base or contracts), notional, fee (settlement; a rebate is
        negative), mid of the tick before, realised_pnl before fees, position and entry after it; ts UTC, ns."""
        return self._frame("fills")

    @cached_property
    def positions(self) -> pl.DataFrame:
        """One row a change of a leg: its signed size (base or contracts) and average entry price (quote)."""
        return self._frame("positions")

    @cached_property
    def equity(self) -> pl.DataFrame:
        """One row a tick, so one a second: market (bid, ask, mid, price of valuation, in quote), position (base or
        contracts), money in settlement (cash, realised, unrealised, fees, rebates, funding, equity, pnl, drawdown) and
        the liquidation price."""
        return self._frame("equity")

    @cached_property
    def quotes(self) -> pl.DataFrame:
        """One row a change of our best resting bid and ask (quote) and of what is left of them (base or contracts)."""
        return self._frame("quotes")

    @cached_property
    def refusals(self) -> pl.DataFrame:
        """One row an order that a limit of ours did not let out, with the limit's key and the reason."""
        return self._frame("refusals")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """As written by `analyse`; computed where it has not been, then `rows` and `seconds` are the seal's or None."""
        path = self.folder / SUMMARY_FILE
        written = dict(json.loads(path.read_bytes())) if path.is_file() else {}
        if all(metric.key in written for metric in HEADLINE):  # else never written, or by an earlier version
            return written
        notes = self.run_file.seal.notes if self.run_file.seal else {}
        return summary(self.frames, rows=notes.get("rows"), seconds=notes.get("seconds"))

    @cached_property
    def band(self) -> pl.DataFrame | None:
        """The runs of its band, itself among them (schema CELLS of engine.analysis.band); None if none was run."""
        path = self.folder / BAND_FILE
        return pl.DataFrame(json.loads(path.read_bytes())["cells"], schema=CELLS) if path.is_file() else None

    def against(self, other: "Run") -> Comparison:
        """This run (A) and another (B), order by order: see `engine.analysis.compare`."""
        return compare(self.frames, other.frames)

    @property
    def events(self) -> pl.DataFrame:
        """The whole journal as raw columns: seq, kind, type, ts_event and ts_init (ns), payload (JSON bytes), hash."""
        return self.journal.frame()

    def figure(self) -> go.Figure:
        """Price with our orders and fills, position, PnL and drawdown over one time axis."""
        return run_figure(self.frames, self.instrument)

    def depth(self, fill: int = 0, *, seconds: float = 3.0) -> go.Figure | None:
        """The book around a fill (its row in `fills`), with trades. None where the catalog is gone or has no book."""
        row, units = self.fills.row(fill, named=True), units_of(self.instrument)
        return depth_figure(row, self.market, self.instrument, units, seconds=seconds)

    def inventory(self) -> go.Figure:
        """The position over time, and the share of the time that each size was held."""
        return inventory_figure(self.frames, units_of(self.instrument))

    def waterfall(self) -> go.Figure:
        """Where the money came from."""
        return waterfall_figure(self.study.attribution, units_of(self.instrument))

    def markout_figure(self) -> go.Figure | None:
        """Were the quotes picked off? None if none filled."""
        return markout_figure(self.study.curve)

    def queue(self) -> go.Figure | None:
        """How many quotes filled, by what rested before them. None where the book is not known."""
        return queue_figure(self.frames, self.study.ahead, units_of(self.instrument))

    def refresh_timing(self) -> go.Figure | None:
        """How long quotes lived, by what ended them. None without quotes."""
        return refresh_figure(self.frames)

    def _frame(self, name: str) -> pl.DataFrame:
        if "frames" not in self.__dict__ and (written := self._written(name)) is not None:
            return written
        frame: pl.DataFrame = getattr(self.frames, name)
        return frame

    def _written(self, name: str) -> pl.DataFrame | None:
        """A frame as it was written beside the journal, if it was, and by this version."""
        path = self.folder / FRAMES_FOLDER / f"{name}.parquet"
        if not self.run_file.seal or not path.is_file():
            return None
        frame = read_frame(path)
        return frame if frame.schema == SCHEMAS[name] else None

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
            f"  frames   .orders .fills .quotes .positions .equity .refusals .events\n"
            f"  numbers  .summary .study .band\n"
            f"  figures  .figure() .depth(n) .inventory() .waterfall() .markout_figure() .queue() .refresh_timing()>"
        )
