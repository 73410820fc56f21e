"""The price and the PnL as plain lines: what a reader sees of a page before its script has run, or without one."""

import polars as pl

from engine.analysis.thin import envelope

WIDE, HIGH = 1300, 230
POINTS = 600


def preview(equity: pl.DataFrame) -> str:
    """An SVG of the mid above and of the net PnL below, over the run's time."""
    parts = (("mid", "Mid", 0, "var(--soft)"), ("pnl", "Net PnL", HIGH, "#3b82f6"))
    lines = "".join(_line(equity, column, name, top, colour) for column, name, top, colour in parts)
    return f'<svg class="preview" viewBox="0 0 {WIDE} {2 * HIGH}" preserveAspectRatio="none" role="img">{lines}</svg>'


def _line(equity: pl.DataFrame, column: str, name: str, top: int, colour: str) -> str:
    rows = envelope(equity, column, POINTS).select(pl.col("ts").cast(pl.Int64), column)
    label = f'<text x="8" y="{top + 20}" fill="var(--soft)" font-size="13">{name}</text>'
    if rows.height < 2:
        return label
    ts, values = rows["ts"], rows[column]
    low, span = values.min(), (values.max() - values.min()) or 1.0  # type: ignore[operator]
    x = (ts - ts[0]) / (ts[-1] - ts[0]) * WIDE
    y = top + HIGH - 12 - (values - low) / span * (HIGH - 44)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'{label}<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.3"/>'
