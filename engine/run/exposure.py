"""The most that a run's position could be worth: what a user has to know, and to agree to, before the first order."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from engine.config.tree import RunConfig
from engine.core.position import notional
from engine.core.types import Instrument
from engine.venue_api.account import Account
from strategies.registry import STRATEGIES


class Exposure(msgspec.Struct, frozen=True):
    """`amount` in the settlement currency, and what bounds it."""

    amount: Decimal
    bound: str


def worst_case(config: RunConfig, instrument: Instrument, mark: Decimal, account: Account) -> Exposure:
    """The tightest bound: a limit of the run file, or the ladder with what is held already."""
    return min(_bounds(config, instrument, mark, account), key=lambda each: each.amount)


def _bounds(config: RunConfig, instrument: Instrument, mark: Decimal, account: Account) -> Iterator[Exposure]:
    limits, strategy = config.risk, STRATEGIES[config.strategy_name]
    held = sum((abs(each.size) for each in account.holdings), Decimal(0))
    legs = 2 if account.hedge else 1
    yield Exposure(notional(instrument, held + strategy.reach(config.strategy), mark), "what its ladder can reach")
    if limits.max_position is not None:
        yield Exposure(notional(instrument, max(held, legs * limits.max_position), mark), "risk.max_position")
    if limits.max_position_notional is not None:
        at_most = max(notional(instrument, held, mark), legs * limits.max_position_notional)
        yield Exposure(at_most, "risk.max_position_notional")
