"""How soon an order leaves after a tick, and a fill is known: ours, and a strategy that does nothing else.

Both quote so near to the touch that they are filled again and again.
"""

from decimal import Decimal
from typing import Any, Self

import msgspec
from nautilus_trader.model import InstrumentId, OrderFilled, OrderSide, OrderSubmitted, StrategyId
from nautilus_trader.trading import Strategy, StrategyConfig

from engine.core.types import SECOND, Nanos
from engine.nautilus import binance, translate
from engine.nautilus.access import Access
from engine.nautilus.desk import Desk, LiveMarket
from engine.nautilus.live import Account, live_plan
from engine.nautilus.live_node import Parts, live_node, traded
from engine.nautilus.plan import Plan
from engine.nautilus.shell import Shell


class Took(msgspec.Struct):
    """Nanoseconds: from a tick to an order's leaving; from a fill's message to the state that has it. `told`: to the
    call that tells a bare strategy of its position, which it has yet to read."""

    orders: list[Nanos] = []
    fills: list[Nanos] = []
    told: list[Nanos] = []


class Timed(Shell):
    def __new__(cls, plan: Plan, _took: Took) -> Self:
        return super().__new__(cls, plan)

    def __init__(self, plan: Plan, took: Took) -> None:
        super().__init__(plan)
        self._took, self._tick_ns = took, 0

    def on_order_event(self, event: Any) -> None:
        if isinstance(event, OrderSubmitted):
            self._took.orders.append(event.ts_event - self._tick_ns)
        super().on_order_event(event)

    def _on_tick(self, event: Any) -> None:
        self._tick_ns = event.ts_init
        super()._on_tick(event)


class Bare(Strategy):
    """Two quotes beside the touch on one tick, cancelled on the next, and what was filled closed at the market. Its
    state is what it holds, what that realised, and the fees, as NautilusTrader tells them."""

    def __new__(cls, _id: InstrumentId, _away: Decimal, _size: str, _ticks: int) -> Self:
        config = StrategyConfig(strategy_id=StrategyId("BARE-001"), log_events=False, log_commands=False)
        return super().__new__(cls, config)  # type: ignore[call-arg]

    def __init__(self, identity: InstrumentId, away: Decimal, size: str, ticks: int) -> None:
        super().__init__()
        self._id, self._away, self._size, self._left = identity, away, size, ticks
        self._tick_ns = self._filled_ns = 0
        self._open = False
        self._held, self._entry, self._realised, self._fees = 0.0, 0.0, Decimal(0), Decimal(0)
        self.took = Took()

    def on_start(self) -> None:
        self.subscribe_quotes(self._id)
        self.subscribe_trades(self._id)
        self.subscribe_mark_prices(self._id)
        start = translate.timer_start(self.clock.timestamp_ns() + 1)
        self.clock.set_timer_ns("tick", SECOND, start, None, self._on_tick, allow_past=True)

    def _on_tick(self, event: Any) -> None:
        self._tick_ns, self._left = event.ts_init, self._left - 1
        if self._left < 0:
            self.shutdown_system("measured")
        elif self._open:
            self._open = False
            self.cancel_all_orders(self._id)
            for held in self.cache.positions_open(instrument_id=self._id):
                side = OrderSide.SELL if held.is_long else OrderSide.BUY
                self.submit_order(self.order_factory.market(self._id, side, held.quantity, reduce_only=True))
        elif (quote := self.cache.quote(self._id)) is not None:
            self._open = True
            contract: Any = self.cache.instrument(self._id)
            for side, price, sign in ((OrderSide.BUY, quote.bid_price, -1), (OrderSide.SELL, quote.ask_price, 1)):
                worth = contract.make_price(float(price.as_decimal() * (1 + sign * self._away)))
                self.submit_order(self.order_factory.limit(self._id, side, contract.make_qty(float(self._size)), worth))

    def on_order_event(self, event: Any) -> None:
        if isinstance(event, OrderSubmitted):
            self.took.orders.append(event.ts_event - self._tick_ns)
        elif isinstance(event, OrderFilled):
            self._filled_ns = event.ts_init
            self._fees += event.commission.as_decimal() if event.commission else 0

    def on_position_event(self, event: Any) -> None:
        told_ns = self.clock.timestamp_ns()
        self._held, self._entry = event.signed_qty, event.avg_px_open
        if (realised := event.realized_pnl) is not None:
            self._realised = realised.as_decimal()
        self.took.fills.append(self.clock.timestamp_ns() - self._filled_ns)
        self.took.told.append(told_ns - self._filled_ns)

    def on_stop(self) -> None:
        self.clock.cancel_timers()
        self.cancel_all_orders(self._id)


def bare_live(market: LiveMarket, access: Access, desk: Desk, away: Decimal, ticks: int) -> Took:
    identity = InstrumentId.from_str(desk.started.instrument.id)
    node = live_node(_parts(market, access, desk))
    strategy = Bare(identity, away, "0.01", ticks)
    node.add_strategy(strategy)
    node.run()
    node.dispose()
    return strategy.took


def timed_live(market: LiveMarket, access: Access, desk: Desk, took: Took, ticks: int) -> None:
    """What the desk's record hears of fills, it times itself: the state has them then."""
    left = ticks

    def stop_wanted() -> str | None:
        nonlocal left
        left -= 1
        return "measured" if left < 0 else None

    plan = msgspec.structs.replace(live_plan(market, Account(access=access), desk), stop_wanted=stop_wanted)
    traded(_parts(market, access, desk), desk, Timed(plan, took), [])


def _parts(market: LiveMarket, access: Access, desk: Desk) -> Parts:
    return Parts(
        venue=desk.started.instrument.venue,
        market=binance.market(market.addresses, (desk.started.instrument.id,)),
        execution=binance.account(market.addresses, access, desk.started),
        simulated=False,
        stream=market.stream,
    )
