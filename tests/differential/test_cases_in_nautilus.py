"""The same strategy gives the same commands in NautilusTrader as on the venue of rules R1 to R9: those that Hummingbot
gave in the recorded cases, and in `safe` those of the scenario."""

from pathlib import Path

import pytest

from engine.run.scenario import run_case
from engine.run.scenario_diff import divergence
from engine.run.scenario_files import EXPECTED, read_rows
from engine.simulation.scenario_venue import Row
from tests.support.nautilus_cases import commands_in_nautilus
from tests.support.shared import ORACLE, needs_oracle

CAP = "max_fill_per_tick caps what an order fills a second; NautilusTrader fills what the book shows"
SLOW_CANCELS = "cancels take 3 s and orders no time; NautilusTrader's latency is one for both"
HELD = "a position is held before the start, and NautilusTrader rejects a reduce-only order on what it does not know"
LEFT_BEHIND = (
    "a marketable LIMIT meets the next second's book (R3), which has left it behind; NautilusTrader fills it on arrival"
)
EXCLUDED = {
    "classic_09_trailing_limit_exit_stuck": LEFT_BEHIND,
    "classic_20_partial_fills": CAP,
    "head_17_partial_fills": CAP,
    "head_18_cancel_latency": SLOW_CANCELS,
    "head_29_stop_renewal_cancel_latency": SLOW_CANCELS,
}
EXCLUDED_IN_SAFE = {
    "classic_09_trailing_limit_exit_stuck": LEFT_BEHIND,
    "classic_19_restart_with_position": HELD,
    "classic_20_partial_fills": CAP,
    "head_17_partial_fills": CAP,
    "head_18_cancel_latency": SLOW_CANCELS,
    "head_30_restart_with_position": HELD,
}
RECORDED = sorted(path.name for path in ORACLE.iterdir()) if ORACLE.is_dir() else ["none"]


@needs_oracle
@pytest.mark.parametrize("name", RECORDED)
def test_the_commands_are_those_of_the_case(name: str, tmp_path: Path) -> None:
    expected = commands(read_rows(ORACLE / name / EXPECTED))
    found = divergence(expected, commands_in_nautilus(ORACLE / name, tmp_path))
    assert (found is not None) == (name in EXCLUDED), found or f"matches, and is excluded: {EXCLUDED[name]}"


@needs_oracle
@pytest.mark.parametrize("name", RECORDED)
def test_in_safe_the_commands_are_those_of_the_scenario(name: str, tmp_path: Path) -> None:
    expected = commands(run_case(ORACLE / name, "safe"))
    found = divergence(expected, commands_in_nautilus(ORACLE / name, tmp_path, "safe"))
    assert (found is not None) == (name in EXCLUDED_IN_SAFE), (
        found or f"matches, and is excluded: {EXCLUDED_IN_SAFE[name]}"
    )


@needs_oracle
def test_every_exclusion_is_of_a_case_and_most_run() -> None:
    for excluded in (EXCLUDED, EXCLUDED_IN_SAFE):
        assert set(RECORDED) >= excluded.keys()
        assert len(RECORDED) - len(excluded) >= 30


def commands(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["type"] in ("create", "cancel")]
