"""Runs that differ in a parameter or two, side by side, and a band: as frames and figures."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from engine.analysis.band import net_band
from engine.analysis.figures import BUY, SELL
from engine.analysis.run import Run
from engine.analysis.study_figures import LINE, small

COLUMNS = ("net_pnl", "realised_pnl", "fees", "rebates", "funding", "fills", "volume", "max_drawdown")
COLOURS = {"pessimistic": SELL, "central": LINE, "optimistic": BUY}


def swept(runs: Sequence[Run], *keys: str) -> pl.DataFrame:
    """A row a run: its values of `keys` (section.key of the run file), money in the settlement currency, and the 95 %
    band of its net PnL (net_low, net_high; see engine.analysis.band), null where it is too short to tell."""
    return pl.DataFrame([_row(run, keys) for run in runs])


def sweep_figure(table: pl.DataFrame, key: str) -> go.Figure:
    """Net PnL over one key, with its band. The best of many is better than it will be again: look at the band."""
    rows = table.sort(key)
    net = rows["net_pnl"]
    error = {
        "type": "data",
        "symmetric": False,
        "array": (rows["net_high"] - net).fill_null(0).to_list(),
        "arrayminus": (net - rows["net_low"]).fill_null(0).to_list(),
        "thickness": 1,
    }
    line = go.Scatter(
        x=rows[key].to_list(), y=net.to_list(), mode="lines+markers", name="Net PnL", line={"color": LINE, "width": 2},
        error_y=error, customdata=rows["fills"].to_list(),
        hovertemplate=f"{key} %{{x}}: <b>%{{y:+,.6~g}}</b>, %{{customdata}} fills<extra></extra>",
    )  # fmt: skip
    return small(go.Figure(line), {"title": {"text": "net PnL"}, "zeroline": True}, {"title": {"text": key}})


def heatmap(table: pl.DataFrame, across: str, up: str, value: str = "net_pnl") -> go.Figure:
    """A value over two keys. Red is a loss, green a gain, white nothing."""
    wide = table.sort(across).pivot(on=across, index=up, values=value).sort(up)
    cells = wide.drop(up)
    most = max((abs(each) for row in cells.rows() for each in row if each is not None), default=1.0) or 1.0
    heat = go.Heatmap(
        x=cells.columns, y=[str(each) for each in wide[up]], z=[list(row) for row in cells.rows()],
        zmin=-most, zmax=most, colorscale=[[0, SELL], [0.5, "#ffffff"], [1, BUY]], texttemplate="%{z:+,.4~g}",
        colorbar={"title": {"text": value}, "thickness": 12},
        hovertemplate=f"{across} %{{x}}, {up} %{{y}}: <b>%{{z:+,.6~g}}</b><extra></extra>",
    )  # fmt: skip
    axis = {"type": "category"}
    return small(go.Figure(heat), {"title": {"text": up}, **axis}, {"title": {"text": across}, **axis})


def band_figure(cells: pl.DataFrame) -> go.Figure:
    """The net PnL of a band (schema CELLS) under each assumption, over the order latency, with its band."""
    figure = go.Figure()
    for (fills,), rows in cells.group_by("fills", maintain_order=True):
        net = rows["net_pnl"]
        figure.add_scatter(
            x=rows["latency_ms"].to_list(), y=net.to_list(), mode="lines+markers", name=str(fills),
            line={"color": COLOURS[str(fills)], "width": 2},
            error_y={"type": "data", "array": (rows["net_high"] - net).fill_null(0).to_list(), "thickness": 1},
            customdata=rows["filled"].to_list(),
            hovertemplate=f"{fills}, %{{x}} ms: <b>%{{y:+,.6~g}}</b>, %{{customdata}} fills<extra></extra>",
        )  # fmt: skip
    across = {"title": {"text": "order latency, ms"}}
    return small(figure, {"title": {"text": "net PnL"}, "zeroline": True}, across)


def _row(run: Run, keys: Sequence[str]) -> dict[str, Any]:
    config, figures = run.run_file.manifest.config, run.summary
    low, high = net_band(run.equity)
    return {
        **{key: _value(config, key) for key in keys},
        **{column: figures[column] for column in COLUMNS},
        "net_low": low,
        "net_high": high,
        "run": run.run_file.run_id,
    }


def _value(config: dict[str, Any], key: str) -> Any:
    """Numbers stand as text in a manifest, so that they are exact."""
    value: Any = config
    for part in key.split("."):
        value = value[part]
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
