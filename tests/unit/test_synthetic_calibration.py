"""The default tape looks like BTCUSDT and ETHUSDT on Binance USD-M did, and gives its user something to see."""

from collections.abc import Callable
from itertools import pairwise

import msgspec
import polars as pl
import pytest

from data.synthetic import DEFAULT_SEED
from data.synthetic.facts import Facts
from data.synthetic.rebuild import tape_facts, top_of_book
from data.synthetic.settings import Contract, Settings
from tests.support.shared import STYLISED_FACTS, needs_facts
from tests.support.synthetic import synthetic_tape

MINUTES = 15.0
READ: dict[str, Callable[[Facts], float]] = {
    "spread_bps_tw": lambda facts: facts.spread_bps_tw,
    "bbo_updates_per_s": lambda facts: facts.bbo_updates_per_s,
    "taker_orders_per_s": lambda facts: facts.taker_orders_per_s,
    "ret1s_std_bps": lambda facts: facts.ret1s_std_bps,
    "ret10s_std_bps": lambda facts: facts.ret10s_std_bps,
    "sign_autocorr_1": lambda facts: facts.sign_autocorr_1_5_20[0],
    "taker_markout_1s_bps": lambda facts: facts.taker_markout_bps["1"],
}
# Least and most over five recorded tapes of Binance USD-M, BTCUSDT and ETHUSDT, 2023 and 2024.
RANGES = {
    "spread_bps_tw": (0.0158, 0.0388),
    "bbo_updates_per_s": (86.0, 191.9),
    "taker_orders_per_s": (7.39, 16.17),
    "ret1s_std_bps": (0.369, 1.396),
    "ret10s_std_bps": (1.172, 3.764),
    "sign_autocorr_1": (0.218, 0.396),
    "taker_markout_1s_bps": (0.179, 0.32),
}


@needs_facts
def test_ranges_are_those_of_the_recorded_tapes() -> None:
    recorded = msgspec.json.decode(STYLISED_FACTS.read_bytes())["tapes"]
    real = [msgspec.convert(tape, Facts) for tape in recorded if tape["tape"].startswith("binance-um")]
    for name, read in READ.items():
        assert RANGES[name] == (min(map(read, real)), max(map(read, real))), name


@pytest.mark.parametrize("seed", [DEFAULT_SEED, 1001, 1002])
def test_stylised_facts_lie_within_those_of_real_tapes(seed: int) -> None:
    facts = tape_facts(synthetic_tape(seed=seed, minutes=MINUTES), Contract())
    measured = {name: read(facts) for name, read in READ.items()}
    outside = {name: value for name, value in measured.items() if not RANGES[name][0] <= value <= RANGES[name][1]}
    assert not outside, f"seed {seed}: {outside}, of {RANGES}"
    # Not asked for, but a tape that misses these by far is no market either.
    assert 8 <= facts.ret1s_kurt <= 24
    assert 0.37 <= facts.zero_1s_returns <= 0.78
    assert 0.98 <= facts.p_spread_1tick < 1
    assert facts.imbalance_corr_next1s > 0.1
    assert 2 <= facts.touch_size_median <= 11


def test_quoting_at_the_touch_loses_before_rebates() -> None:
    facts = tape_facts(synthetic_tape(seed=DEFAULT_SEED, minutes=MINUTES), Contract())
    assert facts.taker_markout_bps["1"] > facts.spread_bps_tw / 2
    assert facts.taker_markout_bps["5"] > facts.spread_bps_tw / 2


def test_price_rises_and_falls_far_enough_for_every_exit() -> None:
    tops = top_of_book(synthetic_tape(seed=DEFAULT_SEED, minutes=MINUTES).book)
    bids = tops["bid"]
    fall_bps = (1 - bids / bids.cum_max()).max() * 1e4
    rise_bps = (bids / bids.cum_min() - 1).max() * 1e4
    assert fall_bps > 25
    assert rise_bps > 15


def test_funding_is_settled_in_the_middle_and_the_next_one_announced() -> None:
    ticker, funding_us = synthetic_tape(seed=DEFAULT_SEED, minutes=MINUTES).ticker, Settings().funding_s * 1_000_000
    assert len(ticker) == MINUTES * 60
    before, after = (
        ticker.filter(pl.col("ts_event_us") < funding_us),
        ticker.filter(pl.col("ts_event_us") >= funding_us),
    )
    assert len(before) == len(after)
    assert before["funding_us"].unique().to_list() == [funding_us]
    assert after["funding_us"].unique().to_list() == [funding_us + 8 * 3600 * 1_000_000]
    assert all(abs(b - a) < 1000 for a, b in pairwise(ticker["funding_rate_e8"]))


def test_mark_and_index_stay_near_the_market() -> None:
    ticker = synthetic_tape(seed=DEFAULT_SEED, minutes=MINUTES).ticker
    last_e8 = pl.col("last_price_ticks") * 10_000_000
    off_bps = ticker.select(
        mark=(pl.col("mark_price_e8") / last_e8 - 1).abs() * 1e4,
        index=(pl.col("index_price_e8") / last_e8 - 1).abs() * 1e4,
    )
    assert off_bps.select(pl.all().max()).row(0) < (10, 10)
