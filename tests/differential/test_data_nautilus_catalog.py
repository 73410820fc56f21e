"""The catalog as NautilusTrader replays it: its own order book against the venue's best bid and ask."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.backtest import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestNode,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.common import LoggerConfig
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import AccountType, BookType, InstrumentId, NautilusDataType, OmsType
from nautilus_trader.trading import Strategy, StrategyConfig

from tests.support.shared import needs_tapes
from tests.support.tapes import BTCUSDT, TAPE_2023, tape_catalog, venue_tops

pytestmark = needs_tapes

INSTRUMENT = InstrumentId.from_str(BTCUSDT)
KINDS = ("FundingRateUpdate", "MarkPriceUpdate", "TradeTick", "OrderBookDelta")


class Config(StrategyConfig):
    def __init__(self) -> None:
        super().__init__()


class Watcher(Strategy):
    """Notes when what arrives, and the top of NautilusTrader's book after each message of it."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.seen: list[tuple[str, int]] = []
        self.tops: dict[int, Any] = {}

    def on_start(self) -> None:
        self.subscribe_book_deltas(INSTRUMENT, BookType.L2_MBP, managed=True)
        self.subscribe_trades(INSTRUMENT)
        self.subscribe_mark_prices(INSTRUMENT)
        self.subscribe_funding_rates(INSTRUMENT)

    def on_book_deltas(self, deltas: Any) -> None:
        self.seen.append(("deltas", deltas.ts_init))
        self.tops[deltas.sequence] = self.cache.top_of_book(INSTRUMENT)

    def on_trade(self, trade: Any) -> None:
        self.seen.append(("trade", trade.ts_init))

    def on_mark_price(self, mark: Any) -> None:
        self.seen.append(("mark", mark.ts_init))

    def on_funding_rate(self, funding: Any) -> None:
        self.seen.append(("funding", funding.ts_init))


def replay(catalog: Path, chunk_size: int | None) -> Watcher:
    data = [
        BacktestDataConfig(
            data_type=getattr(NautilusDataType, kind),
            catalog_path=str(catalog),
            instrument_id=INSTRUMENT,
            batch_deltas=kind == "OrderBookDelta",
        )
        for kind in KINDS
    ]
    venue = BacktestVenueConfig(
        name="BINANCE",
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        book_type=BookType.L2_MBP,
        starting_balances=["100000 USDT"],
        fee_model=MakerTakerFeeModel(Decimal("0.0002"), Decimal("0.0005")),
    )
    run = BacktestRunConfig(
        venues=[venue],
        data=data,
        chunk_size=chunk_size,
        id="r",
        dispose_on_completion=False,
        engine=BacktestEngineConfig(logging=LoggerConfig(bypass_logging=True)),
    )
    node, watcher = BacktestNode([run]), Watcher(Config())
    node.build()
    node.add_strategy("r", watcher)
    node.run()
    node.dispose()
    return watcher


@pytest.mark.parametrize("chunk_size", [None, 20_000])
def test_nautilus_has_the_venues_book_after_every_message(chunk_size: int | None) -> None:
    watcher = replay(tape_catalog("2023"), chunk_size)
    times = [at for _, at in watcher.seen]
    assert times == sorted(times)
    counts = Counter(kind for kind, _ in watcher.seen)
    assert counts == {"deltas": 16_111, "trade": 12_934, "mark": 514, "funding": 514}
    venue = venue_tops(TAPE_2023)
    ours = [tuple(value.as_decimal() for value in watcher.tops[update]) for update, _ in venue]
    assert ours == [tuple(top) for _, top in venue]
