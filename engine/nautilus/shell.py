"""The strategy actor: NautilusTrader's callbacks in, the session's commands out. No arithmetic, no decision.

NautilusTrader logs what a callback raises and goes on; here the first failure is kept, the node is asked to stop, and
whoever runs the node raises it again. Its timers outlive `on_stop`, so they are cancelled first. A strategy that has
stopped is told of no order event any more, and of funding never: both are read from the cache. While it sends a
command, the strategy's own properties cannot be read, and the answer may come just then: cache and clock are kept from
the start.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Self

import msgspec
from nautilus_trader.model import BookType, ClientOrderId, Currency, InstrumentId, OrderFilled, OrderUpdated, StrategyId
from nautilus_trader.trading import Strategy, StrategyConfig

from engine.core import events
from engine.core.commands import Command, SetLeverage, SetPositionMode, Submit
from engine.core.errors import BrokenInvariantError
from engine.core.events import AnyEvent, Held, Started, Stopping
from engine.core.session import Session
from engine.core.state import State
from engine.core.types import SECOND, Nanos
from engine.nautilus import market, translate
from engine.nautilus.booked import Booked
from engine.nautilus.reference import Priced

_END = "end of data"
_FORGET_EVERY = 60  # s


# the state, what is held there, the balance there, and what was realised there by closing positions
type Audit = Callable[[State[Any], Iterable[Held], Decimal, Decimal], None]


def nothing_to_audit(*_account: Any) -> None:
    """Where the account is nobody else's, or is asked for elsewhere."""


