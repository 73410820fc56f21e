"""The catalog as NautilusTrader replays it: its own order book against the venue's best bid and ask."""

from decimal import Decimal

import pytest

from engine.run.ingest import ingest
from tests.support.shared import needs_tapes
from tests.support.tapes import BTCUSDT, TAPE_2023, venue_tops

pytestmark = needs_tapes

backtest = pytest.importorskip("nautilus_trader.backtest")


@pytest.mark.parametrize("chunk_size", [None, 20_000])
def test_nautilus_has_the_venues_book_after_every_message(tmp_path, chunk_size) -> None:
    from nautilus_trader.backtest import (  # noqa: PLC0415 - slow to import
        BacktestDataConfig,
        BacktestEngineConfig,
        BacktestNode,
        BacktestRunConfig,
        BacktestVenueConfig,
    )
    from nautilus_trader.common import LoggerConfig  # noqa: PLC0415
    from nautilus_trader.execution import MakerTakerFeeModel  # noqa: PLC0415
    from nautilus_trader.model import (  # noqa: PLC0415
        AccountType,
        BookType,
        InstrumentId,
        NautilusDataType,
        OmsType,
    )
    from nautilus_trader.trading import Strategy, StrategyConfig  # noqa: PLC0415

    catalog = tmp_path / "catalog"
    ingest(TAPE_2023, instrument_id=BTCUSDT, catalog=catalog)
    instrument_id = InstrumentId.from_str(BTCUSDT)
    times: list[int] = []
    books: dict[int, object] = {}
    counts = dict.fromkeys(("deltas", "trades", "marks", "funding"), 0)

    class Config(StrategyConfig):
        def __init__(self) -> None:
            super().__init__()

    class Watcher(Strategy):
        def on_start(self) -> None:
            self.subscribe_book_deltas(instrument_id, BookType.L2_MBP, managed=True)
            self.subscribe_trades(instrument_id)
            self.subscribe_mark_prices(instrument_id)
            self.subscribe_funding_rates(instrument_id)

        def on_book_deltas(self, deltas) -> None:
            seen("deltas", deltas)
            books[deltas.sequence] = self.cache.top_of_book(instrument_id)

        def on_trade(self, trade) -> None:
            seen("trades", trade)

        def on_mark_price(self, mark) -> None:
            seen("marks", mark)

        def on_funding_rate(self, funding) -> None:
            seen("funding", funding)

    def seen(kind: str, data) -> None:
        counts[kind] += 1
        times.append(data.ts_init)

    kinds = ("FundingRateUpdate", "MarkPriceUpdate", "TradeTick", "OrderBookDelta")
    data = [
        BacktestDataConfig(
            data_type=getattr(NautilusDataType, kind),
            catalog_path=str(catalog),
            instrument_id=instrument_id,
            batch_deltas=kind == "OrderBookDelta",
        )
        for kind in kinds
    ]
    venue = BacktestVenueConfig(
        name="BINANCE",
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        book_type=BookType.L2_MBP,
        starting_balances=["100000 USDT"],
        fee_model=MakerTakerFeeModel(Decimal("0.0002"), Decimal("0.0005")),
    )
    quiet = BacktestEngineConfig(logging=LoggerConfig(bypass_logging=True))
    run = BacktestRunConfig(
        venues=[venue], data=data, chunk_size=chunk_size, id="r", dispose_on_completion=False, engine=quiet
    )
    node = BacktestNode([run])
    node.build()
    node.add_strategy("r", Watcher(Config()))
    node.run()
    node.dispose()

    assert times == sorted(times)
    assert counts == {"deltas": 16_111, "trades": 12_934, "marks": 514, "funding": 514}
    for update, top in venue_tops(TAPE_2023):
        assert tuple(value.as_decimal() for value in books[update]) == tuple(top)
