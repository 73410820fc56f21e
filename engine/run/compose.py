"""The one composition root: which parts a run is made of. Backtest, paper and live differ only in what hosts them."""

from typing import Any

import msgspec

from engine.config.tree import RunConfig
from engine.core.events import Started
from engine.core.policy import Policy
from engine.core.risk import Limits
from engine.core.session import Record, Send, Session
from engine.core.types import Instrument, Nanos, PositionMode
from engine.simulation.fee_tiers import charged
from strategies.registry import STRATEGIES


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    policy: Policy[Any]
    limits: Limits
    started: Started

    def session(self, record: Record, send: Send) -> Session[Any]:
        return Session(self.policy, self.limits, record, send)


def compose(config: RunConfig, *, run: str, instrument: Instrument, at_ns: Nanos) -> Parts:
    """`run` is the manifest's hash, `at_ns` the time of the run's first event."""
    values = config.strategy.model_dump(include={"position_mode", "leverage"})
    started = Started(
        ts_event=at_ns,
        ts_init=at_ns,
        run=run,
        instrument=charged(instrument, config.simulation, at_ns),
        mode=PositionMode(values["position_mode"]),
        leverage=values["leverage"],
        balance=config.simulation.balance,
    )
    policy = STRATEGIES[config.strategy_name].policy(config.strategy)
    return Parts(policy=policy, limits=config.risk, started=started)


def said_before(config: RunConfig, instrument: Instrument) -> tuple[str, ...]:
    """What a user ought to hear before the first order."""
    said = STRATEGIES[config.strategy_name].said_at_start(config.strategy)
    unit = instrument.quote if instrument.inverse else instrument.base
    if not instrument.inverse and instrument.multiplier == 1:
        return said
    each = f"{instrument.multiplier.normalize():f} {unit}"
    return (*said, f"order_amount and every other size are in contracts of {instrument.id}, {each} each, not in base")
