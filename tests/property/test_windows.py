"""A venue that tells its best N levels of a book that we know whole: what we make of it, against the truth.

Both forms of telling: N levels again and again (data.window), and changes that delete what falls out (data.far_levels;
data.windowed where it was recorded).
Whatever happens, our best N levels are the venue's, and a level is deleted only where the true book has none.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from data.book import Book
from data.carried import Carried
from data.far_levels import Levels
from data.running_book import RunningBook, Stamp
from data.schema import F_LAST, F_SNAPSHOT, SCHEMAS, Piece, Table
from data.whole_books import Whole, as_changes
from data.window import Moment, Windows
from data.windowed import windowed
from tests.support.builders import LINEAR

DEPTH = 3

type Asks = dict[int, int]

steps = st.lists(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=4), max_size=25)


def truths(changes: list[list[tuple[int, int]]]) -> Iterator[Asks]:
    """The asks' side of a book, step by step: prices 1 to 9, sizes."""
    book: Asks = {4: 1, 5: 1, 6: 1, 8: 1}
    yield dict(book)
    for step in changes:
        for price, size in step:
            book[price] = size
            if not size:
                del book[price]
        yield dict(book)


def window(book: Asks) -> Asks:
    return {price: book[price] for price in sorted(book)[:DEPTH]}


def columns(changes: list[tuple[int, int]]) -> Levels:
    flat = np.array(changes, np.int64).reshape(-1, 2)
    return Levels(np.full(len(flat), -1, np.int8), flat[:, 0], flat[:, 1])


def hold(ours: Asks, rows: list[dict], truth: Asks, *, is_whole: bool = True) -> None:
    """Apply rows to our book, and hold both laws to it."""
    for row in rows:
        if not row["side"]:
            ours.clear()
        elif row["size"]:
            ours[row["price"]] = row["size"]
        else:
            assert row["price"] not in truth, "deleted what the venue has"
            ours.pop(row["price"], None)
    shown = window(truth)
    assert dict(sorted(ours.items())[: len(shown)]) == shown
    if is_whole and len(shown) < DEPTH:
        assert ours == truth, "a side that is not full is known whole"


@settings(max_examples=150, deadline=None)
@given(steps)
def test_deletions_of_what_falls_out_are_told_from_cancels(changes: list[list[tuple[int, int]]]) -> None:
    book, ours, before = RunningBook(DEPTH), dict[int, int](), dict[int, int]()
    for n, truth in enumerate(truths(changes)):
        after = window(truth)
        told = [(p, s) for p, s in after.items() if before.get(p) != s] + [(p, 0) for p in before if p not in after]
        stamp = Stamp(n, n, n, n)
        if n == 0:
            rows = book.begin(stamp, columns(told))
        elif n % 7 == 0:
            rows = book.correct(stamp, columns([*after.items()]), DEPTH)
        else:
            rows = book.change(np.array([stamp], np.int64), np.array([len(told)]), columns(told))
        hold(ours, rows.to_pylist(), truth)
        before = after


@settings(max_examples=150, deadline=None)
@given(steps, st.lists(st.integers(1, 25), max_size=4))
def test_so_it_is_of_what_was_recorded(changes: list[list[tuple[int, int]]], cuts: list[int]) -> None:
    """Whatever pieces a recording is read in, and where it began anew."""
    rows, before, anew = list[dict[str, int]](), dict[int, int](), set(cuts)
    for n, truth in enumerate(truths(changes)):
        after = window(truth)
        told = [(p, s) for p, s in after.items() if before.get(p) != s] + [(p, 0) for p in before if p not in after]
        if n == 0 or n in anew:
            told = [*after.items()]
            rows.append(row(n, 0, 0, 0, F_SNAPSHOT))
        rows += [row(n, -1, price, size, 0) for price, size in told]
        if rows and rows[-1]["line"] == n:
            rows[-1]["flags"] |= F_LAST
        before = after
    starts = [
        0,
        *(at for at, each in enumerate(rows) if at and each["line"] in anew and rows[at - 1]["flags"] & F_LAST),
    ]
    parts = [rows[start:end] for start, end in zip(starts, [*starts[1:], len(rows)], strict=True)]
    pieces = [Piece(Table.BOOK, "", pa.Table.from_pylist(part, schema=SCHEMAS[Table.BOOK])) for part in parts]
    said = [each for piece in windowed(iter(pieces), DEPTH) for each in piece.rows.to_pylist()]
    ours: dict[int, int] = {}
    for n, truth in enumerate(truths(changes)):
        hold(ours, [each for each in said if each["line"] == n], truth)


@settings(max_examples=150, deadline=None)
@given(steps, st.sets(st.integers(1, 25)), st.sets(st.integers(1, 25)))
def test_so_it_is_of_what_was_told_whole(
    changes: list[list[tuple[int, int]]], silences: set[int], reconnects: set[int]
) -> None:
    """Each message clears the book; ours begins anew behind a silence or a new connection, and nowhere else."""
    silent_ns, now, connected, said = 5, 0, list[int](), list[dict[str, int]]()
    for n, truth in enumerate(truths(changes)):
        now += 2 + 2 * silent_ns * (n in silences)
        connected += [now - 1] if n in reconnects else []
        told = [row(n, 0, 0, 0, F_SNAPSHOT), *(row(n, -1, price, size, 0) for price, size in window(truth).items())]
        told[-1]["flags"] |= F_LAST
        said += [each | {"ts_init": now} for each in told]
    pieces = iter([Piece(Table.BOOK, "", pa.Table.from_pylist(said, schema=SCHEMAS[Table.BOOK]))])
    rows = [each for p in as_changes(pieces, Whole(DEPTH, silent_ns), connected) for each in p.rows.to_pylist()]
    ours: dict[int, int] = {}
    for n, truth in enumerate(truths(changes)):
        told = [each for each in rows if each["line"] == n]
        assert any(not each["side"] for each in told) == (n in {0} | silences | reconnects)
        hold(ours, told, truth)


def row(n: int, side: int, price: int, size: int, flags: int) -> dict[str, int]:
    of = {"ts_event": n, "ts_init": n, "sequence": n, "line": n}
    return of | {"side": side, "price": price, "size": size, "flags": flags}


@settings(max_examples=150, deadline=None)
@given(steps)
def test_windows_again_and_again_are_one_book(changes: list[list[tuple[int, int]]]) -> None:
    windows, ours = Windows(DEPTH), dict[int, int]()
    for n, truth in enumerate(truths(changes)):
        windows.add(Moment(n, n, n), [], [*window(truth).items()])
        hold(ours, windows.take().to_pylist(), truth)


@settings(max_examples=150, deadline=None)
@given(steps, st.integers(1, 25))
def test_windows_of_two_files_are_one_book(changes: list[list[tuple[int, int]]], cut: int) -> None:
    """Each file is read by itself, and the book carried over from one to the next."""
    book = Book(LINEAR)
    carried, windows, ours = Carried(book), Windows(DEPTH), dict[int, int]()
    for n, truth in enumerate(truths(changes)):
        if n == cut:
            windows.restart()
        windows.add(Moment(n, n, n), [], [*window(truth).items()])
        rows = windows.take()
        if len(rows):
            said = carried.over(Piece(Table.BOOK, "first" if n < cut else "second", rows), DEPTH)
            if len(said.rows):
                book.apply(said)
            assert n == 0 or 0 not in said.rows["side"].to_pylist(), "a new beginning takes every order's place"
            hold(ours, said.rows.to_pylist(), truth, is_whole=n < cut)
