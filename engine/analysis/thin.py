"""Fewer points that draw the same picture."""

import polars as pl


def envelope(frame: pl.DataFrame, column: str, points: int) -> pl.DataFrame:
    """At most about `points` rows of a frame in order, keeping of each stretch of rows its lowest and its highest
    `column`, and the frame's first and last row: no peak is lost. Rows without a value are dropped."""
    rows = frame.filter(pl.col(column).is_not_null()).with_row_index("row")
    if rows.height <= points:
        return rows.drop("row")
    stretch = pl.col("row") * (points // 2) // rows.height
    value = pl.col(column)
    low, high = pl.col("row").get(value.arg_min()), pl.col("row").get(value.arg_max())
    ends = rows.group_by(stretch.alias("stretch")).agg(low=low, high=high)
    keep = pl.concat([ends["low"], ends["high"], pl.Series([0, rows.height - 1], dtype=pl.UInt32)])
    return rows.filter(pl.col("row").is_in(keep.unique().implode())).drop("row")
