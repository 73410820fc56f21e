"""The command line itself: help that is there at once, usage errors, versions."""

import subprocess
import sys

import pytest

from tests.support.cli import environment, perpmm

HEAVY = {"polars", "pyarrow", "nautilus_trader", "plotly", "numpy", "rich", "pandas", "engine.config", "engine.run"}


@pytest.mark.parametrize("arguments", [["--help"], ["backtest", "--help"], ["data", "ingest", "--help"], []])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    asked = f"import sys; from engine.cli.main import main; main({arguments!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], env=environment(), capture_output=True, text=True, check=True)
    assert "Usage: perpmm" in done.stdout
    heavy = (
        HEAVY | {"pydantic"} if arguments in ([], ["--help"]) else HEAVY
    )  # typer looks at a command's options with it
    assert heavy.isdisjoint(done.stdout.splitlines()[-1].split())


def test_every_command_has_json_and_help() -> None:
    for command in (["init"], ["backtest"], ["data", "ingest"], ["data", "synthetic"], ["scenario"]):
        said = perpmm(*command, "--help")
        assert said.code == 0
        assert "--json" in said.out


@pytest.mark.parametrize(
    "arguments", [["frob"], ["backtest"], ["backtest", "x.toml", "--frob"], ["data"], ["data", "frob"], ["scenario"]]
)
def test_usage_errors(arguments: list[str]) -> None:
    said = perpmm(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert "perpmm" in said.err
    assert "Traceback" not in said.err
    told = perpmm(*arguments, "--json")
    assert told.code == 2
    assert told.json["error"] == "bad usage"
    assert told.json["problems"][0]["message"]


def test_version() -> None:
    assert perpmm("--version").out.startswith("perpmm ")
    assert perpmm("--version", "--json").json.keys() == {"perpmm", "python", "nautilus_trader"}
