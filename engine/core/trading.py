"""Whether a run may trade: what holds it back, and what limits that look at more than one order must remember."""

from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

import msgspec

from engine.core.types import Nanos


class Trading(IntEnum):
    """The states of a run, the stricter the greater. REDUCE: no quotes, the exits go on. HALT: nothing is sent but what
    flattens; both pull what they forbid."""

    RUN = 0
    REDUCE = 1
    HALT = 2


class Hold(msgspec.Struct, frozen=True):
    """One reason not to trade freely. `limit` is the limit's key in the run file, or `user`; `since_ns` the time of the
    event that brought it."""

    limit: str
    trading: Trading
    reason: str
    since_ns: Nanos


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """`holds` stand in order of their coming. Equity is in the settlement currency: `day_equity` at the first tick of
    the UTC day number `day`, `peak_equity` the highest at a tick; None before a tick could be valued. `sent_ns` are the
    times of the latest submits, `unfilled` counts those since the last fill. `flatten`: a halt is to close positions.
    """

    holds: tuple[Hold, ...] = ()
    day: int | None = None
    day_equity: Decimal | None = None
    peak_equity: Decimal | None = None
    sent_ns: tuple[Nanos, ...] = ()
    unfilled: int = 0
    flatten: bool = False

    @property
    def trading(self) -> Trading:
        return max((hold.trading for hold in self.holds), default=Trading.RUN)

    def held_by(self, limit: str) -> Hold | None:
        return next((hold for hold in self.holds if hold.limit == limit), None)


class Breach(NamedTuple):
    """What a limit on the run as a whole makes of it when it is broken."""

    trading: Trading
    reason: str
