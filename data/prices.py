"""A price of one's own over time: CSV of `ts_ns,price`, header and all."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from engine.core.errors import DataError, Problem

HEADER = "ts_ns,price"
MOST_PROBLEMS = 20

type Row = tuple[int, Decimal]


def read_prices(path: Path) -> tuple[Row, ...]:
    """(time in ns, price above 0) in ascending order. Raises DataError, naming every line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise DataError(Problem(str(path), said.lower())) from error
    if not lines or lines[0].replace(" ", "") != HEADER:
        raise DataError(Problem(str(path), f"must begin with the line {HEADER}", 1))
    rows: list[Row] = []
    problems: list[Problem] = []
    for n, line in enumerate(lines[1:], 2):
        row = _row(line)
        faults = ["must be a time in whole ns and a price above 0"] if row is None else list(_faults(row, rows))
        problems += (Problem(str(path), fault, n) for fault in faults)
        rows += [] if row is None else [row]
    if not rows and not problems:
        problems = [Problem(str(path), "has no price")]
    if problems:
        raise DataError(*problems[:MOST_PROBLEMS])
    return tuple(rows)


def _row(line: str) -> Row | None:
    time, _, price = line.partition(",")
    try:
        row = int(time), Decimal(price.strip())
    except (ValueError, InvalidOperation):
        return None
    return row if row[1].is_finite() and row[1] > 0 else None


def _faults(row: Row, before: list[Row]) -> Iterator[str]:
    if before and row[0] <= before[-1][0]:
        yield f"{row[0]} is not after {before[-1][0]}"
