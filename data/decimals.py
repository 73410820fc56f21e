"""Exact decimals, many at a time: written numbers become whole units as int64, and these the catalog's decimal128.

Never through a float: 0.1 + 0.2 has no place in a price.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.schema import DECIMAL

type Int64s = npt.NDArray[np.int64]
type Bools = npt.NDArray[np.bool_]
type Column = npt.NDArray[Any]

SCALE = 16
_COMMA, _DOT = ord(","), ord(".")
_MOST_DIGITS = 18  # what int64 holds whatever the digits are
_MOST_PLACES = 15
_EXACT, _NEAR = 1e15, 5e-16
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


class BadNumberError(ValueError):
    """A number that cannot be used, by its place among those given."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


def exact(text: str) -> Decimal:
    """One written number that the catalog's decimals can hold. Raises BadNumberError for any other."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadNumberError(0, f"{text!r} is not a number") from None
    if not value.is_finite() or value.adjusted() > _MOST_DIGITS or int(value.normalize().as_tuple().exponent) < -SCALE:
        raise BadNumberError(0, f"{text!r} is not a number of at most {SCALE} digits after the point")
    return value


def whole_units(text: bytes, unit: Decimal) -> Int64s:
    """Comma-separated decimals as whole numbers of `unit`. Raises BadNumberError for the first that is none."""
    return in_units(*mantissas(text), unit)


def mantissas(text: bytes) -> tuple[Int64s, Int64s]:
    """The digits of comma-separated decimals as integers, and how many of them stand after the point."""
    if not text or text.translate(None, b"0123456789.,"):
        return _mantissas_one_by_one(text)
    ends, starts, dots, single = _layout(text)
    if single is None:
        return _mantissas_one_by_one(text)
    digits = ends - starts - single
    if digits.min() < 1 or digits.max() > _MOST_DIGITS:
        return _mantissas_one_by_one(text)
    whole = np.fromstring(text.translate(None, b"."), dtype=np.int64, sep=",")
    places = np.where(single == 1, ends - dots - 1, 0) if single.min() == 0 else ends - dots - 1
    return whole, places


def _layout(text: bytes) -> tuple[Int64s, Int64s, Int64s, Int64s | None]:
    """Where each number ends and starts, where its point is, and 1 where it has one; None where one has two."""
    raw = np.frombuffer(text, np.uint8)
    ends = np.append(np.flatnonzero(raw == _COMMA), len(raw))
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    dots = np.flatnonzero(raw == _DOT)
    if len(dots) == len(ends) and bool(np.all((dots >= starts) & (dots < ends))):
        return ends, starts, dots, np.ones_like(ends)
    before = np.searchsorted(dots, starts)
    single = np.searchsorted(dots, ends) - before
    if single.max() > 1:
        return ends, starts, dots, None
    padded = np.append(dots, 0)
    return ends, starts, padded[np.minimum(before, len(dots))], single


def _mantissas_one_by_one(text: bytes) -> tuple[Int64s, Int64s]:
    """The slow and patient way: exponents are read, and the first bad number is named."""
    pairs = [_mantissa(token, n) for n, token in enumerate(text.split(b","))]
    return np.array([m for m, _ in pairs], np.int64), np.array([p for _, p in pairs], np.int64)


def _mantissa(token: bytes, index: int) -> tuple[int, int]:
    try:
        value = Decimal(token.decode())
    except (InvalidOperation, UnicodeDecodeError):
        raise BadNumberError(index, f"{token.decode(errors='replace')!r} is not a number") from None
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise BadNumberError(index, f"{value} is not a finite number")
    if sign and value:
        raise BadNumberError(index, f"{value} is negative")
    whole = int(value.scaleb(-exponent)) if exponent < 0 else int(value)
    if len(digits) > _MOST_DIGITS or whole >= 10**_MOST_DIGITS:
        raise BadNumberError(index, f"{value} has more than {_MOST_DIGITS} digits")
    return whole, max(-exponent, 0)


def in_units(whole: Int64s, places: Int64s, unit: Decimal) -> Int64s:
    """Numbers whole / 10**places as whole numbers of `unit`. Raises BadNumberError for the first that is off it."""
    if not len(whole):
        return whole
    unit_places = max(-int(unit.as_tuple().exponent), 0)
    depth = max(int(places.max()), unit_places)
    divisor = int(unit.scaleb(depth))
    if int(places.min()) == depth and int(places.max()) == depth:
        scaled = whole
    else:
        factor = 10 ** np.minimum(depth - places, _MOST_DIGITS)
        too_big = whole > (2**63 - 1) // factor
        if too_big.any() or depth - int(places.min()) > _MOST_DIGITS:
            return _in_units_one_by_one(whole, places, unit)
        scaled = whole * factor
    if divisor >= 2**63:
        return _in_units_one_by_one(whole, places, unit)
    units, rest = np.divmod(scaled, divisor)
    if rest.any():
        index = int(np.flatnonzero(rest)[0])
        raise _off_grid(index, whole, places, unit)
    return units


def grid_of_floats(values: Column, unit: Decimal) -> Int64s | None:
    """Decimals of at most 15 digits, each read as its nearest float64, as whole numbers of `unit`; None if that cannot
    be said of them all: one is negative, not a number, too large, or off the grid.

    A decimal on the grid of 10**-k, times 10**k, comes out within one part in 2**51 of a whole number (two roundings).
    One of 15 digits that is off it is at least one part in 10**15 away, so further than the bound of 5e-16.
    """
    places = max(-int(unit.normalize().as_tuple().exponent), 0)
    if places > _MOST_PLACES:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = values * float(10**places)
        nearest = np.rint(scaled)
        known = (scaled >= 0) & (scaled < _EXACT) & (np.abs(scaled - nearest) <= scaled * _NEAR)
    if not known.all():
        return None
    units: Int64s = nearest.astype(np.int64)
    step = int(unit.scaleb(places))
    if step == 1:
        return units
    whole, rest = np.divmod(units, step)
    return None if rest.any() else whole


def _in_units_one_by_one(whole: Int64s, places: Int64s, unit: Decimal) -> Int64s:
    units = []
    for index in range(len(whole)):
        value = Decimal(int(whole[index])).scaleb(-int(places[index])) / unit
        if value != int(value):
            raise _off_grid(index, whole, places, unit)
        if value >= 2**63:
            raise BadNumberError(index, f"{value * unit} is too large: more than 2**63 times {unit}")
        units.append(int(value))
    return np.array(units, np.int64)


def _off_grid(index: int, whole: Int64s, places: Int64s, unit: Decimal) -> BadNumberError:
    value = Decimal(int(whole[index])).scaleb(-int(places[index]))
    return BadNumberError(index, f"{value} is not a whole number of {unit}")


def decimal128(units: Int64s, unit: Decimal) -> pa.Array:
    """Non-negative whole numbers of `unit` as decimal128(38, 16): a product of 64 and 64 bits, by halves."""
    factor = int(unit.scaleb(SCALE))
    if unit.scaleb(SCALE) != factor or factor >= 2**64:
        raise ValueError(f"{unit} does not fit the catalog's decimals")
    value = units.view(np.uint64)
    low, high = _times_half(value & _LOW, factor)
    if len(value) and value.max() > _LOW:
        more_low, more_high = _times_half(value >> _HALF, factor)
        before = low
        low = low + (more_low << _HALF)
        high += (more_high << _HALF) + (more_low >> _HALF) + (low < before)
    product = np.column_stack([low, high])
    return pa.Array.from_buffers(DECIMAL, len(units), [None, pa.py_buffer(product)])


def _times_half(value: Column, factor: int) -> tuple[Column, Column]:
    """Numbers of 32 bits times one of 64, as the lower and the upper 64 bits."""
    lower, upper = value * np.uint64(factor & 0xFFFFFFFF), value * np.uint64(factor >> 32)
    low = lower + (upper << _HALF)
    return low, (upper >> _HALF) + (low < lower)
