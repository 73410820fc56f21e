"""Who trades at a live node, at which market, and how it ended."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from engine.core.events import AnyEvent, Held, Started
from engine.core.session import Send, Session
from engine.core.types import Nanos
from engine.nautilus.access import Addresses
from engine.nautilus.interrupts import Stopped
from engine.nautilus.reference import Priced


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """`opening` is fed to the session first; `carried` are positions of before that a simulated venue does not know of.

    `session_of` is called once, with the function that sends commands to the venue; `on_tick` after each tick and what
    it decided; `afterwards` once a second, when a tick's orders have left; `words` are what was said to the run from
    outside, asked for before each tick.
    """

    started: Started
    opening: Callable[[Nanos], tuple[AnyEvent, ...]]
    session_of: Callable[[Send], Session[Any]]
    carried: tuple[Held, ...] = ()
    on_tick: Callable[[Nanos], None] = lambda _now: None
    afterwards: Callable[[], None] = lambda: None
    words: Callable[[Nanos], Iterable[AnyEvent]] = lambda _now: ()


class LiveMarket(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's own market. `depth` as in MarketData; `reference` is a price from elsewhere, `watched` the venue's
    instrument that it is read from, if it is one. What comes is recorded below `stream`, if there is one, and what
    NautilusTrader warns of is written beside it."""

    addresses: Addresses
    depth: bool
    stream: Path | None = None
    reference: Priced | None = None
    watched: str | None = None

    @property
    def log(self) -> Path | None:
        return None if self.stream is None else self.stream.parent


class End(msgspec.Struct, frozen=True, kw_only=True):
    """`stopped` is by the signal that ended it before its feed did, if one did; `rows` of market data there were to
    replay, where that is known. `positions` are the node's own word."""

    seconds: float
    stopped_ns: Nanos
    stopped: Stopped | None
    positions: tuple[Held, ...]
    rows: int | None = None
