"""One side of the synthetic book: sizes by price, and every change written down as it is made."""

from collections.abc import Callable, Iterator

from engine.core.errors import BrokenInvariantError

FARTHEST_TICKS = 1_000_000
FEW = 64  # levels that are sorted faster than the next one is looked for, tick by tick

type OnChange = Callable[[int, int, int, bool], None]  # side, price, lots more or less, whether they were traded


class Side:
    """Resting size in lots by price in ticks, best price known. Mutable.

    `sign` is +1 for bids and -1 for asks, so that `sign * price` is better the higher it is. `changed` collects the
    prices touched since it was last taken. `on_change` is told of each put, for who follows single orders.
    """

    def __init__(self, sign: int, on_change: OnChange | None = None) -> None:
        self.sign = sign
        self.lots: dict[int, int] = {}
        self.best = 0
        self.changed: dict[int, None] = {}
        self._on_change = on_change

    def put(self, price: int, lots: int, *, traded: bool = False) -> None:
        """Set what rests at a price; 0 empties it. `traded`: what is gone was taken, not cancelled."""
        if self._on_change is not None:
            self._on_change(self.sign, price, lots - self.lots.get(price, 0), traded)
        self.changed[price] = None
        if lots > 0:
            if not self.lots or self.sign * price > self.sign * self.best:
                self.best = price
            self.lots[price] = lots
        elif self.lots.pop(price, None) is not None and price == self.best:
            if not self.lots:
                raise BrokenInvariantError("a side of the synthetic book ran empty: its settings ask too much of it")
            self.best = next(self.prices_from(price))

    def prices_from(self, price: int) -> Iterator[int]:
        """Occupied prices from this one outwards."""
        if len(self.lots) < FEW:
            better = [at for at in self.lots if self.sign * at <= self.sign * price]
            yield from sorted(better, reverse=self.sign > 0)
            return
        step = -self.sign
        for at in range(price, price + step * FARTHEST_TICKS, step):
            if at in self.lots:
                yield at

    def take_changes(self) -> list[tuple[int, int, int]]:
        """(sign, price, lots now) of every price touched since the last call, best first."""
        touched = sorted(self.changed, reverse=self.sign > 0)
        self.changed.clear()
        return [(self.sign, price, self.lots.get(price, 0)) for price in touched]
