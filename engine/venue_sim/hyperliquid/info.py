"""What Hyperliquid's POST /info answers: of the market, and of any account to anybody who names its address."""

from collections.abc import Callable
from typing import Any

from engine.core.types import ZERO
from engine.venue_sim.account import Account, Income
from engine.venue_sim.errors import ApiError
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.hyperliquid import words
from engine.venue_sim.hyperliquid.errors import refused
from engine.venue_sim.market import Market
from engine.venue_sim.orders import Order

type Asked = dict[str, Any]

MOST = 2000  # fills of an answer
MOST_INCOMES = 500


def answer(exchange: Exchange, agents: dict[str, str], asked: Asked) -> Any:
    """Raises ApiError for what is not spoken here."""
    kind = str(asked.get("type"))
    if kind == "userRole":
        return _role(agents, str(asked.get("user", "")).lower())
    if (of_market := MARKET.get(kind)) is not None:
        return of_market(exchange, asked)
    if (of_account := ACCOUNT.get(kind)) is not None:
        return of_account(exchange, exchange.accounts.get(str(asked.get("user", "")).lower()), asked)
    raise ApiError(-1130, "Failed to deserialize the JSON body into the target type", 422)


def _role(agents: dict[str, str], user: str) -> Any:
    if (master := agents.get(user)) is None:
        return {"role": "missing"}
    return {"role": "user"} if master == user else {"role": "agent", "data": {"user": master}}


def _market(exchange: Exchange, asked: Asked) -> Market:
    if (found := exchange.markets.get(asked.get("coin", ""))) is None:
        raise refused("Invalid coin")
    return found


def _contexts(exchange: Exchange, _asked: Asked) -> Any:
    contexts = [words.context(market, exchange.now_ms) for market in exchange.markets.values()]
    return [words.meta(exchange.markets), contexts]


def _recent(exchange: Exchange, asked: Asked) -> Any:
    market = _market(exchange, asked)
    return [words.printed(market.contract, trade) for trade in market.trades][::-1][:10]


def _fundings(exchange: Exchange, asked: Asked) -> Any:
    market = _market(exchange, asked)
    rows = (each for each in market.settled if each.at_ms >= asked.get("startTime", 0))
    return [
        {"coin": market.symbol, "fundingRate": f"{each.rate:f}", "premium": "0.0", "time": each.at_ms} for each in rows
    ]


def _state(exchange: Exchange, account: Account | None, _asked: Asked) -> Any:
    account = account or Account("", "", asset="", wallet=ZERO)
    return words.clearinghouse(account, exchange.margins(account), exchange.now_ms)


def _open(exchange: Exchange, account: Account | None, _asked: Asked) -> Any:
    orders = () if account is None else account.open.values()
    return [words.order(each, exchange.contracts[each.request.symbol]) for each in reversed(list(orders))]


def _status(exchange: Exchange, account: Account | None, asked: Asked) -> Any:
    """By the venue's number, or by the name that its owner gave it."""
    found = None if account is None else _named(account, asked["oid"])
    if found is None:
        return {"status": "unknownOid"}
    return {"status": "order", "order": words.told(found, exchange.contracts[found.request.symbol])}


def _history(exchange: Exchange, account: Account | None, _asked: Asked) -> Any:
    """Newest first."""
    orders = [] if account is None else list(account.orders.values())[::-1][:MOST]
    return [words.told(each, exchange.contracts[each.request.symbol]) for each in orders]


def _named(account: Account, name: int | str) -> Order | None:
    if isinstance(name, int):
        return account.orders.get(name)
    return next((each for each in reversed(account.orders.values()) if each.request.client_id == name), None)


def _fills(exchange: Exchange, account: Account | None, _asked: Asked) -> Any:
    """The newest, newest first."""
    return [] if account is None else words.fills(account, exchange.contracts)[::-1][:MOST]


def _fills_by_time(exchange: Exchange, account: Account | None, asked: Asked) -> Any:
    """From a time on, oldest first: a page."""
    rows = [] if account is None else words.fills(account, exchange.contracts)
    return [row for row in rows if _within(row["time"], asked)][:MOST]


def _within(at_ms: int, asked: Asked) -> bool:
    return bool(asked["startTime"] <= at_ms <= (asked.get("endTime") or at_ms))


