"""The venue of the scenarios, rules R1 to R9 of docs/scenarios.md: simple on purpose, so that a difference between two
runs is a difference of the strategy. Events out, commands in; no clock, no chance, no strategy."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec

from engine.core.commands import Cancel, Command, SetLeverage, SetPositionMode, Submit
from engine.core.events import (
    AnyEvent,
    CancelRejected,
    Held,
    LeverageConfirmed,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    PositionModeConfirmed,
    Started,
    Tick,
)
from engine.core.types import SECOND, ZERO, Action, Leg, OrderId, OrderType, PositionMode, Side, floor_to
from engine.simulation.scenario_account import opened, traded
from engine.simulation.scenario_tape import Line, Sim, cover, instrument, top_of_book

type Row = dict[str, int | str | None]

_replace = msgspec.structs.replace
ENTRY_PLACES = Decimal("1e-10")  # to which rows show an average; the venue itself does not round it


class Resting(msgspec.Struct, frozen=True, kw_only=True):
    """An order at the venue. `born` and `gone` are seconds: when it came, and when its cancel takes effect."""

    order: Submit
    name: str
    price: Decimal | None  # whole ticks
    left: Decimal  # whole steps less what filled
    taker: bool
    born: int
    gone: int | None = None


class ScenarioVenue:
    """Call `start`, then for every line `tick`, then feed what `market` returns; `send` takes commands meanwhile.

    `rows` is what happened, in the form of a case's expected.jsonl.
    """

    def __init__(self, sim: Sim, mode: PositionMode, leverage: int) -> None:
        self.sim, self.mode, self.leverage = sim, mode, leverage
        self.rows: list[Row] = []
        self.orders: dict[OrderId, Resting] = {}  # in order of creation
        self.account = opened(sim.balance, mode, sim.initial_position)
        self.last_trade: Decimal | None = None
        self._line = Line(0, (), ())
        self._t = 0
        self._created = self._traded = 0
        self._emit: Callable[[AnyEvent], None] = lambda _event: None

    def connect(self, emit: Callable[[AnyEvent], None]) -> None:
        self._emit = emit

    def start(self, t: int, run: str) -> Started:
        """The first event, at the second before the first line (R9: `handshake` leaves the position mode open)."""
        self._t = t - 1
        return Started(
            ts_event=self._now,
            ts_init=self._now,
            run=run,
            instrument=instrument(self.sim),
            mode=self.mode,
            leverage=self.leverage,
            balance=self.sim.balance,
            reserves_margin=self.sim.reserve_margin,
            mode_confirmed=not self.sim.handshake,
            cancels_at_once=self.sim.cancel_latency == 0,
            positions=tuple(Held(leg, held.size, held.entry) for leg, held in self.account.positions.items()),
        )

    def tick(self, line: Line) -> None:
        """R1: the book, the last trade, the cancels that are due, then matching in order of creation."""
        self._line, self._t = line, line.t
        if line.trades:
            self.last_trade = line.trades[-1][0]
        for order in tuple(self.orders.values()):
            if order.gone is not None and order.gone <= line.t:
                self._row("cancel_ack", id=order.name)
                self._over(order, "")
        for order_id in tuple(self.orders):
            resting = self.orders.get(order_id)  # an answer to an earlier fill may have changed or ended it
            if resting is not None and resting.born < line.t:
                self._match(resting)

    def market(self, queries: Iterable[tuple[Side, Decimal]]) -> Tick:
        return Tick(
            ts_event=self._now,
            ts_init=self._now,
            top=top_of_book(self._line),
            last_trade=self.last_trade,
            covers=tuple(cover(self._line, side, size) for side, size in queries),
        )

    @property
    def available(self) -> Decimal:
        """R7, in quote."""
        if not self.sim.reserve_margin:
            return self.account.balance
        opening = (o for o in self.orders.values() if o.order.action is Action.OPEN)
        resting = sum((o.price * o.left for o in opening if o.price is not None), ZERO)
        return self.account.balance - (resting + self.account.position_cost) / self.leverage

    def send(self, command: Command) -> None:
        match command:
            case Submit():
                self._submit(command)
            case Cancel():
                self._cancel(command)
            case SetLeverage():
                self._row("set_leverage", leverage=command.leverage)
                self._emit(LeverageConfirmed(ts_event=self._now, ts_init=self._now, leverage=command.leverage))
            case SetPositionMode():
                self._row("set_position_mode", mode=command.mode.name.replace("_", ""))
                self._emit(PositionModeConfirmed(ts_event=self._now, ts_init=self._now, mode=command.mode))

    @property
    def _now(self) -> int:
        return self._t * SECOND

    def _submit(self, order: Submit) -> None:
        """R8: floored (less than one step is a size of 0, which fills with nothing), and R5: acknowledged at once."""
        self._created += 1
        side = order.side.name.lower()
        price = None if order.price is None else floor_to(order.price, self.sim.price_tick)
        resting = Resting(
            order=order,
            name=f"{side}-{self._created}",
            price=price,
            left=floor_to(order.size, self.sim.size_step),
            taker=self._crossed(order.side, price) is not None,
            born=self._t,
        )
        self._row(
            "create",
            **_named(resting),
            order_type=order.order_type.value,
            position_action=order.action.value,
        )
        refusal = self._refusal(resting)
        if refusal is not None:
            self._emit(OrderRejected(ts_event=self._now, ts_init=self._now, id=order.id, reason=refusal))
            return
        self.orders[order.id] = resting
        self._emit(OrderAccepted(ts_event=self._now, ts_init=self._now, id=order.id, venue_id=resting.name))

    def _refusal(self, resting: Resting) -> str | None:
        if resting.price is None and resting.order.order_type is OrderType.LIMIT:
            return "a LIMIT order needs a price"
        if resting.order.reduce_only and self._reducible(resting.order) <= 0:
            return "reduce-only with nothing to reduce"
        return None

    def _cancel(self, command: Cancel) -> None:
        resting = self.orders.get(command.id)
        if resting is None:
            self._emit(CancelRejected(ts_event=self._now, ts_init=self._now, id=command.id, reason="no such order"))
            return
        self._row("cancel", **_named(resting), position_action=resting.order.action.value)
        if self.sim.cancel_latency == 0:
            self._over(resting, "")
        elif resting.gone is None:
            self.orders[command.id] = _replace(resting, gone=self._t + self.sim.cancel_latency)

    def _over(self, resting: Resting, reason: str) -> None:
        del self.orders[resting.order.id]
        self._emit(OrderCanceled(ts_event=self._now, ts_init=self._now, id=resting.order.id, reason=reason))

    def _crossed(self, side: Side, price: Decimal | None) -> Decimal | None:
        """The opposite best, if a LIMIT order at this price (a MARKET order without one) trades with it."""
        opposite = self._line.side(side.opposite)
        if not opposite or (price is not None and side * (opposite[0][0] - price) > 0):
            return None
        return opposite[0][0]

    def _match(self, resting: Resting) -> None:
        traded_at = self._traded_at(resting)
        if traded_at is None:
            self.orders[resting.order.id] = _replace(resting, taker=False)
            return
        price, maker = traded_at
        room = self._reducible(resting.order) if resting.order.reduce_only else resting.left
        cap = self.sim.max_fill_per_tick
        size = min(resting.left, room) if cap is None else min(resting.left, room, cap)
        after = _replace(resting, left=resting.left - size, taker=not maker)
        if after.left > 0:
            self.orders[resting.order.id] = after
        else:
            del self.orders[resting.order.id]
        self._fill(after, size, price, maker=maker)

    def _traded_at(self, resting: Resting) -> tuple[Decimal, bool] | None:
        """R2 to R4: the price at which an order trades on this line and whether as a maker; None if it does not."""
        order = resting.order
        if order.order_type is OrderType.MARKET:
            market = self._crossed(order.side, None)
            return None if market is None else (market, False)
        assert resting.price is not None
        best = self._crossed(order.side, resting.price)
        if best is not None:
            return (best, False) if resting.taker else (resting.price, True)
        through = any(order.side * (price - resting.price) <= 0 for price, _, _ in self._line.trades)
        return (resting.price, True) if through else None

    def _fill(self, resting: Resting, size: Decimal, price: Decimal, *, maker: bool) -> None:
        order = resting.order
        self._traded += 1
        self.account = traded(self.account, order.leg, order.side * size, price)
        self._row(
            "fill",
            id=resting.name,
            side=order.side.name.lower(),
            price=plain(price),
            size=plain(size),
            left=plain(resting.left),
            position_action=order.action.value,
        )
        self.rows.extend(self._position_rows())
        self._emit(
            OrderFilled(
                ts_event=self._now,
                ts_init=self._now,
                id=order.id,
                trade_id=f"{self._traded}",
                side=order.side,
                leg=order.leg,
                price=price,
                size=size,
                fee=ZERO,
                maker=maker,
            )
        )
        if resting.left == 0 and order.size > floor_to(order.size, self.sim.size_step):
            self._emit(OrderCanceled(ts_event=self._now, ts_init=self._now, id=order.id, reason="less than one step"))
        self._drop_pointless(order.leg)

    def _reducible(self, order: Submit) -> Decimal:
        return max(ZERO, -order.side * self.account.size(order.leg))

    def _drop_pointless(self, leg: Leg) -> None:
        """A reduce-only order ends when there is nothing left to reduce."""
        for resting in tuple(self.orders.values()):
            if resting.order.reduce_only and resting.order.leg is leg and self._reducible(resting.order) == 0:
                self._row("cancel_ack", id=resting.name)
                self._over(resting, "nothing left to reduce")

    def _position_rows(self) -> Iterator[Row]:
        if not self.account.positions:
            yield self._next_row("position", key=self.sim.pair, amount="0", entry=None)
        for leg, held in sorted(self.account.positions.items()):
            key = self.sim.pair if leg is Leg.NET else self.sim.pair + leg.value
            entry = plain(held.entry.quantize(ENTRY_PLACES))
            yield self._next_row("position", key=key, amount=plain(held.size), entry=entry)

    def _row(self, kind: str, **fields: int | str | None) -> None:
        self.rows.append(self._next_row(kind, **fields))

    def _next_row(self, kind: str, **fields: int | str | None) -> Row:
        return {"t": self._t, "type": kind, **fields}


def plain(value: Decimal) -> str:
    """Without exponent and without trailing zeros."""
    return f"{value.normalize() + 0:f}"


def _named(resting: Resting) -> Row:
    return {
        "id": resting.name,
        "side": resting.order.side.name.lower(),
        "price": None if resting.price is None else plain(resting.price),
        "size": plain(resting.left),
    }
