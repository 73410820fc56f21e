"""Trade a session at a venue, on a live node: its market, and an account of ours there."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
from nautilus_trader.model import OrderCancelRejected

from engine.core.errors import BrokenInvariantError
from engine.core.events import AnyEvent, Halted
from engine.core.session import Send, Session
from engine.core.state import State
from engine.core.types import SECOND, Nanos
from engine.nautilus import fundings
from engine.nautilus.access import Access
from engine.nautilus.adapters import Adapter, adapter_of
from engine.nautilus.answers import answer
from engine.nautilus.desk import Desk, End, LiveMarket
from engine.nautilus.interrupts import Stopped
from engine.nautilus.live_node import Parts, traded
from engine.nautilus.plan import Feed, Plan
from engine.nautilus.shell import Shell

PATIENCE_NS = 10 * SECOND  # for the answers that a stop waits for
LATE_NS = 2 * SECOND
REHEARSED_NS = 2_000_000  # timers are good to a millisecond
HASHED = "0x"  # what Hyperliquid keeps of an id begins so; none of ours does
WIND_DOWN_NS = 60 * SECOND  # for what rests to be cancelled, and a position to be closed where it is to be


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Of ours at the venue, which is as the run was started: whoever starts it has seen to that.

    `doubted` is called where the node makes up what it was not told; `blind`: nothing is known of the account.
    `flatten`: a stop closes the position.
    """

    access: Access
    doubted: Callable[[], None] = lambda: None
    blind: Callable[[], bool] = lambda: False
    flatten: bool = False


def live(market: LiveMarket, account: Account, desk: Desk) -> End:
    """Trade until a signal stops it: then it halts, goes on until nothing rests and, where that is wanted, nothing is
    held, and ends. Our own orders that rest there are claimed. Raises as `engine.nautilus.live_node.traded`.
    """
    asked, started, sessions = list[Stopped](), desk.started, list[Session[Any]]()
    winding_down = _WindingDown(lambda: sessions[0].state, asked, flatten=account.flatten)

    def session_of(send: Send) -> Session[Any]:
        sessions.append(desk.session_of(send))
        return sessions[0]

    def words(now: Nanos) -> Iterator[AnyEvent]:
        yield from desk.words(now)
        yield from winding_down.words(now)

    adapter = adapter_of(started.instrument.venue)
    if adapter.account is None:
        raise BrokenInvariantError(f"{started.instrument.venue} is not traded at")
    names = (started.instrument.id,) if market.watched is None else (started.instrument.id, market.watched)
    parts = Parts(
        venue=started.instrument.venue,
        market=adapter.market(market.addresses, names),
        execution=adapter.account(market.addresses, account.access, started),
        simulated=False,
        quotes_from_book=not adapter.quotes,
        told_s=adapter.told_s,
        stream=market.stream,
        log=market.log,
    )
    ours = msgspec.structs.replace(desk, session_of=session_of, words=words)
    plan = msgspec.structs.replace(live_plan(market, account, ours), stop_wanted=winding_down.over)
    return traded(parts, ours, Shell(plan), asked)


class _WindingDown:
    """From the signal that asks for a stop to the moment when the run can end."""

    def __init__(self, state: Callable[[], State[Any] | None], asked: list[Stopped], *, flatten: bool) -> None:
        self._state, self._asked, self._flatten = state, asked, flatten
        self._since: Nanos | None = None

    def words(self, now: Nanos) -> Iterator[AnyEvent]:
        if self._asked and self._since is None:
            self._since = now
            yield Halted(reason=str(self._asked[0]), flatten=self._flatten, ts_event=now, ts_init=now)

    def over(self) -> str | None:
        """The reason to stop, once all that can be done is done, or the time for it is up."""
        state = self._state()
        if self._since is None or state is None:
            return None
        left = bool(state.orders) or (self._flatten and bool(state.positions))
        return None if left and state.now - self._since < WIND_DOWN_NS else str(self._asked[0])


def live_plan(market: LiveMarket, account: Account, desk: Desk) -> Plan:
    """A plan that never stops by itself."""
    adapter = adapter_of(desk.started.instrument.venue)
    return Plan(
        started=desk.started,
        opening=desk.opening,
        claims=True,
        words=desk.words,
        feeds=_feeds(market, adapter),
        book=market.depth or not adapter.quotes,
        levels=adapter.levels,
        answer=lambda wish, now: answer(desk.started, wish, now),
        stop_wanted=lambda: None,
        on_tick=desk.on_tick,
        forced=lambda _state: (),
        fundings=fundings.none,
        stop_within_ns=PATIENCE_NS,
        late_ns=LATE_NS,
        rehearsed_ns=REHEARSED_NS,
        believed=partial(told_by_the_venue, account.doubted, adapter.hashed),
        blind=lambda _now: account.blind(),
        reference=market.reference,
        watched=market.watched,
    )


def told_by_the_venue(doubted: Callable[[], None], hashed: bool, event: Any) -> bool:
    """What the node infers from reports is no fact of the venue's: we ask for those ourselves, trade by trade; so is
    what it tells under a hash, of which it no longer knows the id. A cancel that the venue would not do is one, and
    says that something was missed."""
    nameless = hashed and str(event.client_order_id).startswith(HASHED)
    inferred = nameless or getattr(event, "reconciliation", False)
    if inferred or isinstance(event, OrderCancelRejected):
        doubted()
    return not inferred


def _feeds(market: LiveMarket, adapter: Adapter) -> frozenset[Any]:
    """The book is asked for where it is looked at or recorded, or nothing else tells the best prices."""
    book = {Feed.BOOK} if market.depth or market.stream is not None or not adapter.quotes else set()
    quotes = {Feed.QUOTES} if adapter.quotes else set()
    return frozenset({Feed.TRADES, Feed.MARKS, Feed.FUNDING} | quotes | book)
