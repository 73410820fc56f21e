"""A request's parameters as the venue reads them: strings in, a typed order out, or Binance's error."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from engine.core.types import Side
from engine.venue_sim.contract import Contract
from engine.venue_sim.errors import ApiError, bad_value, missing
from engine.venue_sim.orders import Request

type Parameters = Mapping[str, str]

CLIENT_ID = re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$")
TIFS = ("GTC", "IOC", "FOK", "GTX", "GTD")
CONDITIONAL = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})
STPS = ("EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE")
ANSWERS = ("ACK", "RESULT")
MOST_DIGITS = 20
END_OF_TIME_MS = 253_402_300_799_000


def text(given: Parameters, name: str) -> str:
    if not (value := given.get(name)):
        raise missing(name)
    return value


def whole(given: Parameters, name: str, default: int | None = None) -> int:
    value = given.get(name) or default
    if value is None:
        raise missing(name)
    try:
        return int(value)
    except ValueError:
        raise ApiError(-1100, f"Illegal characters found in parameter '{name}'.") from None


def optional_whole(given: Parameters, name: str) -> int | None:
    return whole(given, name) if given.get(name) else None


def number(given: Parameters, name: str) -> Decimal:
    written = text(given, name)
    try:
        value = Decimal(written)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or len(written) > MOST_DIGITS:
        raise ApiError(-1100, f"Illegal characters found in parameter '{name}'.")
    return value


def flag(given: Parameters, name: str, *, default: bool | None = None) -> bool:
    value = given.get(name, "").lower()
    if value in {"true", "false"}:
        return value == "true"
    if not value and default is not None:
        return default
    raise bad_value(name) if value else missing(name)


def side_of(given: Parameters) -> Side:
    name = text(given, "side").upper()
    if name not in Side.__members__:
        raise ApiError(-1117, "Invalid side.")
    return Side[name]


def price_of(given: Parameters, contract: Contract) -> int:
    price = number(given, "price")
    if price <= 0:
        raise ApiError(-4001, "Price less than 0." if price < 0 else "Price less than or equal to zero.")
    return contract.ticks(price)


def lots_of(given: Parameters, contract: Contract) -> int:
    size = number(given, "quantity")
    if size <= 0:
        raise ApiError(-4003, "Quantity less than or equal to zero.")
    return contract.lots(size)


def order_request(given: Parameters, contract: Contract, *, now_ms: int, default_id: str) -> Request:
    """A new order's parameters, its price among them. Raises ApiError for the first that is wrong."""
    side, kind = side_of(given), text(given, "type").upper()
    if kind in CONDITIONAL:
        message = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        raise ApiError(-4120, message)
    if kind not in {"LIMIT", "MARKET"}:
        raise ApiError(-1116, "Invalid orderType.")
    if flag(given, "closePosition", default=False):
        raise ApiError(-4136, f"Target strategy invalid for orderType {kind},closePosition true")
    client_id = given.get("newClientOrderId") or default_id
    if not CLIENT_ID.match(client_id):
        raise ApiError(-4015, "Client order id is not valid.")
    tif = _tif(given, kind)
    return Request(
        symbol=contract.symbol,
        side=side,
        type=kind,
        tif=tif,
        lots=lots_of(given, contract),
        price=_limit(given, contract, kind),
        client_id=client_id,
        position_side=_position_side(given),
        reduce_only=flag(given, "reduceOnly", default=False),
        good_till_ms=_good_till(given, tif, now_ms),
        stp=_one_of(given, "selfTradePreventionMode", STPS, ApiError(-5039, "Invalid self trade prevention mode")),
        price_match=given.get("priceMatch") or "NONE",
        result=_one_of(given, "newOrderRespType", ANSWERS, ApiError(-1136, "Invalid newOrderRespType.")) == "RESULT",
    )


def _tif(given: Parameters, kind: str) -> str:
    if kind == "MARKET":
        if given.get("timeInForce"):
            raise ApiError(-1106, "Parameter 'timeInForce' sent when not required.")
        return "GTC"
    tif = text(given, "timeInForce").upper()
    if tif not in TIFS:
        raise ApiError(-1115, "Invalid timeInForce.")
    return tif


def _limit(given: Parameters, contract: Contract, kind: str) -> int | None:
    if kind == "LIMIT":
        return price_of(given, contract)
    if given.get("price"):
        raise ApiError(-1106, "Parameter 'price' sent when not required.")
    return None


def _position_side(given: Parameters) -> str:
    position_side = (given.get("positionSide") or "BOTH").upper()
    if position_side not in {"BOTH", "LONG", "SHORT"}:
        raise ApiError(-4060, "Invalid position side.")
    return position_side


def _good_till(given: Parameters, tif: str, now_ms: int) -> int:
    """The venue wants at least ten minutes."""
    if tif != "GTD":
        return 0
    until = whole(given, "goodTillDate")
    if not now_ms + 600_000 < until < END_OF_TIME_MS:
        least = "must be greater than the current time plus 600 seconds"
        raise ApiError(-5040, f"The goodTillDate timestamp {least} and smaller than {END_OF_TIME_MS}")
    return until


def _one_of(given: Parameters, name: str, words: tuple[str, ...], error: ApiError) -> str:
    """The first of the words where none is given."""
    if (word := (given.get(name) or words[0]).upper()) not in words:
        raise error
    return word
