"""Two figures of a study: the PnL's parts as a waterfall, and the markout curve with its band.

As with the others, colours that must suit the paper are left to whoever shows them.
"""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from engine.analysis.attribution import PARTS, Attribution
from engine.analysis.figures import BUY, MARKET, SELL, TEMPLATE, Units
from engine.analysis.metrics import SMALLEST

LABELS = {part: part.replace("_", " ").capitalize() for part in PARTS} | {
    "take_profit": "Take profit",
    "trail": "Trailing stop",
    "stop": "Stop loss",
}
LINE = "#3b82f6"


def waterfall_figure(found: Attribution, units: Units) -> go.Figure:
    """From nothing to the net PnL; parts that are nothing are left out."""
    parts = {part: amount for part, amount in found.parts.items() if abs(amount) >= SMALLEST}
    bars = go.Waterfall(
        x=[*(LABELS[part].replace(" ", "<br>") for part in parts), "Net<br>PnL"],
        y=[*parts.values(), found.net_pnl],
        measure=[*("relative" for _ in parts), "total"],
        customdata=[*(PARTS[part] for part in parts), "the sum of all"],
        text=[f"{amount:+,.4g}" for amount in (*parts.values(), found.net_pnl)],
        textposition="outside",
        cliponaxis=False,
        increasing={"marker": {"color": BUY}},
        decreasing={"marker": {"color": SELL}},
        totals={"marker": {"color": LINE}},
        connector={"line": {"color": MARKET, "width": 1, "dash": "dot"}},
        hovertemplate=f"<b>%{{x}}</b> %{{text}} {units.money}<br>%{{customdata}}<extra></extra>",
    )
    return small(
        go.Figure(bars), {"title": {"text": units.money}, "tickformat": ",.6~g", "zeroline": True}, {"tickangle": 0}
    )


def markout_figure(points: pl.DataFrame) -> go.Figure | None:
    """A markout curve (see `engine.analysis.markout.curve`) over the horizons, with its 95 % band; None if empty."""
    if points.is_empty():
        return None
    known = points.filter(pl.col("low_bps").is_not_null())
    across = [*known["horizon_s"], *known["horizon_s"].reverse()]
    band = go.Scatter(
        x=across, y=[*known["high_bps"], *known["low_bps"].reverse()], fill="toself", mode="lines", name="95 % band",
        line={"width": 0}, fillcolor="rgba(59,130,246,.18)", hoverinfo="skip",
    )  # fmt: skip
    mean = go.Scatter(
        x=points["horizon_s"].to_list(), y=points["mean_bps"].to_list(), mode="lines+markers", name="Mean markout",
        line={"color": LINE, "width": 2}, customdata=points.select("fills", "low_bps", "high_bps").rows(),
        hovertemplate="after %{x} s: <b>%{y:+.3f} bps</b>, %{customdata[0]} fills, "
        "%{customdata[1]:+.3f} to %{customdata[2]:+.3f}<extra></extra>",
    )  # fmt: skip
    ticks = points["horizon_s"].to_list()
    seconds = {"type": "log", "tickvals": ticks, "ticktext": [f"{each:g}" for each in ticks],
               "title": {"text": "seconds after the fill"}}  # fmt: skip
    return small(go.Figure([band, mean]), {"title": {"text": "bps"}, "tickformat": "~g", "zeroline": True}, seconds)


def small(figure: go.Figure, upright: dict[str, Any], across: dict[str, Any]) -> go.Figure:
    figure.update_layout(
        height=300,
        margin={"l": 64, "r": 12, "t": 26, "b": 44},
        template=TEMPLATE,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
        dragmode=False,
    )
    figure.update_yaxes(fixedrange=True, **upright)
    figure.update_xaxes(fixedrange=True, **across)
    return figure
