"""`perpmm backtest`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.analysis.figures import units_of
from engine.analysis.metrics import DONE, HEADLINE, RISK, TRADING, number, shown
from engine.cli import show, speak
from engine.config.read import Override, override, read_config
from engine.core.errors import ConfigError, Problem
from engine.run.backtest import Result, backtest, planned

STAGES = {"backtest": "Replaying the market", "analysis": "Writing the results"}
TABLES = {"Money": HEADLINE, "Trading": TRADING, "Risk": RISK, "Run": DONE}


def run(run_file: Path, changes: list[str], options: dict[str, Any], *, as_json: bool) -> None:
    plan = planned(read_config(run_file, _overrides(changes, options)))
    for note in plan.notes:
        speak.note(f"note: {note}")
    created = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  told to people, decides nothing
    with show.progress(STAGES) as progress:
        result = backtest(plan, created=created, progress=progress)
    if as_json:
        speak.json_object(
            {
                "run_dir": str(result.run_dir),
                "digest": result.digest,
                "report": None if result.report is None else str(result.report),
                "summary": result.summary,
                "notes": list(result.notes),
            }
        )
    else:
        _tell(result)


def _overrides(changes: list[str], options: dict[str, Any]) -> list[Override]:
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


def _tell(result: Result) -> None:
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
    for name, value in {"digest": result.digest, "run": result.run_dir, "page": result.report}.items():
        if value is not None:
            show.OUT.print(f"{name:8}{value}", soft_wrap=True)
