"""The instruments of a catalog, as NautilusTrader keeps them and as we do."""

from decimal import Decimal
from pathlib import Path

from nautilus_trader.model import CryptoPerpetual, Currency, InstrumentId, Money, Price, Quantity, Symbol
from nautilus_trader.persistence import ParquetDataCatalog

from data.tables import places
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_FEES = ("maker_fee", "taker_fee")  # NautilusTrader's contract has none: they travel in its info


def write_instrument(catalog: Path, instrument: Instrument) -> None:
    """Write the instrument below the catalog's root."""
    ParquetDataCatalog(str(catalog)).write_instruments([perpetual(instrument)])


def instrument_of(catalog: Path, instrument_id: str) -> Instrument:
    """The instrument as the catalog has it. Raises DataError, naming what it holds, if it has it not."""
    held = {str(each.id): each for each in ParquetDataCatalog(str(catalog)).instruments()}
    found = held.get(instrument_id)
    if not isinstance(found, CryptoPerpetual):
        names = ", ".join(sorted(held)) or "nothing"
        raise DataError(Problem(source=str(catalog), field="instrument", message=f"has no {instrument_id}: {names}"))
    return _instrument(found)


def perpetual(instrument: Instrument) -> CryptoPerpetual:
    """NautilusTrader's contract. Prices and sizes have as many digits as the tick and the step need."""
    price_places, size_places = places(instrument.tick), places(instrument.step)
    quote = Currency.from_str(instrument.quote)
    least = f"{instrument.min_notional} {instrument.quote}" if instrument.min_notional else None
    return CryptoPerpetual(
        instrument_id=InstrumentId.from_str(instrument.id),
        raw_symbol=Symbol(instrument.raw_symbol),
        base_currency=Currency.from_str(instrument.base),
        quote_currency=quote,
        settlement_currency=Currency.from_str(instrument.settlement),
        is_inverse=instrument.inverse,
        price_precision=price_places,
        size_precision=size_places,
        price_increment=Price.from_str(f"{instrument.tick:.{price_places}f}"),
        size_increment=Quantity.from_str(f"{instrument.step:.{size_places}f}"),
        ts_event=0,
        ts_init=0,
        multiplier=Quantity.from_str(str(instrument.multiplier.normalize())),
        lot_size=Quantity.from_str(f"{instrument.step:.{size_places}f}"),
        min_quantity=Quantity.from_str(f"{instrument.min_size:.{size_places}f}"),
        min_notional=Money.from_str(least) if least else None,
        margin_init=instrument.margin_init,
        margin_maint=instrument.margin_maint,
        info={name: str(getattr(instrument, name)) for name in _FEES},
    )


def _instrument(contract: CryptoPerpetual) -> Instrument:
    info = contract.info or {}
    return Instrument(
        id=str(contract.id),
        raw_symbol=str(contract.raw_symbol),
        venue=str(contract.id.venue),
        base=contract.base_currency.code,
        quote=contract.quote_currency.code,
        settlement=contract.settlement_currency.code,
        tick=contract.price_increment.as_decimal(),
        step=contract.size_increment.as_decimal(),
        min_size=contract.min_quantity.as_decimal() if contract.min_quantity else contract.size_increment.as_decimal(),
        min_notional=contract.min_notional.as_decimal() if contract.min_notional else Decimal(0),
        multiplier=contract.multiplier.as_decimal(),
        inverse=contract.is_inverse,
        maker_fee=Decimal(info["maker_fee"]),
        taker_fee=Decimal(info["taker_fee"]),
        margin_init=contract.margin_init,
        margin_maint=contract.margin_maint,
    )
