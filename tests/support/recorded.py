"""What a recorder wrote, held against the tape that the venue played: the book after every message, and every trade."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from data import store
from engine.core.types import Side
from engine.nautilus.catalog import instrument_of
from engine.run.venue_tape import catalog_tape
from engine.venue_sim.market_events import Depth, Print
from tests.support.catalogs import Handmade

type Book = tuple[tuple[tuple[int, int], ...], ...]  # both sides, best first, in ticks and lots

DEEP = 230


def wandering_market(root: Path, seconds: int = 60) -> Path:
    """A book of 230 levels a side around 50,000 that wanders, so that levels leave and enter a window of 200. Every
    moment has a size of its own, and so has every trade."""
    market = Handmade().funding(0, "0.0001", 3600).mark(0, "50000")
    best = 500_000
    market.snapshot(0, *(_side(best, sign) for sign in (-1, 1)))
    for n in range(seconds * 4):
        at, moved = 0.25 + n / 4, (best + (1 if n // 40 % 2 else -1) * (n % 3))
        rows = [(side, _price(price), "0") for side, price in _gone(best, moved)]
        rows += [(side, _price(price), "2.000") for side, price in _gone(moved, best)]
        own = f"{5 + n / 1000:.3f}"
        market.levels(at, *rows, (Side.BUY, _price(moved), own), (Side.SELL, _price(moved + 1), own))
        best = moved
        if n % 2:
            market.trade(at, Side.SELL if n % 4 == 1 else Side.BUY, _price(best), f"{(n + 1) / 1000:.3f}")
            market.mark(at, _price(best))
    return market.write(root)


def _side(best: int, sign: int) -> dict[str, str]:
    first = best if sign < 0 else best + 1
    return {_price(first + sign * n): "2.000" for n in range(DEEP)}


def _gone(before: int, after: int) -> Iterator[tuple[Side, int]]:
    """What stands in a book around one price and not in that around another."""
    for side, first, sign in ((Side.BUY, 0, -1), (Side.SELL, 1, 1)):
        old, new = ({best + first + sign * n for n in range(DEEP)} for best in (before, after))
        yield from ((side, price) for price in sorted(old - new))


def _price(ticks: int) -> str:
    return f"{ticks / 10:.1f}"


def check_recorded(catalog: Path, name: str, market: Path, market_name: str, *, levels: int = DEEP) -> int:
    """Every recorded book is the tape's, one after the other: one may be missing only where a gap is marked, or between
    two recordings. Returns how many there were."""
    truth = [book for book, _ in _books(market, market_name, levels)]
    follows = dict(pairwise([*truth, truth[0]]))
    last: Book | None = None
    count, breaks = 0, len(store.contents(catalog, name).ingests) - 1
    unused = breaks
    for book, snapshot in _books(catalog, name, levels):
        if not any(book):
            last, breaks = None, breaks + 1
            continue
        assert book in follows, "a book that never was"
        if last is None:
            assert snapshot, "changes of a book that nobody knows"
        elif book not in {last, follows[last]}:
            assert snapshot, "a book that is not the one after"
            unused -= 1
        last, count = book, count + 1
    assert unused >= 0, "a book began anew, and no gap is marked"
    heard, trades = list(_trades(catalog, name)), list(_trades(market, market_name))
    assert heard
    assert _breaks(heard, dict(pairwise([*trades, trades[0]]))) <= breaks
    return count


def _breaks(heard: Sequence[Print], follows: dict[Print, Print]) -> int:
    return sum(follows[before] != after for before, after in pairwise(heard))


def _books(catalog: Path, name: str, levels: int) -> Iterator[tuple[Book, bool]]:
    sides: list[dict[int, int]] = [{}, {}]
    for event in catalog_tape(catalog, (instrument_of(catalog, name),)):
        if isinstance(event, Depth):
            if event.snapshot:
                sides = [{}, {}]
            for held, rows in zip(sides, (event.bids, event.asks), strict=True):
                held |= dict(rows)
                for price in [price for price, lots in held.items() if not lots]:
                    del held[price]
            bids, asks = sorted(sides[0].items(), reverse=True), sorted(sides[1].items())
            yield (tuple(bids[:levels]), tuple(asks[:levels])), event.snapshot


def _trades(catalog: Path, name: str) -> Iterator[Print]:
    tape = catalog_tape(catalog, (instrument_of(catalog, name),))
    return (Print(e.symbol, 0, e.side, e.price, e.lots) for e in tape if isinstance(e, Print))
