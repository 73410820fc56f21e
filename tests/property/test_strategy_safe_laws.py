"""The laws of behaviour `safe`, held against a venue that fills, cancels, delays and refuses as chance has it."""

from decimal import Decimal

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from engine.core.commands import Cancel, Draft, Outcome, Submit
from engine.core.events import AnyEvent, OrderCanceled, OrderFilled, OrderRejected, Tick
from engine.core.state import State, Working
from engine.core.types import SECOND, Action, Leg, OrderType, PositionMode, Purpose, Side, is_whole
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.parameters import Parameters
from tests.support.builders import LINEAR, a_fill
from tests.support.little_venue import quoting, submits
from tests.support.safe_run import MID, SafeRun

HUNDRED = Decimal(100)


def exits(state: State[Own], leg: Leg) -> list[Working]:
    return [w for w in state.orders if w.order.action is Action.CLOSE and w.order.leg is leg]


def touch(tick: Tick, held: Decimal) -> Decimal | None:
    """The price that would take the position over."""
    return tick.top.bid if held > 0 else tick.top.ask


def breached(state: State[Own], p: Parameters, leg: Leg) -> bool:
    held, tick = state.position(leg), state.tick
    if p.stop_loss_spread == 0 or held.entry is None or tick is None:
        return False
    price, sign = touch(tick, held.size), 1 if held.size > 0 else -1
    return price is not None and sign * (price - held.entry * (1 - sign * p.stop_loss_spread / HUNDRED)) <= 0


class SafeLaws(SafeRun):
    def __init__(self) -> None:
        super().__init__()
        self.stopped: set[Leg] = set()
        self.reached: set[Leg] = set()

    @invariant()
    def laws(self) -> None:
        if not hasattr(self, "venue"):
            return
        for before, event, outcomes, after in self.venue.seen:
            self._remember(after, event)
            self._one_exit_a_leg(after)
            self._what_was_sent(before, outcomes, after)
            if isinstance(event, Tick):
                self._at_a_tick(before, event, outcomes, after)
                self._legs_are_apart(before, event)
                self._calm_hides_nothing(before, event)
            if isinstance(event, OrderCanceled | OrderRejected | OrderFilled):
                self._after_an_end(before, event, outcomes, after)
        self._names_do_not_matter()
        self.venue.seen.clear()
        self.twin.seen.clear()

    def _remember(self, after: State[Own], event: AnyEvent) -> None:
        for leg in (Leg.NET, Leg.LONG, Leg.SHORT):
            held = after.position(leg)
            sides = {w.order.side for w in exits(after, leg)}
            if (
                held.entry is None
                or (held.size > 0 and sides == {Side.BUY})
                or (held.size < 0 and sides == {Side.SELL})
            ):
                self.stopped.discard(leg)
                self.reached.discard(leg)
            if held.entry is not None and isinstance(event, Tick):
                price, sign = touch(event, held.size), 1 if held.size > 0 else -1
                activation = held.entry * (1 + sign * self.p.ts_activation_spread / HUNDRED)
                if price is not None and sign * (price - activation) >= 0:
                    self.reached.add(leg)

    def _one_exit_a_leg(self, after: State[Own]) -> None:
        for leg in (Leg.NET, Leg.LONG, Leg.SHORT):
            assert len(exits(after, leg)) <= 1

    def _what_was_sent(self, before: State[Own], outcomes: tuple[Outcome, ...], after: State[Own]) -> None:
        tick = after.tick
        for order in submits(outcomes):
            assert tick is not None
            assert is_whole(order.size, LINEAR.step)
            assert order.size >= LINEAR.min_size
            held = after.position(order.leg)
            if order.action is Action.OPEN:
                self._is_passive(order, tick)
                assert order.leg not in after.positions if self.p.quote_flat_leg else not after.positions
                continue
            assert order.reduce_only
            assert order.side * held.size < 0
            assert order.size <= abs(held.size)
            self._keeps_to_the_stop(order, tick)
            if order.purpose is Purpose.TRAIL:
                assert order.leg in self.reached

    def _is_passive(self, order: Submit, tick: Tick) -> None:
        other = tick.top.ask if order.side is Side.BUY else tick.top.bid
        assert order.price is not None
        assert other is None or order.side * (other - order.price) > 0

    def _keeps_to_the_stop(self, order: Submit, tick: Tick) -> None:
        """A stop is marketable on the last book, and after it nothing else goes out for its leg."""
        if order.purpose is not Purpose.STOP:
            assert order.leg not in self.stopped
            return
        self.stopped.add(order.leg)
        other = tick.top.ask if order.side is Side.BUY else tick.top.bid
        if order.order_type is OrderType.LIMIT and other is not None:
            assert order.price is not None
            assert order.side * (order.price - other) >= 0

    def _at_a_tick(self, before: State[Own], event: Tick, outcomes: tuple[Outcome, ...], after: State[Own]) -> None:
        sent = submits(outcomes)
        for leg, held in after.positions.items():
            for working in exits(after, leg):
                limit = working.order.order_type is OrderType.LIMIT
                asked = working.cancel_requested_ns is not None
                assert working.leaves <= abs(held.size) or asked or not limit
                aged = event.ts_init - working.created_ns >= self.p.time_between_stop_loss_orders * SECOND
                assert asked or not limit or working.order.purpose is not Purpose.STOP or not aged
                if breached(after, self.p, leg):
                    assert working.order.purpose is Purpose.STOP or asked or not limit
            if breached(after, self.p, leg) and not exits(before, leg) and abs(held.size) >= LINEAR.min_size:
                assert [o.purpose for o in sent if o.leg is leg] == [Purpose.STOP]
        if not after.positions:
            hanging = after.own.hanging
            for working in after.orders:
                old = working.created_ns <= after.own.flattened_ns and working.order.id not in hanging
                leftover = old or working.order.action is Action.CLOSE
                market = working.order.order_type is OrderType.MARKET
                assert not leftover or market or working.cancel_requested_ns is not None

    def _after_an_end(
        self,
        before: State[Own],
        event: OrderCanceled | OrderRejected | OrderFilled,
        outcomes: tuple[Outcome, ...],
        after: State[Own],
    ) -> None:
        """The end of the exit that a breached stop awaits lets it out, between ticks: confirmed, refused or filled."""
        gone = before.working(event.id)
        if gone is None or gone.order.action is not Action.CLOSE or gone.order.leg not in before.own.stopped:
            return
        leg = gone.order.leg
        if after.working(event.id) is not None or before.position(leg).size * after.position(leg).size <= 0:
            return
        top = None if after.tick is None else after.tick.top
        priced = top is not None and (top.bid is not None or top.ask is not None)
        if priced and gone.cancel_requested_ns is not None and abs(after.position(leg).size) >= LINEAR.min_size:
            sent = submits(outcomes)
            assert [o.purpose for o in sent if o.leg is leg] == [Purpose.STOP]
            assert {o.leg for o in sent} == {leg}

    def _legs_are_apart(self, before: State[Own], event: Tick) -> None:
        """What is decided about a leg's exits is the same if the other leg was not there."""
        if len(before.positions) < 2:
            return
        state = msgspec.structs.replace(before, tick=event, now=event.ts_event)
        for leg in before.positions:
            alone = msgspec.structs.replace(
                state,
                positions={leg: before.positions[leg]},
                orders=tuple(w for w in before.orders if w.order.leg is leg),
            )
            assert self._about(leg, state, event) == self._about(leg, alone, event)

    def _calm_hides_nothing(self, before: State[Own], event: Tick) -> None:
        """A tick that is passed over would have decided nothing, and remembered nothing."""
        state = msgspec.structs.replace(before, tick=event, now=event.ts_event)
        awake = msgspec.structs.replace(state, own=msgspec.structs.replace(state.own, calm=None))
        (own, wishes), (as_awake, wishes_awake) = (self.venue.policy.decide(each, event) for each in (state, awake))
        assert wishes == wishes_awake
        assert msgspec.structs.replace(own, calm=None) == msgspec.structs.replace(as_awake, calm=None)

    def _about(self, leg: Leg, state: State[Own], event: Tick) -> list[object]:
        closing = Side.SELL if leg is Leg.LONG else Side.BUY
        _, wishes = self.venue.policy.decide(state, event)
        ids = {w.order.id for w in exits(state, leg)}
        drafts = [w for w in wishes if isinstance(w, Draft) and w.action is Action.CLOSE and w.side is closing]
        return [*drafts, *(w for w in wishes if isinstance(w, Cancel) and w.id in ids)]

    def _names_do_not_matter(self) -> None:
        """The same events under other order ids give the same commands."""
        encode = msgspec.json.encode
        ours, theirs = ([encode(outcomes) for _, _, outcomes, _ in v.seen] for v in (self.venue, self.twin))
        assert [line.replace(b'"little-', b'"another name-') for line in ours] == theirs


