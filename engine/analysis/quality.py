"""How our quotes filled: how often and how soon by distance from the mid, and how long they stood at the touch."""

import numpy as np
import polars as pl

from engine.analysis.frames import Frames
from engine.analysis.market import Market, tops_at
from engine.core.types import SECOND

EDGES_BPS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)  # below the first: beyond the mid


def fill_quality(frames: Frames, market: Market) -> pl.DataFrame:
    """Quotes that the venue took, by their distance from the mid as they were sent; rows of orders that there were.

    from_bps (null: beyond the mid) and to_bps (null: open), orders, filled (orders with a fill), fill_rate (0..1),
    size_rate (filled size over size), seconds_to_fill (median of those that filled, from the venue's word on), and
    fills_per_hour: orders that filled over all hours that they and the others rested. Most orders are cancelled before
    they could fill, so that a short median alone says little; the last figure counts their waiting too.
    """
    taken = pl.col("accepted").is_not_null() & pl.col("price").is_not_null()
    orders = frames.orders.filter((pl.col("purpose") == "quote") & taken)
    (tops,) = tops_at(market, orders["submitted"].cast(pl.Int64).to_numpy())
    first = frames.fills.group_by("id").agg(first=pl.col("ts").min())
    sign = pl.when(pl.col("side") == "buy").then(1.0).otherwise(-1.0)
    orders = orders.with_columns(mid=tops.mid).filter(~pl.col("mid").is_nan()).join(first, on="id", how="left")
    orders = orders.with_columns(
        distance=(sign * (1 - pl.col("price") / pl.col("mid")) * 1e4).round(6),  # 9.9999999 is 10
        waited=_seconds(pl.col("first") - pl.col("accepted")),
        rested=_seconds(pl.coalesce("first", "ended", pl.lit(frames.equity["ts"].last())) - pl.col("accepted")),
    )
    row = np.searchsorted(EDGES_BPS, orders["distance"].to_numpy(), side="right")
    grouped = orders.with_columns(row=pl.Series(row, dtype=pl.Int64)).group_by("row", maintain_order=True).agg(
        orders=pl.len(),
        filled=pl.col("first").is_not_null().sum(),
        size_rate=pl.col("filled").sum() / pl.col("size").sum(),
        seconds_to_fill=pl.col("waited").median(),
        rested=pl.col("rested").sum(),
    )  # fmt: skip
    edges = dict(enumerate(EDGES_BPS))
    per_hour = pl.when(pl.col("rested") > 0).then(pl.col("filled") / pl.col("rested") * 3600)
    return grouped.sort("row").select(
        (pl.col("row") - 1).replace_strict(edges, default=None, return_dtype=pl.Float64).alias("from_bps"),
        pl.col("row").replace_strict(edges, default=None, return_dtype=pl.Float64).alias("to_bps"),
        "orders",
        "filled",
        (pl.col("filled") / pl.col("orders")).alias("fill_rate"),
        "size_rate",
        "seconds_to_fill",
        per_hour.alias("fills_per_hour"),
    )


def touch_shares(frames: Frames) -> dict[str, float | None]:
    """The part of the ticks, 0..1, at which our best bid (ask) was at the market's or better; None without ticks."""
    ticks = frames.equity.filter(pl.col("bid").is_not_null() & pl.col("ask").is_not_null())
    ours = frames.quotes.select("seq", our_bid="bid", our_ask="ask")
    seen = ticks.select("seq", "bid", "ask").join_asof(ours, on="seq", strategy="backward")
    bid = (pl.col("our_bid") >= pl.col("bid")).fill_null(value=False).mean()
    ask = (pl.col("our_ask") <= pl.col("ask")).fill_null(value=False).mean()
    row = seen.select(bid=bid, ask=ask).row(0, named=True)
    return {side: row[side] for side in ("bid", "ask")}


def _seconds(span: pl.Expr) -> pl.Expr:
    return span.dt.total_nanoseconds() / SECOND
