"""Fit a simulation to the fills that a run has really seen, and say how far off it is on those that it was not shown.

The first half of the orders, by time, is fitted to; the error is that of the other half.
"""

from typing import Any, NamedTuple

import polars as pl

from engine.core.types import SECOND

MS = 1_000_000


class Fitted(NamedTuple):
    """`value` was fitted to `shown` orders; `error` is that of the `held_out` others, None where there are none."""

    value: float
    shown: int
    held_out: int
    error: float | None


def latency_ms(orders: pl.DataFrame) -> Fitted | None:
    """From sending an order until it is accepted (schema ORDERS), in milliseconds: the median, since a slow few say
    nothing of the next one; `error`: how far a held-out order lies from it, in the mean. None without orders."""
    taken = orders.filter(pl.col("accepted").is_not_null()).sort("submitted")
    waits = (taken["accepted"] - taken["submitted"]).dt.total_nanoseconds() / MS
    if waits.is_empty():
        return None
    shown = waits.head(-(-len(waits) // 2))
    held_out = waits.tail(len(waits) - len(shown))
    value = float(shown.median())  # type: ignore[arg-type]
    error = None if held_out.is_empty() else float((held_out - value).abs().mean())  # type: ignore[arg-type]
    return Fitted(value, len(shown), len(held_out), error)


# One row a quote that rested. `rested`: seconds until its end; `seen` and `said`: until it filled, null if never.
WAITS: dict[str, Any] = {"sent": pl.Int64, "rested": pl.Float64, "seen": pl.Float64, "said": pl.Float64}


def waits(orders: pl.DataFrame, fills: pl.DataFrame, said: dict[str, int | None], end_ns: int) -> pl.DataFrame:
    """Quotes of a run (schemas ORDERS and FILLS) beside what a simulation said of them: `said` has for each id the time
    of its first fill in ns, None without one; ids that it lacks are left out. `end_ns`: of the run."""
    first = fills.group_by("id").agg(first=pl.col("ts").min().cast(pl.Int64))
    kept = orders.filter(pl.col("id").is_in(list(said)) & pl.col("accepted").is_not_null())
    rows = kept.join(first, on="id", how="left").sort("submitted").with_columns(
        accepted=pl.col("accepted").cast(pl.Int64),
        until=pl.coalesce(pl.col("ended").cast(pl.Int64), end_ns),
        simulated=pl.col("id").replace_strict(said, return_dtype=pl.Int64),
    )  # fmt: skip
    since = {"rested": pl.col("until"), "seen": pl.col("first"), "said": pl.col("simulated")}
    spans = {name: (at - pl.col("accepted")) / SECOND for name, at in since.items()}
    return rows.select(pl.col("submitted").cast(pl.Int64).alias("sent"), **spans)


def error(rows: pl.DataFrame) -> float | None:
    """Of a frame of schema WAITS: the mean part of an order's rest for which simulation and run disagree on whether it
    had filled, 0 (alike to the moment) to 1. None without rows."""
    seen, said = (pl.col(name).fill_null(pl.col("rested")).clip(0, pl.col("rested")) for name in ("seen", "said"))
    part = pl.when(pl.col("rested") > 0).then((seen - said).abs() / pl.col("rested")).otherwise(0.0)
    other = pl.col("seen").is_null() != pl.col("said").is_null()
    wrong: float | None = rows.select(pl.max_horizontal(part, 0.01 * other.cast(pl.Float64)).mean()).item()
    return wrong


def fitted(rows: pl.DataFrame) -> Fitted:
    """`value`: the error on the first half; `error`: on the other."""
    shown = -(-rows.height // 2)
    value = error(rows.head(shown))
    rest = rows.tail(rows.height - shown)
    return Fitted(0.0 if value is None else value, shown, rest.height, error(rest))
