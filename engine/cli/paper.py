"""`perpmm paper`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from engine.cli import backtest, speak
from engine.config.read import Override, read_config
from engine.run.narrate import to_standard_error
from engine.run.paper import paper, planned_paper
from engine.run.runs import RUNS, run_folder


def run(run_file: Path, changes: list[str], options: dict[str, Any], *, as_json: bool) -> None:
    feed, speed = options["feed"], options["speed"]
    overrides = backtest.overrides(changes, options)
    overrides.append(Override(f"--feed {feed}", ("data", "catalog"), str(feed)))
    resume = None if options["resume"] is None else run_folder(options["resume"], options["runs"] or RUNS)
    plan = planned_paper(read_config(run_file, overrides), resume=resume)
    for note in plan.notes:
        speak.note(f"note: {note}")
    to_standard_error()
    created = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  told to people, decides nothing
    result = paper(plan, created=created, speed=speed or None, resume=resume)
    for note in result.notes[len(plan.notes) :]:
        speak.note(f"note: {note}")
    if as_json:
        speak.json_object({**backtest.plain(result), "stopped_by": result.stopped and result.stopped.by})
    else:
        backtest.tell(result)
    if result.stopped is not None:
        speak.note(f"{result.stopped}: its orders were cancelled, the run is sealed as interrupted")
        raise typer.Exit(128 + result.stopped.number)
