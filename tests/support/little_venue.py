"""A venue that does as a test says: it fills what and when it is told, and answers cancels late. Books of one level."""

from decimal import Decimal
from typing import Any

from engine.core.commands import Cancel, Outcome, Submit
from engine.core.events import (
    AnyEvent,
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    Started,
    Tick,
)
from engine.core.risk import Limits
from engine.core.session import Session
from engine.core.state import State, Working
from engine.core.types import SECOND, ZERO, Cover, Instrument, Leg, Nanos, TopOfBook
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.parameters import Parameters
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from strategies.perpetual_market_making.turn import closing_side
from tests.support.builders import LINEAR, START_NS

type Seen = tuple[State[Own], AnyEvent, tuple[Outcome, ...], State[Own]]  # before, event, what followed, after


class LittleVenue:
    """`seen` is all that happened since it was last emptied. Nothing answers by itself."""

    def __init__(
        self, parameters: Parameters, *, run: str = "little", instrument: Instrument = LINEAR, **changes: Any
    ) -> None:
        self.policy = PerpetualMarketMaking(parameters)
        self.seen: list[Seen] = []
        self.now: Nanos = START_NS - START_NS % SECOND
        self._before: State[Own] | None = None
        self._outcomes: tuple[Outcome, ...] = ()
        self._session = Session(self.policy, Limits(), self._record, lambda _command: None)
        started: dict[str, Any] = {
            "run": run,
            "instrument": instrument,
            "mode": parameters.position_mode,
            "balance": Decimal(10**7),
        }
        self.feed(Started(**self.at, leverage=parameters.leverage, **(started | changes)))

    @property
    def state(self) -> State[Own]:
        assert self._session.state is not None
        return self._session.state

    @property
    def at(self) -> dict[str, Any]:
        return {"ts_event": self.now, "ts_init": self.now}

    def feed(self, event: AnyEvent) -> tuple[Outcome, ...]:
        before = self._session.state
        self._session.feed(event)
        if before is not None:
            self.seen.append((before, event, self._outcomes, self.state))
        return self._outcomes

    def tick(self, bid: Decimal | None, ask: Decimal | None, **changes: Any) -> tuple[Outcome, ...]:
        """A second later. `thin`: the book covers no query; else the best price does."""
        self.now = self.now - self.now % SECOND + SECOND
        thin = changes.pop("thin", False)
        prices = {1: bid, -1: ask}
        queries = self.policy.depth_queries(self.state)
        covers = tuple(Cover(side, size, None if thin else prices[side]) for side, size in queries)
        size = Decimal(1)
        top = TopOfBook(bid, None if bid is None else size, ask, None if ask is None else size)
        return self.feed(Tick(**self.at, top=top, covers=covers, **changes))

    def accept(self, working: Working) -> tuple[Outcome, ...]:
        return self.feed(OrderAccepted(**self._later(), id=working.order.id, venue_id="v"))

    def reject(self, working: Working) -> tuple[Outcome, ...]:
        return self.feed(OrderRejected(**self._later(), id=working.order.id, reason="because"))

    def cancel(self, working: Working) -> tuple[Outcome, ...]:
        return self.feed(OrderCanceled(**self._later(), id=working.order.id))

    def refuse_cancel(self, working: Working) -> tuple[Outcome, ...]:
        return self.feed(CancelRejected(**self._later(), id=working.order.id, reason="because"))

    def fill(self, working: Working, size: Decimal | None = None, price: Decimal | None = None) -> tuple[Outcome, ...]:
        """All that is left, or `size` of it, at its own price or at `price`; reduce-only orders only reduce."""
        order = working.order
        left = working.leaves if size is None else min(size, working.leaves)
        if order.reduce_only:
            left = min(left, max(ZERO, -order.side * self.state.position(order.leg).size))
        at = order.price if price is None else price
        if left == 0 or at is None:
            return self.cancel(working)
        return self.feed(
            OrderFilled(
                **self._later(),
                id=order.id,
                trade_id=str(len(self.seen)),
                side=order.side,
                leg=order.leg,
                price=at,
                size=left,
                fee=ZERO,
                maker=True,
            )
        )

    def reduce_by_hand(self, leg: Leg, size: Decimal, price: Decimal) -> tuple[Outcome, ...]:
        """A fill of an order that is not ours takes a part of a position, as a liquidation does."""
        held = self.state.position(leg).size
        side, left = closing_side(held), min(size, abs(held))
        fill = OrderFilled(
            **self._later(),
            id="theirs",
            trade_id="t",
            side=side,
            leg=leg,
            price=price,
            size=left,
            fee=ZERO,
            maker=False,
        )
        return self.feed(fill)

    def _later(self) -> dict[str, Any]:
        self.now += 1
        return self.at

    def _record(self, _seq: int, _event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
        self._outcomes = outcomes


def submits(outcomes: tuple[Outcome, ...]) -> list[Submit]:
    return [outcome for outcome in outcomes if isinstance(outcome, Submit)]


def cancels(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [outcome.id for outcome in outcomes if isinstance(outcome, Cancel)]


def quoting(**changes: Any) -> Parameters:
    """Parameters of one level half a percent away, to vary from."""
    plain = {"market": "BTC-USDT", "leverage": 10, "bid_spread": "0.5", "ask_spread": "0.5", "stop_loss_spread": "1"}
    timing = {"order_refresh_time": 10, "order_amount": "0.01", "filled_order_delay": 5}
    return Parameters.model_validate({**plain, **timing, **changes})
