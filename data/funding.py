"""When funding is paid at a rate that does not say it."""

from data.decimals import Int64s

_TOLD_BEFORE_NS = 1_000_000_000
_GRID_NS = 60_000_000_000


def settled(paid_ns: Int64s) -> tuple[Int64s, Int64s]:
    """(ts, next_funding_ns) for rates paid at times that may stand some milliseconds after the instant: the instant is
    the minute's start, and the rate is told a second before it, so that a replay pays it then and not one period late.
    """
    due = paid_ns // _GRID_NS * _GRID_NS
    return due - _TOLD_BEFORE_NS, due


def next_settled[T: (int, Int64s)](told_ns: T, every_ns: T) -> T:
    """The next settlement, or the one of just now, where a rate says only how long lies between two of them."""
    return -(-told_ns // every_ns) * every_ns
