"""Trade a session at a venue, on a live node: its market, and an account of ours there."""

from collections.abc import Callable
from typing import Any

import msgspec

from engine.core.commands import SetLeverage, SetPositionMode
from engine.core.events import AnyEvent
from engine.core.types import SECOND, Nanos
from engine.nautilus import binance, fundings
from engine.nautilus.access import Access
from engine.nautilus.answers import answer
from engine.nautilus.desk import Desk, End, LiveMarket
from engine.nautilus.interrupts import Stopped
from engine.nautilus.live_node import Parts, traded
from engine.nautilus.plan import Feed, Funded, Plan
from engine.nautilus.shell import Shell

PATIENCE_NS = 10 * SECOND  # for the answers that a stop waits for


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Of ours at the venue. `answer` says what became of a wish about it (unset: it is as the run was started, which
    whoever starts it has seen to), `fundings` what funding was booked there: nothing that a node is told of."""

    access: Access
    answer: Callable[[SetLeverage | SetPositionMode, Nanos], AnyEvent] | None = None
    fundings: Funded = fundings.none


def live(market: LiveMarket, account: Account, desk: Desk) -> End:
    """Trade until a signal stops it: then what rests is cancelled, and the node waits for the venue's word on it.

    Reconciles with the venue before the first order; our own orders that rest there are claimed. Raises as
    `engine.nautilus.live_node.traded`.
    """
    asked, started = list[Stopped](), desk.started
    names = (started.instrument.id,) if market.watched is None else (started.instrument.id, market.watched)
    parts = Parts(
        venue=started.instrument.venue,
        market=binance.market(market.addresses, names),
        execution=binance.account(market.addresses, account.access, started),
        simulated=False,
        stream=market.stream,
    )
    return traded(parts, desk, Shell(live_plan(market, account, desk, asked)), asked)


def live_plan(market: LiveMarket, account: Account, desk: Desk, asked: list[Stopped]) -> Plan:
    """`asked` holds the signal that asks it to stop, once there is one."""

    def as_started(wish: SetLeverage | SetPositionMode, now: Nanos) -> AnyEvent:
        return answer(desk.started, wish, now)

    return Plan(
        started=desk.started,
        opening=desk.opening,
        claims=True,
        words=desk.words,
        feeds=_feeds(market),
        book=market.depth,
        answer=account.answer or as_started,
        stop_wanted=lambda: str(asked[0]) if asked else None,
        on_tick=desk.on_tick,
        forced=lambda _state: (),
        fundings=account.fundings,
        stop_within_ns=PATIENCE_NS,
        reference=market.reference,
        watched=market.watched,
    )


def _feeds(market: LiveMarket) -> frozenset[Any]:
    """The book is asked for where it is looked at or recorded."""
    book = {Feed.BOOK} if market.depth or market.stream is not None else set()
    return frozenset({Feed.QUOTES, Feed.TRADES, Feed.MARKS, Feed.FUNDING} | book)
