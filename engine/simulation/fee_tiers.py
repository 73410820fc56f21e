"""What a venue charges makers and takers, by tier: its published tables, each with its date and its source."""

import datetime as dt
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from engine.core.errors import ConfigError, Problem
from engine.core.types import SECOND, Instrument, Nanos
from engine.simulation.settings import Simulation

TABLES = Path(__file__).with_name("fees")
_PERCENT = Decimal(100)


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Percent of the value traded."""

    name: str
    maker: Decimal
    taker: Decimal


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A venue's fees as they were published on a day."""

    contracts: Literal["linear", "inverse", "all"]
    published: dt.date
    source: str
    tiers: tuple[Tier, ...]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schedule: tuple[Schedule, ...]


class Fees(NamedTuple):
    """Fractions of the value traded. `origin`: where they come from, None if from the contract or the run file."""

    maker: Decimal
    taker: Decimal
    origin: str | None


def fees(simulation: Simulation, instrument: Instrument, at_ns: Nanos) -> Fees:
    """What will be charged: what the run file says in figures, else by its tier, else the contract's own.

    Raises ConfigError, naming the tiers that there are, for one that the venue has not.
    """
    maker, taker, origin = instrument.maker_fee, instrument.taker_fee, None
    if simulation.fee_tier is not None:
        schedule, tier = _tier(simulation.fee_tier, instrument, at_ns)
        maker, taker = tier.maker / _PERCENT, tier.taker / _PERCENT
        origin = f"fees of tier {tier.name} as published on {schedule.published}: {schedule.source}"
    return Fees(
        maker if simulation.maker_fee_pct is None else simulation.maker_fee_pct / _PERCENT,
        taker if simulation.taker_fee_pct is None else simulation.taker_fee_pct / _PERCENT,
        origin,
    )


def charged(instrument: Instrument, simulation: Simulation, at_ns: Nanos) -> Instrument:
    """The contract with the fees that will be charged, so that a strategy budgets with them."""
    found = fees(simulation, instrument, at_ns)
    return msgspec.structs.replace(instrument, maker_fee=found.maker, taker_fee=found.taker)


@cache
def schedules(venue: str) -> tuple[Schedule, ...]:
    """A venue's tables, the oldest first; none for a venue that we have no table of."""
    path = TABLES / f"{venue.partition('_')[0].lower()}.toml"
    if not path.is_file():
        return ()
    return tuple(sorted(msgspec.toml.decode(path.read_bytes(), type=_Table).schedule, key=lambda each: each.published))


def _tier(name: str, instrument: Instrument, at_ns: Nanos) -> tuple[Schedule, Tier]:
    """From the latest table published by then that has the tier, else the earliest after it."""
    kind = "inverse" if instrument.inverse else "linear"
    known = [each for each in schedules(instrument.venue) if each.contracts in (kind, "all")]
    day = dt.datetime.fromtimestamp(at_ns // SECOND, dt.UTC).date()
    having = [(each, tier) for each in known for tier in each.tiers if tier.name == name.lower()]
    before = [each for each in having if each[0].published <= day]
    if having:
        return before[-1] if before else having[0]
    names = ", ".join(dict.fromkeys(tier.name for each in known for tier in each.tiers))
    has = f"has {names}" if names else "has no table here: give maker_fee_pct and taker_fee_pct"
    message = f"{instrument.venue} has no tier {name!r} for {kind} contracts; it {has}"
    raise ConfigError(Problem("run file", message, field="simulation.fee_tier"))
