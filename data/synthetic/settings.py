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
    price_decimals: int = 1  # a tick of 0.1
    size_decimals: int = 3  # a lot of 0.001
    multiplier: str = "1"  # base units (of an inverse contract: quote units) in a size of 1
    inverse: bool = False  # counted in quote units and settled in the base


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the day: where the price is heading, and how much happens on the way."""

    duration_s: float
    drift_bps: float
    news_per_s: float


class News(msgspec.Struct, frozen=True, kw_only=True):
    """Moves of the efficient price: informed takers know of one a moment before the makers do."""

    # Quantiles of a move's size: mostly small, now and then ten times the middle one.
    jump_bps: Quantiles = (0.06, 0.15, 0.27, 0.39, 0.52, 0.68, 0.87, 1.13, 1.5, 2.2, 5.0)
    pull_bps: float = 6.0  # a price this far off its phase's path turns back with certainty
    leak_s: float = 0.7  # mean time between a few takers knowing and the move
    leak_lean: float = 0.27  # how far takers then lean towards it: 0 not at all, 0.5 all of them
    step_s: float = 0.0065  # mean time between the events of a move
    taker_share: float = 0.60  # of those events; the others are makers getting out of the way
    contrarian_share: float = 0.23  # of a move's takers, who trade against it
    excitement: float = 0.5  # by how much one move raises every rate, dying away over calm_s
    calm_s: float = 1.2


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Orders between moves, as rates of a quiet market, and the sizes of orders and of what rests."""

    touch_updates_per_s: float = 80.0
    deep_updates_per_s: float = 48.0
    deep_draws_mean: int = 6  # prices that one deep update looks at; less than half of them change
    takers_per_s: float = 6.0
    repeat_share: float = 0.06  # of takers, who trade on the same side as the one before
    mood_s: float = 3.0  # mean time until the side that takers prefer, for no good reason, changes
    mood_lean: float = 0.185  # how far they prefer it: 0 not at all, 0.5 altogether
    impact_share: float = 0.35  # of emptied touch levels whose price the other side then takes over
    refill_s: float = 0.0016  # mean time until someone quotes inside a spread wider than a tick
    prints_mean: float = 4.2  # makers met by one taker at a level
    taker_size_lots: Quantiles = (1, 2, 4, 8, 15, 26, 50, 95, 180, 380, 900, 7000)
    touch_size_lots: Quantiles = (150, 1200, 2600, 4200, 6000, 8200, 11000, 16000, 26000)
    level_size_lots: Quantiles = (1, 4, 15, 50, 110, 240, 520, 1200, 3000)
    fresh_size_lots: Quantiles = (2, 20, 60, 150, 320, 700, 2400)  # a new best quote, before others join it
    level_distance_ticks: Quantiles = (1, 12, 35, 80, 160, 320, 620, 1100, 1900, 3600)
    level_density: float = 0.22  # how full a side is kept: the share of its prices at which orders rest near the touch
    levels_per_side: int = 220  # in the first snapshot


class Stress(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong in the market itself; nothing by default. Lengths are means unless said otherwise."""

    jumps_per_hour: float = 0.0
    jump_bps: float = 40.0
    cascades_per_hour: float = 0.0  # one side's positions are liquidated, each forcing the next
    cascade_orders: int = 25
    cascade_lots: int = 4_000  # of one liquidation
    thin_per_hour: float = 0.0  # makers leave: few levels a side
    thin_s: float = 20.0
    thin_levels: int = 4  # exactly
    one_sided_per_hour: float = 0.0  # a side of the book is not shown at all
    one_sided_s: float = 5.0
    funding_flip_s: int = 0  # the rate changes its sign every so often; 0 never


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong between the venue and the file; nothing by default."""

    outages_per_hour: float = 0.0  # nothing is heard, then the recorder connects anew
    outage_s: float = 15.0
    snapshot_late_s: float = 0.4  # from connecting anew to the snapshot; diffs newer than it come before it
    duplicate_share: float = 0.0  # of trades, told twice
    clock_steps_per_hour: float = 0.0
    clock_step_ms: float = 300.0  # exactly, forward or back


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A whole synthetic market. Times are seconds since the epoch (UTC) or durations in seconds."""

    contract: Contract = Contract()
    news: News = News()
    flow: Flow = Flow()
    stress: Stress = Stress()
    feed: Feed = Feed()
    # Quiet, a climb, a hard fall with a bounce in it, quiet again, a recovery: then over again.
    phases: tuple[Phase, ...] = (
        Phase(duration_s=90, drift_bps=0, news_per_s=0.34),
        Phase(duration_s=150, drift_bps=18, news_per_s=0.46),
        Phase(duration_s=60, drift_bps=-9, news_per_s=0.46),
        Phase(duration_s=60, drift_bps=9, news_per_s=0.46),
        Phase(duration_s=150, drift_bps=-34, news_per_s=0.6),
        Phase(duration_s=90, drift_bps=8, news_per_s=0.46),
        Phase(duration_s=90, drift_bps=0, news_per_s=0.34),
        Phase(duration_s=210, drift_bps=20, news_per_s=0.46),
    )
    minutes: float = 15.0
    funding_s: int = 1_707_811_200  # 2024-02-13 08:00 UTC, in the middle of the tape
    funding_interval_s: int = 28_800
    funding_rate_e8: int = 10_000  # 0.01 %, wandering from there
    index_basis_bps: float = 2.0  # the index below the perpetual
    start_price: float = 50_000.0
    latency_ms: float = 3.0  # least; the rest drifts up to latency_drift_ms above it
    latency_drift_ms: float = 6.0
    latency_jitter_ms: float = 0.15
