"""Value the books at every tick, column-wise."""

import polars as pl

from engine.analysis.frames import EQUITY, TIME
from engine.core.types import Instrument, Leg

MARKET = {"seq": pl.Int64, "ts": TIME, "bid": pl.Float64, "ask": pl.Float64, "mark": pl.Float64, "ready": pl.Boolean}
BOOKS = {
    "seq": pl.Int64,
    "cash": pl.Float64,
    "realised": pl.Float64,
    "fees": pl.Float64,
    "rebates": pl.Float64,
    "funding": pl.Float64,
    **{f"{what}_{leg.value}": pl.Float64 for leg in Leg for what in ("size", "entry")},
}


def equity_frame(market: pl.DataFrame, books: pl.DataFrame, instrument: Instrument) -> pl.DataFrame:
    """One row a row of `market` (schema MARKET), with the books (schema BOOKS) as they then stood. A market that is
    not there (an empty side, the row of the end) is the last one known."""
    known = pl.col("bid", "ask", "mark").forward_fill()
    rows = market.lazy().with_columns(known).with_columns(mid=(pl.col("bid") + pl.col("ask")) / 2)
    rows = rows.with_columns(price=pl.coalesce("mark", "mid"))
    rows = rows.join_asof(books.lazy(), on="seq", strategy="backward")
    unrealised = pl.sum_horizontal(_unrealised(leg, instrument) for leg in Leg)
    rows = rows.with_columns(unrealised=unrealised, position=pl.sum_horizontal(f"size_{leg.value}" for leg in Leg))
    rows = rows.with_columns(equity=pl.col("cash") + pl.col("unrealised"))
    rows = rows.with_columns(
        pnl=pl.col("equity") - pl.col("equity").first(), drawdown=pl.col("equity").cum_max() - pl.col("equity")
    )
    rows = rows.with_columns(liquidation_price=_liquidation_price(instrument))
    return rows.select(EQUITY.keys()).collect()


def _liquidation_price(instrument: Instrument) -> pl.Expr:
    """As engine.core.margin has it, for a whole column."""
    sizes = {leg: pl.col(f"size_{leg.value}").fill_null(0.0) * float(instrument.multiplier) for leg in Leg}
    entries = {leg: pl.col(f"entry_{leg.value}") for leg in Leg}
    costs = ((size / entries[leg] if instrument.inverse else size * entries[leg]) for leg, size in sizes.items())
    cost = pl.sum_horizontal(each.fill_null(0.0) for each in costs)
    signed = pl.sum_horizontal(sizes.values())
    bound = pl.sum_horizontal(size.abs() for size in sizes.values()) * float(instrument.margin_maint)
    cash = pl.col("cash")
    above, below = (signed + bound, cash + cost) if instrument.inverse else (cost - cash, signed - bound)
    price = above / below
    return pl.when(price.is_finite() & (price > 0) & (bound > 0)).then(price)


def net_of(row: dict[str, float]) -> float:
    """The net PnL of a row: gained by what was closed and by what is held, less what was paid, more what came in."""
    return row["realised"] + row["unrealised"] - row["fees"] + row["rebates"] + row["funding"]


def _unrealised(leg: Leg, instrument: Instrument) -> pl.Expr:
    size, entry = pl.col(f"size_{leg.value}"), pl.col(f"entry_{leg.value}")
    move = 1 / entry - 1 / pl.col("price") if instrument.inverse else pl.col("price") - entry
    return (size * float(instrument.multiplier) * move).fill_null(0.0)
