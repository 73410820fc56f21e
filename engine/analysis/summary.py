"""A run in a handful of numbers."""

from typing import Any

import polars as pl

from engine.analysis.equity import net_of
from engine.analysis.frames import Frames

EXITS = ("take_profit", "trail", "stop", "flatten")
SECOND_NS = 1_000_000_000


def summary(frames: Frames, *, rows: int | None, seconds: float | None) -> dict[str, Any]:
    """The figures that scripts and the page show. JSON-able; what there is nothing to compute from is None.

    Money in the settlement currency, sizes in the instrument's size unit. `net_pnl` = `realised_pnl` +
    `unrealised_pnl` - `fees` + `rebates` + `funding`: realised before fees, forced closings included, unrealised at the
    last mark price (mid without one), fees as paid, rebates as received, funding received (negative: paid). `volume`:
    value traded. `maker_share`: of the volume, 0..1. `max_position`: largest absolute size of a leg; `worst_position`:
    the same with its sign; `mean_position` and `mean_abs_position`: of both legs together, weighted by time.
    `max_drawdown`: largest fall of equity from the highest before, >= 0. `nearest_liquidation`: least distance of the
    price from the liquidation price, as a part of it. `seconds_quoted` and `quoted_share` (0..1): time with a bid and
    an ask of ours resting, both of purpose quote. `seconds_unknown`: time in which nobody knew the market, as the ticks
    saw it. `exits`: per purpose, the orders that filled and what their fills realised. `refusals`: by limit.
    `duration_seconds`: of the data; `rows` and `seconds`: market data rows and the wall seconds of the loop, as told.
    """
    fills, equity = frames.fills, frames.equity
    last = equity.row(-1, named=True)
    net = net_of(last)
    start, end = equity["ts"][0], equity["ts"][-1]
    duration: float = (end - start).total_seconds()
    quoted = _seconds_quoted(frames)
    volume = _sum(fills["notional"])
    maker = _sum(fills.filter("maker")["notional"])
    worst = _worst_position(frames.positions)
    return {
        "realised_pnl": last["realised"],
        "unrealised_pnl": last["unrealised"],
        "fees": last["fees"],
        "rebates": last["rebates"],
        "funding": last["funding"],
        "net_pnl": net,
        "volume": volume,
        "fills": fills.height,
        "orders": frames.orders.height,
        "maker_share": maker / volume if volume else None,
        "max_position": abs(worst),
        "worst_position": worst,
        **_mean_positions(equity, duration),
        "max_drawdown": equity["drawdown"].max(),
        "nearest_liquidation": _nearest_liquidation(equity),
        "seconds_quoted": quoted,
        "quoted_share": quoted / duration if duration else None,
        "seconds_unknown": _seconds_unknown(equity),
        "exits": {purpose: _exit(frames, purpose) for purpose in EXITS},
        "liquidations": fills.filter("liquidation")["id"].n_unique(),
        "refusals": dict(frames.refusals["limit"].value_counts().sort("limit").iter_rows()),
        "rejections": _with_status(frames, "rejected"),
        "denials": _with_status(frames, "denied"),
        "start": start.isoformat(),
        "end": end.isoformat(),
        "duration_seconds": duration,
        "rows": rows,
        "seconds": seconds,
    }


def _sum(values: pl.Series) -> float:
    return float(values.sum())


def _mean_positions(equity: pl.DataFrame, duration: float) -> dict[str, float | None]:
    if not duration:
        return {"mean_position": None, "mean_abs_position": None}
    held = pl.col("ts").diff().shift(-1).dt.total_nanoseconds() / SECOND_NS
    position = pl.col("position")
    sums = equity.select((position * held).sum().alias("signed"), (position.abs() * held).sum().alias("unsigned"))
    signed, unsigned = sums.row(0)
    return {"mean_position": signed / duration, "mean_abs_position": unsigned / duration}


def _nearest_liquidation(equity: pl.DataFrame) -> float | None:
    away = (pl.col("price") - pl.col("liquidation_price")).abs() / pl.col("price")
    least: float | None = equity.select(away.min()).item()
    return least


def _worst_position(positions: pl.DataFrame) -> float:
    if positions.is_empty():
        return 0.0
    return float(positions.sort(pl.col("size").abs())["size"][-1])


def _seconds_quoted(frames: Frames) -> float:
    """A state lasts until the next change, the last one until the run's end."""
    end = frames.equity["ts"].last()
    lasts = (pl.col("ts").shift(-1).fill_null(end) - pl.col("ts")).dt.total_nanoseconds() / SECOND_NS
    return float(frames.quotes.select(lasts.filter(pl.col("both")).sum()).item())


def _seconds_unknown(equity: pl.DataFrame) -> float:
    """A tick's word lasts until the next tick."""
    lasts = pl.col("ts").diff().shift(-1).dt.total_nanoseconds() / SECOND_NS
    return float(equity.select(lasts.filter(~pl.col("ready").fill_null(value=True)).sum()).item())


def _exit(frames: Frames, purpose: str) -> dict[str, float]:
    fills = frames.fills.filter(pl.col("purpose") == purpose)
    return {"orders": fills["id"].n_unique(), "realised_pnl": _sum(fills["realised_pnl"])}


def _with_status(frames: Frames, status: str) -> int:
    return frames.orders.filter(pl.col("status") == status).height
