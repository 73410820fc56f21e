"""`perpmm data list`, `show` and `remove`."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.table import Table

from data import store
from data.holdings import Holding, bytes_of, catalogs_in, chosen, holdings, name_of
from data.holdings import remove as remove_data
from data.manifest import Ingest
from engine.cli import show as shown
from engine.cli import speak
from engine.core.errors import ConfigError, Problem
from engine.core.types import SECOND
from engine.run.runs import iso


def list_all(folder: Path, *, as_json: bool) -> None:
    found = [each for catalog in catalogs_in(folder) for each in holdings(catalog)]
    if as_json:
        speak.json_object({"holdings": [msgspec.to_builtins(each) for each in found]})
        return
    if not found:
        speak.line(f"{folder} holds no catalog. Make one with `perpmm data ingest`")
        return
    grid = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    grid.add_column("")
    for name, justify in (
        ("verdict", "left"),
        ("from", "left"),
        ("lasts", "right"),
        ("rows", "right"),
        ("size", "right"),
    ):
        grid.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    catalog = ""
    for each in found:
        if each.catalog != catalog:
            catalog = each.catalog
            grid.add_row(f"[bold]{catalog}[/bold]")
        grid.add_row(*_row(each))
    shown.OUT.print(grid)
    if any(each.said is None for each in found):
        speak.note(
            "not checked: `perpmm data check CATALOG` says whether it is clean, usable or unfit, and this list then too"
        )


def _row(each: Holding) -> tuple[str, ...]:
    verdict = "not checked" if each.said is None else each.said.verdict
    hours = (each.end_ns - each.start_ns) / SECOND / 3600
    lasts = f"{hours:,.2f} h" if hours < 48 else f"{hours / 24:,.1f} d"
    return (f"  {each.instrument_id}", verdict, _moment(each.start_ns)[:16], lasts, f"{each.rows:,}", size(each.bytes))


def show(catalog: Path, instrument: str | None, *, as_json: bool) -> None:
    """Raises DataError for a catalog that is not whole or has not the instrument."""
    names = store.instrument_ids(catalog) if instrument is None else (instrument,)
    held = {name: store.contents(catalog, name) for name in names}
    said = {each.instrument_id: each.said for each in holdings(catalog)}
    if as_json:
        speak.json_object(
            {
                name: {
                    "instrument": msgspec.to_builtins(each.instrument, str_keys=True),
                    "fingerprint": each.fingerprint,
                    "verdict": msgspec.to_builtins(said[name]),
                    "ingests": [
                        {"name": name_of(i), "bytes": bytes_of(catalog, i), **msgspec.to_builtins(i)}
                        for i in each.ingests
                    ],
                }
                for name, each in held.items()
            }
        )
        return
    for name, each in held.items():
        contract, last = each.instrument, said[name]
        about: dict[str, Any] = {
            "tick, step": f"{contract.tick}, {contract.step}",
            "contract": f"{contract.multiplier} {contract.quote if contract.inverse else contract.base}"
            f"{', inverse' if contract.inverse else ''}, settled in {contract.settlement}",
            "fingerprint": each.fingerprint[:12],
            "verdict": "not checked: `perpmm data check`" if last is None else f"{last.verdict}: {last.reason}",
        }
        parts = {f"ingest {name_of(ingest)}": _of_ingest(catalog, ingest) for ingest in each.ingests}
        shown.tables({name: about, **parts})
        for warning in dict.fromkeys(w for ingest in each.ingests for w in ingest.warnings):
            speak.line(f"note: {warning}")


def _of_ingest(catalog: Path, ingest: Ingest) -> dict[str, str]:
    rows = {folder.replace("_", " "): f"{count:,} rows" for folder, count in ingest.rows.items()}
    files = {file.name: f"{file.kind}, {file.rows:,} rows" for file in ingest.files}
    clock = ingest.clock
    offset = (
        {} if clock is None else {"least, median latency": f"{clock.min_ns / 1e6:.1f}, {clock.median_ns / 1e6:.1f} ms"}
    )
    span = {"from": _moment(ingest.start_ns), "to": _moment(ingest.end_ns), "size": size(bytes_of(catalog, ingest))}
    return {**span, **files, **rows, **offset}


def remove(catalog: Path, instrument: str | None, ingest: str | None, *, yes: bool, as_json: bool) -> None:
    gone = chosen(catalog, instrument, ingest)
    what = ", ".join(f"{each.instrument_id} {name_of(each)}" for each in gone) or "what a removal left behind"
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise ConfigError(Problem("--yes", f"is needed to remove {what} where nobody can be asked"))
        typer.confirm(f"Remove {what} from {catalog}?", abort=True)
    remove_data(catalog, gone)
    if as_json:
        speak.json_object({"removed": [{"instrument": each.instrument_id, "ingest": name_of(each)} for each in gone]})
    else:
        speak.line(f"removed {what}")


def size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} GB"


def _moment(ns: int) -> str:
    return iso(ns)[:19].replace("T", " ")
