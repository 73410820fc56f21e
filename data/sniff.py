"""What kind a file is, from what it holds. Its name is not asked, and a doubt is an error."""

import re
from enum import StrEnum
from itertools import islice
from pathlib import Path

from data.readers import binance
from data.readers.binance_messages import NotOursError, decode
from data.readers.tardis_csv import BOOK, TICKER, TRADES
from data.source import fault, line_blocks, size_of


class Kind(StrEnum):
    BINANCE = "binance-usdm-raw"
    TARDIS_BOOK = "tardis-incremental_book_L2"
    TARDIS_TRADES = "tardis-trades"
    TARDIS_TICKER = "tardis-derivative_ticker"


READ = "raw Binance USD-M captures and Tardis CSV (incremental_book_L2, trades, derivative_ticker)"

_MAGICS = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a zip archive",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"DBN": "Databento's DBN",
    b"\x93NUMPY": "a NumPy array",
    b"ARROW1": "an Arrow file",
    b"SQLite": "an SQLite database",
    b"\x00": "binary",
}
_TARDIS = {BOOK: Kind.TARDIS_BOOK, TRADES: Kind.TARDIS_TRADES, TICKER: Kind.TARDIS_TICKER}
_STAMPED_JSON = re.compile(rb"(\d+)\s*[:,]?\s*\{")
_LINES_TRIED = 100


def kind_of(path: Path) -> Kind:
    """Raises DataError for a file that is missing, empty, damaged at its start or of no kind that is read."""
    size_of(path)
    block = next(line_blocks(path))
    for magic, name in _MAGICS.items():
        if block.startswith(magic):
            raise fault(path, f"is {name}, which is not read. Read are {READ}")
    first = block.split(b"\n", 1)[0].rstrip(b"\r")
    if b"exchange,symbol," in first or tuple(first.decode(errors="replace").split(",")) in _TARDIS:
        return _tardis_kind(path, first)
    if _STAMPED_JSON.match(first):
        return _binance_kind(path, block)
    shown = first[:60].decode(errors="replace")
    raise fault(path, f"is of no known kind: its first line is {shown!r}. Read are {READ}", line=1)


def _tardis_kind(path: Path, header: bytes) -> Kind:
    columns = tuple(header.decode(errors="replace").split(","))
    if kind := _TARDIS.get(columns):
        return kind
    nearest = min(_TARDIS, key=lambda known: len(set(known) ^ set(columns)))
    missing, odd = [c for c in nearest if c not in columns], [c for c in columns if c not in nearest]
    detail = f"missing {', '.join(missing) or 'none'}, not known {', '.join(odd[:8]) or 'none'}"
    reason = f"columns of no Tardis file that is read; nearest is {_TARDIS[nearest]}: {detail}, or their order differs"
    raise fault(path, reason, line=1, field=(missing or odd or ["header"])[0])


def _binance_kind(path: Path, block: bytes) -> Kind:
    digits = binance.local_time_digits(path, block[:64], 1)
    seen: list[str] = []
    for line in islice(block.split(b"\n"), _LINES_TRIED):
        try:
            message = decode(line[digits + 1 :]) if line else None
        except NotOursError as error:
            seen.append(str(error))
        else:
            if message is not None:
                return Kind.BINANCE
    raise fault(path, f"is of no known kind: {seen[0] if seen else 'no market data'}. Read are {READ}", line=1)
