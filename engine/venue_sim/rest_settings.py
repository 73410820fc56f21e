"""What an account can set: leverage, margin type, position mode, and its listen key."""

import hashlib
from typing import Any

from engine.venue_sim.account import Account
from engine.venue_sim.contract import MAX_LEVERAGE
from engine.venue_sim.errors import ApiError
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.parameters import Parameters, flag, text, whole
from engine.venue_sim.rest_account import BOUND
from engine.venue_sim.upkeep import LISTEN_MS

OK = {"code": 200, "msg": "success"}


def leverage(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol, wanted = exchange.market(text(given, "symbol")).symbol, whole(given, "leverage")
    if not 1 <= wanted <= MAX_LEVERAGE:
        raise ApiError(-4028, f"Leverage {wanted} is not valid")
    before = account.leverage(symbol)
    if wanted < before and symbol in account.isolated and account.positions(symbol):
        raise ApiError(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions")
    account.leverages[symbol] = wanted
    margins = exchange.margins(account)
    if wanted < before and margins.initial() > margins.equity:
        account.leverages[symbol] = before
        raise ApiError(-2027, "Exceeded the maximum allowable position at current leverage.")
    if wanted != before:
        body = {"ac": {"s": symbol, "l": wanted}}
        exchange.listener.user(account, _config(exchange, body))
    return {"leverage": wanted, "maxNotionalValue": str(BOUND), "symbol": symbol}


def _config(exchange: Exchange, body: dict[str, Any]) -> dict[str, Any]:
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": exchange.now_ms, "T": exchange.now_ms} | body


def margin_type(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol, wanted = exchange.market(text(given, "symbol")).symbol, text(given, "marginType").upper()
    if wanted not in {"ISOLATED", "CROSSED"}:
        raise ApiError(-1130, "Data sent for parameter 'marginType' is not valid.")
    if (wanted == "ISOLATED") == (symbol in account.isolated):
        raise ApiError(-4046, "No need to change margin type.")
    if account.open_orders(symbol):
        raise ApiError(-4047, "Margin type cannot be changed if there exists open orders.")
    if account.positions(symbol):
        raise ApiError(-4048, "Margin type cannot be changed if there exists position.")
    if wanted == "ISOLATED" and account.multi_assets:
        raise ApiError(-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.")
    account.isolated ^= {symbol}
    return OK


def position_mode(_exchange: Exchange, account: Account, _given: Parameters) -> Any:
    return {"dualSidePosition": account.dual}


def set_position_mode(_exchange: Exchange, account: Account, given: Parameters) -> Any:
    wanted = flag(given, "dualSidePosition")
    if wanted == account.dual:
        raise ApiError(-4059, "No need to change position side.")
    if account.open:
        raise ApiError(-4067, "Position side cannot be changed if there exists open orders.")
    if account.positions():
        raise ApiError(-4068, "Position side cannot be changed if there exists position.")
    account.dual = wanted
    return OK


def multi_assets(_exchange: Exchange, account: Account, _given: Parameters) -> Any:
    return {"multiAssetsMargin": account.multi_assets}


def set_multi_assets(exchange: Exchange, account: Account, given: Parameters) -> Any:
    wanted = flag(given, "multiAssetsMargin")
    if wanted == account.multi_assets:
        raise ApiError(-4171, "Adjusted asset mode is currently set and does not need to be adjusted repeatedly.")
    if account.open:
        raise ApiError(-4170, "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures.")
    if wanted and account.isolated:
        message = "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode."
        raise ApiError(-4167, message)
    account.multi_assets = wanted
    exchange.listener.user(account, _config(exchange, {"ai": {"j": wanted}}))
    return OK


def fee_burn(_exchange: Exchange, account: Account, _given: Parameters) -> Any:
    return {"feeBurn": account.fee_burn}


def set_fee_burn(_exchange: Exchange, account: Account, given: Parameters) -> Any:
    """A switch: fees are taken in the margin asset all the same."""
    account.fee_burn = flag(given, "feeBurn")
    return OK


def open_listen_key(exchange: Exchange, account: Account, _given: Parameters) -> Any:
    """A key that still holds is prolonged and given again, as the venue does."""
    if account.listen_key is None:
        seed = f"{account.key}:{exchange.next_id()}"
        account.listen_key = hashlib.sha256(seed.encode()).hexdigest()
    account.listen_until_ms = exchange.now_ms + LISTEN_MS
    return {"listenKey": account.listen_key}


def keep_listen_key(exchange: Exchange, account: Account, _given: Parameters) -> Any:
    if account.listen_key is None:
        raise ApiError(
            -1125, "This listenKey does not exist. Please use `POST /fapi/v1/listenKey` to recreate `listenKey`"
        )
    account.listen_until_ms = exchange.now_ms + LISTEN_MS
    return {"listenKey": account.listen_key}


def close_listen_key(_exchange: Exchange, account: Account, _given: Parameters) -> Any:
    account.listen_key = None
    return {}
