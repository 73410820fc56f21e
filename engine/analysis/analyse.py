"""After a run: frames, summary and page into its folder."""

import json
from pathlib import Path
from typing import Any

from data.holdings import Said, verdicts
from engine.analysis.fold import fold_journal, started_of
from engine.analysis.frames import write_frames
from engine.analysis.market import market_of
from engine.analysis.page import report_page
from engine.analysis.run import FRAMES_FOLDER, SUMMARY_FILE, Run
from engine.analysis.runs import open_run
from engine.analysis.study import study, study_figures
from engine.analysis.summary import summary
from engine.journal.atomic import write_atomically
from engine.journal.market import named_market
from engine.journal.reader import Journal

REPORT_FILE = "report.html"


def analyse(
    run_dir: Path, *, rows: int | None, seconds: float | None, report: bool, quality: Said | None = None
) -> dict[str, Any]:
    """Write `frames/*.parquet`, `summary.json` and, if asked, `report.html` into a run's folder; return the summary.

    `rows`: market data rows replayed, `seconds`: wall seconds of the loop, `quality`: what was said of the data, for
    the page; all only handed on. Raises JournalError if the journal cannot be read or a file cannot be
    written.
    """
    journal = Journal(run_dir)
    frames = fold_journal(journal)
    started = started_of(journal)
    market = market_of(run_dir, journal.run_file, frames.equity)
    studied = study(journal.run_file, frames, started.instrument, market)
    figures = summary(frames, rows=rows, seconds=seconds) | study_figures(studied)
    write_frames(frames, run_dir / FRAMES_FOLDER)
    write_atomically(run_dir / SUMMARY_FILE, json.dumps(figures, indent=2).encode() + b"\n")
    if report:
        page = report_page(
            journal, started, frames, figures=figures, studied=studied, market=market, band=None, quality=quality
        )
        _write_page(run_dir, page)
    return figures


def write_report(run_dir: Path) -> None:
    """Write a finished run's page anew, with its band where one was run (see engine.analysis.band)."""
    run = open_run(run_dir)
    page = report_page(
        run.journal,
        started_of(run.journal),
        run.frames,
        figures=run.summary,
        studied=run.study,
        market=run.market,
        band=run.band,
        quality=_remembered(run),
    )
    _write_page(run_dir, page)


def _remembered(run: Run) -> Said | None:
    """What was said of the very data that the run names, as it is kept beside them."""
    named = named_market(run.folder, run.run_file)
    said = None if named is None else verdicts(named.catalog).get(run.run_file.manifest.instrument)
    return said if named is not None and said is not None and said.fingerprint == named.fingerprint else None


def _write_page(run_dir: Path, page: str) -> None:
    write_atomically(run_dir / REPORT_FILE, page.encode())
