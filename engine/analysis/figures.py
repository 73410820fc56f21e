"""The run as a picture: price with our orders and fills, position, PnL and drawdown over one time axis.

Colours that must suit the paper (text, grid, background) are left to whoever shows the figure.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import polars as pl

from engine.analysis.frames import Frames
from engine.analysis.thin import envelope
from engine.core.types import Instrument

POINTS = 4_000  # of a line: more than a screen has pixels
MAX_UNKNOWN = 500  # times without a market that are shaded
MAX_ORDERS = 20_000  # drawn one by one; beyond, the inner level only
TEMPLATE = "plotly_white"  # what a notebook shows; the page has colours of its own
BUY, SELL, MARKET = "#16a37b", "#e0506a", "#8a94a6"
UNKNOWN = "rgba(216,157,27,.22)"
PURPOSES = {
    "take_profit": ("Take profit", "#3b82f6"),
    "trail": ("Trailing stop", "#a06bf5"),
    "stop": ("Stop loss", "#f08c1c"),
    "flatten": ("Flatten", "#8a94a6"),
    "liquidation": ("Liquidation", "#d81b9c"),
}
PANELS = {"y": (0.5, 1.0), "y2": (0.345, 0.46), "y3": (0.125, 0.29), "y4": (0.0, 0.085)}


class Units(NamedTuple):
    size: str
    price: str
    money: str


def units_of(instrument: Instrument) -> Units:
    counted = instrument.inverse or instrument.multiplier != 1
    return Units("contracts" if counted else instrument.base, instrument.quote, instrument.settlement)


def run_figure(frames: Frames, instrument: Instrument) -> go.Figure:
    """All panels of a run. Lines are thinned to what a screen can show; fills and orders are all there."""
    units = units_of(instrument)
    traces = [
        *_market(frames.equity),
        *_orders(frames.orders, frames.equity["ts"].last()),
        *_fills(frames.fills, units),
        *_position(frames.positions, frames.equity, units),
        *_money(frames.equity, units),
    ]
    figure = go.Figure(traces)
    figure.update_layout(_layout(units), shapes=[*_unknown(frames.equity)])
    figure.update_xaxes(range=_all_of(frames.equity))
    return figure


def _unknown(equity: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The time in which nobody knew the market, shaded; of very many such times the longest."""
    ready = pl.col("ready").fill_null(value=True)
    runs = equity.select("ts", pl.col("ts").shift(-1).fill_null(pl.col("ts").last()).alias("until"), ready)
    dark = runs.group_by(pl.col("ready").rle_id()).agg(pl.first("ts"), pl.last("until"), pl.first("ready").alias("is"))
    dark = dark.filter(~pl.col("is")).sort(pl.col("until") - pl.col("ts"), descending=True).head(MAX_UNKNOWN).sort("ts")
    for n, (start, end) in enumerate(zip(milliseconds(dark["ts"]), milliseconds(dark["until"]), strict=True)):
        named = {"name": "Market unknown", "showlegend": n == 0, "legendgroup": "unknown"}
        where = {"xref": "x", "yref": "y domain", "x0": float(start), "x1": float(end), "y0": 0, "y1": 1}
        yield {"type": "rect", **where, "fillcolor": UNKNOWN, "line": {"width": 0}, "layer": "below", **named}


def _market(equity: pl.DataFrame) -> Iterator[go.Scatter]:
    rows = envelope(equity, "mid", POINTS)
    yield _line(rows, "mid", "y", name="Mid", color=MARKET, width=1.3, hovertemplate="%{y:,.8~g}")