SafeLaws.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestSafeLaws = SafeLaws.TestCase


def test_each_end_of_an_exit_lets_out_the_stop_of_its_leg() -> None:
    """Each leg awaits the end of its exit. The long's is refused by the venue, the short's is confirmed."""
    changes = {"stop_loss_spread": "0.1", "time_between_stop_loss_orders": 1, "long_profit_taking_spread": "0"}
    laws = SafeLaws()
    laws.begin(p=quoting(position_mode=PositionMode.HEDGE, **changes), signs=(1, -1))
    laws.drift(moves=[0, 0, 1])
    laws.tick(book=(MID - 1, 1, "both"), thin=False)
    assert set(laws.venue.state.own.awaited) == {Leg.LONG, Leg.SHORT}
    laws.answer(n=0, step="reject")
    assert stops(laws.venue.state) == {Leg.LONG}
    laws.laws()
    laws.confirm_all()
    assert stops(laws.venue.state) == {Leg.LONG, Leg.SHORT}
    laws.laws()


def test_an_exit_that_fills_instead_lets_out_the_stop_of_what_is_left() -> None:
    """It was sent for a smaller position, and is filled on its way to being cancelled."""
    laws = SafeLaws()
    laws.begin(p=quoting(stop_loss_spread="0.1", long_profit_taking_spread="0.5"), signs=(1,))
    laws.drift(moves=[0, 1])
    (exit_,) = laws.venue.state.orders
    for venue in (laws.venue, laws.twin):
        venue.feed(a_fill("theirs", Side.BUY, "0.01", str(MID)))
    laws.tick(book=(MID - 3, 1, "both"), thin=False)
    laws.fill(n=0, part=None, price=MID)
    assert stops(laws.venue.state) == {Leg.NET}
    assert exit_ not in laws.venue.state.orders
    laws.laws()


def stops(state: State[Own]) -> set[Leg]:
    """The legs whose stop works, and is not to be renewed."""
    return {w.order.leg for w in state.orders if w.order.purpose is Purpose.STOP and w.cancel_requested_ns is None}
