"""`perpmm import-hummingbot` as a user types it."""

import json
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.config.read import read_config
from tests.unit.test_hummingbot_import import TEMPLATE_5, TEMPLATE_6

UNMAPPED = TEMPLATE_6.replace("bybit_perpetual_testnet", "bitmex_perpetual")


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "conf.yml"
    path.write_text(TEMPLATE_5)
    return path


def test_it_writes_a_run_file_and_says_what_became_of_every_key(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = conf.with_name("run.toml")
    assert main(["import-hummingbot", str(conf), "-o", str(out)]) == 0
    assert read_config(out).strategy.model_dump()["market"] == "BTC-USDT"
    shown = capsys.readouterr().out
    assert all(line.split(":")[0] in shown for line in TEMPLATE_5.splitlines() if line and line[0] != "#")


def test_without_out_the_run_file_is_the_output(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-hummingbot", str(conf)]) == 0
    shown = capsys.readouterr()
    (conf.parent / "run.toml").write_text(shown.out)
    read_config(conf.parent / "run.toml")
    assert "in the run file" in shown.err


def test_what_cannot_be_mapped_is_named_and_nothing_is_written(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conf.write_text(UNMAPPED)
    out = conf.with_name("run.toml")
    assert main(["import-hummingbot", str(conf), "-o", str(out)]) == 2
    assert "derivative: bitmex_perpetual is no connector that we know" in capsys.readouterr().err
    assert not out.exists()
    assert main(["import-hummingbot", str(conf), "-o", str(out), "--allow-unmapped"]) == 0
    assert read_config(out).venue.backtest_only


def test_scripts_get_one_object(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = conf.with_name("run.toml")
    assert main(["import-hummingbot", str(conf), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["out"], told["backtest_only"], told["unmapped"]) == (str(out), False, [])
    assert {"key": "bid_spread", "unit": "%"}.items() <= next(
        k for k in told["keys"] if k["key"] == "bid_spread"
    ).items()


def test_a_file_that_is_there_is_kept(conf: Path) -> None:
    out = conf.with_name("run.toml")
    out.write_text("mine")
    assert main(["import-hummingbot", str(conf), "-o", str(out)]) == 2
    assert out.read_text() == "mine"
    assert main(["import-hummingbot", str(conf), "-o", str(out), "--force"]) == 0
