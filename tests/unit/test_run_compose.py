"""The strategy budgets with the fees that the run file asks for."""

from decimal import Decimal

import msgspec

from engine.config.read import override, parse_config
from engine.config.template import run_file
from engine.core.types import PositionMode
from engine.run.compose import compose, said_before
from tests.support.builders import LINEAR


def test_run_file_reaches_the_first_event() -> None:
    changes = ["simulation.balance=500", "strategy.leverage=3", "strategy.position_mode=Hedge", "risk.max_position=2"]
    config = parse_config(run_file(), "run.toml", [override(change) for change in changes])
    parts = compose(config, run="ab", instrument=LINEAR, at_ns=7)
    started = parts.started
    assert (started.run, started.ts_event, started.balance, started.leverage) == ("ab", 7, 500, 3)
    assert started.mode is PositionMode.HEDGE
    assert started.instrument == LINEAR
    assert parts.limits.max_position == 2


def test_fees_of_the_run_file_stand_in_for_the_instruments_own() -> None:
    config = parse_config(run_file(), "run.toml", [override("simulation.maker_fee_pct=-0.01")])
    instrument = compose(config, run="ab", instrument=LINEAR, at_ns=7).started.instrument
    assert instrument.maker_fee == Decimal("-0.0001")
    assert instrument.taker_fee == LINEAR.taker_fee


def test_sizes_in_contracts_are_said_at_the_start() -> None:
    config = parse_config(run_file(), "run.toml")
    assert not any("contracts" in each for each in said_before(config, LINEAR))
    small = msgspec.structs.replace(LINEAR, multiplier=Decimal("0.0010"))
    inverse = msgspec.structs.replace(LINEAR, multiplier=Decimal(100), inverse=True)
    assert "0.001 BTC each" in said_before(config, small)[-1]
    assert "100 USDT each" in said_before(config, inverse)[-1]
