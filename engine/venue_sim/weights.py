"""What a request weighs where that depends on what it asks for: Binance's tables."""

from collections.abc import Callable

from engine.venue_sim.errors import ApiError
from engine.venue_sim.parameters import Parameters, whole

type Steps = tuple[tuple[int, int], ...]  # (the most rows, their weight)

BOOK: Steps = ((50, 2), (100, 5), (500, 10), (1000, 20))
CANDLES: Steps = ((99, 1), (499, 2), (1000, 5), (1500, 10))


def by_rows(given: Parameters, steps: Steps) -> int:
    """Of 500 rows where none are asked for; what is no number of rows weighs the most."""
    try:
        rows = whole(given, "limit", 500)
    except ApiError:
        rows = -1
    return next((weight for most, weight in steps if 0 < rows <= most), steps[-1][1])


def book(given: Parameters) -> int:
    return by_rows(given, BOOK)


def candles(given: Parameters) -> int:
    return by_rows(given, CANDLES)


def one_or_all(one: int, everything: int) -> Callable[[Parameters], int]:
    """Of one contract, or of all."""
    return lambda given: one if given.get("symbol") else everything
