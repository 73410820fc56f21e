"""A synthetic tape in a vendor's form, ingested, and what it then says: in ticks of float and lots, times in whole ms
where not said otherwise, since some vendors tell no less."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from data.synthetic import write_form
from data.synthetic.contract import terms, write_terms
from data.synthetic.forms import FORMS, Told
from data.synthetic.settings import Settings
from data.synthetic.tape import Tape
from data.tables import place
from engine.run.ingest import ingest
from tests.support.tapes import table

type Event = tuple[Any, ...]

_QUOTE = ("bid_price", "bid_size", "ask_price", "ask_size")


class Ingested(NamedTuple):
    catalog: Path
    instrument_id: str
    lots: int  # in a size of 1

    def table(self, folder: str) -> pl.DataFrame:
        """With `ms` of the venue's and `us` of our clock; sizes in lots, prices and values as floats."""
        frame = table(self.catalog, folder, self.instrument_id)
        numbers = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Decimal)]
        return frame.with_columns(
            pl.col("ts_event").dt.epoch("ms").alias("ms"),
            pl.col("ts_init").dt.epoch("us").alias("us"),
            *(pl.col(name).cast(pl.Float64) for name in numbers),
        ).with_columns((pl.col(name) * self.lots).round().cast(pl.Int64) for name in numbers if "size" in name)

    def has(self, folder: str) -> bool:
        return (self.catalog / place(folder) / self.instrument_id).is_dir()


def ingested(
    root: Path, form: str, seed: int, settings: Settings, tapes: Sequence[Tape], *, inverse: bool = False
) -> Ingested:
    """`tapes` are those that the settings and the seed make: made once for all forms."""
    market = FORMS[form].inverse if inverse else FORMS[form].market
    assert market is not None
    wanted = msgspec.structs.replace(settings, contract=market.contract)
    paths = write_form(tapes, root / form, form, seed=seed, settings=wanted)
    contract = write_terms(root / f"{form}.toml", terms(market.contract, market.id))
    ingest(paths, instrument_id=market.id, catalog=root / f"{form}.catalog", instrument_file=contract)
    return Ingested(root / f"{form}.catalog", market.id, 10**market.contract.size_decimals)


def tops(told: Ingested) -> list[Event]:
    """(ms, us, bid, its lots, ask, its lots) wherever they change, as the catalog's quotes; where nobody knows both
    they are not counted."""
    known = told.table("quotes").filter(pl.col("bid_size") > 0, pl.col("ask_size") > 0)
    new = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in _QUOTE)
    return known.filter(new).select("ms", "us", *_QUOTE).rows()


def trades(told: Ingested) -> list[Event]:
    return told.table("trades").select("ms", "us", "price", "size", "aggressor_side").rows()


def deals(told: Ingested) -> list[Event]:
    """Those of one side at one price in one millisecond as one."""
    run = pl.struct("ms", "price", "aggressor_side").rle_id().alias("run")
    joined = told.table("trades").group_by(run, maintain_order=True)
    return joined.agg(pl.first("ms", "price", "aggressor_side"), pl.sum("size")).drop("run").rows()


def depth(told: Ingested) -> set[Event]:
    """The whole book at the end."""
    rows = told.table("order_book_deltas")
    cleared = rows.with_row_index().filter(pl.col("action") == "CLEAR")["index"].max()
    last = rows.slice(cleared or 0).group_by("side", "price").last()
    return set(last.filter(pl.col("action").is_in(["ADD", "UPDATE"])).select("side", "price", "size").rows())


def values(told: Ingested, folder: str) -> list[Event]:
    return told.table(folder).select("ms", "value").rows()


def funding(told: Ingested) -> list[tuple[Decimal, int]]:
    """(rate, when it is paid in ms) wherever it changes."""
    if not told.has("funding_rates"):
        return []
    rows = told.table("funding_rates").select("rate", pl.col("next_funding_ns").dt.epoch("ms")).rows()
    said = [(Decimal(rate), due) for rate, due in rows]
    return [each for n, each in enumerate(said) if not n or each != said[n - 1]]


def paid(said: Sequence[tuple[Decimal, int]]) -> list[tuple[Decimal, int]]:
    """The last that was said of each payment that was made."""
    return [each for each, then in pairwise(said) if then[1] > each[1]]


def liquidations(told: Ingested) -> list[Event]:
    if not told.has("liquidations"):
        return []
    return told.table("liquidations").select("ms", "us", "side", "price", "size").rows()


LOOKS: dict[Told, Callable[[Ingested], list[Event]]] = {
    Told.TRADES: trades,
    Told.DEALS: deals,
    Told.MARK: lambda told: values(told, "mark_prices"),
    Told.INDEX: lambda told: values(told, "index_prices"),
    Told.FUNDING: funding,
    Told.LIQUIDATIONS: liquidations,
}
