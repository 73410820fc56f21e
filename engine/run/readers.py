"""Every reader there is. A new vendor is a file in data/readers and a line here."""

from data.readers import (
    binance,
    binance_vision,
    bybit,
    bybit_funding,
    bybit_trades,
    cryptolake,
    databento,
    hftbacktest,
    hyperliquid,
    hyperliquid_files,
    nautilus,
    okx,
    okx_files,
    tardis,
)
from data.readers.protocol import Reader

READERS: tuple[Reader, ...] = (
    binance.READER,
    *binance_vision.READERS,
    *tardis.READERS,
    bybit.books,
    bybit_trades.futures,
    bybit_trades.spot,
    bybit_funding.funding,
    okx.books,
    okx_files.trades,
    okx_files.funding,
    okx_files.funding_files,
    hyperliquid.books,
    hyperliquid_files.trades,
    hyperliquid_files.contexts,
    hyperliquid_files.funding,
    hftbacktest.READER,
    *databento.READERS,
    *cryptolake.READERS,
    nautilus.READER,
)
