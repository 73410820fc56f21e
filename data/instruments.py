"""Contracts: from the bundled dated table, from a venue's own exchangeInfo, or from a file of the user's."""

import datetime as dt
import difflib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec

from data.source import fault
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

TABLE = Path(__file__).with_name("instruments.toml")
_MOST_FEE = Decimal("0.05")
_DAY_NS = 86_400_000_000_000


class Contract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contract as a table writes it; from `valid_from` (UTC) until the next entry of the same id."""

    id: str
    raw_symbol: str
    base: str
    quote: str
    settlement: str
    tick: str
    step: str
    min_size: str
    min_notional: str = "0"
    multiplier: str = "1"
    inverse: bool = False
    maker_fee: str
    taker_fee: str
    margin_init: str
    margin_maint: str
    valid_from: dt.date = dt.date(2017, 1, 1)
    source: str = ""


class ContractFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    contract: tuple[Contract, ...]


def bundled(instrument_id: str, at_ns: int) -> Instrument:
    """The contract as it was at a time. Raises DataError, naming what can be done, for one that the table lacks."""
    return _dated(_read(TABLE), instrument_id, at_ns, "the bundled table of contracts")


def from_file(path: Path, instrument_id: str, at_ns: int) -> Instrument:
    """The contract from a user's TOML of the bundled table's form."""
    return _dated(_read(path), instrument_id, at_ns, str(path))


def _read(path: Path) -> tuple[Contract, ...]:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=ContractFile).contract
    except OSError as error:
        raise fault(path, error.strerror or str(error)) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise fault(path, f"is no table of contracts: {error}") from error


def _dated(contracts: tuple[Contract, ...], instrument_id: str, at_ns: int, source: str) -> Instrument:
    named = sorted((c for c in contracts if c.id == instrument_id), key=lambda c: c.valid_from)
    if not named:
        near = difflib.get_close_matches(instrument_id, [c.id for c in contracts], n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        message = (
            f"{instrument_id} is not in {source}.{hint} Otherwise give its contract with --instrument-file,"
            " or the venue's answer with --exchange-info"
        )
        raise DataError(Problem(source="--instrument", message=message))
    day = dt.date(1970, 1, 1) + dt.timedelta(days=at_ns // _DAY_NS)
    valid = [c for c in named if c.valid_from <= day]
    if not valid:
        message = f"{source} knows {instrument_id} from {named[0].valid_from} only; the data is of {day}"
        raise DataError(Problem(source="--instrument", message=message))
    return instrument_from(valid[-1], source)


def instrument_from(contract: Contract, source: str) -> Instrument:
    """Raises DataError for all values that cannot be, at once."""
    problems: list[Problem] = []

    def number(field: str, *, least: Decimal, above: bool) -> Decimal:
        text = getattr(contract, field)
        try:
            value = Decimal(text)
        except ArithmeticError:
            value = Decimal("NaN")
        if not value.is_finite() or value < least or (above and value == least):
            bound = f"{'above' if above else 'at least'} {least}"
            problems.append(Problem(source, f"{text!r} is not a number {bound}", field=f"{contract.id}.{field}"))
        return value

    symbol, _, venue = contract.id.rpartition(".")
    if not symbol or not venue:
        problems.append(Problem(source, f"{contract.id!r} is no id such as BTCUSDT-PERP.BINANCE", field="id"))
    positive = {f: number(f, least=Decimal(0), above=True) for f in ("tick", "step", "min_size", "multiplier")}
    rest = {f: number(f, least=Decimal(0), above=False) for f in ("min_notional", "margin_init", "margin_maint")}
    fees = {f: number(f, least=Decimal(-1), above=True) for f in ("maker_fee", "taker_fee")}
    problems = problems or [*_impossible(contract.id, source, fees, rest)]
    if problems:
        raise DataError(*problems)
    same = ("id", "raw_symbol", "base", "quote", "settlement", "inverse")
    terms = {name: getattr(contract, name) for name in same} | {"venue": venue} | positive | rest | fees
    return msgspec.convert(terms, Instrument)


def _impossible(name: str, source: str, fees: dict[str, Decimal], rest: dict[str, Decimal]) -> Iterator[Problem]:
    """Percent written for a fraction, and a position that would be liquidated as it is opened."""
    for field, share, most in (
        *((f, v, _MOST_FEE) for f, v in fees.items()),
        ("margin_init", rest["margin_init"], Decimal(1)),
    ):
        if share > most:
            yield Problem(source, f"{share} is a fraction, at most {most}", field=f"{name}.{field}")
    if rest["margin_maint"] > rest["margin_init"]:
        reason = f"{rest['margin_maint']} is above margin_init, {rest['margin_init']}"
        yield Problem(source, reason, field=f"{name}.margin_maint")
