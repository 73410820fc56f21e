"""The commands that look after market data: make it, fetch it, judge it, list, show and remove it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.options import Json

Catalog = Annotated[Path, typer.Argument(metavar="CATALOG", help="The catalog's folder.")]
LAKE = Path("data/lake")


def add_to(data: typer.Typer) -> None:
    for command in (synthetic, facts, check, show, remove, download, record):
        data.command()(command)
    data.command("list")(list_)


def check(
    paths: Annotated[list[Path], typer.Argument(help="Files of one recording, or one catalog.")],
    instrument: Annotated[str | None, typer.Option(help="Which contract; a catalog's are checked all without.")] = None,
    instrument_file: Annotated[Path | None, typer.Option(help="Tick, step, fees and margins (TOML).")] = None,
    exchange_info: Annotated[Path | None, typer.Option(help="The venue's exchangeInfo (JSON).")] = None,
    limits: Annotated[Path | None, typer.Option(help="Limits of your own (TOML).")] = None,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", metavar="NAME=VALUE", help="Change a limit; repeatable.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Write an HTML page there.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 2 for usable data too.")] = False,
    as_json: Json = False,
) -> None:
    """Is it fit for a backtest? Says clean, usable or unfit, and why; exits with 0, for unfit data with 2."""
    from engine.cli import check as command

    def write(found: dict[str, Any], by: Any) -> None:
        from engine.analysis.data_page import data_page

        assert page is not None
        page.write_text(data_page(found, by))

    contract, limited = (instrument, instrument_file, exchange_info), (limits, limit or [])
    writes = None if page is None else write
    raise typer.Exit(command.run(paths, contract, limited, writes, strict=strict, as_json=as_json))


def list_(
    folder: Annotated[Path, typer.Argument(help="A catalog, or a folder of catalogs.")] = LAKE, as_json: Json = False
) -> None:
    """What data there is: instruments, their span, size and verdict."""
    from engine.cli import holdings as command

    command.list_all(folder, as_json=as_json)


def show(
    catalog: Catalog,
    instrument: Annotated[str | None, typer.Option(help="Only this contract.")] = None,
    as_json: Json = False,
) -> None:
    """What a catalog holds, ingest by ingest: files, rows, clock, warnings."""
    from engine.cli import holdings as command

    command.show(catalog, instrument, as_json=as_json)


def remove(
    catalog: Catalog,
    instrument: Annotated[str | None, typer.Option(help="Only this contract.")] = None,
    ingest: Annotated[str | None, typer.Option(help="Only this ingest: its name in `data show`.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Take data out of a catalog, or remove it; asks first. The vendors' files are never touched."""
    from engine.cli import holdings as command

    command.remove(catalog, instrument, ingest, yes=yes, as_json=as_json)


def download(
    vendor: Annotated[str, typer.Argument(help="tardis, binance, bybit, okx or hyperliquid.")],
    symbol: Annotated[str, typer.Argument(help="The contract as the vendor names it: BTCUSDT, BTC-USDT-SWAP, BTC.")],
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day, UTC: 2024-08-01.")],
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day; unset: only the first.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = LAKE / "raw",
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="Type of file; repeatable. Unset: the usual.")
    ] = None,
    market: Annotated[str | None, typer.Option(help="Binance: um, cm, spot. Bybit: linear, inverse, spot.")] = None,
    exchange: Annotated[str | None, typer.Option(help="Tardis: the exchange; unset: binance-futures.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Another server with the same paths: a mirror.")] = None,
    as_json: Json = False,
) -> None:
    """Fetch a vendor's files: resumed where cut, checked by its checksums. Says what needs a key or money."""
    from engine.cli import download as command

    order = command.order_of(symbol, (first, last), kind or [], market=market, exchange=exchange, base_url=base_url)
    command.run(vendor, order, out, as_json=as_json)


def synthetic(
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same market.")] = None,
    minutes: Annotated[float | None, typer.Option(help="How long a market.")] = None,
    form: Annotated[
        str,
        typer.Option(help="tardis, binance (ns), binance-us, bybit, okx, databento, ...: docs/data.md names all."),
    ] = "tardis",
    inverse: Annotated[bool, typer.Option("--inverse", help="An inverse contract: BTCUSD_PERP.")] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KNOB=VALUE", help="stress.*, feed.*, ...: docs/data.md; repeatable."),
    ] = None,
    truth: Annotated[bool, typer.Option(help="Write what is true of it into OUT/truth.")] = True,
    as_json: Json = False,
) -> None:
    """Make a market with a known truth, in a vendor's form; calm, or with what goes wrong on purpose."""
    from engine.cli import data as command

    command.make_synthetic(out, (seed, minutes), form, changes or [], inverse=inverse, truth=truth, as_json=as_json)


def facts(
    catalog: Catalog,
    instrument: Annotated[str | None, typer.Option(help="Only this contract.")] = None,
    as_json: Json = False,
) -> None:
    """A catalog's stylised facts beside those of real tapes."""
    from engine.cli import facts as command

    command.run(catalog, instrument, as_json=as_json)


def record(
    venue: Annotated[str, typer.Argument(help="BINANCE, BYBIT, OKX or HYPERLIQUID.")],
    instrument: Annotated[str, typer.Argument(help="The venue's symbol, or the contract: BTCUSDT.")],
    catalog: Annotated[Path, typer.Option(help="The catalog's folder; made if missing.")],
    minutes: Annotated[float | None, typer.Option(help="How long; unset: until Ctrl-C.")] = None,
    rest: Annotated[str | None, typer.Option(help="Another address of its REST.")] = None,
    ws: Annotated[str | None, typer.Option(help="Another address of its streams.")] = None,
    as_json: Json = False,
) -> None:
    """Write a venue's market into a catalog as it comes; disconnects are survived, and marked as gaps."""
    from engine.cli import record as command

    places = {name: value for name, value in {"rest": rest, "ws": ws}.items() if value is not None}
    command.run((venue, instrument), catalog, places, minutes, as_json=as_json)
