"""`perpmm calibrate` on runs whose latency and fill assumption are known: it finds them, and its error is small."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis.calibration import WAITS, error, fitted, latency_ms
from engine.config.read import read_config
from tests.support.cli import perpmm, run_file, sample

NEAR = (
    ("bid_spread = 0.03", "bid_spread = 0.0001"),
    ("ask_spread = 0.03", "ask_spread = 0.0001"),
    ("filled_order_delay = 10", "filled_order_delay = 1"),
    ("order_refresh_time = 15", "order_refresh_time = 5"),
)


def test_what_a_run_was_made_with_is_found(tmp_path: Path) -> None:
    fills, latency = "pessimistic", 130
    file = run_file(tmp_path, *NEAR, catalog=sample(3))
    known = ("--set", f"simulation.fills={fills}", "--set", f"simulation.order_latency_ms={latency}")
    ran = perpmm("backtest", file, *known, "--no-report", "--json", cwd=tmp_path)
    assert ran.json["summary"]["fills"] >= 10
    said = perpmm("calibrate", ran.json["run_dir"], "--out", "fitted.toml", "--json", cwd=tmp_path)
    assert said.code == 0, said.err
    found = said.json
    assert (found["latency_ms"]["value"], found["latency_ms"]["error"]) == (latency, 0)
    assert found["best"] == fills
    errors = {name: each["value"] for name, each in found["fills"].items()}
    assert found["fills"][fills]["error"] < 0.02
    assert errors[fills] == min(errors.values())
    assert errors["pessimistic"] != errors["optimistic"]
    config = read_config(tmp_path / "fitted.toml")
    assert (config.simulation.fills, config.simulation.order_latency_ms) == (fills, latency)
    again = perpmm("calibrate", ran.json["run_dir"], "--out", "fitted.toml", cwd=tmp_path)
    assert again.code == 2
    assert "--force" in again.err


def orders_of(waits_ms: list[float]) -> pl.DataFrame:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    sent = [start + timedelta(seconds=n) for n in range(len(waits_ms))]
    taken = [at + timedelta(milliseconds=wait) for at, wait in zip(sent, waits_ms, strict=True)]
    return pl.DataFrame({"submitted": sent, "accepted": taken}).cast(pl.Datetime("ns", "UTC"))


def test_latency_is_the_middle_of_the_first_half_and_its_error_is_told_on_the_other() -> None:
    found = latency_ms(orders_of([10, 12, 500, 30, 20]))
    assert found is not None
    assert found == (12, 3, 2, 13)
    assert latency_ms(orders_of([])) is None
    chance = random.Random(1)
    noisy = latency_ms(orders_of([50 + chance.expovariate(1 / 5) for _ in range(2_000)]))
    assert noisy is not None
    assert noisy.value == pytest.approx(50 + 5 * 0.693, abs=0.5)


rows = st.lists(st.tuples(st.floats(0.1, 60), st.none() | st.floats(0, 60), st.none() | st.floats(0, 60)), max_size=8)


@given(rows)
def test_the_error_is_a_part_and_nothing_where_both_agree(drawn: list) -> None:
    capped = [(n, r, *(None if x is None else min(x, r) for x in each)) for n, (r, *each) in enumerate(drawn)]
    frame = pl.DataFrame(capped, schema=WAITS, orient="row")
    found = error(frame)
    assert found is None if not drawn else 0 <= found <= 1
    same = frame.with_columns(said="seen")
    assert error(same) in (0, None)
    assert fitted(same).value == 0
