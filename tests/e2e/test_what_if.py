"""`perpmm backtest --from RUN`: the run's own market again, with other parameters, beside the run."""

import json
import shutil
from pathlib import Path

import pytest

from engine.journal.manifest import read_run_file
from tests.support.cli import Said, perpmm, run_file, sample

WIDER = ("--set", "strategy.bid_spread=0.07", "--set", "strategy.ask_spread=0.07")


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parent")
    ran = perpmm("backtest", run_file(folder), "--runs", folder / "runs", "--no-report", "--json")
    assert ran.code == 0, ran.err
    return Path(ran.json["run_dir"])


@pytest.fixture(scope="module")
def child(parent: Path) -> Said:
    ran = perpmm("backtest", "--from", parent, *WIDER, "--no-report", "--json")
    assert ran.code == 0, ran.err
    return ran


def test_a_run_on_the_same_market_is_linked_to_its_parent(parent: Path, child: Said) -> None:
    said = child.json
    folder = Path(said["run_dir"])
    assert folder.parent == parent.parent
    was, now = read_run_file(parent).manifest, read_run_file(folder).manifest
    assert now.parent == read_run_file(parent).run_id
    assert now.data_fingerprint == was.data_fingerprint
    changed = {key for key, value in now.config["strategy"].items() if value != was.config["strategy"][key]}
    assert changed == {"bid_spread", "ask_spread"}
    assert {key: value for key, value in now.config.items() if key != "strategy"} == {
        key: value for key, value in was.config.items() if key != "strategy"
    }
    assert said["parent"]["summary"] == json.loads((parent / "summary.json").read_text())
    assert said["summary"] != said["parent"]["summary"]


def test_without_a_change_it_decides_the_same(parent: Path) -> None:
    said = perpmm("backtest", "--from", parent, "--no-report", "--json").json
    one, other = said["summary"], said["parent"]["summary"]
    assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_both_runs_replay(parent: Path, child: Said) -> None:
    for folder in (parent, Path(child.json["run_dir"])):
        assert perpmm("replay", folder, "--json").json["identical"]


def test_people_see_the_two_side_by_side(parent: Path) -> None:
    said = perpmm("backtest", "--from", parent, *WIDER, "--no-report")
    assert said.code == 0, said.err
    assert parent.name in said.out
    assert "Net PnL" in said.out


def test_other_data_under_the_same_name_is_refused(parent: Path, tmp_path: Path) -> None:
    """The run's catalog is named by content: here it holds less than the run saw."""
    catalog = Path(shutil.copytree(sample(), tmp_path / "catalog"))
    made = json.loads((catalog / "perpmm.json").read_text())
    name = next(iter(made["instruments"]))
    made["instruments"][name]["maker_fee"] = "0.5"
    (catalog / "perpmm.json").write_text(json.dumps(made))
    said = perpmm("backtest", "--from", parent, "--set", f"data.catalog={json.dumps(str(catalog))}", "--json")
    assert said.code == 2
    assert "other data" in said.err or "perpmm.json" in said.err


def test_a_catalog_that_is_gone_and_a_wrong_key_are_told(parent: Path, tmp_path: Path) -> None:
    gone = perpmm("backtest", "--from", parent, "--set", f"data.catalog={json.dumps(str(tmp_path / 'gone'))}")
    assert gone.code == 2
    assert "gone" in gone.err
    wrong = perpmm("backtest", "--from", parent, "--set", "strategy.bid_spred=0.1")
    assert wrong.code == 2
    assert "did you mean bid_spread" in wrong.err
    assert perpmm("backtest").code == 2


def test_the_two_are_compared_order_by_order(parent: Path, child: Said) -> None:
    other = Path(child.json["run_dir"])
    found = perpmm("compare", parent, other, "--json").json
    assert found["settings"].keys() == {"strategy.bid_spread", "strategy.ask_spread"}
    assert sum(found["outcomes"].values()) == len(found["orders"])
    assert {row["cause"] for row in found["causes"]} >= {"decided otherwise"}
    people = perpmm("compare", parent, other)
    assert people.code == 0, people.err
    assert "strategy.bid_spread" in people.out
    itself = perpmm("compare", parent, parent, "--json").json
    assert set(itself["outcomes"]) == {"same"}
    assert perpmm("compare", parent, "nowhere").code == 2
