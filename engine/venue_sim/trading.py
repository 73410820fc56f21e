"""Place, modify and cancel, by Binance's rules. What the venue refuses raises ApiError and changes nothing."""

from decimal import Decimal

import msgspec

from engine.core.types import Side
from engine.venue_sim.account import Account
from engine.venue_sim.contract import MOST, MOST_AT_MARKET
from engine.venue_sim.errors import ApiError, no_such_order, unknown_order
from engine.venue_sim.exchange import Exchange, reduces
from engine.venue_sim.market import Market
from engine.venue_sim.orders import Amendment, Order, Request, Status

MOST_OPEN = 200
MOST_AMENDED = 10_000
PRICE_BAND = Decimal("0.05")  # of the mark price: PERCENT_PRICE
WOULD_TAKE = -5022
CROSSING = "Due to the order could not be executed as maker, the Post Only order will be rejected. "
UNFILLED = "Due to the order could not be filled immediately, the FOK order has been rejected. "
UNRECORDED = "The order will not be recorded in the order history"


def place(exchange: Exchange, account: Account, request: Request) -> Order:
    """A new order: refused, or opened, matched, and then resting or gone."""
    market = exchange.market(request.symbol)
    order = _made(exchange, account, request)
    _check(exchange, account, market, order)
    exchange.open(order)
    _match(exchange, market, order)
    return order


def _made(exchange: Exchange, account: Account, request: Request) -> Order:
    return Order(
        request=request,
        id=exchange.next_id(),
        owner=account.key,
        created_ms=exchange.now_ms,
        updated_ms=exchange.now_ms,
        lots=request.lots,
        price=request.price,
    )


def place_or_note(exchange: Exchange, account: Account, request: Request, reason: str) -> Order:
    """As `place`; one that must not take and would is taken note of and cancelled at once, with the venue's word for
    that, where Binance refuses it."""
    try:
        return place(exchange, account, request)
    except ApiError as error:
        if error.code != WOULD_TAKE:
            raise
    order = _made(exchange, account, request)
    order.status, order.reason = Status.EXPIRED, reason
    account.orders[order.id] = order
    contract = exchange.contracts[request.symbol]
    exchange.listener.user(account, exchange.said.order(order, contract, "EXPIRED", None, asset=account.asset))
    return order


def _match(exchange: Exchange, market: Market, order: Order) -> None:
    market.matching.take(order)
    if not order.is_open:
        return
    if order.request.tif in {"IOC", "FOK"} or order.price is None or not exchange.most(order):
        exchange.close(order, Status.EXPIRED, "EXPIRED")
    else:
        market.matching.rest(order)


