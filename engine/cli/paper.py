"""`perpmm paper`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from engine.cli import backtest, speak
from engine.config.read import Override, read_config
from engine.run.account import before_of
from engine.run.narrate import to_standard_error
from engine.run.paper import Paper, paper, planned_now, planned_over
from engine.run.runs import RUNS, run_folder


def run(run_file: Path, changes: list[str], options: dict[str, Any], *, as_json: bool) -> None:
    planned = _planned(run_file, changes, options)
    for note in planned.plan.notes:
        speak.note(f"note: {note}")
    to_standard_error()
    created = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  told to people, decides nothing
    result = paper(planned, created=created)
    for note in result.notes[len(planned.plan.notes) :]:
        speak.note(f"note: {note}")
    if as_json:
        speak.json_object({**backtest.plain(result), "stopped_by": result.stopped and result.stopped.by})
    else:
        backtest.tell(result)
    if result.stopped is not None:
        speak.note(f"{result.stopped}: its orders were cancelled, the run is sealed as interrupted")
        raise typer.Exit(128 + result.stopped.number)


def _planned(run_file: Path, changes: list[str], options: dict[str, Any]) -> Paper:
    feed, speed = options["feed"], options["speed"]
    resume = options["resume"]
    before = None if resume is None else before_of(run_folder(resume, options["runs"] or RUNS))
    overrides = backtest.overrides(changes, options)
    if feed is not None:
        catalog = Override(f"--feed {feed}", ("data", "catalog"), str(feed))
        return planned_over(read_config(run_file, [*overrides, catalog]), before, speed=speed or None)
    if speed != 1 or options["start"] is not None or options["end"] is not None:
        raise typer.BadParameter("--speed, --start and --end are of a recorded market: give one with --feed")
    return planned_now(read_config(run_file, overrides), before)
