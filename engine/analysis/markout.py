"""Were we picked off? How the mid moved after our fills, and how sure one can be of it."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from engine.analysis.market import Market, tops_at
from engine.core.types import SECOND

HORIZONS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
CONFIDENCE = 0.95
# One row a fill and horizon. `markout_bps`: the mid's distance from the fill's price in our favour, in basis points of
# that price; negative: the market moved against us by more than the spread gave. `hour`: of the day, UTC. `inventory`:
# of the leg before the fill: flat, with it (the fill made it larger), against it. `ahead`: the size that rested at the
# order's price as it arrived, null where the book is not known.
MARKOUTS: dict[str, Any] = {
    "seq": pl.Int64,
    "ts": pl.Datetime("ns", "UTC"),
    "side": pl.String,
    "purpose": pl.String,
    "level": pl.Int64,
    "maker": pl.Boolean,
    "hour": pl.Int8,
    "inventory": pl.String,
    "ahead": pl.Float64,
    "horizon_s": pl.Float64,
    "markout_bps": pl.Float64,
}


GROUPS = ("side", "level", "queue", "inventory", "hour")
BY_GROUP: dict[str, Any] = {
    "group": pl.String,
    "value": pl.String,
    "fills": pl.UInt32,
    "bunches": pl.UInt32,
    "mean_bps": pl.Float64,
    "low_bps": pl.Float64,
    "high_bps": pl.Float64,
}


def markouts(fills: pl.DataFrame, market: Market, horizons_s: Sequence[float] = HORIZONS_S) -> pl.DataFrame:
    """Each fill at each horizon (schema MARKOUTS), by the last mid known at the horizon: a later one would peek.
    Horizons finer than the market, and those that end after it, are left out."""
    at = fills["ts"].cast(pl.Int64).to_numpy()
    kept = _described(fills)
    wanted = [horizon for horizon in horizons_s if horizon * SECOND >= market.step_ns]
    later = [at + round(horizon * SECOND) for horizon in wanted]
    frames = [pl.DataFrame(schema=MARKOUTS)]
    for horizon, ends, tops in zip(wanted, later, tops_at(market, *later), strict=True):
        known = kept.with_columns(mid=tops.mid, known=(ends <= market.end_ns) & ~np.isnan(tops.mid)).filter("known")
        sign = pl.when(pl.col("side") == "buy").then(1.0).otherwise(-1.0)
        moved = sign * (pl.col("mid") / pl.col("price") - 1) * 1e4
        frames.append(known.with_columns(horizon_s=pl.lit(horizon), markout_bps=moved).select(MARKOUTS.keys()))
    return pl.concat(frames)


def _described(fills: pl.DataFrame) -> pl.DataFrame:
    sign = pl.when(pl.col("side") == "buy").then(1.0).otherwise(-1.0)
    before = pl.col("position") - sign * pl.col("size")
    with_it = pl.when(before * sign > 0).then(pl.lit("with it")).otherwise(pl.lit("against it"))
    return fills.select(
        "seq",
        "ts",
        "side",
        "purpose",
        "level",
        "maker",
        "price",
        hour=pl.col("ts").dt.hour(),
        inventory=pl.when(before.abs() < 1e-9 * pl.col("size")).then(pl.lit("flat")).otherwise(with_it),
        ahead=pl.col("ahead") if "ahead" in fills.columns else pl.lit(None, pl.Float64),
    )


def by_group(rows: pl.DataFrame, horizon_s: float = 1.0) -> pl.DataFrame:
    """The mean markout at one horizon of each side, level, queue at entry, inventory and hour, each fill counted alike:
    group, value, and the columns of `curve`. The queue is in terciles of the sizes that rested ahead."""
    at = rows.filter(pl.col("horizon_s") == horizon_s).with_columns(queue=_terciles("ahead"))
    parts = [pl.DataFrame(schema=BY_GROUP)]
    for group in GROUPS:
        known = at.filter(pl.col(group).is_not_null())
        table = curve(known, group).rename({group: "value"}).with_columns(pl.col("value").cast(pl.String))
        parts.append(table.select(group=pl.lit(group), **{name: pl.col(name) for name in list(BY_GROUP)[1:]}))
    return pl.concat(parts)


def _terciles(column: str) -> pl.Expr:
    place = (pl.col(column).rank("average") - 0.5) / pl.col(column).count()
    names = pl.when(place < 1 / 3).then(pl.lit("short")).when(place < 2 / 3).then(pl.lit("middle"))
    queue = names.otherwise(pl.lit("long"))
    return pl.when(pl.col(column) == 0).then(pl.lit("nobody")).when(pl.col(column).is_not_null()).then(queue)


def curve(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Mean markout by horizon (and by `keys`: side, level, purpose, ...) of a frame of schema MARKOUTS, each fill
    counted alike: columns horizon_s, fills, bunches, mean_bps, low_bps, high_bps.

    low to high is Student's band of 95 %. Fills within one horizon saw the same move and are no independent witnesses:
    the band counts them as one bunch (standard errors robust to clusters; Cameron and Miller 2015, section II). Null
    where there is one bunch only.
    """
    groups = [*keys, "horizon_s"]
    width = (pl.col("horizon_s").clip(lower_bound=1.0) * SECOND).cast(pl.Int64)
    bunched = rows.with_columns(bunch=pl.col("ts").cast(pl.Int64) // width)
    means = bunched.with_columns(off=pl.col("markout_bps") - pl.col("markout_bps").mean().over(groups))
    bunches = means.group_by(*groups, "bunch", maintain_order=True).agg(
        pl.len().alias("fills"), pl.col("markout_bps").sum(), pl.col("off").sum()
    )
    table = bunches.group_by(groups, maintain_order=True).agg(
        pl.col("fills").sum(),
        pl.len().alias("bunches"),
        mean_bps=pl.col("markout_bps").sum() / pl.col("fills").sum(),
        spread=(pl.col("off") ** 2).sum().sqrt() / pl.col("fills").sum(),
    )
    half = [_half_width(spread, count) for spread, count in table.select("spread", "bunches").iter_rows()]
    mean = pl.col("mean_bps")
    table = table.with_columns(half=pl.Series(half, dtype=pl.Float64))
    shown = table.with_columns(low_bps=mean - pl.col("half"), high_bps=mean + pl.col("half"))
    return shown.select(*groups, "fills", "bunches", "mean_bps", "low_bps", "high_bps").sort(groups, nulls_last=True)


def _half_width(spread: float, bunches: int) -> float | None:
    if bunches < 2:
        return None
    return student(bunches - 1) * spread * sqrt(bunches / (bunches - 1))


def student(degrees: int, confidence: float = CONFIDENCE) -> float:
    """The quantile of Student's t of a two-sided band (Abramowitz and Stegun 26.7.5, exact below three degrees)."""
    p = 0.5 + confidence / 2
    if degrees == 1:
        return float(np.tan(np.pi * (p - 0.5)))
    if degrees == 2:
        return (2 * p - 1) * sqrt(2 / (4 * p * (1 - p)))
    z, n = NormalDist().inv_cdf(p), degrees
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return float(z + sum(term / n ** (power + 1) for power, term in enumerate(terms)))
