"""The book as a node's cache has it at one moment."""

from decimal import Decimal
from typing import Any

from nautilus_trader.model import InstrumentId

from engine.core.types import Cover, Nanos, Side, TopOfBook
from engine.nautilus import translate

_DEPTHS = (20, 200, None)  # levels read until they cover what was asked for; None is the whole side


def age_of(change: Any) -> dict[str, Nanos]:
    """Fields of a tick: when the book or the quote last changed, by our clock and by the venue's."""
    known = change is not None and change.ts_init > 0
    return {"seen_ns": change.ts_init, "sent_ns": change.ts_event} if known else {}


def top_of_book(cache: Any, instrument_id: InstrumentId) -> TopOfBook:
    best = cache.top_of_book(instrument_id)
    if best is not None:
        bid, bid_size, ask, ask_size = (each.as_decimal() for each in best)
        return TopOfBook(bid, bid_size, ask, ask_size)
    book = cache.order_book(instrument_id)  # a copy, taken only where a side is empty
    return translate.NO_TOP if book is None else translate.top_of_sides(book.bids_to_dict(1), book.asks_to_dict(1))


def covers(book: Any, queries: tuple[tuple[Side, Decimal], ...]) -> tuple[Cover, ...]:
    """The answers to questions about depth; without a price where there is no book."""
    return tuple(Cover(side, size, None) if book is None else _cover(book, side, size) for side, size in queries)


def _cover(book: Any, side: Side, size: Decimal) -> Cover:
    levels = book.bids_to_dict if side is Side.BUY else book.asks_to_dict
    answer = Cover(side, size, None)
    for depth in _DEPTHS:
        answer = translate.cover(side, size, levels(depth))
        if answer.price is not None:
            break
    return answer
