"""The commands that look after market data: check, list, show, remove, download."""

from pathlib import Path
from typing import Annotated

import typer

Catalog = Annotated[Path, typer.Argument(metavar="CATALOG", help="The catalog's folder.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, for scripts.")]
LAKE = Path("data/lake")


def add_to(data: typer.Typer) -> None:
    for command in (check, show, remove, download):
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

    contract = (instrument, instrument_file, exchange_info)
    raise typer.Exit(command.run(paths, contract, (limits, limit or []), page, strict=strict, as_json=as_json))


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
