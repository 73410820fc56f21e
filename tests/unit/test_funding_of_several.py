"""Funding told ahead by one vendor and as paid by another: one fills what the other lacks, none contradicts."""

from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.errors import DataError
from engine.run.ingest import Ingested, ingest
from tests.support.captures import START_MS, capture, line, mark, trade, write_gz
from tests.support.tapes import BTCUSDT, table
from tests.support.vendor_small import vision_trades

MINUTE = 60_000
DUE = START_MS // MINUTE * MINUTE + 60 * MINUTE


def said(at_ms: int, rate: str) -> str:
    return line(at_ms, mark("100.0", at_ms, rate) | {"T": DUE})


def together(folder: Path, marks: list[str], paid: str) -> Ingested:
    raw = write_gz(folder / "capture.gz", [*capture(2), *marks])
    header = "calc_time,funding_interval_hours,last_funding_rate"
    rows = [header, f"{DUE - 480 * MINUTE},8,0.0003", f"{DUE + 1},8,{paid}"]
    vision = write_gz(folder / "BTCUSDT-fundingRate-2023-11.csv.gz", rows)
    return ingest([raw, vision], instrument_id=BTCUSDT, catalog=folder / "c")


def last_words(folder: Path) -> dict[int, Decimal]:
    rows = table(folder / "c", "funding_rates").select("next_funding_ns", "rate").rows()
    return {round(due.timestamp() * 1000): Decimal(rate) for due, rate in rows}


def test_what_a_capture_lacks_is_filled_by_what_was_paid(tmp_path: Path) -> None:
    together(tmp_path, [said(DUE - 50 * MINUTE, "0.00019")], "0.0002")  # the capture ended long before
    assert last_words(tmp_path)[DUE] == Decimal("0.0002")
    assert last_words(tmp_path)[DUE - 480 * MINUTE] == Decimal("0.0003")


def test_what_both_say_is_said_once(tmp_path: Path) -> None:
    marks = [said(DUE - 3_000, "0.00019"), said(DUE - 2_000, "0.00020"), said(DUE - 500, "0.0002")]
    made = together(tmp_path, marks, "0.0002")
    alone = ingest([tmp_path / "capture.gz"], instrument_id=BTCUSDT, catalog=tmp_path / "alone")
    assert made.rows_by_table["funding_rates"] == alone.rows_by_table["funding_rates"] + 1  # that of eight hours before


def test_a_contradiction_is_refused_and_names_both(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        together(tmp_path, [said(DUE - 2_000, "0.0001")], "0.0002")
    problem = caught.value.problems[0]
    assert problem.source.endswith("BTCUSDT-fundingRate-2023-11.csv.gz")
    assert (problem.line, problem.field) == (3, "funding rate")
    assert "capture.gz" in problem.message
    assert not (tmp_path / "c").exists()


def test_a_capture_of_depth_takes_another_vendors_trades_unless_it_has_its_own(tmp_path: Path) -> None:
    depth = [row for row in capture() if '"trade"' not in row]
    vision = write_gz(tmp_path / "BTCUSDT-trades-2023-11-14.csv.gz", vision_trades())
    made = ingest([write_gz(tmp_path / "a.gz", depth), vision], instrument_id=BTCUSDT, catalog=tmp_path / "c")
    assert made.rows_by_table["trades"] == 20
    late = [*depth, *["\n" * 5_000_000], line(START_MS + 9_000, trade(1, "100.0", "0.1", START_MS + 9_000))]
    for rows in (capture(), late):
        with pytest.raises(DataError, match="holds trades as"):
            ingest([write_gz(tmp_path / "b.gz", rows), vision], instrument_id=BTCUSDT, catalog=tmp_path / "d")
        assert not (tmp_path / "d").exists()
