"""Binance USD-M futures by NautilusTrader's own adapter: its public market, and an account at it."""

from nautilus_trader.adapters.binance import (
    BinanceDataClientConfig,
    BinanceDataClientFactory,
    BinanceEnvironment,
    BinanceExecutionClientConfig,
    BinanceExecutionClientFactory,
    BinanceInstrumentProviderConfig,
    BinanceProductType,
)
from nautilus_trader.model import AccountId, OmsType

from engine.core.events import Started
from engine.core.types import PositionMode
from engine.nautilus.access import Access, Addresses, Client

VENUE = "BINANCE"


def market(addresses: Addresses, instrument_ids: tuple[str, ...]) -> Client:
    """Without keys: the market is public."""
    config = BinanceDataClientConfig(
        product_type=BinanceProductType.USD_M,
        environment=_environment(addresses),
        base_url_http=addresses.rest,
        base_url_ws=addresses.ws,
        instrument_provider=_provider(instrument_ids),
    )
    return Client(BinanceDataClientFactory(), config)


def account(addresses: Addresses, access: Access, started: Started) -> Client:
    """Sets the leverage when it connects. Position mode and margin type are set before, by whoever checks them."""
    instrument = started.instrument
    config = BinanceExecutionClientConfig(
        account_id=AccountId(f"{VENUE}-001"),
        product_type=BinanceProductType.USD_M,
        environment=_environment(addresses),
        base_url_http=addresses.rest,
        base_url_ws=addresses.ws,
        base_url_ws_trading=addresses.ws_api,
        instrument_provider=_provider((instrument.id,)),
        oms_type=OmsType.HEDGING if started.mode is PositionMode.HEDGE else OmsType.NETTING,
        api_key=access.key,
        api_secret=access.secret,
        futures_leverages={instrument.raw_symbol: started.leverage},
        treat_expired_as_canceled=True,
    )
    return Client(BinanceExecutionClientFactory(), config)


def _environment(addresses: Addresses) -> BinanceEnvironment:
    return BinanceEnvironment.TESTNET if addresses.testnet else BinanceEnvironment.LIVE


def _provider(instrument_ids: tuple[str, ...]) -> BinanceInstrumentProviderConfig:
    return BinanceInstrumentProviderConfig(load_all=False, load_ids=list(instrument_ids), log_warnings=False)
