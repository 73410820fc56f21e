"""What can be asked over REST: method and path, who may ask, what it weighs."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import msgspec

from engine.venue_sim import rest_account as account
from engine.venue_sim import rest_algo as algo
from engine.venue_sim import rest_margin as margin
from engine.venue_sim import rest_market as market
from engine.venue_sim import rest_orders as orders
from engine.venue_sim import rest_settings as settings
from engine.venue_sim import rest_statistics as statistics
from engine.venue_sim import rest_trades as history
from engine.venue_sim import weights
from engine.venue_sim.parameters import Parameters

type Weight = int | Callable[[Parameters], int]


class Needs(Enum):
    NOTHING = 0
    KEY = 1
    SIGNATURE = 2


class Route(msgspec.Struct, frozen=True):
    """`act` is given the exchange, the account where one is needed, and the parameters; it returns a JSON value."""

    act: Callable[..., Any]
    needs: Needs = Needs.SIGNATURE
    weight: Weight = 1
    orders: int = 0  # how many it counts against the order limits

    def weighs(self, given: Parameters) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(given)


def _public(act: Callable[..., Any], weight: Weight = 1) -> Route:
    return Route(act, Needs.NOTHING, weight)


ROUTES: dict[str, Route] = {
    "GET /fapi/v1/ping": _public(market.ping),
    "GET /fapi/v1/time": _public(market.time),
    "GET /fapi/v1/exchangeInfo": _public(market.info),
    "GET /fapi/v1/depth": _public(market.depth, weights.book),
    "GET /fapi/v1/trades": _public(market.trades, 5),
    "GET /fapi/v1/historicalTrades": Route(lambda e, _a, g: market.trades(e, g), Needs.KEY, 20),
    "GET /fapi/v1/aggTrades": _public(market.agg_trades, 20),
    "GET /fapi/v1/klines": _public(market.klines, weights.candles),
    "GET /fapi/v1/continuousKlines": _public(market.continuous_klines, weights.candles),
    "GET /fapi/v1/markPriceKlines": _public(market.price_klines(lambda m: m.marks, "symbol"), weights.candles),
    "GET /fapi/v1/indexPriceKlines": _public(market.price_klines(lambda m: m.indexes, "pair"), weights.candles),
    "GET /fapi/v1/premiumIndexKlines": _public(market.price_klines(lambda m: m.premiums, "symbol"), weights.candles),
    "GET /fapi/v1/ticker/price": _public(market.ticker_price, weights.one_or_all(1, 2)),
    "GET /fapi/v2/ticker/price": _public(market.ticker_price, weights.one_or_all(1, 2)),
    "GET /fapi/v1/ticker/bookTicker": _public(market.book_ticker, weights.one_or_all(2, 5)),
    "GET /fapi/v1/ticker/24hr": _public(market.ticker_day, weights.one_or_all(1, 40)),
    "GET /fapi/v1/premiumIndex": _public(market.premium_index, weights.one_or_all(1, 10)),
    "GET /fapi/v1/fundingRate": _public(market.funding_rate),
    "GET /fapi/v1/fundingInfo": _public(market.funding_info),
    "GET /fapi/v1/openInterest": _public(market.open_interest),
    "GET /fapi/v1/constituents": _public(statistics.constituents, 2),
    "GET /fapi/v1/indexInfo": _public(statistics.composite_indexes),
    "GET /fapi/v1/assetIndex": _public(statistics.asset_index),
    "GET /fapi/v1/insuranceBalance": _public(statistics.insurance_balance),
    "GET /fapi/v1/symbolAdlRisk": _public(statistics.adl_risk),
    "GET /fapi/v1/tradingSchedule": _public(statistics.trading_schedule, 5),
    "GET /fapi/v1/rpiDepth": _public(statistics.rpi_depth, 20),
    "GET /futures/data/openInterestHist": _public(statistics.open_interest_history, 0),
    "GET /futures/data/topLongShortPositionRatio": _public(statistics.no_rows, 0),
    "GET /futures/data/topLongShortAccountRatio": _public(statistics.no_rows, 0),
    "GET /futures/data/globalLongShortAccountRatio": _public(statistics.no_rows, 0),
    "GET /futures/data/takerlongshortRatio": _public(statistics.taker_ratio, 0),
    "GET /futures/data/basis": _public(statistics.basis, 0),
    "GET /futures/data/delivery-price": _public(statistics.delivery_prices, 0),
    "POST /fapi/v1/order": Route(orders.place, weight=0, orders=1),
    "POST /fapi/v1/order/test": Route(orders.test),
    "PUT /fapi/v1/order": Route(orders.modify, weight=0, orders=1),
    "DELETE /fapi/v1/order": Route(orders.cancel),
    "GET /fapi/v1/order": Route(orders.query),
    "GET /fapi/v1/openOrder": Route(orders.open_order),
    "GET /fapi/v1/openOrders": Route(orders.open_orders, weight=weights.one_or_all(1, 40)),
    "GET /fapi/v1/orderAmendment": Route(orders.amendments),
    "GET /fapi/v1/allOrders": Route(orders.all_orders, weight=5),
    "DELETE /fapi/v1/allOpenOrders": Route(orders.cancel_all),
    "POST /fapi/v1/batchOrders": Route(orders.place_many, weight=5, orders=5),
    "PUT /fapi/v1/batchOrders": Route(orders.modify_many, weight=5, orders=5),
    "DELETE /fapi/v1/batchOrders": Route(orders.cancel_many),
    "POST /fapi/v1/countdownCancelAll": Route(orders.countdown, weight=10),
    "POST /fapi/v1/algoOrder": Route(algo.place, weight=0, orders=1),
    "DELETE /fapi/v1/algoOrder": Route(algo.cancel),
    "GET /fapi/v1/algoOrder": Route(algo.query),
    "GET /fapi/v1/openAlgoOrders": Route(algo.open_orders, weight=weights.one_or_all(1, 40)),
    "GET /fapi/v1/allAlgoOrders": Route(algo.all_orders, weight=5),
    "DELETE /fapi/v1/algoOpenOrders": Route(algo.cancel_all),
    "GET /fapi/v1/account": Route(account.account_v2, weight=5),
    "GET /fapi/v2/account": Route(account.account_v2, weight=5),
    "GET /fapi/v3/account": Route(account.account_v3, weight=5),
    "GET /fapi/v1/balance": Route(account.balance, weight=5),
    "GET /fapi/v2/balance": Route(account.balance, weight=5),
    "GET /fapi/v3/balance": Route(account.balance, weight=5),
    "GET /fapi/v1/positionRisk": Route(account.position_risk_v2, weight=5),
    "GET /fapi/v2/positionRisk": Route(account.position_risk_v2, weight=5),
    "GET /fapi/v3/positionRisk": Route(account.position_risk_v3, weight=5),
    "GET /fapi/v1/userTrades": Route(history.user_trades, weight=5),
    "GET /fapi/v1/income": Route(history.income, weight=30),
    "POST /fapi/v1/leverage": Route(settings.leverage),
    "POST /fapi/v1/marginType": Route(settings.margin_type),
    "POST /fapi/v1/positionMargin": Route(margin.move),
    "GET /fapi/v1/positionMargin/history": Route(margin.history),
    "GET /fapi/v1/positionSide/dual": Route(settings.position_mode, weight=30),
    "POST /fapi/v1/positionSide/dual": Route(settings.set_position_mode),
    "GET /fapi/v1/multiAssetsMargin": Route(settings.multi_assets, weight=30),
    "POST /fapi/v1/multiAssetsMargin": Route(settings.set_multi_assets),
    "GET /fapi/v1/feeBurn": Route(settings.fee_burn, weight=30),
    "POST /fapi/v1/feeBurn": Route(settings.set_fee_burn),
    "GET /fapi/v1/commissionRate": Route(account.commission_rate, weight=20),
    "GET /fapi/v1/leverageBracket": Route(account.leverage_bracket),
    "GET /fapi/v1/symbolConfig": Route(account.symbol_config, weight=5),
    "GET /fapi/v1/accountConfig": Route(account.account_config, weight=5),
    "GET /fapi/v1/rateLimit/order": Route(account.order_limits),
    "GET /fapi/v1/apiTradingStatus": Route(statistics.trading_status),
    "GET /fapi/v1/forceOrders": Route(history.force_orders, weight=20),
    "GET /fapi/v1/adlQuantile": Route(account.adl_quantile, weight=5),
    "POST /fapi/v1/listenKey": Route(settings.open_listen_key, Needs.KEY),
    "PUT /fapi/v1/listenKey": Route(settings.keep_listen_key, Needs.KEY),
    "DELETE /fapi/v1/listenKey": Route(settings.close_listen_key, Needs.KEY),
}

NOT_OFFERED = (
    *(f"GET /fapi/v1/{what}/asyn{id_}" for what in ("income", "order", "trade") for id_ in ("", "/id")),
    *(f"GET /fapi/v1/apiReferral/{what}" for what in ("ifNewUser", "customization", "userCustomization", "traderNum")),
    *(f"GET /fapi/v1/apiReferral/{what}" for what in ("overview", "tradeVol", "rebateVol", "traderSummary")),
    *(f"POST /fapi/v1/apiReferral/{what}" for what in ("customization", "userCustomization")),
    "GET /fapi/v1/convert/exchangeInfo",
    "POST /fapi/v1/convert/getQuote",
    "POST /fapi/v1/convert/acceptQuote",
    "GET /fapi/v1/convert/orderStatus",
    "GET /fapi/v1/pmAccountInfo",
    "GET /fapi/v1/lvtKlines",
    "GET /fapi/v1/stock/contract",
    "POST /fapi/v1/stock/contract",
)
ROUTES |= {each: _public(statistics.not_offered) for each in NOT_OFFERED}
