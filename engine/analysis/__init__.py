"""Polars frames in, polars frames out: what a run did, from its journal and, where it still is, its catalog."""

from engine.analysis.run import Run
from engine.analysis.runs import list_runs, open_run
from engine.analysis.sweep import band_figure, heatmap, sweep_figure, swept

__all__ = ["Run", "band_figure", "heatmap", "list_runs", "open_run", "sweep_figure", "swept"]
