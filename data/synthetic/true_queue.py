"""The true queue of the synthetic venue: when an order that had really rested in its book would have been filled.

A tape tells how much rests at a price, never who of it goes. Trades take from the front. What leaves without a trade is
cancelled by someone: before us, behind us, or anyone alike. These three are the truths that a queue model can be held
against.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import polars as pl

from data.synthetic.tape import Tape


class Cancels(StrEnum):
    """Who of a queue cancels: those at its front, those at its back, or each as likely as any other."""

    FRONT = "front"
    BACK = "back"
    EVENLY = "evenly"


class Order(NamedTuple):
    """A resting order: side 1 bid, -1 ask; times in microseconds of our clock, the first inside, the last not."""

    side: int
    price_ticks: int
    lots: int
    from_us: int
    until_us: int


class _Place:
    """An order in its queue: the lots ahead of it, and its own that are left."""

    def __init__(self, number: int, order: Order, ahead: float) -> None:
        self.number, self.order, self.ahead, self.left = number, order, ahead, order.lots

    def traded(self, lots: int) -> bool:
        """Whether it is filled by this."""
        reached = max(0.0, lots - self.ahead)
        self.ahead = max(0.0, self.ahead - lots)
        self.left -= min(self.left, int(reached))
        return self.left == 0

    def cancelled(self, lots: int, level: int, who: Cancels) -> None:
        behind = max(0.0, level - self.ahead)
        if who is Cancels.FRONT:
            gone = min(self.ahead, lots)
        elif who is Cancels.BACK:
            gone = max(0.0, lots - behind)
        else:
            gone = lots * self.ahead / level if level else 0.0
        self.ahead = max(0.0, self.ahead - gone)


def fill_times(tape: Tape, orders: Sequence[Order], cancels: Cancels) -> list[int | None]:
    """When each order was filled to its last lot, in microseconds of our clock; None if it never was."""
    filled: list[int | None] = [None] * len(orders)
    waiting = sorted(range(len(orders)), key=lambda n: orders[n].from_us, reverse=True)
    levels: dict[tuple[int, int], int] = {}
    resting: list[_Place] = []
    for at, is_trade, side, price, lots in _rows(tape):
        while waiting and orders[waiting[-1]].from_us <= at:
            order = orders[number := waiting.pop()]
            resting.append(_Place(number, order, levels.get((order.side, order.price_ticks), 0)))
        resting = [place for place in resting if at < place.order.until_us]
        done = [place for place in resting if _happened(place, (is_trade, side, price, lots), levels, cancels)]
        for place in done:
            filled[place.number] = at
        resting = [place for place in resting if place not in done]
        if is_trade:
            levels[-side, price] = max(0, levels.get((-side, price), 0) - lots)
        else:
            levels[side, price] = lots
    return filled


def _happened(
    place: _Place, row: tuple[bool, int, int, int], levels: dict[tuple[int, int], int], cancels: Cancels
) -> bool:
    """Whether a print or a level's new size fills the order."""
    is_trade, side, price, lots = row
    order = place.order
    through = (order.price_ticks - price) * order.side
    if is_trade:
        return side == -order.side and (through > 0 or (through == 0 and place.traded(lots)))
    if (side, price) == (order.side, order.price_ticks):
        level = levels.get((side, price), 0)
        if lots < level:
            place.cancelled(level - lots, level, cancels)
    return side == -order.side and lots > 0 and through >= 0


def _rows(tape: Tape) -> Iterator[tuple[int, bool, int, int, int]]:
    """(time, is a trade, side, price, lots) in the order in which we hear of them."""
    parts = [
        frame.select("ts_local_us", pl.lit(trade).alias("trade"), "side", "price_ticks", "size_lots")
        for frame, trade in ((tape.trades, True), (tape.book, False))
    ]
    yield from pl.concat(parts).sort("ts_local_us", maintain_order=True).iter_rows()
