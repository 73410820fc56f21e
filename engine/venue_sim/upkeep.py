"""What the venue does by itself as time passes: funding, liquidation, orders and keys that run out."""

from decimal import Decimal

from engine.core.position import CENT
from engine.core.types import Side
from engine.venue_sim.account import Account, Leg
from engine.venue_sim.contract import money
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.margin import Margins
from engine.venue_sim.market import Market, Settled
from engine.venue_sim.orders import Order, Request, Status
from engine.venue_sim.trading import cancel_all

INTERVAL_MS = 8 * 3_600_000
LISTEN_MS = 3_600_000
AUTOCLOSE = "autoclose-"  # how the ids of the orders begin that close a position by force
CALL = Decimal("0.8")  # of maintenance to margin: from here on the venue warns


def upkeep(exchange: Exchange) -> None:
    """All that is due at `now_ns`."""
    for market in exchange.markets.values():
        _settle(exchange, market)
    for account in exchange.accounts.values():
        _expire(exchange, account)
        if account.positions():
            _guard(exchange, account)


def _settle(exchange: Exchange, market: Market) -> None:
    """Longs pay shorts the rate on what the position is worth at the mark price; a negative rate the other way."""
    due = market.next_funding_ms
    if not due or exchange.now_ms < due:
        return
    mark = market.mark_price
    market.settled.append(Settled(market.symbol, due, market.rate, mark))
    market.next_funding_ms = due + INTERVAL_MS
    for account in exchange.accounts.values():
        for leg, position in account.positions(market.symbol):
            amount = -(market.contract.worth(position.size, mark) * market.rate).quantize(CENT)
            exchange.pay(account, market.symbol, "FUNDING_FEE", amount)
            isolated = [leg] if leg[0] in account.isolated else []
            exchange.tell_account(account, "FUNDING_FEE", isolated, amount)


def _expire(exchange: Exchange, account: Account) -> None:
    now = exchange.now_ms
    for order in list(account.open.values()):
        if order.request.good_till_ms and now >= order.request.good_till_ms:
            exchange.close(order, Status.EXPIRED, "EXPIRED")
    for symbol, due in list(account.countdowns.items()):
        if now >= due:
            del account.countdowns[symbol]
            exchange.listener.record("countdown", {"account": account.key, "symbol": symbol})
            cancel_all(exchange, account, symbol)
    if account.listen_key is not None and now >= account.listen_until_ms:
        end_listen_key(exchange, account)


def end_listen_key(exchange: Exchange, account: Account) -> None:
    event = {"e": "listenKeyExpired", "E": exchange.now_ms, "listenKey": account.listen_key}
    exchange.listener.user(account, event)
    exchange.listener.record("listen_key_expired", {"account": account.key})
    account.listen_key = None


def _guard(exchange: Exchange, account: Account) -> None:
    margins = exchange.margins(account)
    _warn(exchange, account, margins)
    if doomed := margins.doomed():
        liquidate(exchange, account, doomed)


def _warn(exchange: Exchange, account: Account, margins: Margins) -> None:
    near = margins.maintenance >= CALL * margins.equity
    symbols = {leg[0] for leg, _ in account.positions()} if near else set()
    fresh = symbols - account.warned
    account.warned = symbols
    if fresh:
        positions = [_at_risk(account, margins, leg) for leg, _ in account.positions() if leg[0] in fresh]
        body = {"e": "MARGIN_CALL", "E": exchange.now_ms, "cw": money(margins.shared_wallet), "p": positions}
        exchange.listener.user(account, body)


def _at_risk(account: Account, margins: Margins, leg: Leg) -> dict[str, str]:
    position = account.position(*leg)
    isolated = leg[0] in account.isolated
    return {
        "s": leg[0],
        "ps": leg[1],
        "pa": f"{position.size:f}",
        "mt": "ISOLATED" if isolated else "CROSSED",
        "iw": money(margins.isolated_wallet(leg, position)) if isolated else "0",
        "mp": f"{margins.mark(leg[0], position):f}",
        "up": money(margins.unrealised(leg, position)),
        "mm": money(margins.maintenance_of(leg, position)),
    }


def liquidate(exchange: Exchange, account: Account, legs: list[Leg]) -> None:
    """Cancel the orders of those symbols, then close the legs: as far as the book goes, the rest at the mark price."""
    exchange.listener.record("liquidation", {"account": account.key, "legs": [list(leg) for leg in legs]})
    for symbol in {leg[0] for leg in legs}:
        cancel_all(exchange, account, symbol)
    for leg in legs:
        _close_out(exchange, account, leg)


def _close_out(exchange: Exchange, account: Account, leg: Leg) -> None:
    market, size = exchange.markets[leg[0]], account.position(*leg).size
    side = Side.SELL if size > 0 else Side.BUY
    price = max(int(market.mark_price / market.contract.instrument.tick), 1)
    lots = int(abs(size) / market.contract.instrument.step)
    request = Request(
        symbol=leg[0],
        side=side,
        type="LIMIT",
        tif="IOC",
        lots=lots,
        price=price,
        client_id=f"{AUTOCLOSE}{exchange.next_id()}",
        position_side=leg[1],
        reduce_only=leg[1] == "BOTH",
    )
    now = exchange.now_ms
    order = Order(
        request=request,
        id=exchange.next_id(),
        owner=account.key,
        created_ms=now,
        updated_ms=now,
        lots=lots,
        price=price,
    )
    exchange.open(order)
    ladder = market.matching.opposite(order)
    for at, left in ladder.reachable(None):
        taken = min(left, order.leaves)
        ladder.take(at, taken)
        _forced(exchange, market, order, (at, taken))
        if not order.is_open:
            return
    _forced(exchange, market, order, (price, order.leaves))


def _forced(exchange: Exchange, market: Market, order: Order, at: tuple[int, int]) -> None:
    exchange.fill(order, *at, maker=False, execution="CALCULATED")
    fill = exchange.accounts[order.owner].fills[-1]
    exchange.listener.forced(market, order, fill)
