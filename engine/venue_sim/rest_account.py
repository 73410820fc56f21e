"""REST and WebSocket answers about an account: balances, positions, trades, what applies to it."""

import hashlib
from typing import Any

from engine.core.types import ZERO
from engine.venue_sim.account import Account, Leg
from engine.venue_sim.contract import money
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.exchange_info import bracket_body, rate_limits
from engine.venue_sim.margin import Margins
from engine.venue_sim.parameters import Parameters, text

BOUND = 1_000_000_000


def legs_of(exchange: Exchange, account: Account, symbol: str | None, *, held: bool = False) -> list[Leg]:
    """An account's legs in its mode; with `held` those that are not flat."""
    symbols = [exchange.market(symbol).symbol] if symbol else list(exchange.markets)
    sides = ("LONG", "SHORT") if account.dual else ("BOTH",)
    legs = [(name, side) for name in symbols for side in sides]
    return [leg for leg in legs if account.position(*leg).size] if held else legs


def account_v2(exchange: Exchange, account: Account, _given: Parameters) -> Any:
    return _account(exchange, account, legs_of(exchange, account, None), full=True)


def account_v3(exchange: Exchange, account: Account, _given: Parameters) -> Any:
    """Only what is held or asked for."""
    waiting = {(o.request.symbol, o.request.position_side) for o in account.open.values()}
    legs = [leg for leg in legs_of(exchange, account, None) if account.position(*leg).size or leg in waiting]
    return _account(exchange, account, legs, full=False)


def _account(exchange: Exchange, account: Account, legs: list[Leg], *, full: bool) -> Any:
    margins = exchange.margins(account)
    asset = _asset_body(exchange, account, margins)
    totals = {
        "totalInitialMargin": asset["initialMargin"],
        "totalMaintMargin": asset["maintMargin"],
        "totalWalletBalance": asset["walletBalance"],
        "totalUnrealizedProfit": asset["unrealizedProfit"],
        "totalMarginBalance": asset["marginBalance"],
        "totalPositionInitialMargin": asset["positionInitialMargin"],
        "totalOpenOrderInitialMargin": asset["openOrderInitialMargin"],
        "totalCrossWalletBalance": asset["crossWalletBalance"],
        "totalCrossUnPnl": asset["crossUnPnl"],
        "availableBalance": asset["availableBalance"],
        "maxWithdrawAmount": asset["maxWithdrawAmount"],
        "assets": [asset],
        "positions": [_account_position(account, margins, leg, full=full) for leg in legs],
    }
    settings = {
        "feeTier": 0,
        "feeBurn": account.fee_burn,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        "multiAssetsMargin": account.multi_assets,
        "tradeGroupId": -1,
    }
    return settings | totals if full else totals


def _asset_body(exchange: Exchange, account: Account, margins: Margins) -> dict[str, Any]:
    wallet, unrealised = money(account.wallet), money(margins.total_unrealised)
    positions, initial = margins.positions_initial, margins.initial()
    available = money(margins.available)
    return {
        "asset": account.asset,
        "walletBalance": wallet,
        "unrealizedProfit": unrealised,
        "marginBalance": money(margins.equity),
        "maintMargin": money(margins.maintenance),
        "initialMargin": money(initial),
        "positionInitialMargin": money(positions),
        "openOrderInitialMargin": money(initial - positions),
        "crossWalletBalance": money(margins.shared_wallet),
        "crossUnPnl": money(margins.shared_unrealised),
        "availableBalance": available,
        "maxWithdrawAmount": available,
        "marginAvailable": True,
        "updateTime": exchange.now_ms,
    }


def _account_position(account: Account, margins: Margins, leg: Leg, *, full: bool) -> dict[str, Any]:
    position, isolated = account.position(*leg), leg[0] in account.isolated
    initial = money(margins.initial_of(leg, position))
    body = {
        "symbol": leg[0],
        "positionSide": leg[1],
        "positionAmt": f"{position.size:f}",
        "unrealizedProfit": money(margins.unrealised(leg, position)),
        "isolatedMargin": money(margins.isolated_margin(leg, position)) if isolated else "0",
        "notional": money(_signed_value(margins, leg, account)),
        "isolatedWallet": money(margins.isolated_wallet(leg, position)) if isolated else "0",
        "initialMargin": initial,
        "maintMargin": money(margins.maintenance_of(leg, position)),
        "updateTime": account.leg_updated_ms.get(leg, 0),
    }
    more = {
        "positionInitialMargin": initial,
        "openOrderInitialMargin": "0",
        "leverage": str(account.leverage(leg[0])),
        "isolated": isolated,
        "entryPrice": f"{position.entry or ZERO:f}",
        "breakEvenPrice": f"{position.entry or ZERO:f}",
        "maxNotional": str(BOUND),
        "bidNotional": "0",
        "askNotional": "0",
    }
    return body | more if full else body


