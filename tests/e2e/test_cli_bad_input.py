"""Bad input: what and where, exit code 2, nothing left behind that looks whole."""

from pathlib import Path

import pytest

from tests.support.cli import Said, perpmm, run_file, sample


def refused(folder: Path, file: Path, *more: str) -> Said:
    """Both forms of the same refusal agree, and no run was made."""
    runs = folder / "runs"
    plain = perpmm("backtest", file, "--runs", runs, *more, cwd=folder)
    told = perpmm("backtest", file, "--runs", runs, *more, "--json", cwd=folder)
    assert plain.code == told.code == 2, plain.err
    assert plain.out == ""
    assert "Traceback" not in plain.err
    assert told.json["error"] == "bad input"
    for problem in told.json["problems"]:
        assert problem["source"] in plain.err
        assert problem["message"] in plain.err
    assert not runs.exists()
    return told


def fields(said: Said) -> dict[str | None, dict[str, object]]:
    return {problem["field"]: problem for problem in said.json["problems"]}


def test_missing_and_empty_run_file(tmp_path: Path) -> None:
    refused(tmp_path, tmp_path / "none.toml")
    (tmp_path / "empty.toml").touch()
    assert "is empty" in refused(tmp_path, tmp_path / "empty.toml").json["problems"][0]["message"]


def test_several_faults_at_once(tmp_path: Path) -> None:
    file = run_file(
        tmp_path,
        ("version = 1", "version = 99"),
        ("bid_spread = 0.03", "bid_spred = 0.03"),
        ("leverage = 10", 'leverage = "ten"'),
        ("order_amount = 0.02", "order_amount = -1"),
        ('market = "BTC-USDT"', 'market = "ETH-USDT"'),
    )
    found = fields(refused(tmp_path, file, "--set", "venue.name=OKX"))
    assert set(found) == {
        "version",
        "strategy.bid_spred",
        "strategy.bid_spread",
        "strategy.leverage",
        "strategy.order_amount",
        "strategy.market",
        "venue.name",
    }
    assert found["venue.name"]["source"] == "--set venue.name=OKX"
    lines = file.read_text().split("\n")
    for key in ("version", "strategy.leverage", "strategy.bid_spred"):
        line = found[key]["line"]
        assert isinstance(line, int)
        assert key.rpartition(".")[2] in lines[line - 1]
    assert "bid_spread?" in str(found["strategy.bid_spred"]["message"])


def test_catalog_that_is_missing_or_none(tmp_path: Path) -> None:
    refused(tmp_path, run_file(tmp_path, catalog=tmp_path / "nowhere"))
    (tmp_path / "folder").mkdir()
    refused(tmp_path, run_file(tmp_path, catalog=tmp_path / "folder"))


def test_instrument_that_the_catalog_lacks(tmp_path: Path) -> None:
    file = run_file(tmp_path, ("BTCUSDT-PERP", "ETHUSDT-PERP"), ('"BTC-USDT"', '"ETH-USDT"'))
    said = refused(tmp_path, file)
    assert "ETHUSDT-PERP.BINANCE" in said.json["problems"][0]["message"]
    assert "BTCUSDT-PERP.BINANCE" in said.json["problems"][0]["message"]


@pytest.mark.parametrize(
    "range_", [("--end", "2001-01-01"), ("--start", "2200-01-01"), ("--start", "2001-01-01", "--end", "2001-01-02")]
)
def test_range_without_data(tmp_path: Path, range_: tuple[str, ...]) -> None:
    said = refused(tmp_path, run_file(tmp_path), *range_)
    assert str(sample()) in said.json["problems"][0]["source"]


def test_times_that_are_none_or_in_the_wrong_order(tmp_path: Path) -> None:
    file = run_file(tmp_path)
    found = fields(refused(tmp_path, file, "--start", "soon", "--end", "later"))
    assert found["data.start"]["source"] == "--start soon"
    assert found["data.end"]["source"] == "--end later"
    refused(tmp_path, file, "--start", "2024-02-14", "--end", "2024-02-13")


def test_runs_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    said = perpmm("backtest", run_file(tmp_path), "--json", cwd=tmp_path)
    assert said.code == 2
    assert str(tmp_path / "runs") in said.json["problems"][0]["source"]


def test_external_prices_need_their_file(tmp_path: Path) -> None:
    source = 'price_source = "custom_api"\nprice_source_custom_api = "http://localhost"\nposition_mode ='
    change = ("position_mode =", source)
    assert "data.reference_csv" in fields(refused(tmp_path, run_file(tmp_path, change)))


def test_data_commands_refuse_too(tmp_path: Path) -> None:
    said = perpmm("data", "ingest", tmp_path / "none.csv", "--instrument", "X.Y", "--catalog", tmp_path / "c", "--json")
    assert said.code == 2
    assert "none.csv" in said.json["problems"][0]["source"]
    assert not (tmp_path / "c").exists()
    assert (
        perpmm("data", "synthetic", "--out", tmp_path / "s", "--minutes", "-1", "--json").json["error"] == "bad input"
    )
    assert perpmm("scenario", tmp_path, "--out", tmp_path / "rows", "--json").code == 2
    assert perpmm("scenario", tmp_path, "--out", tmp_path / "rows", "--behaviour", "wild", "--json").code == 2