def _check(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    request = order.request
    if any(o.request.client_id == request.client_id for o in account.open.values()):
        raise ApiError(-4116, "ClientOrderId is duplicated.")
    if (request.position_side == "BOTH") == account.dual:
        raise ApiError(-4061, "Order's position side does not match user's setting.")
    if account.dual and request.reduce_only:
        raise ApiError(-1106, "Parameter 'reduceonly' sent when not required.")
    if reduces(order) and not exchange.most(order):
        raise ApiError(-2022, "ReduceOnly Order is rejected.")
    if len(account.open_orders(request.symbol)) >= MOST_OPEN:
        raise ApiError(-2025, "Reach max open order limit.")
    _check_size(market, order)
    _check_price(market, order)
    if not reduces(order) and not exchange.margins(account).affords(order):
        raise ApiError(-2019, "Margin is insufficient.")
    _check_liquidity(market, order)


def _check_size(market: Market, order: Order) -> None:
    contract = market.contract
    if order.lots < contract.least_lots:
        raise ApiError(
            -4004, "Quantity less than or equal to zero." if order.lots <= 0 else "Quantity less than min quantity."
        )
    if contract.size_of(order.lots) > (MOST_AT_MARKET if order.price is None else MOST):
        raise ApiError(-4005, "Quantity greater than max quantity.")
    price = market.mark_price if order.price is None else contract.price_of(order.price)
    least = contract.instrument.min_notional
    if not reduces(order) and contract.worth(contract.size_of(order.lots), price) < least:
        raise ApiError(
            -4164, f"Order's notional must be no smaller than {least.normalize():f} (unless you choose reduce only)."
        )


def _check_price(market: Market, order: Order) -> None:
    if order.price is None:
        return
    mark, price = market.mark_price, market.contract.price_of(order.price)
    if not mark:
        return
    places = market.contract.price_places
    if order.request.side is Side.BUY and price > (highest := mark * (1 + PRICE_BAND)):
        raise ApiError(-4016, f"Limit price can't be higher than {highest:.{places}f}.")
    if order.request.side is Side.SELL and price < (lowest := mark * (1 - PRICE_BAND)):
        raise ApiError(-4024, f"Limit price can't be lower than {lowest:.{places}f}.")


def _check_liquidity(market: Market, order: Order) -> None:
    request = order.request
    if request.tif == "GTX" and order.price is not None and market.matching.would_take(request.side, order.price):
        raise ApiError(WOULD_TAKE, CROSSING + UNRECORDED)
    if request.tif == "FOK" and market.matching.reachable_lots(request.side, order.price) < order.lots:
        raise ApiError(-5021, UNFILLED + UNRECORDED)


def modify(exchange: Exchange, order: Order, *, side: Side, lots: int, price: int) -> Order:
    """Change size and price in place. Only a smaller size keeps the order's place in the queue."""
    request, market = order.request, exchange.markets[order.request.symbol]
    if not order.is_open:
        raise no_such_order()
    if request.type != "LIMIT" or side is not request.side:
        raise ApiError(-5025, "Limit order only.") if request.type != "LIMIT" else ApiError(-1117, "Invalid side.")
    if (lots, price) == (order.lots, order.price):
        raise ApiError(-5027, "No need to modify the order.")
    if len(order.amendments) >= MOST_AMENDED:
        raise ApiError(-5026, "Exceed maximum modify order limit.")
    _check_change(exchange, market, order, lots=lots, price=price)
    crossing = request.tif == "GTX" and market.matching.would_take(side, price)
    if lots <= order.filled or crossing:
        exchange.close(order, Status.CANCELED, "CANCELED")
        return order
    moved = price != order.price or lots > order.lots
    if moved:
        market.matching.leave(order)
    changed = {"lots": (order.lots, lots), "price": (order.price or 0, price)}
    order.amendments.append(Amendment(id=exchange.next_id(), at_ms=exchange.now_ms, **changed))
    order.lots, order.price, order.updated_ms = lots, price, exchange.now_ms
    exchange.say(order, "AMENDMENT")
    if moved:
        _match(exchange, market, order)
    return order


def _check_change(exchange: Exchange, market: Market, order: Order, *, lots: int, price: int) -> None:
    wanted = msgspec.structs.replace(order, lots=lots, price=price)
    _check_size(market, wanted)
    _check_price(market, wanted)
    margins = exchange.margins(exchange.accounts[order.owner])
    if not reduces(order) and not margins.affords(wanted, instead_of=order):
        raise ApiError(-2019, "Margin is insufficient.")


def cancel(exchange: Exchange, order: Order) -> Order:
    if not order.is_open:
        raise unknown_order()
    exchange.close(order, Status.CANCELED, "CANCELED")
    return order


def cancel_all(exchange: Exchange, account: Account, symbol: str | None) -> list[Order]:
    orders = account.open_orders(symbol)
    for order in orders:
        cancel(exchange, order)
    return orders


def find(account: Account, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
    """By the venue's id, or by the client's: the latest order that bears it."""
    if order_id is not None:
        found = account.orders.get(order_id)
        return found if found is not None and found.request.symbol == symbol else None
    named = (o for o in reversed(account.orders.values()) if o.request.client_id == client_id)
    return next((o for o in named if o.request.symbol == symbol), None)
