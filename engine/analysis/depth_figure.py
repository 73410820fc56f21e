"""The book around a fill: what was shown at each price before and after, who traded, and where our order stood."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from engine.analysis.figures import BUY, MARKET, SELL, Units
from engine.analysis.market import Market, Tops, tops_at
from engine.analysis.shown import shown_at
from engine.analysis.study_figures import LINE, small
from engine.core.types import SECOND, Instrument

SHADES = [[0, "rgba(59,130,246,0)"], [0.1, "rgba(59,130,246,.25)"], [1, "rgba(59,130,246,1)"]]
STEPS = 61
TICKS, MOST_TICKS = 10, 40  # to either side of the fill's price: as far as the touch went


def depth_figure(
    fill: dict[str, Any], market: Market, instrument: Instrument, units: Units, *, seconds: float = 3.0
) -> go.Figure | None:
    """`fill`: a row of schema FILLS. None where the run's catalog is gone, or has no book."""
    if not market.books:
        return None
    now = int(fill["ts"].timestamp() * SECOND) if hasattr(fill["ts"], "timestamp") else int(fill["ts"])
    times = now + (np.linspace(-seconds, seconds, STEPS) * SECOND).astype(np.int64)
    tick = float(instrument.tick)
    (tops,) = tops_at(market, times)
    reach = _reach(tops, fill["price"]) / tick
    ticks = int(min(max(reach + 2, TICKS), MOST_TICKS))
    prices = [round(fill["price"] + step * tick, 12) for step in range(-ticks, ticks + 1)]
    grid = pl.DataFrame({"ts": times}).join(pl.DataFrame({"price": prices}), how="cross")
    asked = pl.concat([grid.with_columns(side=pl.lit(side)) for side in ("buy", "sell")])
    shown = asked.with_columns(shown_at(market.books, asked).fill_null(0.0))
    sizes = shown.group_by("ts", "price", maintain_order=True).agg(pl.col("shown").sum())
    across = ((times - now) / SECOND).tolist()
    heat = go.Heatmap(
        x=across, y=prices, z=sizes["shown"].to_numpy().reshape(STEPS, len(prices)).T.tolist(), colorscale=SHADES,
        colorbar={"title": {"text": units.size}, "thickness": 12}, name="Shown",
        hovertemplate=f"%{{x:+.2f}} s, %{{y:,.8~g}}: %{{z:.6~g}} {units.size}<extra></extra>",
    )  # fmt: skip
    traces = [heat, *_lines(tops, across), *_prints(market, now, seconds), _fill(fill)]
    half = max(reach + 2, ticks) * tick
    around = [fill["price"] - half, fill["price"] + half]
    upright = {"title": {"text": units.price}, "tickformat": ",.8~g", "range": around}
    return small(go.Figure(traces), upright, {"title": {"text": "seconds from the fill"}})


def _reach(tops: Tops, price: float) -> float:
    """How far the touch stood from a price at most."""
    away = np.abs(np.concatenate((tops.bid, tops.ask)) - price)
    return float(np.max(away, initial=0.0, where=np.isfinite(away)))


def _lines(tops: Tops, across: list[float]) -> list[go.Scatter]:
    line = {"width": 1.4, "shape": "hv"}
    return [
        go.Scatter(x=across, y=values.tolist(), mode="lines", name=name, line={**line, "color": colour})
        for name, values, colour in (("Best bid", tops.bid, BUY), ("Best ask", tops.ask, SELL))
    ]


def _prints(market: Market, now: int, seconds: float) -> list[go.Scatter]:
    low, high = now - int(seconds * SECOND), now + int(seconds * SECOND)
    rows = [
        ((ts - now) / SECOND, price, size, side)
        for page in (() if market.prints is None else market.prints(low, high))
        for ts, price, size, side in zip(*page, strict=True)
        if low <= ts <= high
    ]
    symbols = ["triangle-up" if row[3] > 0 else "triangle-down" for row in rows]
    return [
        go.Scatter(
            x=[row[0] for row in rows], y=[row[1] for row in rows], customdata=[row[2] for row in rows], mode="markers",
            name="Trades (which way takers went)", marker={"symbol": symbols, "size": 7, "color": MARKET},
            hovertemplate="trade of %{customdata:.6~g} at %{y:,.8~g}<extra></extra>",
        )
    ]  # fmt: skip


def _fill(fill: dict[str, Any]) -> go.Scatter:
    marker = {"symbol": "star", "size": 13, "color": LINE, "line": {"width": 1, "color": "white"}}
    return go.Scatter(x=[0.0], y=[fill["price"]], mode="markers", name="Our fill", marker=marker)
