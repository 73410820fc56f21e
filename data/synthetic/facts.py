"""Stylised facts of a tape: a few figures that tell a real order book from an unreal one.

The definitions are those the real tapes were measured with: everything from best bid and ask updates and from trade
prints, at local receive time. The recorded figures of a real tape come out of this module again (a test says so), so
that a generated tape can be held against them.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ONE_ORDER_NS = 200_000  # prints of one side less than this apart are one taker's order
JUST_BEFORE_NS = 1_000_000  # a markout starts from the mid that the taker saw
BPS = 1e4
MARKOUT_HORIZONS_S = (0.1, 1.0, 5.0)
SIGN_LAGS = (1, 5, 20)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one tape; sizes in the instrument's quantity unit, returns and markouts of the mid in basis points."""

    span_s: float
    bbo_updates_per_s: float
    trades_per_s: float
    taker_orders_per_s: float
    spread_bps_tw: float
    p_spread_1tick: float
    spread_ticks_p99: float
    touch_size_median: float
    touch_size_p10_p90: tuple[float, ...]
    taker_size_p50_p90_p99: tuple[float, ...]
    sign_autocorr_1_5_20: tuple[float, ...]
    ret1s_std_bps: float
    ret10s_std_bps: float
    ret1s_kurt: float
    zero_1s_returns: float
    taker_markout_bps: dict[str, float]
    imbalance_corr_next1s: float


def measured_facts(tops: pl.DataFrame, trades: pl.DataFrame, *, tick: float) -> Facts:
    """Measure a tape.

    `tops`: every best bid and ask update, columns ts_local_ns (int, ascending), floats bid, ask, bid_size, ask_size.
    `trades`: every market print, columns ts_local_ns (int, ascending), side (1 the taker bought, -1 sold), float size.
    `tick` is the price step. At least eleven seconds and one print of each side are needed to mean anything.
    """
    ts_ns = tops["ts_local_ns"].to_numpy()
    bid, ask, bid_size, ask_size = (tops[name].to_numpy() for name in ("bid", "ask", "bid_size", "ask_size"))
    mid = (bid + ask) / 2
    spread, held_ns = ask - bid, np.diff(ts_ns)
    is_one_tick = np.round(spread / tick) == 1
    touch = np.concatenate([bid_size, ask_size])
    span_s = float(ts_ns[-1] - ts_ns[0]) / 1e9
    orders = taker_orders(trades)
    ret1s = _returns_bps(ts_ns, mid, step_s=1)
    return Facts(
        span_s=span_s,
        bbo_updates_per_s=len(tops) / span_s,
        trades_per_s=len(trades) / span_s,
        taker_orders_per_s=len(orders) / span_s,
        spread_bps_tw=float(np.average((spread / mid)[:-1], weights=held_ns)) * BPS,
        p_spread_1tick=float(np.average(is_one_tick[:-1], weights=held_ns)),
        spread_ticks_p99=float(np.percentile(np.round(spread / tick), 99)),
        touch_size_median=float(np.median(touch)),
        touch_size_p10_p90=_percentiles(touch, (10, 90)),
        taker_size_p50_p90_p99=_percentiles(orders["size"].to_numpy(), (50, 90, 99)),
        sign_autocorr_1_5_20=tuple(_autocorrelation(orders["side"].to_numpy(), lag) for lag in SIGN_LAGS),
        ret1s_std_bps=float(ret1s.std()),
        ret10s_std_bps=float(_returns_bps(ts_ns, mid, step_s=10).std()),
        ret1s_kurt=float(((ret1s - ret1s.mean()) ** 4).mean() / ret1s.var() ** 2),
        zero_1s_returns=float((ret1s == 0).mean()),
        taker_markout_bps={f"{h:g}": _markout_bps(orders, ts_ns, mid, horizon_s=h) for h in MARKOUT_HORIZONS_S},
        imbalance_corr_next1s=_imbalance_correlation(ts_ns, mid, bid_size, ask_size),
    )


def taker_orders(trades: pl.DataFrame) -> pl.DataFrame:
    """Prints of one side less than 0.2 ms apart as one order: ts_local_ns (of its first print), side, size."""
    is_new = (pl.col("side") != pl.col("side").shift()) | (pl.col("ts_local_ns").diff() >= ONE_ORDER_NS)
    return (
        trades.with_columns(order=is_new.fill_null(value=True).cum_sum())
        .group_by("order", maintain_order=True)
        .agg(pl.col("ts_local_ns").first(), pl.col("side").first(), pl.col("size").sum())
        .drop("order")
    )


def _percentiles(values: Floats, at: Sequence[int]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.percentile(values, at))


def _value_at(ts_ns: NDArray[np.int64], values: Floats, at_ns: NDArray[np.int64]) -> Floats:
    """The last value known at each time; before the first update, the first."""
    known: Floats = values[np.maximum(np.searchsorted(ts_ns, at_ns, side="right") - 1, 0)]
    return known


def _returns_bps(ts_ns: NDArray[np.int64], mid: Floats, *, step_s: int) -> Floats:
    at_ns = np.arange(ts_ns[0], ts_ns[-1], step_s * 1_000_000_000)
    returns: Floats = np.diff(np.log(_value_at(ts_ns, mid, at_ns))) * BPS
    return returns


def _autocorrelation(signs: NDArray[np.int64], lag: int) -> float:
    return float(np.corrcoef(signs[:-lag], signs[lag:])[0, 1])


def _markout_bps(orders: pl.DataFrame, ts_ns: NDArray[np.int64], mid: Floats, *, horizon_s: float) -> float:
    horizon_ns = int(horizon_s * 1e9)
    known = orders.filter(pl.col("ts_local_ns").is_between(ts_ns[0], ts_ns[-1] - horizon_ns))
    taken_ns, side = known["ts_local_ns"].to_numpy(), known["side"].to_numpy()
    before = _value_at(ts_ns, mid, taken_ns - JUST_BEFORE_NS)
    after = _value_at(ts_ns, mid, taken_ns + horizon_ns)
    return float((side * (after - before) / before).mean()) * BPS


def _imbalance_correlation(ts_ns: NDArray[np.int64], mid: Floats, bid_size: Floats, ask_size: Floats) -> float:
    at_ns = np.arange(ts_ns[0], ts_ns[-1], 1_000_000_000)
    imbalance = _value_at(ts_ns, (bid_size - ask_size) / (bid_size + ask_size), at_ns)
    move = np.diff(_value_at(ts_ns, mid, at_ns))
    return float(np.corrcoef(imbalance[:-1], move)[0, 1])
