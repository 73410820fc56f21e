"""Which of many rows a request wants: a span of time, an id to begin with, and how many at most."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from engine.venue_sim.errors import ApiError, bad_value
from engine.venue_sim.parameters import Parameters, optional_whole, whole

WEEK_MS = 7 * 86_400_000
MOST = 1000
EVER_MS = 2**62


def _no_id(_row: object) -> int:
    return 0


class Page(NamedTuple):
    """`least` is the smallest id; `forwards`: the oldest that fit, not the newest."""

    start_ms: int
    end_ms: int
    least: int
    limit: int
    forwards: bool

    def of[T](self, rows: Iterable[T], at_ms: Callable[[T], int], id_of: Callable[[T], int] = _no_id) -> list[T]:
        kept = [row for row in rows if self.start_ms <= at_ms(row) <= self.end_ms and id_of(row) >= self.least]
        return kept[: self.limit] if self.forwards else kept[-self.limit :]


def page(given: Parameters, default: int, most: int = MOST, *, from_key: str | None = None, week: bool = False) -> Page:
    """By startTime, endTime, limit and `from_key`; with `week` no more of it than seven days.

    Raises ApiError: -1130 for a limit out of bounds, -1023 for a span that ends before it begins, -4165 for one that is
    too long.
    """
    limit, least = whole(given, "limit", default), optional_whole(given, from_key) if from_key else None
    start, end = optional_whole(given, "startTime"), optional_whole(given, "endTime")
    if not 0 < limit <= most:
        raise bad_value("limit")
    if start is not None and end is not None and start > end:
        raise ApiError(-1023, "Start time is greater than end time.")
    if week and start is not None and end is not None and end - start > WEEK_MS:
        raise ApiError(-4165, "Invalid time interval, Maximum time interval is 7 days")
    if week and start is not None and end is None:
        end = start + WEEK_MS
    forwards = start is not None or least is not None
    return Page(start or 0, EVER_MS if end is None else end, least or 0, limit, forwards)
