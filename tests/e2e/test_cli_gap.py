"""Updates are missing in the middle of a recording: what a user is told, and what the run does."""

import gzip
import html
import json
from itertools import pairwise
from pathlib import Path

import polars as pl

from data.holdings import verdicts
from tests.support.captures import START_MS, capture, depth, line, snapshot
from tests.support.cli import INSTRUMENT, perpmm, run_file

LOST = (30, 42)  # seconds after the start


def recording(folder: Path) -> Path:
    """A minute of a quiet book, without its updates for a while; a new snapshot ends that."""
    bids, asks = [[(f"{p:.1f}", "5.000")] for p in (100.0,)], [[(f"{p:.1f}", "5.000")] for p in (100.1,)]
    lines, last = capture(1), 1010
    for tenth in range(10, 600):
        at, first = START_MS + tenth * 100, last + 1
        last += 10
        if LOST[0] * 10 < tenth < LOST[0] * 10 + 10:
            continue  # a second of updates is lost
        lines.append(line(at, depth((first, last, first - 1), bids[0], asks[0], at)))
        if tenth == LOST[1] * 10:
            lines.append(line(at, snapshot(last, bids[0], asks[0], at)))
    path = folder / "capture.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n"))
    return path


def test_a_gap_pulls_the_quotes_and_is_counted(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    made = perpmm("data", "ingest", recording(tmp_path), "--instrument", INSTRUMENT, "--catalog", catalog, "--json")
    assert made.code == 0, made.err
    changes = (
        "--set",
        "strategy.order_refresh_time=5",
        "--set",
        "strategy.order_amount=1",
        "--set",
        "risk.max_position=9",
    )
    said = perpmm("backtest", run_file(tmp_path, catalog=catalog), *changes, "--json", "--runs", tmp_path / "runs")
    assert said.code == 0, said.err
    assert any("unknown for 11.0 s in 1 gap" in note for note in said.json["notes"])
    assert said.json["summary"]["seconds_unknown"] == 11.0
    page = Path(said.json["report"]).read_text()
    assert "Market unknown" in page
    data = verdicts(catalog)[INSTRUMENT]
    assert data.verdict != "clean"
    assert f"{data.verdict.capitalize()}: {data.reason}." in html.unescape(page)
    assert all(f"{day}: {of.verdict}, {of.reason}" in html.unescape(page) for day, of in data.days.items())
    shaded = json.loads(page[page.index('"shapes":') + len('"shapes":') :].partition("]")[0] + "]")
    assert [each["name"] for each in shaded] == ["Market unknown"]
    assert shaded[0]["x1"] - shaded[0]["x0"] == 11_000
    replayed = perpmm("replay", said.json["run_dir"])
    assert replayed.code == 0, replayed.err
    quotes = pl.read_parquet(Path(said.json["run_dir"]) / "frames" / "quotes.parquet")
    standing = [
        (row["ts"].timestamp() - START_MS / 1000, row["bid"] is not None or row["ask"] is not None)
        for row in quotes.iter_rows(named=True)
    ]
    dark = [(at, until) for (at, on), (until, _) in pairwise([*standing, (60.0, False)]) if not on]
    assert any(at <= LOST[0] + 2.5 and until >= LOST[1] for at, until in dark), standing
    assert json.loads(made.out)["rows"]
