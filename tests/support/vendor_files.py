"""A small valid file of each vendor's, for tests that read it and tests that break it.

Add a form here and the laws of tests/faults/test_reader_fuzz.py hold for it too. `files` may be several, where only
together they make a recording. `text`: lines that can be shuffled, cut and broken one by one; else only bytes are.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from tests.support import vendor_small as small
from tests.support.captures import capture, tardis_book, tardis_ticker, tardis_trades
from tests.support.tapes import BTCUSDT

BYBIT, OKX, HYPERLIQUID = "BTCUSDT-LINEAR.BYBIT", "BTC-USDT-SWAP.OKX", "BTC-USD-PERP.HYPERLIQUID"

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
    gzip: bool = True  # whether it may come compressed: Parquet is read in place


def lines(rows: list[str]) -> bytes:
    return "\n".join(rows).encode() + b"\n"


def stamps_in_ms(content: bytes) -> bytes:
    """Microseconds of November 2023 (17000...) as milliseconds."""
    return content.replace(b"000,17", b",17").replace(b"000,true", b",true").replace(b"000,false", b",false")


def a_digit_less(content: bytes) -> bytes:
    return b"\n".join(line[1:] for line in content.split(b"\n"))


def contract(
    instrument_id: str, raw_symbol: str, *, tick: str = "0.1", step: str = "0.001", multiplier: str = "1"
) -> str:
    """A contract file of round terms."""
    terms = {
        "id": instrument_id,
        "raw_symbol": raw_symbol,
        "base": "BTC",
        "quote": "USDT",
        "settlement": "USDT",
        "tick": tick,
        "step": step,
        "min_size": step,
        "multiplier": multiplier,
        "maker_fee": "0.0002",
        "taker_fee": "0.0005",
        "margin_init": "0.05",
        "margin_maint": "0.025",
    }
    return "[[contract]]\n" + "".join(f'{name} = "{value}"\n' for name, value in terms.items())


def ms_to_us(content: bytes) -> bytes:
    """Milliseconds of November 2023 (1700000xxxxxx) as microseconds."""
    return re.sub(rb"\b(17000000\d{5})\b", rb"\g<1>000", content)


FILES: dict[str, VendorFile] = {
    "binance raw": VendorFile(lines(capture()), wrong_unit=a_digit_less),
    "binance json lines": VendorFile(lines([row.partition(" ")[2] for row in capture()])),
    "binance vision trades": VendorFile(lines(small.vision_trades()), wrong_unit=small.in_seconds, other_symbol=None),
    "binance vision ticker": VendorFile(lines(small.vision_tickers()), wrong_unit=small.in_seconds, other_symbol=None),
    "binance vision funding": VendorFile(lines(small.vision_funding()), wrong_unit=small.in_seconds, other_symbol=None),
    "tardis book": VendorFile(lines(tardis_book()), wrong_unit=stamps_in_ms),
    "tardis trades": VendorFile(lines(tardis_trades()), wrong_unit=stamps_in_ms),
    "tardis ticker": VendorFile(lines(tardis_ticker()), wrong_unit=stamps_in_ms),
    "bybit book": VendorFile(lines(small.bybit_book()), BYBIT, wrong_unit=ms_to_us),
    "bybit trades": VendorFile(
        lines(small.bybit_trades()), BYBIT, wrong_unit=lambda c: c.replace(b"\n17000", b"\n170000")
    ),
    "bybit spot trades": VendorFile(lines(small.bybit_spot_trades()), BYBIT, wrong_unit=ms_to_us, other_symbol=None),
    "okx book": VendorFile(
        lines(small.okx_book()),
        OKX,
        wrong_unit=ms_to_us,
        other_symbol="BTC-USDT-SWAP",
        contract=contract(OKX, "BTC-USDT-SWAP"),
    ),
    "okx trades": VendorFile(
        lines(small.okx_trades()),
        OKX,
        wrong_unit=ms_to_us,
        other_symbol="BTC-USDT-SWAP",
        contract=contract(OKX, "BTC-USDT-SWAP"),
    ),
    "okx funding": VendorFile(
        lines(small.okx_funding()),
        OKX,
        wrong_unit=lambda c: c.replace(b"00000\n", b"00000000\n"),
        other_symbol="BTC-USDT-SWAP",
    ),
    "hyperliquid book": VendorFile(
        lines(small.hyperliquid_book()), HYPERLIQUID, wrong_unit=ms_to_us, other_symbol='"BTC"'
    ),
    "hyperliquid trades": VendorFile(lines(small.node_trades()), HYPERLIQUID, other_symbol='"BTC"'),
    "hyperliquid contexts": VendorFile(lines(small.asset_contexts()), HYPERLIQUID, other_symbol=",BTC,"),
    "hftbacktest": VendorFile(small.events(small.hftbacktest_rows()), text=False, other_symbol=None),
    "databento mbo": VendorFile(
        small.dbn_orders(small.orders()), contract=contract(BTCUSDT, "BTCUSDT", step="1"), text=False
    ),
    "cryptolake book": VendorFile(small.parquet(small.lake_book()), text=False, other_symbol=None, gzip=False),
    "cryptolake deltas": VendorFile(small.parquet(small.lake_deltas()), text=False, other_symbol=None, gzip=False),
    "cryptolake trades": VendorFile(small.parquet(small.lake_trades()), text=False, other_symbol=None, gzip=False),
}
