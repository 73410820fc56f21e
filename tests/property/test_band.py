"""The verdict of a band: what it says of cells made up, and that the band of a net PnL holds as often as it says."""

from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.analysis.band import CELLS, FILLS, SAID, TIMES, net_band, verdict
from engine.core.types import SECOND

OWN = [*product(FILLS, TIMES)]


def cells(net: dict[str, float], sure: bool = True, **special: float) -> pl.DataFrame:
    """`net` by fills; `special`: at a multiple of the latency, as x05."""
    rows: list[dict[str, Any]] = []
    for fills, times in OWN:
        value = special.get(f"x{times:g}".replace(".", ""), net[fills]) if fills == "pessimistic" else net[fills]
        low = value - (0.5 if sure else 2) * abs(value)
        rows.append({"fills": fills, "times": times, "latency_ms": 50, "net_pnl": value, "net_low": low,
                     "net_high": value + 1, "rebates": 0.0, "markout_1s_bps": None, "filled": 9, "volume": 1.0,
                     "run": "."})  # fmt: skip
    return pl.DataFrame(rows, schema=CELLS)


GOOD = {"pessimistic": 3.0, "central": 5.0, "optimistic": 9.0}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (cells(GOOD), "survives"),
        (cells(GOOD, sure=False), "chance"),
        (cells(GOOD, x4=-0.1), "latency"),
        (cells(GOOD, x1=-0.1), "latency"),
        (cells(GOOD | {"pessimistic": -0.1}), "fill model"),
        (cells(GOOD | {"pessimistic": -0.1, "central": -0.1}), "fill model"),
        (cells(dict.fromkeys(FILLS, -1.0)), "none"),
        (cells(dict.fromkeys(FILLS, 0.0)), "none"),
        (cells(GOOD).with_columns(net_low=pl.lit(None, pl.Float64)), "chance"),  # too short to tell
    ],
)
def test_one_word_of_a_band(given: pl.DataFrame, word: str) -> None:
    found = verdict(given)
    assert (found.word, found.survives, found.said) == (word, word == "survives", SAID[word])


def run_of(pnl: np.ndarray) -> pl.DataFrame:
    ts = pl.Series(np.arange(len(pnl)) * SECOND).cast(pl.Datetime("ns", "UTC"))
    return pl.DataFrame({"ts": ts, "pnl": pnl})


def test_the_band_of_a_net_pnl_covers_as_often_as_it_says() -> None:
    """Runs of 2,000 s whose PnL drifts by a known amount: 95 of 100 bands hold it, give or take what chance allows."""
    chance, held, drift = np.random.default_rng(3), 0, 0.01
    for _ in range(300):
        steps = chance.standard_t(4, 2_000) + drift
        low, high = net_band(run_of(np.cumsum(steps)))
        assert low is not None
        assert high is not None
        held += low <= drift * 2_000 <= high
    assert 0.91 <= held / 300 <= 0.98


def test_the_band_is_centred_and_a_short_run_has_none() -> None:
    low, high = net_band(run_of(np.cumsum(np.ones(100))))
    assert (low, high) == pytest.approx((100, 100))
    assert net_band(run_of(np.ones(20))) == (None, None)
