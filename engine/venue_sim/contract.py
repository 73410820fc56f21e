"""A contract between its two forms: decimals in words on the wire, whole ticks and lots inside."""

from decimal import Decimal

import msgspec

from engine.core.errors import DataError, Problem
from engine.core.types import Instrument, is_whole
from engine.venue_sim.errors import ApiError

MAX_LEVERAGE = 125
MOST = Decimal(1_000_000)  # of size in one order
MOST_AT_MARKET = Decimal(120_000)


class Contract(msgspec.Struct, frozen=True):
    """Linear: a size of 1 is so many base units as its multiplier says."""

    instrument: Instrument
    price_places: int
    size_places: int
    tick_units: int  # a tick in units of 10^-price_places
    step_units: int

    @property
    def symbol(self) -> str:
        return self.instrument.raw_symbol

    def price(self, ticks: int) -> str:
        return _written(ticks * self.tick_units, self.price_places)

    def size(self, lots: int) -> str:
        return _written(lots * self.step_units, self.size_places)

    def price_of(self, ticks: int) -> Decimal:
        return ticks * self.instrument.tick

    def size_of(self, lots: int) -> Decimal:
        return lots * self.instrument.step

    def value(self, ticks: int, lots: int) -> Decimal:
        """Unsigned worth of a fill, in the settlement currency."""
        return self.worth(self.size_of(lots), self.price_of(ticks))

    def base_of(self, lots: int) -> Decimal:
        return self.size_of(lots) * self.instrument.multiplier

    def worth(self, size: Decimal, price: Decimal) -> Decimal:
        return size * self.instrument.multiplier * price

    def ticks(self, price: Decimal) -> int:
        """Raises ApiError for a price that is off the grid."""
        if price != round(price, self.price_places):
            raise ApiError(-1111, "Precision is over the maximum defined for this asset.")
        if not is_whole(price, self.instrument.tick):
            raise ApiError(-4014, "Price not increased by tick size.")
        return int(price / self.instrument.tick)

    def lots(self, size: Decimal) -> int:
        if size != round(size, self.size_places):
            raise ApiError(-1111, "Precision is over the maximum defined for this asset.")
        if not is_whole(size, self.instrument.step):
            raise ApiError(-4023, "Qty not increased by step size.")
        return int(size / self.instrument.step)

    @property
    def least_lots(self) -> int:
        return int(self.instrument.min_size / self.instrument.step)


def contract_of(instrument: Instrument) -> Contract:
    if instrument.inverse:
        message = "only linear contracts can be traded here"
        raise DataError(Problem(source=instrument.id, message=message))
    price_places, size_places = _places(instrument.tick), _places(instrument.step)
    return Contract(
        instrument=instrument,
        price_places=price_places,
        size_places=size_places,
        tick_units=int(instrument.tick.scaleb(price_places)),
        step_units=int(instrument.step.scaleb(size_places)),
    )


def _places(unit: Decimal) -> int:
    return max(-int(unit.normalize().as_tuple().exponent), 0)


def _written(units: int, places: int) -> str:
    if not places:
        return str(units)
    digits = str(abs(units)).zfill(places + 1)
    return f"{'-' if units < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def money(amount: Decimal) -> str:
    return f"{amount:.8f}"
