"""`perpmm backtest` as a user types it, on a small market made by `perpmm data`."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.journal.manifest import Status
from engine.journal.reader import Journal
from tests.support.cli import EXAMPLES, Said, perpmm, run_file, sample

SUMMARY = {
    "realised_pnl",
    "unrealised_pnl",
    "fees",
    "funding",
    "volume",
    "fills",
    "orders",
    "maker_share",
    "max_position",
    "max_drawdown",
    "rows",
    "seconds",
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Said:
    folder = tmp_path_factory.mktemp("ran")
    said = perpmm("backtest", run_file(folder), "--runs", folder / "runs", "--json", cwd=folder, PYTHONHASHSEED="1")
    assert said.code == 0, said.err
    return said


def test_json_is_one_object_with_what_scripts_need(ran: Said) -> None:
    result = ran.json
    assert {"run_dir", "digest", "summary"} <= result.keys()
    assert result["summary"].keys() >= SUMMARY
    assert all(isinstance(result["summary"][key], int | float) for key in SUMMARY)
    assert result["summary"]["fills"] > 0
    assert result["summary"]["rows"] > 10_000


def test_run_folder_is_whole(ran: Said) -> None:
    folder = Path(ran.json["run_dir"])
    journal = Journal(folder)
    assert journal.status is Status.ENDED
    assert journal.run_file.seal is not None
    assert journal.run_file.seal.commands_digest == ran.json["digest"]
    assert (folder / "report.html").stat().st_size > 10_000
    assert (folder / "frames").is_dir()
    manifest = journal.run_file.manifest
    assert manifest.data_fingerprint
    assert str(folder.parent) not in json.dumps(manifest.config)
    assert str(sample()) not in json.dumps(manifest.config)


def test_nothing_is_left_elsewhere(tmp_path: Path) -> None:
    here, runs = tmp_path / "here", tmp_path / "there" / "runs"
    here.mkdir()
    file = run_file(tmp_path)
    assert perpmm("backtest", file, "--runs", runs, "--no-report", cwd=here).code == 0
    assert list(here.iterdir()) == []
    assert len(list(runs.iterdir())) == 1


def test_same_commands_in_another_process_and_place(ran: Said, tmp_path: Path) -> None:
    elsewhere = {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"}
    again = perpmm("backtest", run_file(tmp_path), "--json", "--no-report", cwd=tmp_path, **elsewhere)
    assert again.json["digest"] == ran.json["digest"]
    assert again.json["run_dir"].startswith(str(tmp_path / "runs"))
    seconds = {"seconds"}
    first, second = ran.json["summary"], again.json["summary"]
    assert {k: v for k, v in first.items() if k not in seconds} == {k: v for k, v in second.items() if k not in seconds}


def test_same_run_twice_gets_two_folders(tmp_path: Path) -> None:
    file = run_file(tmp_path)
    ran = [perpmm("backtest", file, "--json", "--no-report", cwd=tmp_path).json for _ in range(2)]
    assert ran[0]["run_dir"] != ran[1]["run_dir"]
    assert ran[0]["digest"] == ran[1]["digest"]


def test_people_get_a_summary_and_where_the_page_is(tmp_path: Path) -> None:
    said = perpmm("backtest", run_file(tmp_path), cwd=tmp_path)
    assert said.code == 0, said.err
    assert "Net PnL" in said.out
    assert "USDT" in said.out
    page = next(line.split(None, 1)[1] for line in said.out.splitlines() if line.startswith("page"))
    assert Path(page).is_file()
    digest = next(line.split()[1] for line in said.out.splitlines() if line.startswith("digest"))
    assert len(digest) == 64


def test_part_of_the_data_and_other_values(ran: Said, tmp_path: Path) -> None:
    file = run_file(tmp_path)
    start = str(ran.json["summary"]["start"])
    later = (datetime.fromisoformat(start) + timedelta(minutes=1)).isoformat()
    more = ("--start", later, "--set", "strategy.bid_spread=0.5")
    part = perpmm("backtest", file, *more, "--no-report", "--json", cwd=tmp_path)
    assert part.code == 0, part.err
    assert part.json["summary"]["start"] >= later
    assert part.json["summary"]["duration_seconds"] < ran.json["summary"]["duration_seconds"]
    assert part.json["digest"] != ran.json["digest"]
    assert part.json["report"] is None


def test_init_writes_a_run_file_that_works(tmp_path: Path) -> None:
    made = perpmm("init", "mine.toml", "--json", cwd=tmp_path)
    assert made.code == 0, made.err
    assert made.json["file"] == "mine.toml"
    catalog = f"data.catalog={sample()}"
    said = perpmm("backtest", "mine.toml", "--set", catalog, "--no-report", "--json", cwd=tmp_path)
    assert said.code == 0, said.err
    refused = perpmm("init", "mine.toml", cwd=tmp_path)
    assert refused.code == 2
    assert "--force" in refused.err
    assert perpmm("init", "mine.toml", "--force", cwd=tmp_path).code == 0


def test_examples_show_every_exit_on_the_bundled_sample(tmp_path: Path) -> None:
    """Also from elsewhere than the project's folder."""
    catalog, seen = f"data.catalog={sample(15)}", set[str]()
    for example in ("take_profit", "trailing"):
        file = EXAMPLES / f"{example}.toml"
        said = perpmm("backtest", file, "--set", catalog, "--no-report", "--json", cwd=tmp_path)
        assert said.code == 0, said.err
        seen |= {purpose for purpose, exit_ in said.json["summary"]["exits"].items() if exit_["orders"]}
    assert {"take_profit", "trail", "stop"} <= seen


def test_a_run_without_an_order_says_why(tmp_path: Path) -> None:
    said = perpmm(
        "backtest", run_file(tmp_path), "--no-report", "--json", "--set", "strategy.order_amount=1000000", cwd=tmp_path
    )
    assert said.json["summary"]["orders"] == 0
    assert [
        side
        for side in ("buy", "sell")
        if any(f"no {side} order was sent: its margin" in note for note in said.json["notes"])
    ] == ["buy", "sell"]
    assert "no buy order was sent" in said.err
