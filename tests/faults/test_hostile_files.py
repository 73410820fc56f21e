"""Files of the right columns with something wrong in them that a reader may take for something else."""

import re
from collections.abc import Callable

import pytest

from engine.core.errors import Problem
from engine.run.ingest import Ingested
from tests.faults.test_reader_fuzz import read
from tests.support.vendor_files import FILES

type Harm = Callable[[bytes], bytes]


def in_line(number: int, harm: Callable[[bytes], bytes]) -> Harm:
    """Harms one line, counted from 1."""

    def harmed(content: bytes) -> bytes:
        rows = content.split(b"\n")
        rows[number - 1] = harm(rows[number - 1])
        return b"\n".join(rows)

    return harmed


def without_last_cell(row: bytes) -> bytes:
    return row.rpartition(b",")[0]


def years_later(column: int) -> Callable[[bytes], bytes]:
    def later(row: bytes) -> bytes:
        cells = row.split(b",")
        cells[column] = b"19" + cells[column][2:]
        return b",".join(cells)

    return later


def nul_in(word: bytes) -> Callable[[bytes], bytes]:
    return lambda row: row.replace(word, word + b"\0")


REFUSED: dict[str, tuple[str, Harm, int, str | None]] = {  # form, harm, line, field
    "a mark price cut off": ("tardis ticker", in_line(4, without_last_cell), 4, None),
    "a trade's price cut off": ("okx trades", in_line(4, without_last_cell), 4, None),
    "a receive time years later": ("tardis trades", in_line(21, years_later(3)), 21, "time"),
    "an event time years later": ("tardis trades", in_line(7, years_later(2)), 7, "event time"),
    "a time years later": ("okx trades", in_line(21, years_later(5)), 21, "time"),
    "NUL in an id": ("bybit trades", in_line(9, nul_in(b"00000000-")), 9, "trdMatchID"),
    "NUL in a symbol": ("tardis book", in_line(9, nul_in(b"BTCUSDT")), 9, "symbol"),
    "the id of another trade": ("okx trades", in_line(9, lambda row: row.replace(b",8,", b",7,")), 9, "trade_id"),
    "lines in no order": ("binance json lines", lambda c: b"\n".join([*c.splitlines()[41:], *c.splitlines()]), 42, "E"),
    "a side of no name": ("tardis book", in_line(30, lambda row: row.replace(b"bid", b"b1d")), 30, "side"),
    "no time in sight": ("binance json lines", in_line(1, lambda row: re.sub(rb"17000\d+", b"-5", row)), 1, "E"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_looks_right_is_refused_with_its_place(name: str) -> None:
    form, harm, line, field = REFUSED[name]
    content = harm(FILES[form].content)
    assert content != FILES[form].content
    found = read(FILES[form], content)
    assert not isinstance(found, Ingested)
    assert isinstance(found[0], Problem)
    assert (found[0].line, field and found[0].field) == (line, field)


HARMLESS: dict[str, tuple[str, Harm]] = {
    "sides in capitals": ("tardis book", lambda c: c.replace(b",bid,", b",BID,").replace(b",ask,", b",ASK,")),
    "spaces at the ends of lines": ("bybit spot trades", lambda c: c.replace(b"\n", b" \n")),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_wrong_is_read(name: str) -> None:
    form, harm = HARMLESS[name]
    found, right = read(FILES[form], harm(FILES[form].content)), read(FILES[form], FILES[form].content)
    assert isinstance(found, Ingested)
    assert isinstance(right, Ingested)
    assert found.fingerprint == right.fingerprint


def test_a_trade_of_a_node_told_twice_counts_once() -> None:
    file = FILES["hyperliquid trades"]
    first, rest = file.content.split(b"\n", 1)
    found = read(file, b"\n".join([first, first, rest]))
    assert isinstance(found, Ingested)
    assert found.rows_by_table["trades"] == 20
    assert "1 trades that were there already were left out" in found.warnings


@pytest.mark.parametrize("form", ["tardis book", "tardis trades", "okx trades", "bybit trades"])
def test_rows_of_other_symbols_are_passed_over_and_that_is_said(form: str) -> None:
    file, symbol = FILES[form], (FILES[form].other_symbol or "").encode()
    rows = file.content.split(b"\n")
    half = len(rows) // 2
    mixed = b"\n".join([*rows[:half], *(row.replace(symbol, b"OTHER") for row in rows[half:])])
    found = read(file, mixed)
    assert isinstance(found, Ingested)
    assert "rows of other symbols were passed over: OTHER" in found.warnings
