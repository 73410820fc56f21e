"""A finished run against its market: where its money came from, how its fills fared, and whether it can be believed."""

from typing import Any, NamedTuple

import polars as pl

from engine.analysis.attribution import Attribution, attribution
from engine.analysis.frames import Frames
from engine.analysis.laws import Finding, broken_laws, latency_of, share_of_volume
from engine.analysis.market import Market
from engine.analysis.markout import by_group, curve, markouts
from engine.analysis.quality import fill_quality, touch_shares
from engine.analysis.shown import shown_at
from engine.core.types import SECOND, Instrument
from engine.journal.manifest import RunFile


class Study(NamedTuple):
    """`ahead`: id of each order that the venue took, and the size that rested at its price as it arrived (null: not
    known); `markouts`: schema MARKOUTS; `fill_quality`: see there; `touch`: share of ticks with our bid and ask at the
    touch; `share_of_volume`: 0..1, None where the market's volume is not known; `findings`: broken laws."""

    attribution: Attribution
    ahead: pl.DataFrame
    markouts: pl.DataFrame
    fill_quality: pl.DataFrame
    touch: dict[str, float | None]
    share_of_volume: float | None
    findings: tuple[Finding, ...]

    @property
    def curve(self) -> pl.DataFrame:
        """Markouts of the quotes that filled."""
        return curve(self.markouts.filter(pl.col("purpose") == "quote"))


def study(run_file: RunFile, frames: Frames, instrument: Instrument, market: Market) -> Study:
    """Everything above, in a few readings of the run's catalog where it still is (see `market_of`)."""
    share = share_of_volume(frames, market, instrument)
    ahead = queue_ahead(frames.orders, market)
    return Study(
        attribution=attribution(frames, instrument, market),
        ahead=ahead,
        markouts=markouts(frames.fills.join(ahead, on="id", how="left", maintain_order="left"), market),
        fill_quality=fill_quality(frames, market),
        touch=touch_shares(frames),
        share_of_volume=share,
        findings=broken_laws(frames, latency_of(run_file.manifest), share),
    )


def queue_ahead(orders: pl.DataFrame, market: Market) -> pl.DataFrame:
    resting = orders.filter(pl.col("accepted").is_not_null() & pl.col("price").is_not_null())
    if not market.books or resting.is_empty():
        return resting.select("id", ahead=pl.lit(None, pl.Float64))
    asked = resting.select("id", "side", "price", ts=pl.col("accepted").cast(pl.Int64))
    return asked.select("id").with_columns(shown_at(market.books, asked).alias("ahead"))


def study_figures(studied: Study) -> dict[str, Any]:
    """What the summary says of it, JSON-able. `attribution`: its parts in the settlement currency, their `residual`,
    the horizon of adverse selection and where the mids came from ("quotes" or "ticks"). `markouts`: of quotes that
    filled, bps, by horizon. `fill_quality`: by distance from the mid. `findings`: broken laws, none in a sound run."""
    found = studied.attribution
    return {
        "attribution": {**found.parts, "residual": found.residual},
        "adverse_selection_seconds": found.horizon_ns / SECOND,
        "mids_from": found.source,
        "markouts": studied.curve.to_dicts(),
        "markouts_by": by_group(studied.markouts.filter(pl.col("purpose") == "quote")).to_dicts(),
        "fill_quality": studied.fill_quality.to_dicts(),
        "touch_share_bid": studied.touch["bid"],
        "touch_share_ask": studied.touch["ask"],
        "share_of_volume": studied.share_of_volume,
        "findings": [finding._asdict() for finding in studied.findings],
    }
