"""The book around a fill: what was shown at each price before and after, who traded, and where our order stood."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from engine.analysis.figures import BUY, MARKET, SELL, Units
from engine.analysis.market import Market, tops_at
from engine.analysis.shown import shown_at
from engine.analysis.study_figures import LINE, small
from engine.core.types import SECOND, Instrument

SHADES = [[0, "rgba(59,130,246,0)"], [0.1, "rgba(59,130,246,.25)"], [1, "rgba(59,130,246,1)"]]
STEPS = 61
TICKS = 10  # to either side of the fill's price


def depth_figure(
    fill: dict[str, Any], market: Market, instrument: Instrument, units: Units, *, seconds: float = 3.0
) -> go.Figure | None:
    """`fill`: a row of schema FILLS. None where the run's catalog is gone, or has no book."""
    if not market.books:
        return None
    now = int(fill["ts"].timestamp() * SECOND) if hasattr(fill["ts"], "timestamp") else int(fill["ts"])
    times = now + (np.linspace(-seconds, seconds, STEPS) * SECOND).astype(np.int64)
    tick = float(instrument.tick)
    prices = [round(fill["price"] + step * tick, 12) for step in range(-TICKS, TICKS + 1)]
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
    traces = [heat, *_tops(market, times, across), *_prints(market, now, seconds), _fill(fill)]
    upright = {"title": {"text": units.price}, "tickformat": ",.8~g", "range": [prices[0], prices[-1]]}
    return small(go.Figure(traces), upright, {"title": {"text": "seconds from the fill"}})


def _tops(market: Market, times: Any, across: list[float]) -> list[go.Scatter]:
    (tops,) = tops_at(market, times)
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
