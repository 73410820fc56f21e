"""`perpmm import-hummingbot`."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.cli import speak
from engine.config.hummingbot import Fate, Imported, imported
from engine.core.errors import ConfigError, Problem

HEADINGS = ("key", "in the file", "in the run file", "value")
WIDEST = 40  # of a cell: an order_override is longer than a line
NOTE_WIDTH = 110


def convert(conf: Path, out: Path | None, *, allow_unmapped: bool, force: bool, as_json: bool) -> None:
    """Without `out` the run file goes to standard output and the table to standard error."""
    result = imported(conf)
    if not as_json:
        show = speak.note if out is None else speak.line
        show("\n".join(table(result)))
    if result.problems and not allow_unmapped:
        speak.note("Not written. --allow-unmapped writes it all the same, for backtests only:")
        raise ConfigError(*result.problems)
    if out is not None:
        _write(out, result.text, force=force)
    if as_json:
        speak.json_object(_json(result, out))
    elif out is None:
        speak.line(result.text)
    else:
        speak.line(f"\nWrote {out}." + (" It can be backtested, not traded live." if result.problems else ""))


def table(result: Imported) -> Iterator[str]:
    """A line a key; below it what is to be said of it."""
    rows = [(HEADINGS, "")] + [(_cells(fate), fate.note) for fate in result.fates]
    widths = [min(WIDEST, max(len(cells[n]) for cells, _ in rows)) for n in range(len(HEADINGS))]
    for cells, note in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        yield from textwrap.wrap(note, NOTE_WIDTH, initial_indent="    ", subsequent_indent="    ")
    if result.remarks:
        yield "\nWorth knowing:"
        yield from (f"  {remark}" for remark in result.remarks)


def _cells(fate: Fate) -> tuple[str, str, str, str]:
    given = "not there" if fate.line is None else "blank" if fate.given is None else fate.given
    return fate.key, given, fate.to or "-", f"{fate.value} {fate.unit}".strip() if fate.value else "-"


def _write(out: Path, text: str, *, force: bool) -> None:
    try:
        with out.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise ConfigError(Problem(str(out), "is there already; --force replaces it")) from None
    except OSError as error:
        raise ConfigError(Problem(str(out), f"cannot be written: {error.strerror}")) from error


def _json(result: Imported, out: Path | None) -> dict[str, object]:
    return {
        "out": None if out is None else str(out),
        "run_file": result.text,
        "backtest_only": bool(result.problems),
        "keys": [msgspec.structs.asdict(fate) for fate in result.fates],
        "unmapped": [
            {"key": problem.field, "line": problem.line, "message": problem.message} for problem in result.problems
        ],
        "remarks": list(result.remarks),
    }
