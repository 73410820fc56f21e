"""What no honest simulation can do, asked of a finished run. A broken law is a finding: shown, never silently mended.

The cheap ones are asked of every run, from its frames. `engine.analysis.supply` asks the thorough ones.
"""

from typing import NamedTuple

import polars as pl

from engine.analysis.frames import Frames
from engine.analysis.market import Market
from engine.core.types import Instrument, Nanos
from engine.journal.manifest import Manifest

MS = 1_000_000
PARTICIPATION_LIMIT = 0.1  # of the market's volume: beyond it, the tape would have gone another way

TOO_EARLY = "filled before the order could have arrived"
TOO_LATE = "filled after its cancel was confirmed"
TOO_MUCH = f"more than {PARTICIPATION_LIMIT:.0%} of the market's volume"
MORE_THAN_THERE = "more than traded or was shown there"


class Finding(NamedTuple):
    """A law, the fills that broke it, and the first of them in words."""

    law: str
    fills: int
    example: str


def broken_laws(frames: Frames, latency_ns: Nanos, share_of_volume: float | None) -> tuple[Finding, ...]:
    """The cheap laws. `latency_ns`: from our decision until the venue acts; `share_of_volume`: None if not known."""
    found = [_too_early(frames, latency_ns), _too_late(frames.fills)]
    if share_of_volume is not None and share_of_volume > PARTICIPATION_LIMIT:
        found.append(Finding(TOO_MUCH, frames.fills.height, f"{share_of_volume:.1%} of all that traded was ours"))
    return tuple(finding for finding in found if finding is not None)


def latency_of(manifest: Manifest) -> Nanos:
    """The order latency that a backtest promised; 0 where the venue is a real one."""
    simulation = manifest.config.get("simulation", {}) if manifest.kind == "backtest" else {}
    return int(simulation.get("order_latency_ms", 0)) * MS


def share_of_volume(frames: Frames, market: Market, instrument: Instrument) -> float | None:
    """Our part, 0..1, of the size that traded between the run's first tick and its end; None where no prints are."""
    if market.prints is None:
        return None
    low, high = frames.equity["ts"].cast(pl.Int64).to_list()[:: max(1, frames.equity.height - 1)][:2]
    traded = sum(float(page.size[(page.ts >= low) & (page.ts <= high)].sum()) for page in market.prints(low, high))
    return float(frames.fills["size"].sum()) / traded if traded > float(instrument.step) / 2 else None


def _too_early(frames: Frames, latency_ns: Nanos) -> Finding | None:
    sent = frames.fills.join(frames.orders.select("id", "submitted"), on="id")
    waited = pl.col("ts").cast(pl.Int64) - pl.col("submitted").cast(pl.Int64)
    early = sent.with_columns(waited=waited).filter(pl.col("waited") < latency_ns)
    if early.is_empty():
        return None
    first = early.row(0, named=True)
    waited_ms = f"{first['waited'] / MS:g} ms after it was sent, order latency {latency_ns / MS:g} ms"
    return Finding(TOO_EARLY, early.height, f"order {first['id']}: {waited_ms}")


def _too_late(fills: pl.DataFrame) -> Finding | None:
    late = fills.filter("after_cancel")
    return None if late.is_empty() else Finding(TOO_LATE, late.height, f"order {late['id'][0]} at {late['ts'][0]}")
