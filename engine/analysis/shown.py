"""What the book showed at a price and a time: the queue that an order joined, and the depth around a fill."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow.parquet as pq

from engine.core.types import Nanos

_KEY = (pl.col("price").cast(pl.Float64) * 1e8).round().cast(pl.Int64).alias("key")
_TS = pl.col("ts_init").cast(pl.Int64).alias("ts")
_SIDE = pl.col("side").cast(pl.String).str.to_lowercase()
_COLUMNS = ["ts_init", "side", "price", "size", "action"]


def shown_at(files: Sequence[Path], asked: pl.DataFrame) -> pl.Series:
    """For each row of `asked` (ts in ns, side "buy" for bids or "sell", price) the size that the book of a catalog's
    delta files showed there, as known then and before that instant's own changes; 0 where it showed nothing, null
    before its first snapshot. Read once, page by page, and only the prices asked for are kept."""
    rows = asked.select("ts", "side", _KEY).with_row_index("row")
    high = cast(Nanos | None, rows["ts"].max())
    if high is None:
        return pl.Series("shown", [], pl.Float64)
    keys = rows.select("side", "key").unique()
    gone = pl.col("action") == "DELETE"
    changes, cleared = [], []
    for page in _pages(files, high):
        wanted = page.join(keys, on=("side", "key"), how="semi", maintain_order="left")
        size = pl.when(gone).then(0.0).otherwise(pl.col("size")).alias("size")
        changes.append(wanted.select("ts", "side", "key", size, said="ts"))
        cleared.append(page.filter(pl.col("action") == "CLEAR").select("ts", cleared="ts"))
    if not changes:
        return pl.Series("shown", [None] * len(rows), pl.Float64)
    return _as_known(rows, pl.concat(changes), pl.concat(cleared))


def _as_known(rows: pl.DataFrame, changes: pl.DataFrame, cleared: pl.DataFrame) -> pl.Series:
    at = rows.with_columns(ts=pl.col("ts") - 1).sort("ts")
    changes, cleared = changes.sort("ts", maintain_order=True), cleared.sort("ts")
    found = at.join_asof(changes, on="ts", by=["side", "key"], check_sortedness=False)
    found = found.join_asof(cleared, on="ts", check_sortedness=False)
    gone = pl.col("said").is_null() | (pl.col("said") < pl.col("cleared"))
    known = pl.when(pl.col("cleared").is_null()).then(None).when(gone).then(0.0).otherwise(pl.col("size"))
    return found.select("row", shown=known).sort("row")["shown"]


def _pages(files: Sequence[Path], before: Nanos) -> Iterator[pl.DataFrame]:
    """A row group at a time: a long recording needs no more memory than a short one."""
    for path in files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                rows = cast(pl.DataFrame, pl.from_arrow(file.read_row_group(group, columns=_COLUMNS)))
                action = pl.col("action").cast(pl.String)
                page = rows.select(_TS, _SIDE, _KEY, pl.col("size").cast(pl.Float64), action)
                yield page.filter(pl.col("ts") < before)
