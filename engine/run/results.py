"""What a run leaves behind: frames, summary and page, with the verdict on the market data that it ran on."""

from pathlib import Path
from typing import Any

from data.holdings import Said
from engine.analysis.analyse import analyse
from engine.journal.manifest import read_run_file
from engine.journal.market import named_market
from engine.run.check import said_of


def results(folder: Path, *, rows: int | None, seconds: float | None, report: bool) -> dict[str, Any]:
    """Write them for a sealed run, and return the summary. The data are looked at only for a page, and only where
    nobody has looked at the same data before."""
    quality = quality_of(folder) if report else None
    return analyse(folder, rows=rows, seconds=seconds, report=report, quality=quality)


def quality_of(folder: Path) -> Said | None:
    """What `perpmm data check` says of the market data that a run names; None where it names none, or they are gone."""
    run_file = read_run_file(folder)
    named = named_market(folder, run_file)
    return None if named is None else said_of(named.catalog, run_file.manifest.instrument, named.fingerprint)
