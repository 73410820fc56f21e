"""What holds on the scenario venue whatever the config, the market and the behaviour."""

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.state import State, available
from engine.run.scenario import play, run_case, venue_and_policy
from engine.run.scenario_files import Behaviour, read_config, read_tape
from engine.simulation.scenario_venue import Row, ScenarioVenue
from tests.support import cases

CENT = Decimal("1e-6")
seeds = st.integers(0, 10**9)
few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, seed: int, behaviour: Behaviour, length: int = 120) -> Path:
    random = Random(f"{seed}")
    config = cases.config(random, behaviour)
    lines = cases.tape(random, config["sim"]["price_tick"], length)
    folder.joinpath("config.json").write_text(json.dumps(config))
    folder.joinpath("tape.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


@pytest.mark.parametrize("behaviour", ["classic", "head", "safe"])
@few
@given(seed=seeds)
def test_venue_and_core_agree_after_every_second(tmp_path: Path, seed: int, behaviour: Behaviour) -> None:
    folder = written(tmp_path, seed, behaviour)
    venue, policy = venue_and_policy(folder, read_config(folder / "config.json"))
    for state in play(policy, venue, read_tape(folder / "tape.jsonl")):
        assert_agreed(venue, state)
    assert_fills_in_bounds(venue.rows, venue.sim.max_fill_per_tick)


@pytest.mark.parametrize("behaviour", ["classic", "head", "safe"])
@few
@given(seed=seeds)
def test_a_case_comes_out_the_same_twice(tmp_path: Path, seed: int, behaviour: Behaviour) -> None:
    folder = written(tmp_path, seed, behaviour, length=60)
    assert run_case(folder) == run_case(folder)


def assert_agreed(venue: ScenarioVenue, state: State[Any]) -> None:
    """The core folds the same account and the same working orders from events that the venue keeps itself."""
    held = {leg: (position.size, position.entry) for leg, position in venue.account.positions.items()}
    folded = {leg: (position.size, position.entry) for leg, position in state.positions.items()}
    assert {leg: size for leg, (size, _) in held.items()} == {leg: size for leg, (size, _) in folded.items()}
    assert all(abs(entry - (folded[leg][1] or 0)) < CENT for leg, (_, entry) in held.items())
    assert abs(venue.available - available(state)) < CENT
    assert {order_id: resting.left for order_id, resting in venue.orders.items()} == {
        working.order.id: working.leaves for working in state.orders
    }
    assert all(working.accepted for working in state.orders)


def assert_fills_in_bounds(rows: list[Row], cap: Decimal | None) -> None:
    sizes = {row["id"]: Decimal(str(row["size"])) for row in rows if row["type"] == "create"}
    filled: defaultdict[object, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["type"] == "fill":
            size = Decimal(str(row["size"]))
            assert size > 0 or sizes[row["id"]] == 0
            assert cap is None or size <= cap
            filled[row["id"]] += size
            assert sizes[row["id"]] - filled[row["id"]] >= Decimal(str(row["left"])) >= 0
