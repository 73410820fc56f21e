"""A run of `safe` on a venue that fills, cancels, delays and refuses as chance has it: for laws to be held against."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from engine.core.events import Held
from engine.core.types import Action, Leg, PositionMode
from strategies.perpetual_market_making.parameters import Parameters
from tests.support.builders import LINEAR
from tests.support.little_venue import LittleVenue, quoting

MID = Decimal(1000)

percents = st.sampled_from(["0", "0.1", "0.5", "1"])
parameters = st.builds(
    quoting,
    position_mode=st.sampled_from(PositionMode),
    position_management=st.sampled_from(["Profit_taking", "Trailing_stop"]),
    close_position_order_type=st.sampled_from(["LIMIT", "MARKET"]),
    long_profit_taking_spread=percents,
    short_profit_taking_spread=percents,
    ts_activation_spread=percents,
    ts_callback_rate=percents,
    stop_loss_spread=percents,
    stop_loss_slippage_buffer=percents,
    order_levels=st.integers(1, 3),
    order_level_spread=st.sampled_from(["0.1", "0.5"]),
    order_refresh_time=st.integers(2, 8),
    filled_order_delay=st.sampled_from([1, 60]),
    time_between_stop_loss_orders=st.integers(1, 5),
    minimum_spread=st.sampled_from([-100, 0]),
    order_optimization_enabled=st.booleans(),
    hanging_orders_enabled=st.booleans(),
    quote_flat_leg=st.sampled_from([False, False, True]),
)
offsets = st.integers(-20, 20).map(lambda n: MID + n)
books = st.tuples(offsets, st.integers(1, 20), st.sampled_from(["both"] * 8 + ["bid", "ask", "none"]))


class SafeRun(RuleBasedStateMachine):
    """What may happen to a run of `safe`, and to its twin under another name."""

    @initialize(p=parameters, signs=st.sampled_from([(), (1,), (-1,), (1, -1)]))
    def begin(self, p: Parameters, signs: tuple[int, ...]) -> None:
        """Some begin with a position, or in Hedge mode with two."""
        self.p = p
        self.bid = MID
        hedge = p.position_mode is PositionMode.HEDGE
        legs = {1: Leg.LONG, -1: Leg.SHORT} if hedge else {1: Leg.NET, -1: Leg.NET}
        held = {legs[sign]: Held(legs[sign], sign * Decimal("0.02"), MID) for sign in signs}
        self.venue = LittleVenue(p, positions=tuple(held.values()))
        self.twin = LittleVenue(p, run="another name", positions=tuple(held.values()))

    def _both(self, step: str, n: int = 0, *args: Any, **changes: Any) -> None:
        for venue in (self.venue, self.twin):
            chosen = (venue.state.orders[n % len(venue.state.orders)],) if venue.state.orders and step != "tick" else ()
            getattr(venue, step)(*chosen, *args, **changes)

    @rule(book=books, thin=st.booleans())
    def tick(self, book: tuple[Decimal, int, str], thin: bool) -> None:
        self._tick(book, thin=thin)

    @rule(moves=st.lists(st.integers(-6, 6), min_size=1, max_size=4))
    def drift(self, moves: list[int]) -> None:
        for move in moves:
            self._tick((self.bid + move, 1, "both"), thin=False)

    def _tick(self, book: tuple[Decimal, int, str], *, thin: bool) -> None:
        bid, width, sides = book
        self.bid = min(max(bid, MID - 30), MID + 30)
        ask = bid + width * LINEAR.tick
        for venue in (self.venue, self.twin):
            venue.tick(bid if sides in ("both", "bid") else None, ask if sides in ("both", "ask") else None, thin=thin)

    @precondition(lambda self: self.venue.state.orders)
    @rule(n=st.integers(0, 9), part=st.sampled_from([None, None, Decimal("0.004")]), price=offsets)
    def fill(self, n: int, part: Decimal | None, price: Decimal) -> None:
        order = self.venue.state.orders[n % len(self.venue.state.orders)].order
        self._both("fill", n, part, price if order.price is None else None)

    @precondition(lambda self: any(w.order.action is Action.OPEN for w in self.venue.state.orders))
    @rule(last=st.booleans())
    def fill_quote(self, last: bool) -> None:
        quotes = [n for n, w in enumerate(self.venue.state.orders) if w.order.action is Action.OPEN]
        self._both("fill", quotes[-1 if last else 0])

    @precondition(lambda self: self.venue.state.positions)
    @rule(size=st.sampled_from([Decimal("0.003"), Decimal("0.009")]), price=offsets)
    def reduce_by_hand(self, size: Decimal, price: Decimal) -> None:
        leg = next(iter(self.venue.state.positions))
        for venue in (self.venue, self.twin):
            venue.reduce_by_hand(leg, size, price)

    @precondition(lambda self: self.venue.state.orders)
    @rule(n=st.integers(0, 9), step=st.sampled_from(["accept", "cancel", "cancel", "refuse_cancel", "reject"]))
    def answer(self, n: int, step: str) -> None:
        self._both(step, n)

    @precondition(lambda self: any(w.cancel_requested_ns for w in self.venue.state.orders))
    @rule()
    def confirm_all(self) -> None:
        for venue in (self.venue, self.twin):
            for working in [w for w in venue.state.orders if w.cancel_requested_ns]:
                if venue.state.working(working.order.id):
                    venue.cancel(working)
