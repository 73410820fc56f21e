"""NautilusTrader's own Binance adapter at a venue: `python -m tests.support.nautilus_client ADDRESSES MODE SCRIPT`.

SCRIPT is a comma-separated list of steps, one a half second; what happened is printed, a JSON object a line.
"""

import json
import os
import sys
from typing import Any, Self

from nautilus_trader.adapters.binance import (
    BinanceDataClientConfig,
    BinanceDataClientFactory,
    BinanceExecutionClientConfig,
    BinanceExecutionClientFactory,
    BinanceProductType,
)
from nautilus_trader.common import Environment, LoggerConfig, LogLevel
from nautilus_trader.live import LiveExecutionEngineConfig, LiveNode
from nautilus_trader.model import (
    AccountId,
    BookType,
    InstrumentId,
    OmsType,
    OrderSide,
    PositionId,
    Price,
    TraderId,
    Venue,
)
from nautilus_trader.trading import Strategy, StrategyConfig

INSTRUMENT = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
HALF_SECOND_NS = 500_000_000


def say(what: str, **fields: Any) -> None:
    print(json.dumps({"what": what} | fields), flush=True)  # noqa: T201  to the test that started this process


class Script(Strategy):
    def __init__(self, config: StrategyConfig, steps: list[str], *, hedge: bool, stop: Any) -> None:
        super().__init__(config)
        self.steps, self.hedge, self.stop_node = steps, hedge, stop
        self.last: Any = None
        self.traded = False

    def __new__(cls, config: StrategyConfig, *_: Any, **__: Any) -> Self:
        return super().__new__(cls, config)

    def on_start(self) -> None:
        self.state("start")
        self.subscribe_book_deltas(INSTRUMENT, BookType.L2_MBP, managed=True)
        self.subscribe_trades(INSTRUMENT)
        self.clock.set_timer_ns("step", HALF_SECOND_NS, None, None, self.step)

    def on_trade(self, _trade: Any) -> None:
        self.traded = True  # a market order is refused before the first

    def on_order_event(self, event: Any) -> None:
        fields = {name: str(getattr(event, name)) for name in ("reason", "last_qty", "last_px") if hasattr(event, name)}
        say(type(event).__name__, **fields)

    def state(self, what: str) -> None:
        account = self.portfolio.account(Venue("BINANCE"))
        positions = [[str(p.id), str(p.signed_qty)] for p in self.cache.positions_open()]
        orders = [str(order.client_order_id) for order in self.cache.orders_open()]
        balance = str(next(iter(account.balances().values())).total) if account else None
        say(what, positions=positions, orders=orders, balance=balance)

    def step(self, _event: Any) -> None:
        top = self.cache.top_of_book(INSTRUMENT)
        if top is None or not self.traded:
            return
        try:
            self.act(self.steps.pop(0) if self.steps else "stop", float(top[0].as_double()))
        except Exception as error:  # noqa: BLE001  it would be swallowed
            say("fault", error=repr(error))
            os._exit(1)

    def act(self, step: str, bid: float) -> None:
        match step:
            case "rest" | "cross":
                price = bid - 10 if step == "rest" else bid + 10
                order = self.order_factory.limit(
                    INSTRUMENT, OrderSide.BUY, self.size("0.010"), Price.from_str(f"{price:.1f}"), post_only=True
                )
                self.last = order.client_order_id
                self.send(order)
            case "modify":
                self.modify_order(self.last, price=Price.from_str(f"{bid - 20:.1f}"))
            case "cancel":
                for order in self.cache.orders_open():
                    self.cancel_order(order.client_order_id)
            case "buy":
                self.send(self.order_factory.market(INSTRUMENT, OrderSide.BUY, self.size("0.010")))
            case "close":
                for position in self.cache.positions_open():
                    order = self.order_factory.market(INSTRUMENT, OrderSide.SELL, position.quantity, reduce_only=True)
                    self.submit_order(order, position_id=position.id)
            case "look":
                self.state("look")
            case "die":
                os._exit(9)
            case _:
                self.clock.cancel_timers()
                self.stop_node()

    def size(self, text: str) -> Any:
        return self.cache.instrument(INSTRUMENT).make_qty(float(text))

    def send(self, order: Any) -> None:
        if self.hedge:
            self.submit_order(order, position_id=PositionId(f"{INSTRUMENT}-LONG"))
        else:
            self.submit_order(order)


def main(addresses: dict[str, str], mode: str, steps: list[str]) -> None:
    hedge, where = mode == "hedge", {"base_url_http": addresses["rest"], "base_url_ws": addresses["ws"]}
    keys = {"api_key": addresses["key"], "api_secret": addresses["secret"], "product_type": BinanceProductType.USD_M}
    execution = BinanceExecutionClientConfig(
        account_id=AccountId("BINANCE-001"),
        base_url_ws_trading=addresses["ws_api"],
        oms_type=OmsType.HEDGING if hedge else OmsType.NETTING,
        futures_leverages={"BTCUSDT": 10},
        **where,
        **keys,
    )
    node = (
        LiveNode.builder("client", TraderId("CLIENT-001"), Environment.LIVE)
        .with_logging(LoggerConfig(stdout_level=LogLevel.OFF))
        .with_exec_engine_config(LiveExecutionEngineConfig(reconciliation=True))
        .with_delay_post_stop_secs(1)
        .add_data_client("BINANCE", BinanceDataClientFactory(), BinanceDataClientConfig(**where, **keys))
        .add_exec_client("BINANCE", BinanceExecutionClientFactory(), execution)
        .build()
    )
    stop = node.handle().stop
    claiming = StrategyConfig(external_order_instrument_ids=[INSTRUMENT])
    node.add_strategy(Script(claiming, steps, hedge=hedge, stop=stop))
    node.run()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2], sys.argv[3].split(","))