def _orders(orders: pl.DataFrame, end: Any) -> Iterator[go.Scatter]:
    """Each resting order as a line at its price, from when the venue took it to its end. One that traded at once never
    rested: its price is a limit far beyond the market, and would only push the others together."""
    rested = orders.with_columns(pl.col("ended").fill_null(end))
    rested = rested.filter(pl.col("price").is_not_null() & (pl.col("ended") > pl.col("accepted")))
    if rested.height > MAX_ORDERS:
        rested = rested.filter((pl.col("level") == 0) | (pl.col("purpose") != "quote"))
    quote, side = pl.col("purpose") == "quote", pl.col("side")
    groups = (("Our bids", BUY, quote & (side == "buy")), ("Our asks", SELL, quote & (side == "sell")))
    for name, colour, which in groups:
        yield _segments(rested.filter(which), name=name, line={"color": colour, "width": 1.4})
    for purpose, (name, colour) in PURPOSES.items():
        exits = rested.filter(pl.col("purpose") == purpose)
        if exits.height:
            line = {"color": colour, "width": 1.6, "dash": "dot"}
            yield _segments(exits, name=f"{name} order", line=line, legendgroup=purpose, showlegend=False)


def _segments(orders: pl.DataFrame, **style: Any) -> go.Scatter:
    x = np.full((orders.height, 3), np.nan)
    y = np.full((orders.height, 3), np.nan)
    x[:, 0], x[:, 1] = milliseconds(orders["accepted"]), milliseconds(orders["ended"])
    y[:, 0] = y[:, 1] = orders["price"].to_numpy()
    return go.Scatter(x=x.ravel(), y=y.ravel(), mode="lines", hoverinfo="skip", xaxis="x", yaxis="y", **style)


def _fills(fills: pl.DataFrame, units: Units) -> Iterator[go.Scatter]:
    quotes = pl.col("purpose") == "quote"
    for name, side, colour in (("Bought by quote", "buy", BUY), ("Sold by quote", "sell", SELL)):
        yield _markers(fills.filter(quotes & (pl.col("side") == side)), name, colour, units)
    what = pl.when("liquidation").then(pl.lit("liquidation")).otherwise(pl.col("purpose"))
    for purpose, (name, colour) in PURPOSES.items():
        rows = fills.filter(what == purpose)
        if rows.height:
            yield _markers(rows, name, colour, units, legendgroup=purpose)


def _markers(fills: pl.DataFrame, name: str, colour: str, units: Units, **style: Any) -> go.Scatter:
    hover = (
        f"%{{customdata[0]}} %{{customdata[1]:.8~g}} {units.size} at %{{y:,.8~g}}, fee %{{customdata[2]:.6~g}}, "
        f"realised %{{customdata[3]:+.6~g}} {units.money}, then %{{customdata[4]:+.8~g}} {units.size}"
    )
    symbols = ["triangle-up" if side == "buy" else "triangle-down" for side in fills["side"]]
    return go.Scatter(
        x=milliseconds(fills["ts"]),
        y=fills["price"].to_numpy(),
        customdata=fills.select("side", "size", "fee", "realised_pnl", "position").rows(),
        mode="markers",
        name=name,
        marker={
            "symbol": symbols,
            "size": 11 if fills.height < 150 else 7,
            "color": colour,
            "line": {"width": 1, "color": "rgba(255,255,255,.9)"},
        },
        hovertemplate=hover,
        xaxis="x",
        yaxis="y",
        **style,
    )


def _position(positions: pl.DataFrame, equity: pl.DataFrame, units: Units) -> Iterator[go.Scatter]:
    start, end = equity["ts"].first(), equity["ts"].last()
    legs = positions["leg"].unique(maintain_order=True).to_list() or ["NET"]
    for leg in legs:
        rows = positions.filter(pl.col("leg") == leg).select("ts", "size")
        last = rows["size"].last() if rows.height else 0.0
        around = pl.DataFrame({"ts": [start, end], "size": [0.0, last]}, schema=rows.schema)
        flat_before = rows.is_empty() or rows["ts"][0] > start
        drawn = pl.concat([around[: int(flat_before)], rows, around[1:]])
        name = "Position" if leg == "NET" else f"{leg.title()} leg"
        yield _line(
            drawn, "size", "y2", name=name, color="#3b82f6", width=1.2, fill="tozeroy", line_shape="hv",
            fillcolor="rgba(59,130,246,.22)", hovertemplate=f"%{{y:+.8~g}} {units.size}", showlegend=False,
        )  # fmt: skip


