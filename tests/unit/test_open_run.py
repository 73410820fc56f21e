"""A run as a notebook's user meets it: opened, looked at, listed."""

from pathlib import Path

import polars as pl
import pytest

from engine.analysis import list_runs, open_run
from engine.analysis.analyse import analyse
from engine.analysis.markout import by_group
from tests.support.journals import toy_journal, toy_run


def test_a_run_s_word_for_itself(tmp_path: Path) -> None:
    run = open_run(toy_run(tmp_path))
    said = repr(run)
    assert run.folder.name in said
    assert "Ended" in said
    assert f"{run.fills.height} fills" in said
    assert "USDT" in said


def test_figures_and_study_are_the_page_s(tmp_path: Path) -> None:
    folder = toy_run(tmp_path)
    figures = analyse(folder, rows=900, seconds=1.0, report=False)
    run = open_run(folder)
    assert run.study.attribution.parts == {k: v for k, v in figures["attribution"].items() if k != "residual"}
    assert run.study.attribution.source == figures["mids_from"] == "ticks"
    assert len(run.figure().data) >= 10
    assert run.waterfall().data[0].y[-1] == pytest.approx(figures["net_pnl"])
    curve = run.markout_figure()
    assert curve is not None
    assert list(curve.data[1].y) == [row["mean_bps"] for row in figures["markouts"]]
    assert run.events.height == run.journal.high_watermark()
    assert run.inventory().data[0].name == "Position"
    timing = run.refresh_timing()
    assert timing is not None
    assert (
        sum(len(bar.x) for bar in timing.data)
        == run.orders.filter(
            (pl.col("purpose") == "quote") & pl.col("ended").is_not_null() & pl.col("accepted").is_not_null()
        ).height
    )
    assert run.depth(0) is run.queue() is None  # its catalog is nowhere


def test_a_frame_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    folder = toy_run(tmp_path)
    analyse(folder, rows=900, seconds=1.0, report=False)
    run = open_run(folder)
    (folder / "frames" / "equity.parquet").unlink()
    assert run.fills.height > 0
    assert "frames" not in run.__dict__  # not even looked at: the others may be large
    assert run.equity.height > 0  # made anew from the journal


def test_markouts_are_told_by_group(tmp_path: Path) -> None:
    run = open_run(toy_run(tmp_path, seconds=3600))
    table = by_group(run.study.markouts)
    assert set(table["group"]) == {"side", "level", "inventory", "hour"}  # no book, so no queue
    totals = table.group_by("group").agg(pl.col("fills").sum())["fills"]
    assert totals.n_unique() == 1
    assert {"buy", "sell", "flat", "against it"} <= set(table["value"])


def test_frames_of_an_earlier_version_are_made_anew(tmp_path: Path) -> None:
    folder = toy_run(tmp_path)
    analyse(folder, rows=900, seconds=1.0, report=False)
    path = folder / "frames" / "fills.parquet"
    fills = pl.read_parquet(path)
    fills.drop("after_cancel").write_parquet(path)
    assert open_run(folder).fills.equals(fills)


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    first = toy_run(tmp_path, seed=1, created="2026-01-01T00:00:00+00:00")
    analyse(first, rows=900, seconds=1.0, report=False)
    with toy_journal(tmp_path, seed=2, created="2026-01-02T00:00:00+00:00") as writer:
        pass
    listed = list_runs(tmp_path)
    assert listed["run_id"].to_list() == [writer.folder.name, first.name]
    assert listed["status"].to_list() == ["Crashed", "Ended"]
    assert listed["fills"].to_list() == [None, open_run(first).fills.height]
    assert list_runs(tmp_path / "nowhere").is_empty()