class Feed(Enum):
    """What the node must be asked for. What a backtest replays is in the cache unasked, all but the book."""

    BOOK = auto()
    QUOTES = auto()
    TRADES = auto()
    MARKS = auto()
    FUNDING = auto()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a shell is told. With Feed.BOOK the top is that of the node's book, and depth can be asked for; else it is
    the latest quote's. `answer` says what became of a wish about the account, `stop_wanted` the reason to stop or None,
    `forced` what the venue itself does to the account after a tick, where nobody else does. A simulated venue acts on a
    command only when something happens: with `arrives_after_ns` it is woken when the command arrives. `reference`: a
    price from elsewhere, before whose first value nothing is ready; `watched`: the instrument that it is read from,
    where the node must be asked for that one too. `blind`: whether nobody knows the book at a time. `audit` is told now
    and then how the account stands: it raises where that is not what the session thinks.
    """

    started: Started
    feeds: frozenset[Feed]
    answer: Callable[[SetLeverage | SetPositionMode, Nanos], AnyEvent]
    stop_wanted: Callable[[], str | None]
    on_tick: Callable[[Nanos], None]
    forced: Callable[[State[Any]], tuple[Command, ...]]
    first_tick_ns: Nanos = 0
    arrives_after_ns: Nanos = 0
    reference: Priced | None = None
    watched: str | None = None
    blind: Callable[[Nanos], bool] = lambda _now: False
    audit: Audit = nothing_to_audit


class Shell(Strategy):
    """Drives one session on a node. `failure` is the first thing that a callback raised, `stopped_ns` when it ended."""

    def __new__(cls, _plan: Plan) -> Self:
        config = StrategyConfig(strategy_id=StrategyId("PERPMM-001"), log_events=False, log_commands=False)
        return super().__new__(cls, config)  # type: ignore[call-arg]  # its stub lacks the argument that it takes

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._id = InstrumentId.from_str(plan.started.instrument.id)
        self._cache: Any = None
        self._clock: Any = None
        self._contract: Any = None
        self._session: Session[Any] | None = None
        self._told: dict[str, int] = {}  # order -> how many of its events were dispatched before the strategy stopped
        self._settled: set[tuple[str, Nanos]] = set()  # fundings that were fed: position, time
        self._ticks = 0
        self._ready = plan.reference is None
        self._currency = Currency.from_str(plan.started.instrument.settlement)
        self.booked = Booked(plan.started.instrument, self._currency.precision)
        self._stop_reason = _END
        self.failure: BaseException | None = None
        self.stopped_ns: Nanos | None = None

    def attach(self, session: Session[Any]) -> None:
        self._session = session

    def on_start(self) -> None:
        self._guarded(self._start)

    def on_order_event(self, event: Any) -> None:
        self._guarded(self._feed_order_event, event)

    def on_funding_rate(self, rate: Any) -> None:
        self._guarded(self._expect_funding, rate)

    def on_stop(self) -> None:
        self.clock.cancel_timers()
        self._guarded(self._stop)
        if self.failure is not None:
            self.cancel_all_orders(self._id)

    def send(self, command: Command) -> None:
        """Give a command to the node. Its answers come as events, some of them before this returns."""
        match command:
            case Submit():
                order = translate.nautilus_order(command, self._contract, self.order_factory)
                self.submit_order(order, position_id=translate.position_id(str(self._id), command.leg))
            case SetLeverage() | SetPositionMode():
                self._driven.feed(self._plan.answer(command, self._clock.timestamp_ns()))
                return
            case _:
                self.cancel_order(ClientOrderId(command.id))
        if self._plan.arrives_after_ns:
            self._alert("arrival", self._clock.timestamp_ns() + self._plan.arrives_after_ns, lambda _event: None)

    def feed_rest(self) -> None:
        """Feed what became of the orders after the strategy had stopped."""
        rest = [event for name, told in self._told.items() for event in _events(self._cache, name)[told:]]
        for event in sorted(rest, key=lambda each: each.ts_init):
            self._feed_order_event(event)

    @property
    def asked_to_stop(self) -> bool:
        return self._stop_reason != _END

    @property
    def _driven(self) -> Session[Any]:
        if self._session is None:
            raise BrokenInvariantError("the shell has no session")
        return self._session

    def _guarded[**P](self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        if self.failure is not None:
            return
        try:
            call(*args, **kwargs)
        except BaseException as failure:  # noqa: BLE001  raised again by whoever runs the node
            self.failure = failure
            self._request_stop(type(failure).__name__)

    def _request_stop(self, reason: str) -> None:
        self._stop_reason = reason
        with suppress(RuntimeError):  # a command is being sent: the next tick asks again
            self.shutdown_system(reason)

    def _start(self) -> None:
        self._cache, self._clock = self.cache, self.clock
        self._contract = self._cache.instrument(self._id)
        ask: dict[Feed, Callable[[], None]] = {
            Feed.BOOK: lambda: self.subscribe_book_deltas(self._id, BookType.L2_MBP, managed=True),
            Feed.QUOTES: lambda: self.subscribe_quotes(self._id),
            Feed.TRADES: lambda: self.subscribe_trades(self._id),
            Feed.MARKS: lambda: self.subscribe_mark_prices(self._id),
            Feed.FUNDING: lambda: self.subscribe_funding_rates(self._id),
        }
        for feed in (each for each in Feed if each in self._plan.feeds):
            ask[feed]()
        if self._plan.watched is not None:
            elsewhere = InstrumentId.from_str(self._plan.watched)
            self.subscribe_quotes(elsewhere)
            self.subscribe_trades(elsewhere)
        self._driven.feed(self._plan.started)
        start = translate.timer_start(max(self._plan.first_tick_ns, self._clock.timestamp_ns() + 1))
        self._clock.set_timer_ns("tick", SECOND, start, None, self._on_tick, allow_past=True)

    def _on_tick(self, event: Any) -> None:
        if self.failure is not None:
            self._request_stop(self._stop_reason)
        self._guarded(self._tick, event)

    def _tick(self, event: Any) -> None:
        reason = self._plan.stop_wanted()
        if reason is not None:
            self._request_stop(reason)
            return
        state, book = self._driven.state, Feed.BOOK in self._plan.feeds
        queries = () if state is None else self._driven.policy.depth_queries(state)
        if queries and not book:
            raise BrokenInvariantError("the strategy asks for depth, and the run was set up without it")
        now, beside, blind = event.ts_event, self._from_elsewhere(event.ts_event), self._plan.blind(event.ts_event)
        if self._driven.limits.asks_age:
            beside |= market.newest(self._cache, self._id, book=book)
        beside |= {"ready": False} if blind else {}
        which = None if blind else book
        seen = market.tick(self._cache, self._id, now=now, sent=event.ts_init, book=which, queries=queries, **beside)
        self._driven.feed(seen)
        for command in () if self._driven.state is None else self._plan.forced(self._driven.state):
            self.send(command)
        self._plan.on_tick(event.ts_event)
        self._forget(event.ts_event)

    def _from_elsewhere(self, now: Nanos) -> dict[str, Any]:
        if self._plan.reference is None:
            return {}
        price = self._plan.reference(self._cache, now)
        self._ready = self._ready or price is not None
        return {"reference": price, "ready": self._ready}

    def _forget(self, now: Nanos) -> None:
        """NautilusTrader copies an account with all its past on every change, and keeps every order."""
        self._ticks += 1
        if self._ticks % _FORGET_EVERY == 0:
            self._audit()
            self._cache.purge_account_events(now)
            self._cache.purge_closed_orders(now, _FORGET_EVERY)

    def _audit(self) -> None:
        started, state = self._plan.started, self._driven.state
        balance = translate.balance_of(self._cache.account_for_venue(self._id.venue), self._currency)
        if state is not None and balance is not None:
            held = translate.held_of(self._cache.positions_open(), started.mode)
            self._plan.audit(state, held, balance, self.booked.realised)

    def _feed_order_event(self, event: Any) -> None:
        started = self._plan.started
        fact = translate.fact_of(event, started.mode, started.instrument.settlement)
        if fact is not None:
            if isinstance(fact, events.OrderFilled):
                self.booked.filled(fact)
            self._driven.feed(fact)
        if isinstance(event, OrderFilled | OrderUpdated):
            end = translate.cut_short(event, self._cache.order(event.client_order_id))
            if end is not None:
                self._driven.feed(end)

    def _expect_funding(self, rate: Any) -> None:
        """The exchange settles at the boundary, after that instant's timers: look right after it."""
        due = translate.funding_due(rate, self._clock.timestamp_ns())
        if due is not None:
            self._alert("funding", due, self._on_funding)

    def _alert(self, what: str, at_ns: Nanos, callback: Callable[[Any], None]) -> None:
        name = f"{what}-{at_ns}"
        if name not in self._clock.timer_names():
            self._clock.set_time_alert_ns(name, at_ns, callback)

    def _on_funding(self, _event: Any) -> None:
        self._guarded(self._feed_fundings)

    def _feed_fundings(self) -> None:
        started = self._plan.started
        for position in self._cache.positions(instrument_id=self._id):
            for adjustment in position.adjustments():
                fact = translate.funding_of(adjustment, started.mode, started.instrument.settlement)
                key = (str(adjustment.position_id), adjustment.ts_event)
                if fact is not None and key not in self._settled:
                    self._settled.add(key)
                    self._driven.feed(fact)

    def _stop(self) -> None:
        self._feed_fundings()
        state = self._driven.state
        if state is not None:
            self._told = {w.order.id: len(_events(self._cache, w.order.id)) for w in state.orders}
        now = self.stopped_ns = self._clock.timestamp_ns()
        self._driven.feed(Stopping(ts_event=now, ts_init=now, reason=self._stop_reason))


def _events(cache: Any, name: str) -> list[Any]:
    order = cache.order(ClientOrderId(name))
    return [] if order is None else list(order.events())
