"""What the synthetic market is like: every knob, with its unit in its name.

The defaults make a BTCUSDT-like perpetual whose stylised facts lie among those measured on real tapes (see
`data.synthetic.facts` and the test that holds a generated tape against them).
"""

import msgspec

# Piecewise linear inverse distributions: evenly spaced quantiles, first and last included.
Quantiles = tuple[float, ...]


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """How the vendor names and counts the instrument. Prices are whole ticks and sizes whole lots throughout."""

    exchange: str = "binance-futures"
    symbol: str = "BTCUSDT"
    ticks_per_unit: int = 10  # a tick of 0.1
    lots_per_unit: int = 1000  # a step of 0.001


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the day: where the price is heading, and how much happens on the way."""

    duration_s: float
    drift_bps: float
    news_per_s: float


class News(msgspec.Struct, frozen=True, kw_only=True):
    """Moves of the efficient price: informed takers know of one a moment before the makers do."""

    # Quantiles of a move's size: mostly small, now and then ten times the middle one.
    jump_bps: Quantiles = (0.05, 0.12, 0.2, 0.28, 0.37, 0.48, 0.62, 0.8, 1.05, 1.5, 3.6)
    pull_bps: float = 4.0  # a price this far off its phase's path turns back with certainty
    leak_s: float = 0.35  # mean time between a few takers knowing and the move
    leak_lean: float = 0.30  # how far takers then lean towards it: 0 not at all, 0.5 all of them
    step_s: float = 0.011  # mean time between the events of a move
    taker_share: float = 0.42  # of those events; the others are makers getting out of the way
    contrarian_share: float = 0.12  # of a move's takers, who trade against it
    excitement: float = 0.9  # by how much one move raises every rate, dying away over calm_s
    calm_s: float = 2.0


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Orders between moves, as rates of a quiet market, and the sizes of orders and of what rests."""

    touch_updates_per_s: float = 75.0
    deep_updates_per_s: float = 26.0
    deep_draws_mean: int = 6  # prices that one deep update looks at; less than half of them change
    takers_per_s: float = 5.2
    repeat_share: float = 0.30  # of takers, who trade on the same side as the one before
    impact_share: float = 0.35  # of emptied touch levels whose price the other side then takes over
    refill_s: float = 0.0025  # mean time until someone quotes inside a spread wider than a tick
    prints_mean: float = 2.6  # makers met by one taker at a level
    taker_size_lots: Quantiles = (1, 2, 3, 6, 12, 26, 60, 130, 260, 560, 1500, 8500)
    touch_size_lots: Quantiles = (150, 1200, 2600, 4200, 6000, 8200, 11000, 16000, 26000)
    level_size_lots: Quantiles = (1, 4, 15, 50, 110, 240, 520, 1200, 3000)
    fresh_size_lots: Quantiles = (2, 20, 60, 150, 320, 700, 2400)  # a new best quote, before others join it
    level_distance_ticks: Quantiles = (1, 12, 35, 80, 160, 320, 620, 1100, 1900, 3600)
    level_density: float = 0.22  # how full a side is kept: the share of its prices at which orders rest near the touch
    levels_per_side: int = 220  # in the first snapshot


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A whole synthetic market. Times are seconds since the epoch (UTC) or durations in seconds."""

    contract: Contract = Contract()
    news: News = News()
    flow: Flow = Flow()
    # Quiet, a climb, a hard fall with a bounce in it, quiet again, a recovery: then over again.
    phases: tuple[Phase, ...] = (
        Phase(duration_s=90, drift_bps=0, news_per_s=0.45),
        Phase(duration_s=150, drift_bps=18, news_per_s=0.65),
        Phase(duration_s=60, drift_bps=-9, news_per_s=0.65),
        Phase(duration_s=60, drift_bps=9, news_per_s=0.65),
        Phase(duration_s=150, drift_bps=-34, news_per_s=0.85),
        Phase(duration_s=90, drift_bps=8, news_per_s=0.65),
        Phase(duration_s=90, drift_bps=0, news_per_s=0.45),
        Phase(duration_s=210, drift_bps=20, news_per_s=0.65),
    )
    minutes: float = 15.0
    funding_s: int = 1_707_811_200  # 2024-02-13 08:00 UTC, in the middle of the tape
    funding_interval_s: int = 28_800
    funding_rate: float = 0.0001
    start_price: float = 50_000.0
    latency_ms: float = 3.0  # least; the rest drifts up to latency_drift_ms above it
    latency_drift_ms: float = 6.0
    latency_jitter_ms: float = 0.15


DEFAULT_SEED = 1
