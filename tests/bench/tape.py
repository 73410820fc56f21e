"""A raw Binance USD-M capture made longer: its messages again and again, later by whole spans, as one unbroken capture.

Each later copy begins with a depth message that turns the book at the tape's end back into the book of its snapshot, as
a venue would say it: changed levels with their sizes, gone ones with zero. So ids chain (`pu` is the `u` before), times
rise, the book is never crossed, and a reader needs to know nothing of it.

    python -m tests.bench.tape SOURCE.gz COPIES FOLDER     (writes tape.gz, and rows: its level updates and trades)
"""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

type Message = dict[str, Any]
type Book = dict[str, dict[str, str]]  # "b" and "a": price -> size, both as the venue wrote them

BRIDGE_MS = 50  # between a copy's last message and its bridge, and between that and the next copy
FUNDING_MS = 8 * 3600 * 1000
TIME_KEYS, BOOK_KEYS, TRADE_KEYS = ("E", "T"), ("U", "u", "pu"), ("t", "a", "f", "l")


def data_of(message: Message) -> Message:
    """A combined stream wraps its messages, a REST snapshot stands bare."""
    data: Message = message.get("data", message)
    return data


class Line(NamedTuple):
    stamp: int  # local time, in the capture's own unit
    message: Message

    @property
    def data(self) -> Message:
        return data_of(self.message)

    @property
    def is_depth(self) -> bool:
        return self.data.get("e") == "depthUpdate"


class Span(NamedTuple):
    """What one copy adds to every time and id."""

    ms: int
    book_ids: int
    trade_ids: int


def lines_of(path: Path) -> Iterator[Line]:
    with gzip.open(path) as file:
        for raw in file:
            stamp, _, text = raw.partition(b" ")
            yield Line(int(stamp), msgspec.json.decode(text))


def apply(book: Book, data: Message) -> None:
    for side in ("b", "a"):
        for price, size in data[side]:
            book[side].pop(price, None)
            if float(size):
                book[side][price] = size


def later(message: Message, span: Span, copies: int) -> Message:
    """The message, `copies` spans later. The next funding time stays on the venue's eight-hour grid."""
    data = data_of(message)
    shifts = {**dict.fromkeys(TIME_KEYS, span.ms), **dict.fromkeys(BOOK_KEYS, span.book_ids)}
    shifts |= {} if data["e"] == "depthUpdate" else dict.fromkeys(TRADE_KEYS, span.trade_ids)
    shifted = {
        key: value + shifts[key] * copies if key in shifts and isinstance(value, int) else value
        for key, value in data.items()
    }
    if data["e"] == "markPriceUpdate":
        shifted["T"] = -(-shifted["E"] // FUNDING_MS) * FUNDING_MS
    return {**message, "data": shifted} if "data" in message else shifted


def bridge(last: Line, end: Book, start: Book) -> Message:
    """The depth message after `last` that turns the book `end` into the book `start`."""

    def changes(side: str) -> list[list[str]]:
        gone = [[price, "0.000"] for price in end[side] if price not in start[side]]
        return gone + [[price, size] for price, size in start[side].items() if end[side].get(price) != size]

    data = last.data
    times = {key: data[key] + BRIDGE_MS for key in TIME_KEYS}
    ids = {"U": data["u"] + 1, "u": data["u"] + 1, "pu": data["u"]}
    return {**last.message, "data": {**data, **times, **ids, "b": changes("b"), "a": changes("a")}}


def repeated(lines: list[Line], copies: int) -> Iterator[Line]:
    """`lines`, then the part of them that has a book, `copies` - 1 times more."""
    yield from lines
    snapshot = next(line.data for line in lines if "lastUpdateId" in line.data)
    first = next(n for n, line in enumerate(lines) if line.is_depth and line.data["u"] >= snapshot["lastUpdateId"])
    body = [line for line in lines[first:] if "lastUpdateId" not in line.data]
    last = next(line for line in reversed(body) if line.is_depth)
    start: Book = {"b": dict(snapshot["bids"]), "a": dict(snapshot["asks"])}
    end: Book = {side: dict(levels) for side, levels in start.items()}
    for line in body:
        if line.is_depth:
            apply(end, line.data)
    trades = [line.data["t"] for line in body if "t" in line.data] or [0]
    unit = 1000 if body[0].stamp < 10**17 else 1_000_000  # per millisecond: the capture counts in µs or in ns
    span = Span(
        ms=-(-(body[-1].stamp - body[0].stamp) // unit) + 2 * BRIDGE_MS,
        book_ids=last.data["u"] + 1 - body[0].data["pu"],
        trade_ids=trades[-1] + 1 - trades[0],
    )
    back = bridge(last, end, start)
    for copy in range(1, copies):
        yield Line(body[-1].stamp + (span.ms * (copy - 1) + BRIDGE_MS) * unit, later(back, span, copy - 1))
        yield from (Line(line.stamp + span.ms * copy * unit, later(line.message, span, copy)) for line in body)


def rows_in(data: Message) -> int:
    """Level updates, or the one trade."""
    if "lastUpdateId" in data:
        return len(data["bids"]) + len(data["asks"])
    return len(data["b"]) + len(data["a"]) if data["e"] == "depthUpdate" else int(data["e"] in ("trade", "aggTrade"))


def write_repeated(source: Path, copies: int, folder: Path) -> None:
    rows = 0
    with gzip.open(folder / "tape.gz", "wb", compresslevel=1) as file:
        for line in repeated(list(lines_of(source)), copies):
            file.write(b"%d %s\n" % (line.stamp, msgspec.json.encode(line.message)))
            rows += rows_in(line.data)
    (folder / "rows").write_text(str(rows))


if __name__ == "__main__":
    write_repeated(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    print("{}")
