"""Contracts from a venue's own list of them: Binance's exchangeInfo, Bybit's and OKX's instruments, Hyperliquid's meta.

None of them tells fees: those of the venue's lowest tier are taken. Margins are those of the first bracket, from the
venue's percentages where it gives them, else one over the highest leverage, and half of it. A spot market is taken for
a contract of one unit that is paid in full and never liquidated.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from data.instruments import Contract, instrument_from
from data.source import fault
from engine.core.types import Instrument

type Entry = dict[str, Any]
type Find = Callable[[Any, str], Contract | None]

FEES = {
    "BINANCE": ("0.0002", "0.0005"),
    "BYBIT": ("0.0002", "0.00055"),
    "OKX": ("0.0002", "0.0005"),
    "HYPERLIQUID": ("0.00015", "0.00045"),
}
_SPOT_FEES = {"BYBIT": ("0.001", "0.001"), "OKX": ("0.0008", "0.001")}
_BYBIT_NO_SUCH_SYMBOL = 10001  # of one symbol that was asked for
_PAID_IN_FULL = ("1", "0")
_COLLATERALS = {0: "USDC", 235: "USDE", 360: "USDH"}  # Hyperliquid's tokens, by its own numbers


def from_exchange_info(path: Path, instrument_id: str) -> Instrument:
    """The contract from a venue's answer. Raises DataError for a file that is none, or lacks the contract."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise fault(path, error.strerror or str(error)) from error
    return from_answer(content, instrument_id, path)


def from_answer(content: bytes, instrument_id: str, source: Path | str) -> Instrument:
    """The contract from what a venue answered; `source` is named in errors."""
    try:
        answer = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise fault(source, f"is no JSON: {error}") from error
    venue = instrument_id.rpartition(".")[2]
    find = _VENUES.get(venue)
    if find is None:
        raise fault(source, f"the answers of {venue or 'no venue'} are not read, only those of {', '.join(_VENUES)}")
    try:
        contract = find(answer, instrument_id)
    except (KeyError, TypeError, AttributeError, IndexError, ArithmeticError) as error:
        raise fault(source, f"is not what {venue} answers: {type(error).__name__} {error}") from error
    if contract is None:
        raise fault(source, f"has no contract {instrument_id}", field="instrument")
    return instrument_from(contract, str(source))


def _binance(answer: Any, instrument_id: str) -> Contract | None:
    for entry in answer["symbols"]:
        if f"{entry['symbol']}-PERP.BINANCE" == instrument_id and entry.get("contractType", "PERPETUAL") == "PERPETUAL":
            filters = {each["filterType"]: each for each in entry["filters"]}
            inverse = entry["marginAsset"] == entry["baseAsset"]
            return _contract(
                instrument_id,
                raw_symbol=entry["symbol"],
                currencies=(entry["baseAsset"], entry["quoteAsset"], entry["marginAsset"]),
                tick=filters["PRICE_FILTER"]["tickSize"],
                step=filters["LOT_SIZE"]["stepSize"],
                min_size=filters["LOT_SIZE"]["minQty"],
                min_notional=filters.get("MIN_NOTIONAL", {}).get("notional", "0"),
                multiplier=str(entry.get("contractSize", 1)),
                inverse=inverse,
                margins=(_percent(entry["requiredMarginPercent"]), _percent(entry["maintMarginPercent"])),
            )
    return None


def _bybit(answer: Any, instrument_id: str) -> Contract | None:
    if answer.get("retCode") == _BYBIT_NO_SUCH_SYMBOL:
        return None
    for entry in answer["result"]["list"]:
        if "contractType" not in entry and f"{entry['symbol']}-SPOT.BYBIT" == instrument_id:
            lots = entry["lotSizeFilter"]
            return _contract(
                instrument_id,
                raw_symbol=entry["symbol"],
                currencies=(entry["baseCoin"], entry["quoteCoin"], entry["quoteCoin"]),
                tick=entry["priceFilter"]["tickSize"],
                step=lots["basePrecision"],
                min_size=lots["minOrderQty"],
                min_notional=lots.get("minOrderAmt", "0"),
                margins=_PAID_IN_FULL,
                fees=_SPOT_FEES["BYBIT"],
            )
        inverse = entry.get("contractType") == "InversePerpetual"
        suffix = "INVERSE" if inverse else "LINEAR"
        if entry.get("contractType", "").endswith("Perpetual") and f"{entry['symbol']}-{suffix}.BYBIT" == instrument_id:
            lots = entry["lotSizeFilter"]
            return _contract(
                instrument_id,
                raw_symbol=entry["symbol"],
                currencies=(entry["baseCoin"], entry["quoteCoin"], entry["settleCoin"]),
                tick=entry["priceFilter"]["tickSize"],
                step=lots["qtyStep"],
                min_size=lots["minOrderQty"],
                min_notional=lots.get("minNotionalValue", "0"),
                inverse=inverse,
                margins=_of_leverage(entry["leverageFilter"]["maxLeverage"]),
            )
    return None


