"""What the venue itself said on a raw Binance tape, read without any of our readers."""

import bisect
import gzip
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import polars as pl

from data.tables import place
from engine.run.ingest import ingest
from tests.support.once import made_once
from tests.support.shared import TAPES

BINANCE = TAPES / "binance-usdm"
TAPE_2023 = (BINANCE / "usdm__btcusdt_20230404.dat.gz", BINANCE / "usdm__btcusdt_20230405.dat.gz")
TAPE_2024 = (BINANCE / "usdm__btcusdt_20240808.gz",)
BY_YEAR = {"2023": TAPE_2023, "2024": TAPE_2024}
BTCUSDT = "BTCUSDT-PERP.BINANCE"


def tape_catalog(year: str) -> Path:
    """The tape as it is ingested; not to be changed."""
    made = made_once(
        f"tape-{year}", lambda folder: ingest(BY_YEAR[year], instrument_id=BTCUSDT, catalog=folder / "catalog")
    )
    return made / "catalog"


class Top(NamedTuple):
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal


def messages(paths: Sequence[Path]) -> Iterator[dict]:
    """The JSON of each line, out of the combined stream's envelope."""
    for path in paths:
        with gzip.open(path, "rt") as file:
            for line in file:
                body = json.loads(line.split(" ", 1)[1])
                yield body.get("data", body)


def venue_tops(paths: Sequence[Path]) -> list[tuple[int, Top]]:
    """For each depth message not older than the snapshot: its update id, and the latest bookTicker not newer."""
    tickers: dict[int, Top] = {}
    depths: list[int] = []
    known = 0
    for message in messages(paths):
        if "lastUpdateId" in message:
            known = message["lastUpdateId"]
        elif message["e"] == "bookTicker":
            tickers[message["u"]] = Top(*(Decimal(message[key]) for key in ("b", "B", "a", "A")))
        elif message["e"] == "depthUpdate":
            depths.append(message["u"])
    ids = sorted(tickers)
    return [(u, tickers[ids[bisect.bisect_right(ids, u) - 1]]) for u in depths if u >= known]


def table(catalog: Path, folder: str, instrument_id: str = BTCUSDT) -> pl.DataFrame:
    """A table of a catalog, as anybody can read it."""
    frame = pl.read_parquet(catalog / place(folder) / instrument_id / "*.parquet")
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


class Levels:
    """One side's sizes by price, and its prices in order."""

    def __init__(self) -> None:
        self.prices: list[Decimal] = []
        self.sizes: dict[Decimal, Decimal] = {}

    def put(self, price: Decimal, size: Decimal | None) -> None:
        """No size: the level is gone."""
        at = bisect.bisect_left(self.prices, price)
        if price not in self.sizes and size is not None:
            self.prices.insert(at, price)
        if size is not None:
            self.sizes[price] = size
        elif self.sizes.pop(price, None) is not None:
            del self.prices[at]


def tops(catalog: Path, instrument_id: str = BTCUSDT) -> Iterator[tuple[dict, Top | None]]:
    """After each message of a catalog's book: its last row, and the best levels; None while a side is empty."""
    bids, asks = Levels(), Levels()
    for row in table(catalog, "order_book_deltas", instrument_id).iter_rows(named=True):
        if row["action"] == "CLEAR":
            bids, asks = Levels(), Levels()
        else:
            side = bids if row["side"] == "BUY" else asks
            side.put(row["price"], None if row["action"] == "DELETE" else row["size"])
        if row["flags"] & 128:
            whole = bids.prices and asks.prices
            bid, ask = (bids.prices[-1], asks.prices[0]) if whole else (Decimal(0), Decimal(0))
            yield row, Top(bid, bids.sizes[bid], ask, asks.sizes[ask]) if whole else None


TARDIS_2023 = tuple(
    TAPES / "derived" / f"tardis__binance-futures_{kind}_{day}_BTCUSDT.csv.gz"
    for kind in ("incremental_book_L2", "trades", "derivative_ticker")
    for day in ("2023-04-04", "2023-04-05")
)
