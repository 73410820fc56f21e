"""The containers of raw Binance captures: each line as when it was received, and the message in it.

- `<local time> <json>`: 16 digits (microseconds) or 19 (nanoseconds), as hftbacktest's collector writes it.
- cryptofeed's file callback: `<epoch seconds>: <json>`, `<url> -> <epoch seconds>: <json>` for REST answers (whose url
  names the symbol), and lines about the configuration and the connections.
- JSON lines: a message with `recv_ts`, or an object with `recv_ts` and the message in `data` or `msg`; by its digits
  seconds, milli-, micro- or nanoseconds. Without `recv_ts` there is no receive time.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Raw

from data.readers.binance_messages import NotOursError
from data.schema import Table
from data.source import fault

UNITS_NS = {16: 1_000, 19: 1}  # digits of the local time
_TIME = re.compile(r"\d{10,19}(\.\d+)?([eE]\d+)?")
_DIGITS_NS = {10: 1_000_000_000, 13: 1_000_000, 16: 1_000, 19: 1}
_STAMPED_JSON = re.compile(rb"(\d+)\s*[:,]?\s*\{")
_CRYPTOFEED = re.compile(rb"(https?|wss?)://\S+ (->|<-|<->) \d{10}|configuration: \{|\d{10}\.\d+: \{")
_CRYPTOFEED_TIME = re.compile(rb"\d{10}(\.\d{1,9})?")
_SYMBOL = re.compile(rb"[?&]symbol=([^&\s]+)")
_NOTHING = Raw()
_WORDS = {
    b'"depthUpdate"': (Table.BOOK,),
    b'"lastUpdateId"': (Table.BOOK,),
    b'"trade"': (Table.TRADES,),
    b'"aggTrade"': (Table.TRADES,),
    b'"markPriceUpdate"': (Table.MARKS, Table.FUNDING),
    b'"forceOrder"': (Table.LIQUIDATIONS,),
}


class Line(NamedTuple):
    """`at_ns` is None where the capture has no receive time; `symbol` is that of a REST answer's url."""

    at_ns: int | None
    body: bytes
    symbol: str | None = None


type Split = Callable[[bytes], Line | None]


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A line of JSON. `stream` is the venue's own envelope, which is left to the decoder of messages."""

    recv_ts: int | float | str | None = None
    data: Raw = _NOTHING
    msg: Raw = _NOTHING
    stream: str | None = None


_envelope = msgspec.json.Decoder(Envelope)


def splitter(path: Path, head: bytes) -> Split | None:
    """How the lines of a file that begins like this are split; None where it is no capture.

    Raises DataError for a local time whose unit cannot be."""
    if _CRYPTOFEED.match(head):
        return _cryptofeed
    if _STAMPED_JSON.match(head):
        digits = local_time_digits(path, head[:64], 1)
        return _stamped(digits)
    return _json if head.startswith(b"{") else None


def local_time_digits(path: Path, line: bytes, number: int) -> int:
    """How the file writes its local time. Raises DataError for a unit that it cannot be."""
    digits = len(line) - len(line.lstrip(b"0123456789"))
    if digits not in UNITS_NS or line[digits : digits + 1] != b" ":
        reason = f"the local time has {digits} digits: 16 are microseconds, 19 nanoseconds, nothing else is read"
        raise fault(path, reason if digits else "the line starts with no local time", line=number, field="local time")
    return digits


def _stamped(digits: int) -> Split:
    unit = UNITS_NS[digits]

    def split(line: bytes) -> Line | None:
        stamp, _, body = line.partition(b" ")
        if len(stamp) == digits and stamp.isdigit():
            return Line(int(stamp) * unit, body)
        if not line.strip():
            return None
        found = len(line) - len(line.lstrip(b"0123456789"))
        reason = "the local time changes its unit" if found in UNITS_NS else f"the local time has {found} digits"
        raise NotOursError(reason if found else "the line starts with no local time", "local time")

    return split


def _cryptofeed(line: bytes) -> Line | None:
    url, arrow, rest = b"", b"", line
    if not line[:1].isdigit():
        url, arrow, rest = line.partition(b" -> ")
        if not arrow:
            if line.startswith((b"configuration: {", b"http", b"ws")) or not line.strip():
                return None
            raise NotOursError("the line starts with no local time", "local time")
    stamp, colon, body = rest.partition(b": ")
    if not colon or not _CRYPTOFEED_TIME.fullmatch(stamp):
        raise NotOursError("the line starts with no local time in seconds", "local time")
    seconds, _, fraction = stamp.partition(b".")
    symbol = _SYMBOL.search(url)
    if arrow and (b"/depth" not in url or symbol is None):
        return None
    at_ns = int(seconds) * 10**9 + int(fraction.ljust(9, b"0") or 0)
    return Line(at_ns, body, symbol[1].decode(errors="replace") if symbol else None)


def _json(line: bytes) -> Line | None:
    if not line.strip():
        return None
    try:
        envelope = _envelope.decode(line)
    except msgspec.ValidationError as error:
        raise NotOursError(str(error), "recv_ts") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotOursError(f"is no JSON: {error}") from error
    inner = envelope.msg if bytes(envelope.msg) else envelope.data
    body = line if envelope.stream is not None or not bytes(inner) else bytes(inner)
    return Line(None if envelope.recv_ts is None else _ns(str(envelope.recv_ts)), body)


def _ns(text: str) -> int:
    """A time whose unit is known by the digits before its point."""
    try:
        value = Decimal(text) if _TIME.fullmatch(text) else None
    except InvalidOperation:
        value = None
    unit = None if value is None else _DIGITS_NS.get(len(str(int(value))))
    if value is None or unit is None:
        raise NotOursError(f"{text} is no time in seconds, milli-, micro- or nanoseconds", "recv_ts")
    return int(value * unit)


def tables_seen(head: bytes) -> frozenset[Table]:
    """What a capture holds by its first lines; without a word of depth it is one of the best bid and ask."""
    seen = frozenset(table for word, tables in _WORDS.items() if word in head for table in tables)
    return seen if Table.BOOK in seen else seen | {Table.QUOTES}


def is_of_one(split: Split, head: bytes, symbols: set[str]) -> bool:
    """Whether a file that begins like this is of one symbol: cryptofeed's and COIN-M's name them all, also those of
    snapshots, so that there may be more; in any other a second symbol is refused."""
    return len(symbols) == 1 and not is_cryptofeed(split) and b'"ps":' not in head and b'"symbol":' not in head


def is_cryptofeed(split: Split) -> bool:
    """Whether the files are those that are to be merged by time."""
    return split is _cryptofeed
