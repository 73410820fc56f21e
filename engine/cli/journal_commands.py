"""The commands that look at runs that were made: replay, verify, journal, status, inspect, why, compare, recover."""

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[str, typer.Argument(metavar="RUN", help="The run's folder, or its id.")]
Runs = Annotated[Path, typer.Option(help="Where ids are looked for.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")]
RUNS = Path("runs")


def add_to(app: typer.Typer) -> None:
    for command in (replay, verify, journal, status, inspect, why, compare, calibrate, recover):
        app.command()(command)


def replay(run: Run, runs: Runs = RUNS, as_json: Json = False) -> None:
    """Decide a run's every event anew and compare; 0 identical, 1 first difference shown, 2 damaged."""
    from engine.cli import replay as command

    raise typer.Exit(command.show(run, runs, as_json=as_json))


def verify(run: Run, runs: Runs = RUNS, as_json: Json = False) -> None:
    """Is the journal what was written? 0 sealed and whole, 1 whole as far as it goes, 2 damaged."""
    from engine.cli import verify as command

    raise typer.Exit(command.show(run, runs, as_json=as_json))


def journal(
    run: Run,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only these, such as Submit; repeatable.")] = None,
    since: Annotated[str | None, typer.Option(help="First entry: its number, or a time.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as the run goes on.")] = False,
    runs: Runs = RUNS,
    as_json: Json = False,
) -> None:
    """What happened, a line an entry; --json: an object a line."""
    from engine.cli import journal as command

    command.show(run, runs, types or [], since, follow=follow, as_json=as_json)


def inspect(
    run: Run,
    at: Annotated[str | None, typer.Option(help="A time, ISO 8601, UTC.")] = None,
    seq: Annotated[int | None, typer.Option(help="An entry's number.")] = None,
    runs: Runs = RUNS,
    as_json: Json = False,
) -> None:
    """How everything stood: market, orders, position, exits, limits, and why there is no order. Default: at the end."""
    from engine.cli import inspect as command

    if at is not None and seq is not None:
        raise typer.BadParameter("either --at or --seq")
    command.show(run, runs, at, seq, as_json=as_json)


def status(
    run: Run,
    watch: Annotated[
        bool, typer.Option("--watch/--once", help="Go on as the run goes on; or one screen as text.")
    ] = False,
    runs: Runs = RUNS,
    as_json: Json = False,
) -> None:
    """How a run stands: quotes, position, exits, money, limits, and why there is no order."""
    from engine.cli import status as command

    command.show(run, runs, watch=watch, as_json=as_json)


def why(
    run: Run,
    order_id: Annotated[str, typer.Argument(metavar="ORDER_ID", help="Our own id of it.")],
    runs: Runs = RUNS,
    as_json: Json = False,
) -> None:
    """Why an order was sent: its tick, its event, its parameters; and what became of it."""
    from engine.cli import why as command

    command.show(run, runs, order_id, as_json=as_json)


def compare(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="A run's folder, or its id.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="The run to hold against it.")],
    runs: Runs = RUNS,
    as_json: Json = False,
) -> None:
    """Two runs order by order: the same, filled earlier or later, filled in one only, and why."""
    from engine.cli import compare as command

    command.tell(run_a, run_b, runs, as_json=as_json)


def calibrate(
    run: Run,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A run file with what was fitted.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    runs: Runs = RUNS,
    as_json: Json = False,
) -> None:
    """Fit latency and queue model to the fills that a run has seen, with the error on what was held out."""
    from engine.cli import calibrate as command

    command.fit(run, runs, out, force=force, as_json=as_json)


def recover(run: Run, runs: Runs = RUNS, as_json: Json = False) -> None:
    """Seal a run that was cut short, and say what was found; 1 recovered, 2 damaged and quarantined."""
    from engine.cli import recover as command

    raise typer.Exit(command.show(run, runs, as_json=as_json))
