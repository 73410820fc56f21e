"""The truth beside a tape: single orders that add up to what was shown, each at its true place in the queue."""

from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synthetic import make
from data.synthetic.knobs import turned
from data.synthetic.settings import Settings, Stress
from data.synthetic.simulate import tapes
from data.synthetic.tape import joined
from engine.core.errors import ConfigError

CALM = Settings(minutes=0.3)
WILD = Settings(minutes=0.3, stress=Stress(jumps_per_hour=240, cascades_per_hour=240, thin_per_hour=120, thin_s=4))


def told(root: Path, seed: int, wanted: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    make(seed=seed, out_dir=root, settings=wanted)
    return pl.read_parquet(root / "truth" / "orders.parquet"), pl.read_parquet(root / "truth" / "changes.parquet")


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32), wanted=st.sampled_from([CALM, WILD]))
def test_each_order_stands_where_the_truth_says(
    tmp_path_factory: pytest.TempPathFactory, seed: int, wanted: Settings
) -> None:
    orders, changes = told(tmp_path_factory.mktemp("truth"), seed, wanted)
    place = {row["id"]: (row["side"], row["price_ticks"]) for row in orders.iter_rows(named=True)}
    queues: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    filled: dict[int, int] = defaultdict(int)
    for row in changes.iter_rows(named=True):
        queue = queues[place[row["id"]]]
        ahead = 0
        for other, lots in queue.items():
            if other == row["id"]:
                break
            ahead += lots
        assert row["ahead_lots"] == ahead, row
        if row["what"] == "placed":
            queue[row["id"]] = row["lots"]
            continue
        assert row["what"] != "filled" or ahead == 0
        filled[row["id"]] += row["lots"] if row["what"] == "filled" else 0
        queue[row["id"]] -= row["lots"]
        assert queue[row["id"]] >= 0
        if not queue[row["id"]]:
            del queue[row["id"]]
    assert {row["id"]: row["filled_lots"] for row in orders.iter_rows(named=True) if row["filled_lots"]} == {
        number: lots for number, lots in filled.items() if lots
    }
    tape = joined(list(tapes(wanted, seed=seed)))
    assert sum(filled.values()) == tape.trades["size_lots"].sum()
    shown: dict[tuple[int, int], int] = {}
    for _, _, _, side, price, lots in tape.book.iter_rows():
        shown[side, price] = lots
    assert {at: sum(queue.values()) for at, queue in queues.items() if queue} == {
        at: lots for at, lots in shown.items() if lots
    }


def test_the_truth_changes_nothing(tmp_path: Path) -> None:
    one, other = (
        make(seed=4, out_dir=tmp_path / name, settings=WILD, truth=name == "with").paths for name in ("with", "without")
    )
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_a_market_that_goes_wrong_shows_each_fault(tmp_path: Path) -> None:
    knobs = {"jumps_per_hour": 120, "cascades_per_hour": 120, "thin_per_hour": 60, "thin_s": 5}
    knobs |= {"one_sided_per_hour": 60, "one_sided_s": 4, "funding_flip_s": 30}
    wanted = turned(Settings(minutes=2), [f"stress.{name}={value}" for name, value in knobs.items()])
    tape = joined(list(tapes(wanted, seed=8)))
    make(seed=8, out_dir=tmp_path, settings=wanted)
    faults = pl.read_json(tmp_path / "truth" / "truth.json")["faults"].explode().struct.field("what").to_list()
    assert {"jump", "cascade", "thin", "one_sided", "one_sided_over"} <= set(faults)
    assert len(tape.liquidations) > 0
    assert set(tape.ticker["funding_rate_e8"].sign()) == {-1, 1}


def test_knobs_that_are_none_are_named() -> None:
    assert turned(Settings(), ["news.pull_bps=3", "flow.touch_size_lots=1,2,3"]).flow.touch_size_lots == (1, 2, 3)
    with pytest.raises(ConfigError) as refused:
        turned(Settings(), ["nonsense=1", "stress=2", "feed.outage_s"])
    assert [problem.field for problem in refused.value.problems] == ["nonsense", "stress", "feed.outage_s"]
    with pytest.raises(ConfigError, match="float"):
        turned(Settings(), ["news.pull_bps=much"])
