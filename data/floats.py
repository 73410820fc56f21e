"""Floats that a vendor wrote for decimals, put back on the instrument's grid: exactly, or not at all."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from data.decimals import BadNumberError, Int64s

_MOST_UNITS = 2.0**53  # beyond it a float cannot tell one unit from the next
_ULPS = 4.0  # what a vendor's own arithmetic may have cost


def float_units(values: npt.NDArray[np.float64], unit: Decimal) -> Int64s:
    """Whole numbers of `unit`. Raises BadNumberError for the first that is not the float of one."""
    sign, digits, exponent = unit.as_tuple()
    assert not sign
    assert isinstance(exponent, int)
    numerator, scale = float(int("".join(map(str, digits)))), 10.0 ** abs(exponent)
    with np.errstate(invalid="ignore", over="ignore"):
        wanted = values / numerator * scale if exponent < 0 else values / (numerator * scale)
        whole = np.rint(wanted)
        # exact: numerator, scale and whole are whole numbers, and a quotient is rounded once
        back = whole * numerator / scale if exponent < 0 else whole * numerator * scale
        good = (np.abs(back - values) <= _ULPS * np.spacing(np.abs(values))) & (whole >= 0) & (whole < _MOST_UNITS)
    if not good.all():
        index = int(np.flatnonzero(~good)[0])
        reason = "is not a number" if not np.isfinite(values[index]) else f"is not a whole number of {unit}"
        raise BadNumberError(index, f"{values[index]!r} {reason}".replace("np.float64(", "").replace(")", ""))
    return whole.astype(np.int64)
