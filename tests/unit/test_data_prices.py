"""A CSV of one's own prices: what is read, and how what is wrong is named."""

from decimal import Decimal
from pathlib import Path

import pytest

from data.prices import read_prices
from engine.core.errors import DataError

FAULTS = {
    "": [(1, "must begin with the line ts_ns,price")],
    "time,price\n1,2\n": [(1, "must begin with the line ts_ns,price")],
    "ts_ns,price\n": [(None, "has no price")],
    "ts_ns,price\n1,2\nx,3\n2,nan\n3,0\n4\n5,6\n5,7\n": [
        (3, "must be a time in whole ns and a price above 0"),
        (4, "must be a time in whole ns and a price above 0"),
        (5, "must be a time in whole ns and a price above 0"),
        (6, "must be a time in whole ns and a price above 0"),
        (8, "5 is not after 5"),
    ],
}


def test_times_and_exact_prices(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("ts_ns,price\n1700000000000000000,100.10\n1700000001000000000, 1e2\n")
    assert read_prices(tmp_path / "p.csv") == (
        (1700000000000000000, Decimal("100.10")),
        (1700000001000000000, Decimal(100)),
    )


@pytest.mark.parametrize("text", FAULTS)
def test_every_fault_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        read_prices(tmp_path / "p.csv")
    assert [(problem.line, problem.message) for problem in caught.value.problems] == FAULTS[text]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"p\.csv: no such file"):
        read_prices(tmp_path / "p.csv")
