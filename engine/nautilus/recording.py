"""The market data that a paper or live node sees, streamed to disk as it comes. data.streamed reads it again."""

from pathlib import Path

from nautilus_trader.model import NautilusDataType
from nautilus_trader.persistence import StreamingConfig

FLUSH_MS = 100  # of market data: the most that a kill can take
_TYPES = (
    NautilusDataType.FundingRateUpdate,
    NautilusDataType.IndexPriceUpdate,
    NautilusDataType.MarkPriceUpdate,
    NautilusDataType.TradeTick,
    NautilusDataType.OrderBookDelta,
    NautilusDataType.QuoteTick,
)


def streaming(root: Path) -> StreamingConfig:
    """For a node's config, `streaming=`: it writes what it subscribes to into `root`, each process below a name of its
    own. A simulated venue needs the book: subscribe to its changes even where the strategy does not look at them."""
    return StreamingConfig(
        writer_path=str(root.absolute()),
        flush_interval_ms=FLUSH_MS,
        data_types=list(_TYPES),
        record_types=[],  # orders and fills stand in our journal
        instrument_types=[],
        promote_on_close=False,
    )