def _incomes(account: Account | None, asked: Asked, *, funding: bool) -> list[Income]:
    rows = [] if account is None else account.incomes
    traded = {"REALIZED_PNL", "COMMISSION"}
    kept = (each for each in rows if each.kind not in traded and (each.kind == "FUNDING_FEE") is funding)
    return [each for each in kept if _within(each.at_ms, asked)][:MOST_INCOMES]


def _funding(_exchange: Exchange, account: Account | None, asked: Asked) -> Any:
    return [
        {
            "time": each.at_ms,
            "hash": f"0x{0:064x}",
            "delta": {
                "type": "funding",
                "coin": each.symbol,
                "usdc": f"{each.amount:f}",
                "szi": "0.0",
                "fundingRate": "0.0",
                "nSamples": None,
            },
        }
        for each in _incomes(account, asked, funding=True)
    ]


def _ledger(_exchange: Exchange, account: Account | None, asked: Asked) -> Any:
    return [
        {
            "time": each.at_ms,
            "hash": f"0x{each.id:064x}",
            "delta": {"type": "deposit", "usdc": f"{each.amount:f}"}
            if each.amount > 0
            else {"type": "withdraw", "usdc": f"{-each.amount:f}", "nonce": each.id, "fee": "0.0"},
        }
        for each in _incomes(account, asked, funding=False)
    ]


def _asset(exchange: Exchange, account: Account | None, asked: Asked) -> Any:
    market = _market(exchange, asked)
    account = account or Account("", "", asset="", wallet=ZERO)
    free = f"{exchange.margins(account).available:f}"
    return {
        "user": asked["user"],
        "coin": market.symbol,
        "leverage": words.leverage(account, market.symbol),
        "maxTradeSzs": ["0.0", "0.0"],
        "availableToTrade": [free, free],
        "markPx": f"{market.mark_price.normalize():f}",
    }


def _referral(exchange: Exchange, account: Account | None, _asked: Asked) -> Any:
    traded = ZERO if account is None else words.volume(account, exchange.contracts)
    return {"referredBy": None, "cumVlm": f"{traded:f}", "unclaimedRewards": "0.0", "claimedRewards": "0.0"}


def _fees(exchange: Exchange, _account: Account | None, _asked: Asked) -> Any:
    terms = next(iter(exchange.contracts.values())).instrument
    return {"dailyUserVlm": [], "userCrossRate": f"{terms.taker_fee:f}", "userAddRate": f"{terms.maker_fee:f}"}


MARKET: dict[str, Callable[[Exchange, Asked], Any]] = {
    "meta": lambda exchange, _: words.meta(exchange.markets),
    "allPerpMetas": lambda exchange, _: [words.meta(exchange.markets)],
    "metaAndAssetCtxs": _contexts,
    "spotMeta": lambda *_: {"tokens": [words.USDC], "universe": []},
    "spotMetaAndAssetCtxs": lambda *_: [{"tokens": [words.USDC], "universe": []}, []],
    "outcomeMeta": lambda *_: {"outcomes": [], "questions": []},
    "perpDexs": lambda *_: [None],
    "allMids": lambda exchange, _: {m.symbol: f"{m.mark_price.normalize():f}" for m in exchange.markets.values()},
    "l2Book": lambda exchange, asked: words.book(_market(exchange, asked), exchange.now_ms),
    "recentTrades": _recent,
    "fundingHistory": _fundings,
    "exchangeStatus": lambda exchange, _: {"time": exchange.now_ms, "specialStatuses": None},
}
ACCOUNT: dict[str, Callable[[Exchange, Account | None, Asked], Any]] = {
    "userAbstraction": lambda *_: "disabled",
    "clearinghouseState": _state,
    "spotClearinghouseState": lambda *_: {"balances": []},
    "openOrders": _open,
    "frontendOpenOrders": _open,
    "orderStatus": _status,
    "historicalOrders": _history,
    "userFills": _fills,
    "userFillsByTime": _fills_by_time,
    "userFunding": _funding,
    "userNonFundingLedgerUpdates": _ledger,
    "activeAssetData": _asset,
    "userFees": _fees,
    "referral": _referral,
}