def _money(equity: pl.DataFrame, units: Units) -> Iterator[go.Scatter]:
    hover = f"%{{y:+,.4f}} {units.money}"
    signed = equity.with_columns(fees_signed=pl.col("rebates") - pl.col("fees"), below=-pl.col("drawdown"))
    lines = (
        ("realised", "Realised", "#16a37b", 1.2),
        ("fees_signed", "Fees and rebates", "#f08c1c", 1.2),
        ("funding", "Funding", "#a06bf5", 1.2),
        ("pnl", "Net PnL", "#3b82f6", 2.2),
    )
    for column, name, colour, width in lines:
        rows = envelope(signed, column, POINTS)
        yield _line(
            rows,
            column,
            "y3",
            name=name,
            color=colour,
            width=width,
            line_shape="hv",
            hovertemplate=hover,
            legend="legend2",
        )
    yield _line(
        envelope(signed, "below", POINTS), "below", "y4", name="Drawdown", color="#e0506a", width=1, fill="tozeroy",
        line_shape="hv", fillcolor="rgba(224,80,106,.22)", hovertemplate=hover, showlegend=False,
    )  # fmt: skip


def _line(rows: pl.DataFrame, column: str, axis: str, *, color: str, width: float, **style: Any) -> go.Scatter:
    shape = style.pop("line_shape", "linear")
    return go.Scatter(
        x=milliseconds(rows["ts"]),
        y=rows[column].to_numpy(),
        mode="lines",
        xaxis="x",
        yaxis=axis,
        line={"color": color, "width": width, "shape": shape},
        **style,
    )


def milliseconds(times: pl.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Milliseconds since the epoch: what a date axis takes, at a quarter of the size of a date's text."""
    return times.dt.timestamp("us").to_numpy() / 1_000


def _all_of(equity: pl.DataFrame) -> list[float]:
    """The whole run with a little room, so that a marker at an end is not cut."""
    start, end = milliseconds(equity["ts"])[[0, -1]]
    room = (end - start) * 0.008 or 500.0
    return [float(start - room), float(end + room)]


def _layout(units: Units) -> dict[str, Any]:
    titles = {"y": units.price, "y2": units.size, "y3": units.money, "y4": units.money}
    axes = {
        f"yaxis{axis[1:]}": {
            "domain": domain,
            "title": {"text": titles[axis], "standoff": 8},
            "zeroline": axis != "y",
            "nticks": 8 if axis == "y" else 5,
            "tickformat": ",.8~g",
            "automargin": False,
            "fixedrange": True,
        }
        for axis, domain in PANELS.items()
    }
    names = {"y": "Price, our orders and fills", "y2": "Position", "y3": "PnL", "y4": "Drawdown"}
    captions = [
        {"text": f"<b>{name}</b>", "x": 0, "xref": "paper", "xanchor": "left", "y": PANELS[axis][1], "yref": "paper",
         "yanchor": "bottom", "showarrow": False, "font": {"size": 12}}
        for axis, name in names.items()
    ]  # fmt: skip
    return {
        **axes,
        "xaxis": {"type": "date", "anchor": "y4", "domain": [0, 1], "showspikes": True, "spikemode": "across",
                  "spikethickness": 1, "spikedash": "solid", "spikesnap": "cursor"},
        "annotations": captions,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "dragmode": "zoom",
        "height": 800,
        "template": TEMPLATE,
        "margin": {"l": 76, "r": 16, "t": 56, "b": 34},
        "legend": {"orientation": "h", "x": 0, "y": 1.04, "yanchor": "bottom", "xanchor": "left",
                   "bgcolor": "rgba(0,0,0,0)"},
        "legend2": {"orientation": "h", "x": 1, "y": PANELS["y3"][1], "yanchor": "bottom", "xanchor": "right",
                    "bgcolor": "rgba(0,0,0,0)"},
    }  # fmt: skip
