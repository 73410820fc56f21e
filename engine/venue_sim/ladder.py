"""One side of the displayed book, and what our own takers have eaten of it."""

from bisect import bisect_left, insort
from collections.abc import Iterator

from engine.core.types import Side


class Ladder:
    """Displayed lots by price. Mutable. What is taken from a level stays gone until the market shows it anew."""

    def __init__(self, side: Side) -> None:
        self._sign = -int(side)  # of the keys: the best price, bid or ask, has the least
        self._keys: list[int] = []
        self._lots: dict[int, int] = {}
        self._taken: dict[int, int] = {}

    def show(self, price: int, lots: int) -> bool:
        """The market says what rests at a price. Returns whether that is news."""
        before = self._lots.get(price, 0)
        if before == lots:
            return False
        self._taken.pop(price, None)
        key = price * self._sign
        if not lots:
            del self._lots[price]
            del self._keys[bisect_left(self._keys, key)]
            return True
        if not before:
            insort(self._keys, key)
        self._lots[price] = lots
        return True

    def shown(self, price: int) -> int:
        return self._lots.get(price, 0)

    def left(self, price: int) -> int:
        """What can still be taken at a price."""
        return self._lots.get(price, 0) - self._taken.get(price, 0)

    def take(self, price: int, lots: int) -> None:
        self._taken[price] = self._taken.get(price, 0) + lots

    def prices(self) -> list[int]:
        return [key * self._sign for key in self._keys]

    def best(self) -> tuple[int, int] | None:
        """The best displayed price and its lots."""
        if not self._keys:
            return None
        price = self._keys[0] * self._sign
        return price, self._lots[price]

    def top(self, count: int) -> list[tuple[int, int]]:
        """Displayed levels, best first."""
        return [(key * self._sign, self._lots[key * self._sign]) for key in self._keys[:count]]

    def reachable(self, limit: int | None) -> Iterator[tuple[int, int]]:
        """Prices no worse than a limit for whoever takes from this side, and what is left there; best first."""
        for key in list(self._keys):
            price = key * self._sign
            if limit is not None and key > limit * self._sign:
                return
            if left := self.left(price):
                yield price, left
