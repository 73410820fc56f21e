"""The one composition root: which parts a run is made of. Backtest, paper and live differ only in what hosts them."""

from decimal import Decimal
from typing import Any

import msgspec

from engine.config.tree import RunConfig
from engine.core.events import Started
from engine.core.policy import Policy
from engine.core.risk import Limits
from engine.core.session import Record, Send, Session
from engine.core.types import Instrument, Nanos, PositionMode
from engine.simulation.settings import Simulation
from strategies.registry import STRATEGIES

PERCENT = Decimal(100)


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
        instrument=_charged(instrument, config.simulation),
        mode=PositionMode(values["position_mode"]),
        leverage=values["leverage"],
        balance=config.simulation.balance,
    )
    policy = STRATEGIES[config.strategy_name].policy(config.strategy)
    return Parts(policy=policy, limits=config.risk, started=started)


def _charged(instrument: Instrument, simulation: Simulation) -> Instrument:
    """The strategy budgets with the fees that will be charged."""
    maker, taker = simulation.maker_fee_pct, simulation.taker_fee_pct
    return msgspec.structs.replace(
        instrument,
        maker_fee=instrument.maker_fee if maker is None else maker / PERCENT,
        taker_fee=instrument.taker_fee if taker is None else taker / PERCENT,
    )
