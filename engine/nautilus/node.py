"""A backtest node over a catalog: what is read, in which order, in which pieces."""

from pathlib import Path

from nautilus_trader.backtest import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestNode,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.common import LoggerConfig
from nautilus_trader.data import DataEngineConfig
from nautilus_trader.model import InstrumentId, NautilusDataType
from nautilus_trader.risk import RiskEngineConfig

from engine.nautilus.span import BOOK, FOLDERS, QUOTES, MarketData, Span
from engine.nautilus.venues import silent_venue
from engine.simulation.reference import External

RUN = "run"
CHUNK = 2_000  # events held at once; a message of the book is one event
NO_RATE_LIMIT = "1000000/00:00:01"  # NautilusTrader's own would deny orders that the venue takes
TYPES = {
    "funding_rates": NautilusDataType.FundingRateUpdate,
    "mark_prices": NautilusDataType.MarkPriceUpdate,
    "trades": NautilusDataType.TradeTick,
    "order_book_deltas": NautilusDataType.OrderBookDelta,
    "quotes": NautilusDataType.QuoteTick,
}


def node_over(
    data: MarketData, span: Span, venue: BacktestVenueConfig, instrument_id: str, overlay: Path | None = None
) -> BacktestNode:
    """A node, built. `overlay` is a catalog without market data whose instrument takes the place of the catalog's.

    The book is replayed message by message, never row by row: inside a message it can be crossed.
    """
    identity = InstrumentId.from_str(instrument_id)
    configs = [_read(data, folder, identity) for folder in FOLDERS if folder in span.rows]
    venues = [venue]
    if isinstance(data.reference, External):
        other = InstrumentId.from_str(data.reference.instrument_id)
        venues += [] if other.venue == identity.venue else [silent_venue(str(other.venue))]
        configs += [_read(data, folder, other) for folder in span.reference]
    if overlay is not None:  # the instrument that comes last counts
        empty = NautilusDataType.InstrumentClose
        configs.append(BacktestDataConfig(data_type=empty, catalog_path=str(overlay), instrument_id=identity))
    if overlay is not None and data.gaps:  # before all else of their instant: nothing fills in a gap
        statuses = NautilusDataType.InstrumentStatus
        pauses = BacktestDataConfig(data_type=statuses, catalog_path=str(overlay), instrument_id=identity)
        configs = [pauses, *configs]
    node = BacktestNode(
        [
            BacktestRunConfig(
                venues=venues,
                data=configs,
                engine=BacktestEngineConfig(
                    shutdown_on_error=True,
                    run_analysis=False,
                    logging=LoggerConfig(bypass_logging=True),
                    data_engine=DataEngineConfig(emit_quotes_from_book=QUOTES not in span.rows),
                    risk_engine=RiskEngineConfig(
                        max_order_submit_rate=NO_RATE_LIMIT, max_order_modify_rate=NO_RATE_LIMIT
                    ),
                ),
                id=RUN,
                chunk_size=CHUNK,
                raise_exception=True,  # else a failed run is an empty list of results
                dispose_on_completion=False,
                start=span.from_ns,
                end=span.to_ns,
            )
        ]
    )
    node.build()
    return node


def _read(data: MarketData, folder: str, identity: InstrumentId) -> BacktestDataConfig:
    return BacktestDataConfig(
        data_type=TYPES[folder],
        catalog_path=str(data.catalog.resolve()),  # a relative path is refused with a riddle
        instrument_id=identity,
        batch_deltas=True if folder == BOOK else None,
    )
