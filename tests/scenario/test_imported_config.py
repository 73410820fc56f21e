"""Importing a Hummingbot config and running it gives what the scenario of the same values gives."""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.config.hummingbot import imported
from engine.config.read import parse_config
from engine.core.types import PositionMode
from engine.run.scenario import play, run_case
from engine.run.scenario_files import read_config, read_tape
from engine.simulation.scenario_tape import Line
from engine.simulation.scenario_venue import Row, ScenarioVenue
from strategies.registry import STRATEGIES
from tests.support.shared import ORACLE

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenarios"
CASES = [*sorted(EXAMPLES.iterdir()), *(sorted(ORACLE.iterdir()) if ORACLE.is_dir() else [])]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_an_imported_config_does_what_its_values_do(case: Path, tmp_path: Path) -> None:
    config, tape = read_config(case / "config.json"), read_tape(case / "tape.jsonl")
    (tmp_path / "conf.yml").write_text(as_hummingbot_saves(config.sim.pair, config.strategy))
    result = imported(tmp_path / "conf.yml")
    assert not result.problems
    run = parse_config(result.text, "run.toml")
    venue = ScenarioVenue(config.sim, PositionMode(run.strategy.position_mode), run.strategy.leverage)  # type: ignore[attr-defined]
    assert played(STRATEGIES[run.strategy_name].policy(run.strategy), venue, tape) == run_case(case, "safe")


def played(policy: Any, venue: ScenarioVenue, tape: Iterable[Line]) -> list[Row]:
    for _ in play(policy, venue, tape):
        pass
    return venue.rows


def as_hummingbot_saves(pair: str, strategy: dict[str, Any]) -> str:
    head = {"strategy": "perpetual_market_making", "derivative": "binance_perpetual", "market": pair}
    return "".join(f"{key}: {json.dumps(value, default=plain)}\n" for key, value in {**head, **strategy}.items())


def plain(number: Decimal) -> float:
    return float(number)
