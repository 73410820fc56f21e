"""One market under several assumptions: when a resting order fills, and how long an order takes to arrive. Does the
edge survive the least kind of them?"""

from math import sqrt
from typing import Any, NamedTuple

import polars as pl

from engine.analysis.markout import student

BAND_FILE = "band.json"
FILLS = ("pessimistic", "central", "optimistic")
TIMES = (0.5, 1.0, 2.0, 4.0)
BLOCKS = 20
# One row a run. `times`: its order latency against the run file's own. `net_low` and `net_high`: the 95 % band of the
# net PnL (see `net_band`), null where the run is too short to tell. Money in the settlement currency.
CELLS: dict[str, Any] = {
    "fills": pl.String,
    "times": pl.Float64,
    "latency_ms": pl.Int64,
    "net_pnl": pl.Float64,
    "net_low": pl.Float64,
    "net_high": pl.Float64,
    "rebates": pl.Float64,
    "markout_1s_bps": pl.Float64,
    "filled": pl.Int64,
    "volume": pl.Float64,
    "run": pl.String,
}


SAID = {
    "survives": "Yes: even where orders fill only once the market trades through their price it earns at every "
    "latency, by more than chance would give.",
    "chance": "Not shown: it earns under the pessimistic assumption too, but no more than chance may give. A longer "
    "recording would tell.",
    "latency": "No: where orders fill only once the market trades through their price it earns at some order "
    "latencies, but not at every one.",
    "fill model": "No: where orders fill only once the market trades through their price it earns at no latency. What "
    "it earns elsewhere, the fill model gives.",
    "none": "No: it earns under none of the assumptions.",
}


class Verdict(NamedTuple):
    """Does the edge survive the pessimistic assumption? `word`: a key of SAID; `said`: its sentence."""

    word: str
    survives: bool
    said: str


def net_band(equity: pl.DataFrame, blocks: int = BLOCKS) -> tuple[float | None, float | None]:
    """The 95 % band of a run's net PnL, if stretches like its own came again: Student's, from `blocks` equal parts of
    its time. Whoever is lucky once in a run has a wide one. None where its ticks are fewer than the parts."""
    if equity.height <= blocks:
        return None, None
    ts = equity["ts"].cast(pl.Int64)
    part = (ts - ts[0]) * blocks // (ts[-1] - ts[0] + 1)
    last = equity.group_by(part.alias("part"), maintain_order=True).agg(pl.col("pnl").last())["pnl"]
    gains = last.diff().fill_null(last[0])
    if len(gains) < 2:
        return None, None
    half = student(len(gains) - 1) * float(gains.std()) * sqrt(len(gains))  # type: ignore[arg-type]
    net = float(last[-1])
    return net - half, net + half


def verdict(cells: pl.DataFrame) -> Verdict:
    """Of a whole band (schema CELLS)."""
    word = _word(cells, cells.filter(pl.col("fills") == "pessimistic"))
    return Verdict(word, word == "survives", SAID[word])


def _word(cells: pl.DataFrame, pessimistic: pl.DataFrame) -> str:
    if (pessimistic["net_low"].fill_null(float("-inf")) > 0).all():
        return "survives"
    if (pessimistic["net_pnl"] > 0).all():
        return "chance"
    if (pessimistic["net_pnl"] > 0).any():
        return "latency"
    return "fill model" if (cells["net_pnl"] > 0).any() else "none"
