"""A synthetic tape in vendors' forms: takers of messages, which write files.

Two ways to hear of a tape: as it came over the wire, and settled (each diff applies to what came before), as vendors
that rebuild the book sell it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from data.synthetic.forms.arrays import CryptoLake, CryptoLakeBook, HftBacktest
from data.synthetic.forms.binance import Binance
from data.synthetic.forms.binance_vision import BinanceVision
from data.synthetic.forms.bybit import Bybit
from data.synthetic.forms.databento import DatabentoDepth, DatabentoOrders
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


class Form(NamedTuple):
    """`id` and `symbol` name the contract there. `whole`: sizes are whole contracts, each of them a lot."""

    open: Callable[[Path, Contract], AbstractContextManager[Any]]
    raw: bool  # takes messages as they came
    id: str
    symbol: str
    whole: bool = False

    @property
    def contract(self) -> Contract:
        """What the form is of where nobody asks for another."""
        if self.whole:
            return Contract(symbol=self.symbol, size_decimals=0, multiplier="0.001")
        return Contract(symbol=self.symbol)


_BINANCE = "BTCUSDT-PERP.BINANCE", "BTCUSDT"

FORMS: dict[str, Form] = {
    "tardis": Form(Tardis, False, *_BINANCE),
    "tardis-snapshot-25": Form(partial(TardisWindows, depth=25), False, *_BINANCE),
    "tardis-snapshot-5": Form(partial(TardisWindows, depth=5), False, *_BINANCE),
    "tardis-quotes": Form(partial(TardisWindows, depth=1), False, *_BINANCE),
    "binance": Form(Binance, True, *_BINANCE),
    "binance-us": Form(partial(Binance, digits=16), True, *_BINANCE),
    "binance-vision": Form(BinanceVision, False, *_BINANCE),
    "binance-vision-old": Form(partial(BinanceVision, old=True), False, *_BINANCE),
    "bybit": Form(Bybit, False, "BTCUSDT-LINEAR.BYBIT", "BTCUSDT"),
    "okx": Form(Okx, False, "BTC-USDT-SWAP.OKX", "BTC-USDT-SWAP"),
    "hyperliquid": Form(Hyperliquid, False, "BTC-USD-PERP.HYPERLIQUID", "BTC"),
    "hftbacktest": Form(HftBacktest, False, *_BINANCE),
    "databento": Form(DatabentoOrders, False, *_BINANCE, whole=True),
    "databento-mbp-10": Form(DatabentoDepth, False, *_BINANCE, whole=True),
    "cryptolake": Form(CryptoLake, False, *_BINANCE),
    "cryptolake-book": Form(CryptoLakeBook, False, *_BINANCE),
    "nautilus": Form(Nautilus, False, *_BINANCE),
}