def _signed_value(margins: Margins, leg: Leg, account: Account) -> Any:
    position = account.position(*leg)
    return position.size * margins.mark(leg[0], position)


def balance(exchange: Exchange, account: Account, _given: Parameters) -> Any:
    asset = _asset_body(exchange, account, exchange.margins(account))
    alias = hashlib.sha256(account.key.encode()).hexdigest()[:8]
    kept = ("asset", "crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount", "marginAvailable")
    body = {"accountAlias": alias, "balance": asset["walletBalance"], "updateTime": asset["updateTime"]}
    return [body | {name: asset[name] for name in kept}]


def position_risk_v2(exchange: Exchange, account: Account, given: Parameters) -> Any:
    legs = legs_of(exchange, account, given.get("symbol"))
    return [_risk(exchange, account, leg) | _risk_settings(account, leg) for leg in legs]


def position_risk_v3(exchange: Exchange, account: Account, given: Parameters) -> Any:
    legs = legs_of(exchange, account, given.get("symbol"), held=True)
    return [_risk(exchange, account, leg) | _risk_margins(exchange, account, leg) for leg in legs]


def _risk(exchange: Exchange, account: Account, leg: Leg) -> dict[str, Any]:
    margins, position = exchange.margins(account), account.position(*leg)
    isolated = leg[0] in account.isolated
    mark = exchange.markets[leg[0]].mark_price
    return {
        "symbol": leg[0],
        "positionSide": leg[1],
        "positionAmt": f"{position.size:f}",
        "entryPrice": f"{position.entry or ZERO:f}",
        "breakEvenPrice": f"{position.entry or ZERO:f}",
        "markPrice": money(mark),
        "unRealizedProfit": money(margins.unrealised(leg, position)),
        "liquidationPrice": money(margins.liquidation_price(leg)) if position.size else "0",
        "isolatedMargin": money(margins.isolated_margin(leg, position)),
        "notional": money(position.size * mark),
        "isolatedWallet": money(margins.isolated_wallet(leg, position)) if isolated else "0",
        "updateTime": account.leg_updated_ms.get(leg, 0),
    }


def _risk_settings(account: Account, leg: Leg) -> dict[str, Any]:
    return {
        "leverage": str(account.leverage(leg[0])),
        "maxNotionalValue": str(BOUND),
        "marginType": "isolated" if leg[0] in account.isolated else "cross",
        "isAutoAddMargin": "false",
    }


def _risk_margins(exchange: Exchange, account: Account, leg: Leg) -> dict[str, Any]:
    margins, position = exchange.margins(account), account.position(*leg)
    initial = money(margins.initial_of(leg, position))
    return {
        "marginAsset": account.asset,
        "initialMargin": initial,
        "maintMargin": money(margins.maintenance_of(leg, position)),
        "positionInitialMargin": initial,
        "openOrderInitialMargin": "0",
        "adl": 1,
        "bidNotional": "0",
        "askNotional": "0",
    }


def commission_rate(exchange: Exchange, _account: Account, given: Parameters) -> Any:
    instrument = exchange.market(text(given, "symbol")).contract.instrument
    maker, taker = f"{instrument.maker_fee:f}", f"{instrument.taker_fee:f}"
    rates = {"makerCommissionRate": maker, "takerCommissionRate": taker, "rpiCommissionRate": maker}
    return {"symbol": instrument.raw_symbol} | rates


def leverage_bracket(exchange: Exchange, _account: Account, given: Parameters) -> Any:
    if symbol := given.get("symbol"):
        return [bracket_body(exchange.market(symbol).contract)]
    return [bracket_body(contract) for contract in exchange.contracts.values()]


def symbol_config(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbols = [exchange.market(given["symbol"]).symbol] if given.get("symbol") else list(exchange.markets)
    return [
        {
            "symbol": symbol,
            "marginType": "ISOLATED" if symbol in account.isolated else "CROSSED",
            "isAutoAddMargin": False,
            "leverage": account.leverage(symbol),
            "maxNotionalValue": str(BOUND),
        }
        for symbol in symbols
    ]


def account_config(exchange: Exchange, account: Account, _given: Parameters) -> Any:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": account.dual,
        "updateTime": exchange.now_ms,
        "multiAssetsMargin": account.multi_assets,
        "tradeGroupId": -1,
    }


def order_limits(_exchange: Exchange, _account: Account, _given: Parameters) -> Any:
    return [limit for limit in rate_limits() if limit["rateLimitType"] == "ORDERS"]


def adl_quantile(exchange: Exchange, account: Account, given: Parameters) -> Any:
    held = {leg[0] for leg in legs_of(exchange, account, given.get("symbol"), held=True)}
    return [{"symbol": symbol, "adlQuantile": {"LONG": 0, "SHORT": 0, "BOTH": 0}} for symbol in sorted(held)]
