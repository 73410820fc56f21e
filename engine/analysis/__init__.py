"""Polars frames in, polars frames out: what a run did, from its journal alone."""

from engine.analysis.run import Run, open_run

__all__ = ["Run", "open_run"]
