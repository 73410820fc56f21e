"""The top of the book, found by looking at few rows, against the book itself, level by level."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import book as book_module
from data import book_side
from data.book import Book
from data.schema import F_LAST, SCHEMAS, Piece, Table
from tests.support.builders import LINEAR

type Row = tuple[int, int, int]  # side, ticks, lots
type Message = list[Row]

bid = st.tuples(st.just(1), st.integers(1, 40), st.integers(0, 3))
ask = st.tuples(st.just(-1), st.integers(30, 70), st.integers(0, 3))
message = st.lists(bid | ask, min_size=1, max_size=5)
clearing = message.map(lambda rows: [(0, 0, 0), *rows])
tapes = st.lists(st.one_of(*[message] * 6, clearing), min_size=1, max_size=60)


def piece(messages: list[Message]) -> Piece:
    flat = [(m, *row) for m, rows in enumerate(messages) for row in rows]
    number, side, price, size = np.array(flat, np.int64).T
    last = np.append(np.diff(number) != 0, True)
    columns = {
        "ts_event": number,
        "ts_init": number,
        "side": side.astype(np.int8),
        "price": price,
        "size": size,
        "flags": (last * F_LAST).astype(np.uint8),
        "sequence": number.astype(np.uint64),
        "line": number,
    }
    return Piece(Table.BOOK, "tape", pa.table(columns, schema=SCHEMAS[Table.BOOK]))


def tops(messages: list[Message]) -> Iterator[tuple[int, ...]]:
    """(message, bid, ask, bid size, ask size) where any of the last four changed, the plain way."""
    held: dict[int, dict[int, int]] = {1: {}, -1: {}}
    last = (0, 0, 0, 0)
    for number, rows in enumerate(messages):
        for side, price, size in rows:
            if side == 0:
                held[1].clear()
                held[-1].clear()
                continue
            held[side].pop(price, None)
            if size:
                held[side][price] = size
        best, worst = max(held[1], default=0), min(held[-1], default=0)
        top = (best, worst, held[1].get(best, 0), held[-1].get(worst, 0))
        if top != last:
            yield number, *top
            last = top


@settings(max_examples=150, deadline=None)
@given(tapes, st.integers(1, 20), st.integers(1, 60), st.integers(1, 3))
def test_the_top_is_the_book_s(messages: list[Message], stretch: int, cut: int, near: int) -> None:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(book_module, "_STRETCH", stretch)
        small.setattr(book_side, "_NEAR", near)
        small.setattr(book_side, "_AT_HAND", 8 * near)
        odd: list[int] = []
        book = Book(LINEAR, lambda found: odd.append(found.line))
        found = [book.apply(piece(messages[n : n + cut])) for n in range(0, len(messages), cut)]
    at = [n * cut + row for n, table in enumerate(found) for row in table["ts_init"].to_pylist()]
    columns = (pa.concat_tables(found)[name].to_pylist() for name in ("bid", "ask", "bid_size", "ask_size"))
    expected = list(tops(messages))
    assert list(zip(at, *columns, strict=True)) == expected
    states = {number: top for number, *top in expected}
    state, crossed = (0, 0, 0, 0), 0
    for number in range(len(messages)):
        state = states.get(number, state)
        crossed += state[0] >= state[1] and bool(state[2] and state[3])
    assert len(odd) == crossed
