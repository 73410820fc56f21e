"""`perpmm`: parse, call, show. What a command needs is imported when it runs, so that --help answers at once."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import data_commands, exits, journal_commands, live_commands, steer_commands
from engine.cli.options import Changes, Json, NoReport, RunsFolder
from engine.nautilus.interrupts import heed_signals

app = typer.Typer(
    name="perpmm",
    help="Backtest market making on perpetual futures, event by event.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: drawing boxes costs half of the time in which it has to be there
)
data = typer.Typer(help="Market data: make it, bring it in, judge it, look after it.")
app.add_typer(data, name="data")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    heed_signals()
    return exits.code_of(lambda: _invoke(given or ["--help"]), as_json="--json" in given)


def _invoke(arguments: list[str]) -> None:
    """Typer's own main would turn what went wrong into exit codes of its own."""
    command = typer.main.get_command(app)
    with command.make_context("perpmm", list(arguments)) as context:
        command.invoke(context)


def _version(wanted: bool) -> None:
    if wanted:
        from engine.cli import version

        version.show(as_json="--json" in sys.argv)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
) -> None:
    pass


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("run.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write a commented run file that works as it is."""
    from engine.cli import init as command

    command.write(file, force=force, as_json=as_json)


@app.command()
def backtest(
    run_file: Annotated[Path | None, typer.Argument(help="The run file; `perpmm init` writes one.")] = None,
    parent: Annotated[
        str | None, typer.Option("--from", metavar="RUN", help="Instead: a run's own config, on the data that it saw.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="First date or time, ISO 8601, UTC.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date (its midnight) or time.")] = None,
    changes: Changes = None,
    runs: RunsFolder = None,
    no_report: NoReport = False,
    band: Annotated[
        bool, typer.Option("--band", help="Also under other assumptions of fills and latency; one verdict.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="With --band: processes at once.")] = None,
    as_json: Json = False,
) -> None:
    """Run a strategy over recorded market data; show the summary and where the page is."""
    from engine.cli import backtest as command

    options: dict[str, Any] = {"start": start, "end": end, "runs": runs, "no_report": no_report}
    if parent is not None and run_file is None and not band:
        command.run_again(parent, changes or [], options, as_json=as_json)
    elif run_file is not None and parent is None and band:
        from engine.cli import band as banded

        banded.run(run_file, changes or [], options, workers, as_json=as_json)
    elif run_file is not None and parent is None:
        command.run(run_file, changes or [], options, as_json=as_json)
    else:
        raise typer.BadParameter("either a run file, or --from RUN")


@app.command()
def paper(
    run_file: Annotated[Path, typer.Argument(help="The run file, as for a backtest.")],
    feed: Annotated[
        Path | None,
        typer.Option(
            metavar="CATALOG", help="A recorded market, played as the live feed; unset: the venue's own, now."
        ),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="With --feed: so many times as fast as it was recorded; 0: as fast as it goes.")
    ] = 1.0,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with the account of a paper run that ended or was cut off.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="First date or time of the feed, ISO 8601, UTC.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date (its midnight) or time of the feed.")] = None,
    changes: Changes = None,
    runs: RunsFolder = None,
    no_report: NoReport = False,
    as_json: Json = False,
) -> None:
    """Trade on paper, with the code that would trade live; one line a decision on standard error."""
    from engine.cli import paper as command

    options: dict[str, Any] = {"start": start, "end": end, "runs": runs, "no_report": no_report}
    command.run(run_file, changes or [], options | {"feed": feed, "speed": speed, "resume": resume}, as_json=as_json)


@data.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files of one recording.")],
    catalog: Annotated[Path, typer.Option(help="The catalog's folder; made if missing.")],
    instrument: Annotated[
        list[str] | None, typer.Option(help="A contract in them, such as BTCUSDT-PERP.BINANCE; repeatable.")
    ] = None,
    instrument_file: Annotated[Path | None, typer.Option(help="Tick, step, fees and margins (TOML).")] = None,
    exchange_info: Annotated[Path | None, typer.Option(help="The venue's exchangeInfo (JSON).")] = None,
    as_json: Json = False,
) -> None:
    """Read vendors' files into a catalog: docs/data.md names the kinds, which are known from what they hold."""
    from engine.cli import data as command
    from engine.run.sources import Terms

    command.ingest_files(paths, instrument or [], catalog, Terms(instrument_file, exchange_info), as_json=as_json)


@app.command()
def scenario(
    case: Annotated[Path | None, typer.Argument(help="A case's folder: config.json, tape.jsonl.")] = None,
    out: Annotated[Path | None, typer.Option(help="File for the rows (expected.jsonl's form).")] = None,
    check: Annotated[Path | None, typer.Option(metavar="DIR", help="Compare a folder of cases instead.")] = None,
    behaviour: Annotated[str | None, typer.Option(help="classic, head or safe, in the case's place.")] = None,
    as_json: Json = False,
) -> None:
    """Play a story: the real strategy on a simple venue, second by second."""
    from engine.cli import scenario as command

    if (case is None) == (check is None) or (out is None) == (check is None):
        raise typer.BadParameter("either CASE --out FILE, or --check DIR")
    if check is not None:
        command.compare(check, behaviour, as_json=as_json)
    elif case is not None and out is not None:
        command.play(case, out, behaviour, as_json=as_json)


@app.command("venue-sim")
def venue_sim(
    paths: Annotated[list[Path] | None, typer.Argument(help="A catalog, or files of one recording.")] = None,
    instrument: Annotated[str | None, typer.Option(help="Trade only this one, such as BTCUSDT-PERP.BINANCE.")] = None,
    synthetic: Annotated[int | None, typer.Option(metavar="SEED", help="Instead: a generated market.")] = None,
    minutes: Annotated[float, typer.Option(help="How long a generated market.")] = 15.0,
    speed: Annotated[float, typer.Option(min=0, help="Of the tape; 0: time stands until it is moved.")] = 1.0,
    loop: Annotated[bool, typer.Option("--loop", help="Play the tape again when it ends.")] = False,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop when the tape ends.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; 0: any that is free.")] = 0,
    balance: Annotated[float, typer.Option(min=1, help="Of each account, in the settlement currency.")] = 10_000.0,
    accounts: Annotated[int, typer.Option(min=1, max=100, help="How many; the line names the others too.")] = 1,
    hedge: Annotated[bool, typer.Option("--hedge", help="Accounts start in Hedge mode.")] = False,
    seed: Annotated[int, typer.Option(help="Of keys and faults.")] = 1,
    log: Annotated[Path | None, typer.Option(help="File for the venue's log, a JSON object a line.")] = None,
    faults: Annotated[Path | None, typer.Option(help="A JSON list of what goes wrong, and when.")] = None,
    mixture: Annotated[float | None, typer.Option(metavar="SECONDS", help="Faults made of the seed.")] = None,
    protocol: Annotated[
        str | None, typer.Option(help="BINANCE, BYBIT, OKX or HYPERLIQUID; unset: the instrument's venue's.")
    ] = None,
    ed25519: Annotated[Path | None, typer.Option("--ed25519", help="File for the account's Ed25519 key (PEM).")] = None,
) -> None:
    """Serve an exchange on loopback in the words of Binance, Bybit, OKX or Hyperliquid; print a line when ready."""
    from decimal import Decimal

    from engine.cli import venue_sim as command
    from engine.run.venue_sim import Settings

    if bool(paths) == (synthetic is not None):
        raise typer.BadParameter("either a catalog or files, or --synthetic SEED")
    settings = Settings(
        speed=speed,
        loop=loop,
        balance=Decimal(str(balance)),
        accounts=accounts,
        hedge=hedge,
        seed=seed,
        log=log,
        faults=command.schedule(faults, mixture, seed),
        protocol=protocol and protocol.upper(),
        ed25519=ed25519,
    )
    market = None if synthetic is None else (synthetic, minutes)
    command.serve(paths or [], instrument, market, settings, port=port, until_end=until_end)


@app.command("import-hummingbot")
def import_hummingbot(
    conf: Annotated[Path, typer.Argument(help="Hummingbot's YAML file, of template 5 or 6.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The run file; unset: standard output.")] = None,
    allow_unmapped: Annotated[
        bool, typer.Option("--allow-unmapped", help="Write it all the same; it can be backtested, not traded live.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Turn a Hummingbot config into a run file; say what became of every key."""
    from engine.cli import hummingbot as command

    command.convert(conf, out, allow_unmapped=allow_unmapped, force=force, as_json=as_json)


data_commands.add_to(data)
journal_commands.add_to(app)
live_commands.add_to(app)
steer_commands.add_to(app)
