"""What the book showed at a price and a time: the queue that an order joined, and the depth around a fill."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

_KEY = (pl.col("price").cast(pl.Float64) * 1e8).round().cast(pl.Int64).alias("key")
_TS = pl.col("ts_init").cast(pl.Int64).alias("ts")
_SIDE = pl.col("side").cast(pl.String).str.to_lowercase()


def shown_at(files: Sequence[Path], asked: pl.DataFrame) -> pl.Series:
    """For each row of `asked` (ts in ns, side "buy" for bids or "sell", price) the size that the book of a catalog's
    delta files showed there, as known then and before that instant's own changes; 0 where it showed nothing, null
    before its first snapshot. Read once, and only the prices asked for are kept."""
    rows = asked.select("ts", "side", _KEY).with_row_index("row")
    deltas = pl.scan_parquet(list(files)).select(
        _TS, _SIDE, _KEY, pl.col("size").cast(pl.Float64), action=pl.col("action").cast(pl.String)
    )
    low, high = asked["ts"].min(), asked["ts"].max()
    if low is None or high is None:
        return pl.Series("shown", [], pl.Float64)
    before = deltas.filter(pl.col("ts") < high)
    wanted = before.join(rows.lazy().select("side", "key").unique(), on=("side", "key"), how="semi")
    clears = before.filter(pl.col("action") == "CLEAR").select("ts", cleared="ts")
    sizes = pl.when(pl.col("action") == "DELETE").then(0.0).otherwise(pl.col("size"))
    changes, cleared = pl.collect_all([wanted.select("ts", "side", "key", said="ts", size=sizes), clears])
    at = rows.with_columns(ts=pl.col("ts") - 1).sort("ts")
    changes, cleared = changes.sort("ts", maintain_order=True), cleared.sort("ts")
    found = at.join_asof(changes, on="ts", by=["side", "key"], check_sortedness=False)
    found = found.join_asof(cleared, on="ts", check_sortedness=False)
    gone = pl.col("said").is_null() | (pl.col("said") < pl.col("cleared"))
    known = pl.when(pl.col("cleared").is_null()).then(None).when(gone).then(0.0).otherwise(pl.col("size"))
    return found.select("row", shown=known).sort("row")["shown"]
