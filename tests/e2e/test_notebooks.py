"""The notebooks, executed as they stand, on a small market, and on a real tape where there is one."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from engine.config.read import Override, read_config
from engine.run.simulate import backtest, planned
from tests.support.cli import PROJECT, perpmm, run_file, sample
from tests.support.shared import needs_tapes
from tests.support.tapes import tape_catalog

NOTEBOOKS = PROJECT / "notebooks"
NEAR = (
    ("bid_spread = 0.03", "bid_spread = 0.0001"),
    ("ask_spread = 0.03", "ask_spread = 0.0001"),
    ("filled_order_delay = 10", "filled_order_delay = 1"),
    ("order_refresh_time = 15", "order_refresh_time = 5"),
)


def executed(name: str, **parameters: Any) -> list[Any]:
    """The outputs of a notebook whose cell of parameters says something else."""
    book = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    (cell,) = (cell for cell in book.cells if "parameters" in cell.metadata.get("tags", ()))
    known = {line.split(" = ")[0] for line in cell.source.splitlines()}
    cell.source = "\n".join(f"{key} = {value!r}" for key, value in parameters.items() if key in known)
    NotebookClient(book, timeout=240, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    return [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]


def shown(outputs: list[Any], kind: str) -> list[Any]:
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("notebooks")
    file = run_file(folder, *NEAR, catalog=sample(1))
    made = perpmm("backtest", file, "--runs", folder / "runs", "--no-report", cwd=folder)  # the second reads one
    assert made.code == 0, made.err
    return {"CATALOG": str(sample(1)), "RUN_FILE": str(file), "RUNS": str(folder / "runs"),
            "SPREADS": [0.0001], "SIDES": [0.0001, 0.001]}  # fmt: skip


FIGURES = {
    "1_first_backtest": 1,
    "2_where_the_money_came_from": 6,
    "3_is_the_edge_real": 3,
    "4_paper_against_backtest": 0,
}


@pytest.mark.parametrize("name", FIGURES)
def test_it_runs_from_top_to_bottom(name: str, given: dict[str, Any]) -> None:
    outputs = executed(name, **given)
    assert len(shown(outputs, "application/vnd.plotly.v1+json")) == FIGURES[name]
    said = " ".join(shown(outputs, "text/plain"))
    assert "Traceback" not in said
    if name.startswith("3"):
        (folder,) = (path.parent for path in Path(given["RUNS"]).glob("*/band.json"))
        assert json.loads((folder / "band.json").read_text())["verdict"]["said"] in said
    if name.startswith("4"):
        assert "same" in said


@needs_tapes
def test_the_second_reads_a_run_of_a_real_tape(tmp_path: Path) -> None:
    file = run_file(tmp_path, *NEAR, catalog=tape_catalog("2024"))
    runs = [Override("runs", ("output", "runs"), str(tmp_path / "runs"))]
    backtest(planned(read_config(file, runs)), created="2026-01-01T00:00:00Z")
    outputs = executed("2_where_the_money_came_from", RUNS=str(tmp_path / "runs"))
    assert len(shown(outputs, "application/vnd.plotly.v1+json")) == 6


def test_they_are_kept_without_outputs() -> None:
    for path in NOTEBOOKS.glob("*.ipynb"):
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        assert all(not cell.outputs and cell.execution_count is None for cell in book.cells if cell.cell_type == "code")
