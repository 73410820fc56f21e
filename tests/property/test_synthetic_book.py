"""Whatever the seed, the tape is one that a real book could have left."""

from collections.abc import Iterator
from itertools import groupby, pairwise
from operator import itemgetter

from hypothesis import given, settings
from hypothesis import strategies as st

from data.synthetic.tape import Tape
from tests.support.synthetic import synthetic_tape

MINUTES = 0.5
seeds = st.integers(0, 2**32)
Book = dict[int, dict[int, int]]
Message = tuple[int, int, list[tuple[int, ...]], list[tuple[int, ...]]]


def _messages(tape: Tape) -> Iterator[Message]:
    """(venue's clock, our clock, book rows, prints) in the order they reach us."""
    book = [
        (*row, 0) for row in tape.book.select("ts_local_us", "ts_event_us", "side", "price_ticks", "size_lots").rows()
    ]
    prints = [
        (*row, 1) for row in tape.trades.select("ts_local_us", "ts_event_us", "side", "price_ticks", "size_lots").rows()
    ]
    for (local_us, event_us), rows in groupby(sorted(book + prints, key=itemgetter(0)), key=itemgetter(0, 1)):
        kept = list(rows)
        yield event_us, local_us, [row[2:5] for row in kept if row[5] == 0], [row[2:5] for row in kept if row[5] == 1]


def _best(book: Book, side: int) -> int:
    return side * max(side * price for price in book[side])


def _apply(book: Book, rows: list[tuple[int, ...]]) -> None:
    for side, price, lots in rows:
        if lots:
            book[side][price] = lots
        else:
            book[side].pop(price, None)


@given(seeds)
@settings(max_examples=6, deadline=None)
def test_book_is_never_crossed_locked_or_thin(seed: int) -> None:
    book: Book = {1: {}, -1: {}}
    for _, _, rows, _ in _messages(synthetic_tape(seed=seed, minutes=MINUTES)):
        _apply(book, rows)
        bid, ask = _best(book, 1), _best(book, -1)
        assert bid < ask
        for side, best in ((1, bid), (-1, ask)):
            assert len(book[side]) >= 100
            # A position of one coin can be closed within five basis points.
            assert sum(lots for price, lots in book[side].items() if abs(price - best) <= 250) >= 1000


@given(seeds)
@settings(max_examples=6, deadline=None)
def test_trades_meet_what_was_shown_and_the_book_says_so_next(seed: int) -> None:
    book: Book = {1: {}, -1: {}}
    owed: dict[tuple[int, int], int] = {}  # what a trade must leave at (side, price), until the book says it
    traded_us = 0
    for event_us, _, rows, prints in _messages(synthetic_tape(seed=seed, minutes=MINUTES)):
        for taker, price, lots in prints:
            assert not owed or event_us == traded_us
            assert price == _best(book, -taker)
            assert 0 < lots <= book[-taker][price]
            owed[-taker, price] = book[-taker][price] - lots
            traded_us = event_us
            _apply(book, [(-taker, price, owed[-taker, price])])
        if rows and owed:
            assert event_us == traded_us
            assert {(side, price): lots for side, price, lots in rows} == owed
            owed = {}
        _apply(book, rows)
    assert not owed


@given(seeds)
@settings(max_examples=6, deadline=None)
def test_both_clocks_only_go_forward_and_ours_is_behind(seed: int) -> None:
    tape = synthetic_tape(seed=seed, minutes=MINUTES)
    seen = []
    for frame in (tape.book, tape.trades, tape.ticker):
        assert (frame["ts_local_us"] - frame["ts_event_us"]).min() > 1000
        seen += frame.select("ts_local_us", "ts_event_us").unique().rows()
    seen.sort()
    assert all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(seen))


@given(seeds)
@settings(max_examples=6, deadline=None)
def test_rows_are_whole_and_said_once_a_message(seed: int) -> None:
    tape = synthetic_tape(seed=seed, minutes=MINUTES)
    assert tape.book["size_lots"].min() == 0
    assert tape.trades["size_lots"].min() >= 1
    assert not tape.book.select("ts_local_us", "side", "price_ticks").is_duplicated().any()
    snapshot = tape.book["is_snapshot"]
    assert snapshot[0]
    assert snapshot.sum() == (tape.book["ts_local_us"] == tape.book["ts_local_us"][0]).sum()
