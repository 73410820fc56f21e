"""The commands that steer a run which another process drives: pause, resume, set, halt."""

from typing import Annotated

import typer

from engine.cli.journal_commands import RUNS, Json, Run, Runs

Reason = Annotated[str, typer.Option(help="Why, for the journal.")]


def add_to(app: typer.Typer) -> None:
    for command in (pause, resume, halt):
        app.command()(command)
    app.command("set")(set_)


def pause(run: Run, reason: Reason = "by hand", runs: Runs = RUNS, as_json: Json = False) -> None:
    """Pull a run's quotes; its exits go on."""
    from engine.cli import steer as command

    command.pause(run, runs, reason, as_json=as_json)


def resume(run: Run, reason: Reason = "by hand", runs: Runs = RUNS, as_json: Json = False) -> None:
    """Lift a pause, a halt, or what a limit holds back until you say so."""
    from engine.cli import steer as command

    command.resume(run, runs, reason, as_json=as_json)


def set_(
    run: Run,
    changes: Annotated[list[str], typer.Argument(metavar="KEY=VALUE", help="Such as strategy.bid_spread=0.2.")],
    runs: Runs = RUNS,
    as_json: Json = False,
) -> None:
    """Change parameters of a run's strategy while it runs."""
    from engine.cli import steer as command

    command.change(run, runs, changes, as_json=as_json)


def halt(
    run: Run,
    flatten: Annotated[bool, typer.Option("--flatten", help="Close its position at the market.")] = False,
    everyones: Annotated[bool, typer.Option("--all", help="Cancel the contract's orders of others too.")] = False,
    runs: Runs = RUNS,
    as_json: Json = False,
) -> None:
    """The kill switch: cancel a live run's orders at the venue, whatever state its process is in."""
    from engine.cli import steer as command

    raise typer.Exit(command.halt(run, runs, flatten=flatten, everyones=everyones, as_json=as_json))
