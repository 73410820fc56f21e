"""The strategy actor: NautilusTrader's callbacks in, the session's commands out. No arithmetic, no decision.

NautilusTrader logs what a callback raises and goes on; here the first failure is kept, the node is asked to stop, and
whoever runs the node raises it again. Its timers outlive `on_stop`, so they are cancelled first. A strategy that has
stopped is told of no order event any more, and of funding never: both are read from the cache. Where a venue's answers
take their time, the session is told to stop while the strategy still runs. While it sends a command, the strategy's own
properties cannot be read, and the answer may come just then: cache and clock are kept from the start.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Self

from nautilus_trader.model import Currency, InstrumentId, OrderFilled, OrderUpdated, StrategyId
from nautilus_trader.trading import Strategy, StrategyConfig

from engine.core.commands import Cancel, Command, SetLeverage, SetPositionMode, Submit
from engine.core.events import AnyEvent, Stopping
from engine.core.events import OrderFilled as Filled
from engine.core.session import Session
from engine.core.types import SECOND, Nanos
from engine.nautilus import translate
from engine.nautilus.booked import Booked
from engine.nautilus.plan import Plan
from engine.nautilus.rehearsal import Rehearsal
from engine.nautilus.sight import Sight
from engine.nautilus.subscriptions import subscribe
from engine.nautilus.transit import Transit
from engine.simulation.carry import carried_order

END = "end of data"
_FORGET_EVERY = 60  # s


class Shell(Strategy):
    """Drives one session on a node. `failure` is the first thing that a callback raised, `stopped_ns` when it ended."""

    def __new__(cls, plan: Plan) -> Self:
        claimed = [InstrumentId.from_str(plan.started.instrument.id)] if plan.claims else None
        config = StrategyConfig(
            strategy_id=StrategyId("PERPMM-001"),
            external_order_instrument_ids=claimed,
            log_events=False,
            log_commands=False,
        )
        return super().__new__(cls, config)  # type: ignore[call-arg]  # its stub lacks the argument that it takes

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._id = InstrumentId.from_str(plan.started.instrument.id)
        self._cache: Any = None
        self._node_clock: Any = None
        self._clock: Any = plan.clock
        self._contract: Any = None
        self._driven: Session[Any]
        self._told: dict[str, int] = {}  # order -> how many of its events were dispatched before the strategy stopped
        self._rates: dict[Nanos, Any] = {}  # settlement -> what was last announced for it
        self._transit = Transit(plan.held_ns, self._hand_over)
        self._carried = plan.carried
        self._ticks = 0
        self._waiting = False  # for the venue's answers, to stop
        self._sight = Sight(plan)
        self._currency = Currency.from_str(plan.started.instrument.settlement)
        self.booked = Booked(plan.started.instrument, self._currency.precision)
        self._stop_reason = END
        self.failure: BaseException | None = None
        self.stopped_ns: Nanos | None = None

    def attach(self, session: Session[Any]) -> None:
        self._driven = session

    @property
    def running(self) -> bool:
        return self._cache is not None

    @property
    def node_cache(self) -> Any:
        """The node's cache, also once it has stopped."""
        return self._cache

    @property
    def asked_to_stop(self) -> bool:
        return self._stop_reason != END

    def on_start(self) -> None:
        self._guarded(self._start)

    def on_order_event(self, event: Any) -> None:
        if type(event) not in translate.UNTOLD:
            self._guarded(self._feed_order_event, event)

    def on_funding_rate(self, rate: Any) -> None:
        self._guarded(self._expect_funding, rate)

    def on_index_price(self, pulse: Any) -> None:
        self._clock.advance(pulse.ts_init)

    def on_stop(self) -> None:
        self.clock.cancel_timers()
        self._waiting = False
        self._guarded(self._stop)
        if self.failure is not None:
            self._cancel_ours()

    def send(self, command: Command) -> None:
        """Give a command to the node. Its answers come as events, some of them before this returns."""
        if isinstance(command, SetLeverage | SetPositionMode):
            self._driven.feed(self._plan.answer(command, self._clock.timestamp_ns()))
        elif self._plan.held_ns:
            self._alert("arrival", self._transit.send(command, self._clock.timestamp_ns()), self._on_arrival)
        else:
            self._hand_over(command)

    def stop_soon(self, reason: str) -> None:
        """Have what rests cancelled, and the node stopped once the venue has answered."""
        self._stop_reason = reason
        if not self._plan.stop_within_ns:
            self._request_stop(reason)
        elif self.stopped_ns is None:
            for name in [n for n in self._clock.timer_names() if n.startswith(("tick", "rehearsal", "funding"))]:
                self._clock.cancel_timer(name)
            self._waiting = True
            self._guarded(self._say_stopping)
            at_last = self._clock.timestamp_ns() + self._plan.stop_within_ns
            self._alert("stop", at_last, lambda _event: self._request_stop(self._stop_reason))
            self._guarded(self._stop_if_quiet)

    def fail(self, failure: BaseException) -> None:
        """End the run with this, if nothing failed before."""
        if self.failure is None:
            self.failure = failure
            self._request_stop(type(failure).__name__)

    def feed_rest(self) -> None:
        """Feed what became of the orders after the strategy had stopped."""
        rest = [event for name, told in self._told.items() for event in self._events(name)[told:]]
        for event in sorted(rest, key=lambda each: each.ts_init):
            self._feed_order_event(event)

    def _guarded[**P](self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        if self.failure is not None:
            return
        try:
            call(*args, **kwargs)
        except BaseException as failure:  # noqa: BLE001  raised again by whoever runs the node
            self.fail(failure)

    def _request_stop(self, reason: str) -> None:
        self._stop_reason = reason
        with suppress(RuntimeError):  # a command is being sent: the next tick asks again
            self.shutdown_system(reason)

    def _start(self) -> None:
        self._cache, self._node_clock = self.cache, self.clock
        self._clock = self._plan.clock or self._node_clock
        self._contract = self._cache.instrument(self._id)
        subscribe(self, self._plan)
        for fact in self._plan.opening(self._clock.timestamp_ns()):
            self._driven.feed(fact)
        start = translate.timer_start(max(self._plan.first_tick_ns, self._clock.timestamp_ns() + 1))
        self._clock.set_timer_ns("tick", SECOND, start, None, self._on_tick, allow_past=True)
        if before := self._plan.rehearsed_ns:
            node = self._cache, self._contract, self.order_factory
            self._rehearse(Rehearsal(self._driven, self._sight, node, before))

    def _hand_over(self, command: Submit | Cancel) -> None:
        instrument = self._plan.started.instrument
        if isinstance(command, Submit):
            order = translate.nautilus_order(command, instrument.venue, self._contract, self.order_factory)
            self.submit_order(order, position_id=translate.position_id(instrument.id, command.leg))
        else:
            named = translate.client_order_id(command.id, instrument.venue)
            if not self._plan.claims or self._cache.order(named) is not None:
                self.cancel_order(named)  # else taken up after a crash, and not found: it is asked for
        if self._plan.arrives_after_ns:
            self._alert("arrival", self._clock.timestamp_ns() + self._plan.arrives_after_ns, lambda _event: None)

    def _on_arrival(self, _event: Any) -> None:
        self._guarded(self._transit.arrive, self._clock.timestamp_ns())

    def _on_tick(self, event: Any) -> None:
        if self.failure is not None:
            self._request_stop(self._stop_reason)
        self._guarded(self._tick, event)

    def _rehearse(self, rehearsal: Rehearsal, due: Any = None) -> None:
        """One sets the next: of a timer's, a process that hung would go through all that it missed."""
        if due is not None:
            rehearsal.play(due.ts_event)
        if self.stopped_ns is None:
            name, at_ns = rehearsal.next(self._clock.timestamp_ns())
            self._clock.set_time_alert_ns(name, at_ns, partial(self._guarded, self._rehearse, rehearsal))

    def _tick(self, event: Any) -> None:
        if self._plan.late_ns is not None and event.ts_init - event.ts_event > self._plan.late_ns:
            return
        reason = self._plan.stop_wanted()
        if reason is not None:
            self.stop_soon(reason)
            return
        for word in self._plan.words(event.ts_event):
            self._driven.feed(word)
        seen = self._sight.at(event.ts_event, event.ts_init, self._cache, self._driven)
        if self._carried and seen.top.bid is not None and seen.top.ask is not None:
            self._carry()
        self._driven.feed(seen)
        for command in () if self._driven.state is None else self._plan.forced(self._driven.state):
            self.send(command)
        self._plan.on_tick(event.ts_event)
        self._forget()

    def _carry(self) -> None:
        """Only once there is a market can an order be filled."""
        carried, self._carried = self._carried, ()
        for held in carried:
            self._hand_over(carried_order(held))

    def _forget(self) -> None:
        """NautilusTrader copies an account with all its past on every change, and keeps every order."""
        self._ticks += 1
        if self._ticks % _FORGET_EVERY == 0:
            self._audit()
            now = self._node_clock.timestamp_ns()
            self._cache.purge_account_events(now)
            self._cache.purge_closed_orders(now, 0 if self._plan.clock else _FORGET_EVERY)  # by the wall's time

    def _audit(self) -> None:
        started, state = self._plan.started, self._driven.state
        balance = translate.balance_of(self._cache.account_for_venue(self._id.venue), self._currency)
        if state is not None and balance is not None:
            held = translate.held_of(self._cache.positions_open(), started.mode)
            self._plan.audit(state, held, balance, self.booked.realised)

    def _feed_order_event(self, event: Any) -> None:
        if not self._plan.believed(event):
            return
        started = self._plan.started
        self._tell(translate.fact_of(event, started.mode, started.instrument.settlement), event)
        state = self._driven.state
        if isinstance(event, (OrderFilled, OrderUpdated)) and state and state.working(translate.order_id_of(event)):
            self._tell(translate.cut_short(event, self._cache.order(event.client_order_id)), event)
        self._stop_if_quiet()

    def _tell(self, said: AnyEvent | None, event: Any) -> None:
        """NautilusTrader's order is a copy with all its past: it is made where it is looked at."""
        if said is not None:
            stamped = self._plan.stamped
            fact = stamped(said, lambda: self._cache.order(event.client_order_id)) if stamped else said
            self._driven.feed(fact)
            if isinstance(fact, Filled):
                self.booked.filled(fact)

    def _expect_funding(self, rate: Any) -> None:
        """The settlement is at the boundary, after that instant's timers: look right after it."""
        due = translate.funding_due(rate, self._clock.timestamp_ns())
        if due is not None:
            self._rates[due] = rate
            self._alert("funding", due, self._on_funding)

    def _alert(self, what: str, at_ns: Nanos, callback: Callable[[Any], None]) -> None:
        name = f"{what}-{at_ns}"
        if name not in self._clock.timer_names():
            self._clock.set_time_alert_ns(name, at_ns, callback)

    def _on_funding(self, event: Any) -> None:
        self._guarded(self._feed_fundings, self._rates.pop(event.ts_event, None))

    def _feed_fundings(self, rate: Any) -> None:
        if self._driven.state is not None:
            for fact in self._plan.fundings(self._cache, self._driven.state, rate, self._clock.timestamp_ns()):
                self._driven.feed(fact)

    def _cancel_ours(self) -> None:
        """One by one: NautilusTrader's cancel of all would take along what others have there."""
        state = self._driven.state
        for working in () if state is None else state.orders:
            with suppress(RuntimeError):  # it is over by now
                self.cancel_order(translate.client_order_id(working.order.id, self._plan.started.instrument.venue))

    def _say_stopping(self) -> None:
        self._feed_fundings(None)
        now = self.stopped_ns = self._clock.timestamp_ns()
        self._driven.feed(Stopping(ts_event=now, ts_init=now, reason=self._stop_reason))

    def _stop_if_quiet(self) -> None:
        if self._waiting and (self._driven.state is None or not self._driven.state.orders):
            self._request_stop(self._stop_reason)

    def _stop(self) -> None:
        if (state := self._driven.state) is not None:
            self._told = {w.order.id: len(self._events(w.order.id)) for w in state.orders}
        if self.stopped_ns is None:
            self._say_stopping()

    def _events(self, order_id: str) -> list[Any]:
        order = self._cache.order(translate.client_order_id(order_id, self._plan.started.instrument.venue))
        return [] if order is None else list(order.events())
