"""A catalog's market data as a live feed would bring it: message by message, a little at a time."""

from collections.abc import Iterator
from heapq import merge
from itertools import count
from typing import Any

from nautilus_trader.model import NautilusDataType, OrderBookDelta, OrderBookDeltas
from nautilus_trader.persistence import ParquetDataCatalog

from engine.core.types import SECOND, Nanos
from engine.nautilus.node import TYPES
from engine.nautilus.span import BOOK, FOLDERS, MarketData, Span
from engine.nautilus.venues import pauses
from engine.simulation.reference import External

_WINDOW_NS = 60 * SECOND  # read at once
_F_LAST = 128

type Source = tuple[NautilusDataType, str]


def messages(data: MarketData, span: Span, instrument_id: str) -> Iterator[Any]:
    """What a backtest of the same span replays, in its order: of one instant, as FOLDERS stand."""
    sources = [(TYPES[folder], instrument_id) for folder in FOLDERS if folder in span.rows]
    if isinstance(data.reference, External):
        other = data.reference.instrument_id
        sources += [(TYPES[folder], other) for folder in FOLDERS if folder in span.reference and folder != BOOK]
    stops = pauses(instrument_id, data.gaps)
    catalog = ParquetDataCatalog(str(data.catalog.resolve()))
    for start in range(span.from_ns, span.to_ns + 1, _WINDOW_NS):
        until = min(start + _WINDOW_NS - 1, span.to_ns)
        streams = (_read(catalog, source, start, until) for source in sources)
        paused = [each for each in stops if start <= each.ts_init <= until]
        yield from merge(paused, *streams, key=lambda message: message.ts_init)


def _read(catalog: ParquetDataCatalog, source: Source, start: Nanos, until: Nanos) -> Iterator[Any]:
    kind, name = source
    rows = catalog.query(kind, [name], start, until)
    return _whole(rows) if kind == NautilusDataType.OrderBookDelta else iter(rows)


def _whole(rows: list[OrderBookDelta]) -> Iterator[OrderBookDeltas]:
    """Inside a message a book can be crossed."""
    begin = 0
    for end in count(1):
        if end > len(rows):
            return
        if rows[end - 1].flags & _F_LAST or end == len(rows):
            yield OrderBookDeltas(rows[0].instrument_id, rows[begin:end])
            begin = end
