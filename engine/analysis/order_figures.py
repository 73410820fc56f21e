"""Figures of what became of the quotes: the queue that they joined, how long they lived, what was held."""

import numpy as np
import plotly.graph_objects as go
import polars as pl

from engine.analysis.figures import BUY, POINTS, SELL, Units, milliseconds
from engine.analysis.frames import Frames
from engine.analysis.study_figures import LINE, small
from engine.analysis.thin import envelope
from engine.core.types import SECOND

QUEUES = 8  # bars
PALE = "66"  # in hexadecimal: how much of its colour is left to what did not fill


def inventory_figure(frames: Frames, units: Units) -> go.Figure:
    """The position over time, and beside it the share of the time that each size was held."""
    rows = envelope(frames.equity, "position", POINTS)
    held = frames.equity.select("position", seconds=pl.col("ts").diff().shift(-1).dt.total_nanoseconds() / SECOND)
    shares = held.drop_nulls().group_by("position").agg(pl.col("seconds").sum()).sort("position")
    total = shares["seconds"].sum() or 1.0
    over_time = go.Scatter(
        x=milliseconds(rows["ts"]), y=rows["position"].to_list(), mode="lines", name="Position", fill="tozeroy",
        line={"color": LINE, "width": 1.2, "shape": "hv"}, hovertemplate=f"%{{y:+.8~g}} {units.size}<extra></extra>",
    )  # fmt: skip
    share = go.Bar(
        x=(shares["seconds"] / total).to_list(), y=shares["position"].to_list(), orientation="h", xaxis="x2",
        marker={"color": LINE}, name="Share of the time", hovertemplate="%{x:.1%} at %{y:+.8~g}<extra></extra>",
    )  # fmt: skip
    figure = small(go.Figure([over_time, share]), {"title": {"text": units.size}, "zeroline": True}, {})
    figure.update_layout(
        xaxis={"domain": [0, 0.74], "type": "date"},
        xaxis2={"domain": [0.8, 1], "tickformat": ".0%", "title": {"text": "share of the time"}},
        showlegend=False,
    )
    return figure


def queue_figure(frames: Frames, ahead: pl.DataFrame, units: Units) -> go.Figure | None:
    """How many of the quotes filled, by the size that rested before them; None where the book is not known."""
    orders = frames.orders.filter(pl.col("purpose") == "quote").join(ahead.drop_nulls(), on="id")
    if orders.is_empty():
        return None
    rows = _binned(orders)
    bars = go.Bar(
        x=rows["name"].to_list(), y=rows["rate"].to_list(), marker={"color": LINE}, name="Filled",
        customdata=rows.select("orders", "filled").rows(),
        hovertemplate="%{x} before it: <b>%{y:.1%}</b>, %{customdata[1]} of %{customdata[0]} orders<extra></extra>",
    )  # fmt: skip
    across = {"title": {"text": f"{units.size} that rested at its price as it arrived"}, "type": "category"}
    return small(go.Figure(bars), {"title": {"text": "filled"}, "tickformat": ".0%", "rangemode": "tozero"}, across)


def _binned(orders: pl.DataFrame) -> pl.DataFrame:
    """Nobody ahead is a bin of its own; the others hold about as many orders each."""
    queued = orders.filter(pl.col("ahead") > 0)["ahead"].to_numpy()
    edges = np.unique(np.quantile(queued, np.linspace(0, 1, QUEUES))[1:]) if len(queued) else np.array([])
    place = np.searchsorted(edges, orders["ahead"].to_numpy(), side="left") + (orders["ahead"].to_numpy() > 0)
    names = ["nobody", *(f"to {edge:.3g}" for edge in edges)]
    grouped = orders.with_columns(place=pl.Series(place, dtype=pl.Int64)).group_by("place").agg(
        orders=pl.len(), filled=(pl.col("filled") > 0).sum()
    )  # fmt: skip
    known = grouped.sort("place").with_columns(rate=pl.col("filled") / pl.col("orders"))
    return known.with_columns(name=pl.col("place").map_elements(names.__getitem__, pl.String))


def refresh_figure(frames: Frames) -> go.Figure | None:
    """How long quotes lived from the venue's word to their end, by what ended them; None without any."""
    ended = frames.orders.filter((pl.col("purpose") == "quote") & pl.col("ended").is_not_null())
    lives = ended.filter(pl.col("accepted").is_not_null()).with_columns(
        seconds=(pl.col("ended") - pl.col("accepted")).dt.total_nanoseconds() / SECOND
    )
    if lives.is_empty():
        return None
    bars = [
        _histogram(lives.filter((pl.col("status") == status) & (pl.col("side") == side)), f"{name}, {side}", colour)
        for status, name in (("canceled", "cancelled"), ("filled", "filled"))
        for side, colour in (("buy", BUY), ("sell", SELL))
    ]
    figure = small(go.Figure(bars), {"title": {"text": "quotes"}}, {"title": {"text": "seconds that it rested"}})
    figure.update_layout(barmode="stack")
    return figure


def _histogram(lives: pl.DataFrame, name: str, colour: str) -> go.Histogram:
    shade = colour if name.startswith("filled") else f"{colour}{PALE}"
    return go.Histogram(
        x=lives["seconds"].to_list(), name=name, nbinsx=60, marker={"color": shade},
        hovertemplate=f"%{{x}} s: %{{y}} {name}<extra></extra>",
    )  # fmt: skip
