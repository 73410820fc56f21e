"""Polars frames in, polars frames out: what a run did, from its journal and, where it still is, its catalog."""

from engine.analysis.run import Run
from engine.analysis.runs import list_runs, open_run

__all__ = ["Run", "list_runs", "open_run"]
