"""Checks over all tables of a run file at once."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from engine.config.faults import Fault, shown

# What a venue adds to the pair in a contract's name: BTCUSDT-PERP, BTCUSDT-LINEAR, BTC-USDT-SWAP, PF_XBTUSD.
_ADDED = re.compile(r"(PERPETUAL|PERP|SWAP|LINEAR|INVERSE)$")
_FAMILY = re.compile(r"^(PF|PI)_")
_OTHER_NAMES = {"XBT": "BTC"}
_LARGEST, _SMALLEST = Decimal(10) ** 15, Decimal(10) ** -15
_INSTRUMENT, _VENUE, _MARKET = ("instrument", "id"), ("venue", "name"), ("strategy", "market")


def mismatches(tables: Mapping[str, Any]) -> Iterator[Fault]:
    """`tables` are the raw ones: what else is wrong with them must not hide this."""
    instrument, venue, market = (_text(tables, *path) for path in (_INSTRUMENT, _VENUE, _MARKET))
    symbol, point, home = (instrument or "").rpartition(".")
    if not point:
        return
    if venue and venue != home:
        yield Fault(_VENUE, f'is "{venue}", but the instrument {instrument} is of {home}')
    if market and not names_pair(symbol, market):
        yield Fault(_MARKET, f'is "{market}", but the instrument is {instrument}')


def outlandish(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Fault]:
    """Numbers that no market has and with which no exact arithmetic can be done."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from outlandish(inner, (*path, key))
        case list():
            for n, inner in enumerate(value):
                yield from outlandish(inner, (*path, n))
        case bool():
            pass
        case int() | Decimal() if value and Decimal(value).is_finite() and not _fits(Decimal(value)):
            yield Fault(path, f"must be 0 or between {_SMALLEST} and {_LARGEST}, whatever its sign, not {shown(value)}")


def _fits(value: Decimal) -> bool:
    return _SMALLEST <= abs(value) <= _LARGEST


def _text(tables: Mapping[str, Any], section: str, key: str) -> str | None:
    table = tables.get(section)
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, str) else None


def names_pair(symbol: str, market: str) -> bool:
    """Whether a contract's name can be the pair BASE-QUOTE: it has the base first and no other quote."""
    base, _, quote = (_one_name(part) for part in market.upper().partition("-"))
    name = re.sub(r"[^A-Z0-9]", "", _FAMILY.sub("", symbol.upper()))
    for other, usual in _OTHER_NAMES.items():
        name = re.sub(f"^{other}", usual, name)
    name = _ADDED.sub("", name)
    return name in {base, base + quote}


def _one_name(part: str) -> str:
    return _OTHER_NAMES.get(part, part)
