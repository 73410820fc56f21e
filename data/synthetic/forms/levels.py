"""The book that a form keeps which tells windows of it, or of which only changes of what is there are told."""

from bisect import bisect_left, insort
from typing import NamedTuple

from data.synthetic.recorder import Change, Message


class Level(NamedTuple):
    ticks: int
    lots: int


type Best = tuple[tuple[Level, ...], tuple[Level, ...]]  # bids, asks


class Levels:
    """Mutable: it applies the book's messages."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._lots: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self._order: dict[int, list[int]] = {1: [], -1: []}  # prices of a side, the best first, bids negative

    def apply(self, message: Message) -> None:
        if message.kind == "snapshot":
            self._clear()
        for side, ticks, lots in message.rows:
            self.put(side, ticks, lots)

    def changed(self, message: Message) -> tuple[Change, ...]:
        """Apply a message, and return what it changed: of a snapshot the levels that are gone too."""
        gone: list[Change] = []
        if message.kind == "snapshot":
            told = {(side, ticks) for side, ticks, _ in message.rows}
            gone = [(s, t, 0) for s, held in self._lots.items() for t in held if (s, t) not in told]
        self.apply(message)
        return (*gone, *message.rows)

    def put(self, side: int, ticks: int, lots: int) -> int:
        """Returns the lots that were there."""
        held, order = self._lots[side], self._order[side]
        before = held.get(ticks, 0)
        if lots:
            held[ticks] = lots
            if not before:
                insort(order, -side * ticks)
        elif before:
            del held[ticks]
            del order[bisect_left(order, -side * ticks)]
        return before

    def best(self, depth: int) -> Best:
        """Bids and asks, as many levels as there are up to a depth."""
        bids, asks = (
            tuple(Level(-side * key, self._lots[side][-side * key]) for key in self._order[side][:depth])
            for side in (1, -1)
        )
        return bids, asks

    @property
    def has_both(self) -> bool:
        return bool(self._order[1] and self._order[-1])
