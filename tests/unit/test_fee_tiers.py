"""Fees by tier: the tables are sound, the right one is taken, and what is charged is what they say."""

from decimal import Decimal

import msgspec
import pytest

from engine.core.errors import ConfigError
from engine.core.types import Instrument
from engine.simulation.fee_tiers import TABLES, charged, fees, schedules
from engine.simulation.settings import Simulation
from tests.support.builders import INVERSE, LINEAR

DAY = 86_400_000_000_000
IN_2024, IN_2018 = 19_800 * DAY, 17_600 * DAY


def at(venue: str, instrument: Instrument = LINEAR) -> Instrument:
    return msgspec.structs.replace(instrument, venue=venue, id=f"X.{venue}")


@pytest.mark.parametrize("path", sorted(TABLES.glob("*.toml")), ids=lambda path: path.stem)
def test_each_table_is_dated_sourced_and_falls_with_the_tier(path: object) -> None:
    found = schedules(path.stem.upper())  # type: ignore[attr-defined]
    assert found
    for schedule in found:
        assert schedule.source
        names = [tier.name for tier in schedule.tiers]
        assert len(set(names)) == len(names)
        assert all(Decimal("-0.05") <= tier.maker <= tier.taker <= Decimal("0.1") for tier in schedule.tiers)
        by_volume = [tier for tier in schedule.tiers if not tier.name.startswith("maker")]
        for field in ("maker", "taker"):
            rates = [getattr(tier, field) for tier in by_volume]
            assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("instrument", "tier", "maker", "taker"),
    [
        (at("BINANCE"), "regular", "0.0002", "0.0005"),
        (at("BINANCE"), "VIP9", "0", "0.00017"),
        (at("BINANCE", INVERSE), "maker3", "-0.00015", "0.0005"),
        (at("BYBIT", INVERSE), "vip2", "0.00016", "0.000375"),
        (at("OKX"), "vip7", "-0.00015", "0.0003"),
        (at("HYPERLIQUID"), "maker3", "-0.00003", "0.00045"),
        (at("ELSEWHERE"), None, "0.0002", "0.0005"),  # the contract's own
    ],
)
def test_a_tier_s_rates_are_charged(instrument: Instrument, tier: str | None, maker: str, taker: str) -> None:
    found = charged(instrument, Simulation(fee_tier=tier), IN_2024)
    assert (found.maker_fee, found.taker_fee) == (Decimal(maker), Decimal(taker))


def test_figures_of_the_run_file_come_before_the_tier_s() -> None:
    found = fees(Simulation(fee_tier="vip1", maker_fee_pct=Decimal("-0.01")), at("BINANCE"), IN_2024)
    assert found[:2] == (Decimal("-0.0001"), Decimal("0.0004"))


def test_the_table_of_the_day_is_taken() -> None:
    for when, published in ((IN_2018, "2019-11-04"), (IN_2024, "2019-11-04"), (20_800 * DAY, "2026-10-16")):
        said = fees(Simulation(fee_tier="lv1"), at("OKX"), when).origin
        assert said is not None
        assert published in said


def test_an_unknown_tier_names_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"simulation.fee_tier: BINANCE has no tier 'vip10'.*vip9"):
        fees(Simulation(fee_tier="vip10"), at("BINANCE"), IN_2024)
    with pytest.raises(ConfigError, match="maker_fee_pct"):
        fees(Simulation(fee_tier="vip1"), at("ELSEWHERE"), IN_2024)