def _okx(answer: Any, instrument_id: str) -> Contract | None:
    for entry in answer["data"]:
        if f"{entry['instId']}.OKX" != instrument_id:
            continue
        if entry["instType"] == "SPOT":
            return _contract(
                instrument_id,
                raw_symbol=entry["instId"],
                currencies=(entry["baseCcy"], entry["quoteCcy"], entry["quoteCcy"]),
                tick=entry["tickSz"],
                step=entry["lotSz"],
                min_size=entry["minSz"],
                margins=_PAID_IN_FULL,
                fees=_SPOT_FEES["OKX"],
            )
        if entry["instType"] == "SWAP":
            base, quote = entry["instId"].split("-")[:2]
            return _contract(
                instrument_id,
                raw_symbol=entry["instId"],
                currencies=(base, quote, entry["settleCcy"]),
                tick=entry["tickSz"],
                step=entry["lotSz"],
                min_size=entry["minSz"],
                multiplier=str(Decimal(entry["ctVal"]) * Decimal(entry["ctMult"])),
                inverse=entry["ctType"] == "inverse",
                margins=_of_leverage(entry["lever"]),
            )
    return None


def _hyperliquid(answer: Any, instrument_id: str) -> Contract | None:
    """The tick is the finest that there is; where the answer tells the prices of now, the one that they allow."""
    metas = [answer] if isinstance(answer, dict) else [meta for meta in answer if "universe" in meta]
    contexts = answer[1] if len(answer) == len(metas) + 1 else ()  # metaAndAssetCtxs: of one market, as it stands
    for dex, n, entry in ((meta, n, entry) for meta in metas for n, entry in enumerate(meta["universe"])):
        if f"{entry['name']}-USD-PERP.HYPERLIQUID" == instrument_id:
            digits = int(entry["szDecimals"])
            step = format(Decimal(1).scaleb(-digits), "f")
            return _contract(
                instrument_id,
                raw_symbol=entry["name"],
                currencies=(entry["name"].rpartition(":")[2], "USD", _COLLATERALS[dex.get("collateralToken", 0)]),
                tick=_hyperliquid_tick(digits, Decimal(contexts[n]["markPx"]) if contexts else None),
                step=step,
                min_size=step,
                min_notional="10",
                margins=_of_leverage(entry["maxLeverage"]),
            )
    return None


def _hyperliquid_tick(size_digits: int, price: Decimal | None) -> str:
    """A price has six decimals less those of a size, and five significant digits, but whole ones are always allowed."""
    finest = Decimal(1).scaleb(size_digits - 6)
    allowed = finest if price is None else Decimal(1).scaleb(min(price.adjusted() - 4, 0))
    return format(max(finest, allowed), "f")


def _contract(  # noqa: PLR0913 - a contract has many terms
    instrument_id: str,
    *,
    raw_symbol: str,
    currencies: tuple[str, str, str],
    tick: str,
    step: str,
    min_size: str,
    margins: tuple[str, str],
    min_notional: str = "0",
    multiplier: str = "1",
    inverse: bool = False,
    fees: tuple[str, str] | None = None,
) -> Contract:
    maker, taker = fees or FEES[instrument_id.rpartition(".")[2]]
    base, quote, settlement = currencies
    return Contract(
        id=instrument_id,
        raw_symbol=raw_symbol,
        base=base,
        quote=quote,
        settlement=settlement,
        tick=tick,
        step=step,
        min_size=min_size,
        min_notional=min_notional,
        multiplier=multiplier,
        inverse=inverse,
        maker_fee=maker,
        taker_fee=taker,
        margin_init=margins[0],
        margin_maint=margins[1],
    )


def _percent(text: str) -> str:
    return format(Decimal(text) / 100, "f")


def _of_leverage(highest: object) -> tuple[str, str]:
    margin = 1 / Decimal(str(highest))
    return format(margin, "f"), format(margin / 2, "f")


_VENUES: dict[str, Find] = {"BINANCE": _binance, "BYBIT": _bybit, "OKX": _okx, "HYPERLIQUID": _hyperliquid}


def venues() -> Iterator[str]:
    yield from _VENUES
