"""A synthetic tape in vendors' forms: takers of messages, which write files.

Two ways to hear of a tape: as it came over the wire, and settled (each diff applies to what came before), as vendors
that rebuild the book sell it. What each form tells, and so what it cannot tell, stands in FORMS.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from data.synthetic.contract import INVERSE
from data.synthetic.forms.binance import Binance, BinanceLines, Cryptofeed
from data.synthetic.forms.binance_vision import BinanceVision
from data.synthetic.forms.bybit import Bybit
from data.synthetic.forms.cryptolake import CryptoLake
from data.synthetic.forms.databento_books import DatabentoDepth, DatabentoOrders, DatabentoTrades
from data.synthetic.forms.hftbacktest import HftBacktest
from data.synthetic.forms.hyperliquid import Hyperliquid
from data.synthetic.forms.nautilus import Nautilus
from data.synthetic.forms.okx import Okx
from data.synthetic.forms.tardis import Tardis
from data.synthetic.forms.tardis_windows import TardisWindows
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract


class Writer(Protocol):
    def write(self, message: Message) -> None: ...

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, once the writing has ended."""
        ...


class Told(StrEnum):
    """What a form may tell of a tape; of the book one of the first four, or nothing."""

    BOOK = "the whole book"
    LEVELS = "its best levels"
    TOP = "the best bid and ask"
    SAMPLES = "the book now and then"
    TRADES = "trades"
    DEALS = "trades, a taker's of one price as one"
    MARK = "the mark price"
    INDEX = "the index price"
    FUNDING = "the coming funding"
    MINUTES = "mark and index price by the minute"
    PAID = "paid funding"
    LIQUIDATIONS = "liquidations"
    RECEIVED = "when it was received"
    MADE = "when the venue made a snapshot"


class Market(NamedTuple):
    """A contract in a vendor's words, and what it is called here."""

    id: str
    contract: Contract


class Form(NamedTuple):
    """`raw`: takes messages as they came. `inverse` is None where the vendor has no such contract."""

    open: Callable[[Path, Contract], AbstractContextManager[Any]]
    told: frozenset[Told]
    market: Market = Market("BTCUSDT-PERP.BINANCE", Contract())
    inverse: Market | None = Market("BTCUSD_PERP-PERP.BINANCE", INVERSE)
    raw: bool = False


_SPOT = Market("BTCUSDT.BINANCE", Contract(exchange="binance"))
_BYBIT = Market("BTCUSDT-LINEAR.BYBIT", Contract(exchange="bybit"))
_BYBIT_INVERSE = Market("BTCUSD-INVERSE.BYBIT", Contract(symbol="BTCUSD", size_decimals=0, inverse=True))
_OKX = Market("BTC-USDT-SWAP.OKX", Contract(symbol="BTC-USDT-SWAP"))
_OKX_INVERSE = Market(
    "BTC-USD-SWAP.OKX", Contract(symbol="BTC-USD-SWAP", size_decimals=0, multiplier="100", inverse=True)
)
_HYPERLIQUID = Market("BTC-USD-PERP.HYPERLIQUID", Contract(symbol="BTC"))
_WHOLE = Market("BTCUSDT-PERP.BINANCE", Contract(size_decimals=0, multiplier="0.001"))  # a lot is a contract

_PRICES = frozenset({Told.MARK, Told.INDEX, Told.FUNDING})
_HEARD = frozenset({Told.TRADES, Told.RECEIVED, Told.MADE})
_TARDIS = _HEARD | _PRICES | {Told.LIQUIDATIONS}
_BINANCE = _TARDIS | {Told.BOOK}
_VISION = frozenset({Told.TOP, Told.MINUTES, Told.PAID, Told.MADE})
_ARCHIVE = frozenset({Told.TRADES, Told.PAID, Told.MADE})
_LAKE = _HEARD | {Told.MARK, Told.FUNDING, Told.LIQUIDATIONS}

FORMS: dict[str, Form] = {
    "tardis": Form(Tardis, _TARDIS | {Told.BOOK}),
    "tardis-snapshot-25": Form(partial(TardisWindows, depth=25), _TARDIS | {Told.LEVELS}),
    "tardis-snapshot-5": Form(partial(TardisWindows, depth=5), _TARDIS | {Told.LEVELS}),
    "tardis-quotes": Form(partial(TardisWindows, depth=1), _TARDIS | {Told.TOP}),
    "binance": Form(Binance, _BINANCE, raw=True),
    "binance-us": Form(partial(Binance, digits=16), _BINANCE, raw=True),
    "binance-lines": Form(BinanceLines, _BINANCE, raw=True),
    "binance-spot": Form(
        partial(Binance, spot=True), _HEARD - {Told.MADE} | {Told.BOOK}, market=_SPOT, inverse=None, raw=True
    ),
    "cryptofeed": Form(Cryptofeed, _BINANCE, raw=True),
    "binance-vision": Form(BinanceVision, _VISION | {Told.TRADES}),
    "binance-vision-old": Form(partial(BinanceVision, old=True), _VISION | {Told.DEALS}),
    "bybit": Form(Bybit, _ARCHIVE | {Told.BOOK}, _BYBIT, _BYBIT_INVERSE),
    "okx": Form(Okx, _ARCHIVE | {Told.BOOK}, _OKX, _OKX_INVERSE),
    "okx-live": Form(partial(Okx, live=True), _ARCHIVE | {Told.BOOK}, _OKX, _OKX_INVERSE),
    "hyperliquid": Form(Hyperliquid, _ARCHIVE | {Told.SAMPLES}, _HYPERLIQUID, None),
    "hyperliquid-contexts": Form(
        partial(Hyperliquid, contexts=True),
        frozenset({Told.TRADES, Told.SAMPLES, Told.MINUTES, Told.MADE}),
        _HYPERLIQUID,
        None,
    ),
    "hftbacktest": Form(HftBacktest, _HEARD | {Told.BOOK}),
    "databento": Form(DatabentoOrders, _HEARD - {Told.MADE} | {Told.BOOK}, _WHOLE),
    "databento-mbp-10": Form(partial(DatabentoDepth, schema="mbp-10", depth=10), _HEARD | {Told.LEVELS}, _WHOLE),
    "databento-mbp-1": Form(partial(DatabentoDepth, schema="mbp-1", depth=1), _HEARD | {Told.TOP}, _WHOLE),
    "databento-tbbo": Form(partial(DatabentoDepth, schema="tbbo", depth=1), _HEARD | {Told.SAMPLES}, _WHOLE),
    "databento-trades": Form(DatabentoTrades, _HEARD - {Told.MADE}, _WHOLE),
    "cryptolake": Form(CryptoLake, _LAKE | {Told.BOOK}),
    "cryptolake-delta": Form(partial(CryptoLake, book="book_delta"), _LAKE | {Told.BOOK}),
    "cryptolake-book": Form(partial(CryptoLake, book="book"), _LAKE | {Told.LEVELS}),
    "cryptolake-level-1": Form(partial(CryptoLake, book="level_1"), _LAKE | {Told.TOP}),
    "nautilus": Form(Nautilus, _HEARD | _PRICES | {Told.BOOK}),
}
