"""The chain of update ids: whatever arrives when, the book is the venue's or known to be unknown."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from data.readers.binance_chain import Chain, Received
from data.readers.binance_messages import Depth, Snapshot

EMPTY = Raw(b"[]")

type Feed = tuple[list[tuple[int, int, int]], int, int]


def received(first: int, last: int, previous: int) -> Received:
    return Received(0, 1, Depth(E=0, s="X", U=first, u=last, pu=previous, b=EMPTY, a=EMPTY))


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    """A venue's diffs, the snapshot's last id, and after how many diffs it arrives."""
    steps = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=30))
    diffs, last = [], 100
    for skipped, width in steps:
        first = last + 1 + skipped
        diffs.append((first, first + width, last))
        last = first + width
    known = draw(st.integers(100, last))
    return diffs, known, draw(st.integers(0, len(diffs)))


@given(feeds())
def test_a_snapshot_whenever_it_comes_and_the_diffs_not_older_make_the_book(feed: Feed) -> None:
    diffs, known, arrival = feed
    chain, applied = Chain(), []
    for n, ids in enumerate([*diffs, None]):
        if n == arrival:
            again = chain.restart(Snapshot(lastUpdateId=known, bids=EMPTY, asks=EMPTY))
            applied += [r.diff.u for r in again or []]
        if ids and chain.follow(received(*ids), "file"):
            applied.append(ids[1])
    newer = [last for _, last, _ in diffs if last > known]
    assert [u for u in applied if u > known] == newer
    assert [u for u in applied if u < known] == []
    assert chain.gap is None
    assert chain.last == max(known, diffs[-1][1])


@given(feeds(), st.data())
def test_a_lost_diff_is_always_noticed(feed: Feed, data: st.DataObject) -> None:
    diffs, _, _ = feed
    lost = data.draw(st.integers(0, len(diffs) - 2))
    chain = Chain()
    chain.restart(Snapshot(lastUpdateId=100, bids=EMPTY, asks=EMPTY))
    followed = [chain.follow(received(*ids), "file") for n, ids in enumerate(diffs) if n != lost]
    assert followed == [True] * lost + [False] * (len(diffs) - 1 - lost)
    assert chain.gap is not None
    assert chain.last is None
