"""The market as a node's cache has it at one moment."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from nautilus_trader.model import InstrumentId

from engine.core.events import Tick
from engine.core.types import Cover, Nanos, Side, TopOfBook
from engine.nautilus import translate

type Queries = tuple[tuple[Side, Decimal], ...]

_DEPTHS = (20, 200, None)  # levels read until they cover what was asked for; None is the whole side


def tick(
    cache: Any,
    instrument_id: InstrumentId,
    *,
    now: Nanos,
    sent: Nanos,
    book: bool | None,
    queries: Queries,
    **beside: Any,
) -> Tick:
    """What is known at `now`. `book`: the cache keeps the book, and the top is its; else it is the latest quote's;
    None: nobody knows the book now. `beside` are fields of the tick that this market does not know."""
    trade, mark = cache.trade(instrument_id), cache.mark_price(instrument_id)
    return Tick(
        ts_event=now,
        ts_init=sent,
        top=_top(cache, instrument_id, book),
        last_trade=None if trade is None else trade.price.as_decimal(),
        mark=None if mark is None else mark.value.as_decimal(),
        covers=tuple(_covers(None if book is None else cache.order_book(instrument_id), queries)) if queries else (),
        **beside,
    )


def newest(cache: Any, instrument_id: InstrumentId, *, book: bool) -> dict[str, Nanos]:
    """Fields of a tick: when the top of the book last changed, by our clock and by the venue's."""
    change = cache.order_book(instrument_id) if book else cache.quote(instrument_id)
    known = change is not None and change.ts_init > 0
    return {"seen_ns": change.ts_init, "sent_ns": change.ts_event} if known else {}


def _top(cache: Any, instrument_id: InstrumentId, book: bool | None) -> TopOfBook:
    if book is None:
        return translate.NO_TOP
    return _top_of_book(cache, instrument_id) if book else translate.top_of_quote(cache.quote(instrument_id))


def _top_of_book(cache: Any, instrument_id: InstrumentId) -> TopOfBook:
    best = cache.top_of_book(instrument_id)
    if best is not None:
        bid, bid_size, ask, ask_size = (each.as_decimal() for each in best)
        return TopOfBook(bid, bid_size, ask, ask_size)
    book = cache.order_book(instrument_id)  # a copy, taken only where a side is empty
    return translate.NO_TOP if book is None else translate.top_of_sides(book.bids_to_dict(1), book.asks_to_dict(1))


def _covers(book: Any, queries: Queries) -> Iterator[Cover]:
    for side, size in queries:
        yield Cover(side, size, None) if book is None else _cover(book, side, size)


def _cover(book: Any, side: Side, size: Decimal) -> Cover:
    levels = book.bids_to_dict if side is Side.BUY else book.asks_to_dict
    answer = Cover(side, size, None)
    for depth in _DEPTHS:
        answer = translate.cover(side, size, levels(depth))
        if answer.price is not None:
            break
    return answer
