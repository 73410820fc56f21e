"""`perpmm backtest --band`, and the same from Python: processes of their own, one verdict, and the page tells it."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.analysis import open_run
from engine.analysis.band import BAND_FILE, FILLS, TIMES, verdict
from engine.core.errors import ConfigError
from engine.run import backtest
from tests.support.cli import perpmm, run_file, sample


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    near = (("bid_spread = 0.03", "bid_spread = 0.0001"), ("ask_spread = 0.03", "ask_spread = 0.0001"),
            ("filled_order_delay = 10", "filled_order_delay = 1"))  # fmt: skip
    return run_file(tmp_path_factory.mktemp("band"), *near, catalog=sample(1))


@pytest.fixture(scope="module")
def found(file: Path) -> dict[str, Any]:
    said = perpmm("backtest", file, "--band", "--json", cwd=file.parent)
    assert said.code == 0, said.err
    return said.json


def test_three_assumptions_at_four_latencies_give_one_verdict(found: dict[str, Any]) -> None:
    cells = found["band"]["cells"]
    assert [(cell["fills"], cell["times"]) for cell in cells] == [(f, t) for f in FILLS for t in TIMES]
    assert {cell["latency_ms"] for cell in cells} == {25, 50, 100, 200}
    own = {cell["fills"]: cell for cell in cells if cell["times"] == 1.0}
    assert own["central"]["net_pnl"] == found["summary"]["net_pnl"]
    assert own["pessimistic"]["filled"] < own["optimistic"]["filled"]
    folder = Path(found["run_dir"])
    run = open_run(folder)
    assert run.band is not None
    assert (
        verdict(run.band)._asdict()
        == found["band"]["verdict"]
        == json.loads((folder / BAND_FILE).read_text())["verdict"]
    )
    assert found["band"]["verdict"]["said"] in (folder / "report.html").read_text()
    other = open_run(folder / own["pessimistic"]["run"])
    assert other.run_file.manifest.parent == folder.name
    assert other.run_file.manifest.config["simulation"]["fills"] == "pessimistic"


def test_from_python_in_a_process_of_its_own(file: Path, found: dict[str, Any], tmp_path: Path) -> None:
    run = backtest(file, {"output.report": False}, runs=tmp_path, progress=False)
    assert run.folder.parent == tmp_path
    assert run.run_file.seal is not None
    assert run.run_file.seal.commands_digest == found["digest"]
    with pytest.raises(ConfigError, match=r"strategy.bid_spred: unknown key.*did you mean bid_spread"):
        backtest(file, {"strategy.bid_spred": 0.1}, runs=tmp_path, progress=False)
