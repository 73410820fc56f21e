"""Files of one recording that count in different units: each looks right by itself."""

from pathlib import Path

import pytest

from tests.support.captures import tardis_book, tardis_ticker, tardis_trades, write_gz
from tests.support.ingesting import ingested, refusal


@pytest.mark.parametrize("times", [100, 0.01])
@pytest.mark.parametrize("which", ["trades", "ticker"])
def test_prices_in_another_unit_than_the_book_are_refused(tmp_path: Path, which: str, times: float) -> None:
    files = {"book": tardis_book(), "trades": tardis_trades(), "ticker": tardis_ticker()}
    ingested([write_gz(tmp_path / name, rows) for name, rows in files.items()], tmp_path / "right")
    head, *rows = files[which]
    at = head.split(",").index("price" if which == "trades" else "mark_price")
    cells = (row.split(",") for row in rows)
    scaled = [",".join([*row[:at], f"{float(row[at]) * times:.1f}", *row[at + 1 :]]) for row in cells]
    paths = [write_gz(tmp_path / name, rows) for name, rows in (files | {which: [head, *scaled]}).items()]
    problem = refusal(paths, tmp_path / "c")
    assert (Path(problem.source).name, problem.line) == (which, 2)
    assert "a wrong unit?" in problem.message
