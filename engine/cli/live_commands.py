"""`perpmm live` as it is parsed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.journal_commands import Json
from engine.cli.options import Changes, NoReport, RunsFolder


def add_to(app: typer.Typer) -> None:
    app.command()(live)


def live(
    run_file: Annotated[Path, typer.Argument(help="The run file, as for a backtest.")],
    agreed: Annotated[bool, typer.Option("--live", help="Begin without asking for the sentence to be typed.")] = False,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Take up a live run that was cut off.")] = None,
    changes: Changes = None,
    runs: RunsFolder = None,
    no_report: NoReport = False,
    as_json: Json = False,
) -> None:
    """Trade with real orders: look at the account, ask for consent, then one line a decision on standard error."""
    from engine.cli import live as command

    options: dict[str, Any] = {"start": None, "end": None, "runs": runs, "no_report": no_report}
    command.run(run_file, changes or [], options | {"live": agreed, "resume": resume}, as_json=as_json)
