"""What a shell is told: the parts in which backtest, paper and live differ."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import Enum, auto
from typing import Any

import msgspec

from engine.core.commands import Command, SetLeverage, SetPositionMode
from engine.core.events import AnyEvent, Held, Started
from engine.core.state import State
from engine.core.types import Nanos
from engine.nautilus.clock import Clock
from engine.nautilus.reference import Priced

type Funded = Callable[[Any, State[Any], Any, Nanos], Iterable[AnyEvent]]  # (cache, state, rate or None, now)


# the state, what is held there, the balance there, and what was realised there by closing positions
type Audit = Callable[[State[Any], Iterable[Held], Decimal, Decimal], None]


def nothing_to_audit(*_account: Any) -> None:
    """Where the account is nobody else's, or is asked for elsewhere."""


class Feed(Enum):
    """What the node must be asked for, in this order. What a backtest replays is in the cache unasked, all but the
    book."""

    BOOK = auto()
    QUOTES = auto()
    TRADES = auto()
    MARKS = auto()
    FUNDING = auto()
    PULSE = auto()  # of a recorded feed, which begins to flow then


type Stamped = Callable[[AnyEvent, Callable[[], Any]], AnyEvent]  # (fact, what gives the node's order) -> the fact


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`opening` is what the session is fed first, `carried` what it holds that the venue does not know of; `claims`:
    orders of ours that rest at the venue already are this run's. With `book`
    the top is that of the node's book, and depth can be asked for, of `levels` a side if that is set; else the top is
    the latest quote's. `reference`: a price
    from elsewhere, before whose first value nothing is ready; `watched`: the instrument that it is read from, where the
    node must be asked for that one too. `blind`: whether nobody knows the book at a time. `audit` is told now and then
    how the account stands: it raises where that is not what the session thinks.

    `answer` says what became of a wish about the account, `words` what was said to the run from outside since it was
    last asked, `stop_wanted` the reason to stop or None, `forced` what the
    venue itself does to the account after a tick, where nobody else does, and `fundings` what was booked at the
    settlement that a rate announced (without a rate: at the end, what is left).

    A command is under way for `held_ns` before it is given to the node. Or the venue takes its time, and is woken after
    `arrives_after_ns`: a simulated one acts only when something happens. A stop waits for the venue's answers for at
    most `stop_within_ns`. Each tick is rehearsed `rehearsed_ns` before it, if that is not 0, and fills all
    along (engine.nautilus.rehearsal). A tick that is heard of
    more than `late_ns` after its time is passed over: a process that hung does not live through all it missed. `clock`
    is the node's own where it is None; `stamped` puts a fact of the node's right, where its own word does not stand;
    what the node says of an order is only heard where it is `believed`.
    """

    started: Started
    opening: Callable[[Nanos], tuple[AnyEvent, ...]]
    feeds: frozenset[Feed]
    book: bool
    answer: Callable[[SetLeverage | SetPositionMode, Nanos], AnyEvent]
    stop_wanted: Callable[[], str | None]
    on_tick: Callable[[Nanos], None]
    forced: Callable[[State[Any]], tuple[Command, ...]]
    fundings: Funded
    carried: tuple[Held, ...] = ()
    claims: bool = False
    levels: int | None = None
    words: Callable[[Nanos], Iterable[AnyEvent]] = lambda _now: ()
    first_tick_ns: Nanos = 0
    rehearsed_ns: Nanos = 0
    held_ns: Nanos = 0
    arrives_after_ns: Nanos = 0
    stop_within_ns: Nanos = 0
    late_ns: Nanos | None = None
    clock: Clock | None = None
    stamped: Stamped | None = None
    reference: Priced | None = None
    watched: str | None = None
    blind: Callable[[Nanos], bool] = lambda _now: False
    audit: Audit = nothing_to_audit
    believed: Callable[[Any], bool] = lambda _event: True
