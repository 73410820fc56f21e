"""A small valid file of each vendor's, for tests that read it and tests that break it.

Add a form here and the laws of tests/faults/test_reader_fuzz.py hold for it too. `files` may be several, where only
together they make a recording. `text`: lines that can be shuffled, cut and broken one by one; else only bytes are.
"""

from collections.abc import Callable
from typing import NamedTuple

from tests.support.captures import capture, tardis_book, tardis_ticker, tardis_trades
from tests.support.tapes import BTCUSDT

type Damage = Callable[[bytes], bytes]


class VendorFile(NamedTuple):
    """One file's bytes, not compressed; what is to be read out of it as which instrument.

    `wrong_unit`: the same file with its times in another unit; None where it has none that could be wrong.
    `other_symbol`: the file's own name of the instrument; None where it names none.
    """

    content: bytes
    instrument_id: str = BTCUSDT
    text: bool = True
    wrong_unit: Damage | None = None
    other_symbol: str | None = "BTCUSDT"
    contract: str = ""  # a contract file's text (TOML), where the bundled table has none


def lines(rows: list[str]) -> bytes:
    return "\n".join(rows).encode() + b"\n"


def stamps_in_ms(content: bytes) -> bytes:
    """Microseconds of November 2023 (17000...) as milliseconds."""
    return content.replace(b"000,17", b",17").replace(b"000,true", b",true").replace(b"000,false", b",false")


def a_digit_less(content: bytes) -> bytes:
    return b"\n".join(line[1:] for line in content.split(b"\n"))


FILES: dict[str, VendorFile] = {
    "binance raw": VendorFile(lines(capture()), wrong_unit=a_digit_less),
    "tardis book": VendorFile(lines(tardis_book()), wrong_unit=stamps_in_ms),
    "tardis trades": VendorFile(lines(tardis_trades()), wrong_unit=stamps_in_ms),
    "tardis ticker": VendorFile(lines(tardis_ticker()), wrong_unit=stamps_in_ms),
}
