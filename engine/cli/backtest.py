"""`perpmm backtest`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.analysis.figures import units_of
from engine.analysis.metrics import DONE, HEADLINE, RISK, TRADING, number, shown
from engine.cli import show, speak
from engine.config.read import Override, override, read_config
from engine.core.errors import ConfigError, Problem
from engine.run.runs import RUNS, run_folder
from engine.run.simulate import Plan, Result, backtest, planned
from engine.run.whatif import parent_of, varied

STAGES = {"backtest": "Replaying the market", "analysis": "Writing the results"}
TABLES = {"Money": HEADLINE, "Trading": TRADING, "Risk": RISK, "Run": DONE}


def run(run_file: Path, changes: list[str], options: dict[str, Any], *, as_json: bool) -> None:
    plan = planned(read_config(run_file, overrides(changes, options)))
    result = _run(plan)
    if as_json:
        speak.json_object(plain(result))
    else:
        tell(result)


def run_again(parent: str, changes: list[str], options: dict[str, Any], *, as_json: bool) -> None:
    """With other parameters, and the two side by side."""
    folder = run_folder(parent, options["runs"] or RUNS)
    before = parent_of(folder)
    result = _run(varied(folder, overrides(changes, options)))
    if as_json:
        was = {"run_dir": str(before.run_dir), "digest": before.digest, "summary": before.summary}
        speak.json_object({**plain(result), "parent": was})
        return
    units = units_of(result.instrument)
    rows = [
        (title, metric.label, shown(metric, was.get(metric.key), units), shown(metric, now.get(metric.key), units))
        for was, now in [(before.summary, result.summary)]
        for title, metrics in TABLES.items()
        for metric in metrics
    ]
    show.side_by_side((folder.name, result.run_dir.name), rows)
    _tell_places(result)


def _run(plan: Plan) -> Result:
    for note in plan.notes:
        speak.note(f"note: {note}")
    created = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  told to people, decides nothing
    with show.progress(STAGES) as progress:
        result = backtest(plan, created=created, progress=progress)
    for note in result.notes[len(plan.notes) :]:
        speak.note(f"note: {note}")
    return result


def plain(result: Result) -> dict[str, Any]:
    return {
        "run_dir": str(result.run_dir),
        "digest": result.digest,
        "report": None if result.report is None else str(result.report),
        "summary": result.summary,
        "notes": list(result.notes),
    }


def overrides(changes: list[str], options: dict[str, Any]) -> list[Override]:
    """All that the command line asks for; the faults of all --set at once."""
    made: list[Override] = []
    problems: list[Problem] = []
    for text in changes:
        try:
            made.append(override(text))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*problems)
    wanted = {
        f"--start {options['start']}": (("data", "start"), options["start"]),
        f"--end {options['end']}": (("data", "end"), options["end"]),
        f"--runs {options['runs']}": (("output", "runs"), options["runs"] and str(options["runs"])),
        "--no-report": (("output", "report"), False if options["no_report"] else None),
    }
    made += [Override(option, path, value) for option, (path, value) in wanted.items() if value is not None]
    return made


def tell(result: Result) -> None:
    units = units_of(result.instrument)
    parts = {
        title: {metric.label: shown(metric, result.summary[metric.key], units) for metric in metrics}
        for title, metrics in TABLES.items()
    }
    exits = {
        name.replace("_", " "): f"{exit_['orders']} ({number(exit_['realised_pnl'])} {units.money})"
        for name, exit_ in result.summary["exits"].items()
        if exit_["orders"]
    }
    refused = {limit: f"{count:,}" for limit, count in result.summary["refusals"].items()}
    more = {"Exits (realised)": exits, "Refused by a limit": refused}
    show.tables(parts | {title: rows for title, rows in more.items() if rows})
    _tell_places(result)


def _tell_places(result: Result) -> None:
    for name, value in {"digest": result.digest, "run": result.run_dir, "page": result.report}.items():
        if value is not None:
            show.OUT.print(f"{name:8}{value}", soft_wrap=True)
