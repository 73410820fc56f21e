"""A catalog's market as the loopback venue is fed it: events in the order in which a backtest replays them."""

import heapq
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.schema import F_LAST
from data.tables import FOLDERS
from engine.core.types import Instrument
from engine.venue_sim.market_events import Depth, Mark, MarketEvent, Print, Rate

ROWS = 16_384  # read at once
E16 = 10**16  # the catalog's decimals are whole numbers of 1e-16
AGGRESSOR = {"BUY": 1, "SELL": -1}


def catalog_tape(catalog: Path, instruments: tuple[Instrument, ...]) -> Iterator[MarketEvent]:
    """All events of these instruments, ordered by `ts_init`, and within an instant as FOLDERS orders them."""
    ranks = {folder: rank for rank, folder in enumerate(FOLDERS)}
    sources = [
        _ranked(_events(catalog, folder, instrument), ranks[folder]) for instrument in instruments for folder in EVENTS
    ]
    return (event for _, _, event in heapq.merge(*sources, key=lambda each: each[:2]))


def _ranked(events: Iterator[MarketEvent], rank: int) -> Iterator[tuple[int, int, MarketEvent]]:
    return ((event.ts_ns, rank, event) for event in events)


def _events(catalog: Path, folder: str, instrument: Instrument) -> Iterator[MarketEvent]:
    paths = sorted((catalog / "data" / folder / instrument.id).glob("*.parquet"))  # their names begin with their times
    return EVENTS[folder](_frames(paths), instrument)


def _frames(paths: list[Path]) -> Iterator[pl.DataFrame]:
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS):
                frame = pl.from_arrow(pa.Table.from_batches([batch]))
                assert isinstance(frame, pl.DataFrame)
                yield frame.with_columns(pl.col("ts_init").cast(pl.Int64))


def _units(frame: pl.DataFrame, column: str, unit: Decimal) -> list[int]:
    whole = frame[column].to_physical() // int(unit * E16)
    return whole.fill_null(0).cast(pl.Int64).to_list()


def _depths(frames: Iterator[pl.DataFrame], instrument: Instrument) -> Iterator[Depth]:
    symbol, snapshot = instrument.raw_symbol, False
    sides: dict[str, list[tuple[int, int]]] = {"BUY": [], "SELL": []}
    for frame in frames:
        prices, sizes = _units(frame, "price", instrument.tick), _units(frame, "size", instrument.step)
        words = (frame[name].cast(pl.String).to_list() for name in ("action", "side"))
        rest = (frame[name].to_list() for name in ("flags", "ts_init"))
        for action, side, price, lots, flags, ts_ns in zip(*words, prices, sizes, *rest, strict=True):
            if action == "CLEAR":
                snapshot = True
            else:
                sides[side].append((price, 0 if action == "DELETE" else lots))
            if flags & F_LAST:
                yield Depth(symbol, ts_ns, tuple(sides["BUY"]), tuple(sides["SELL"]), snapshot)
                sides, snapshot = {"BUY": [], "SELL": []}, False


def _prints(frames: Iterator[pl.DataFrame], instrument: Instrument) -> Iterator[Print]:
    for frame in frames:
        prices, sizes = _units(frame, "price", instrument.tick), _units(frame, "size", instrument.step)
        sides = frame["aggressor_side"].cast(pl.String).to_list()
        for ts_ns, side, price, lots in zip(frame["ts_init"].to_list(), sides, prices, sizes, strict=True):
            yield Print(instrument.raw_symbol, ts_ns, AGGRESSOR.get(side, 0), price, lots)


def _marks(frames: Iterator[pl.DataFrame], instrument: Instrument) -> Iterator[Mark]:
    for ts_ns, value in _values(frames):
        yield Mark(instrument.raw_symbol, ts_ns, mark=value)


def _indices(frames: Iterator[pl.DataFrame], instrument: Instrument) -> Iterator[Mark]:
    for ts_ns, value in _values(frames):
        yield Mark(instrument.raw_symbol, ts_ns, index=value)


def _values(frames: Iterator[pl.DataFrame]) -> Iterator[tuple[int, Decimal]]:
    for frame in frames:
        yield from zip(frame["ts_init"].to_list(), frame["value"].to_list(), strict=True)


def _rates(frames: Iterator[pl.DataFrame], instrument: Instrument) -> Iterator[Rate]:
    for frame in frames:
        times, settled = frame["ts_init"].to_list(), frame["next_funding_ns"].cast(pl.Int64).to_list()
        for ts_ns, rate, next_ns in zip(times, frame["rate"].to_list(), settled, strict=True):
            yield Rate(instrument.raw_symbol, ts_ns, Decimal(rate), next_ns)


type Reader = Callable[[Iterator[pl.DataFrame], Instrument], Iterator[Any]]

EVENTS: dict[str, Reader] = {
    "funding_rates": _rates,
    "index_prices": _indices,
    "mark_prices": _marks,
    "trades": _prints,
    "order_book_deltas": _depths,
}
