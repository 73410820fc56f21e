"""The loopback venue's laws, for any market and any orders: nothing is filled that was not there, nothing is lost."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.types import Side
from engine.venue_sim import trading
from engine.venue_sim.account import Account
from engine.venue_sim.contract import contract_of
from engine.venue_sim.errors import ApiError
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.market import Market
from engine.venue_sim.market_events import Depth, Mark, MarketEvent, Print, Rate
from engine.venue_sim.market_words import depth_body
from engine.venue_sim.orders import Fill, Request, Status
from engine.venue_sim.upkeep import upkeep
from tests.support.venue import CONTRACT, OPENING, START_NS, SYMBOL, Heard

WALLET = Decimal(10_000)
PRICES = st.integers(990, 1010)
LOTS = st.integers(1, 40)


def opened() -> tuple[Exchange, Account, Heard]:
    heard = Heard()
    account = Account("key", "secret", asset="USDT", wallet=WALLET)
    exchange = Exchange([contract_of(CONTRACT)], [account], heard)
    exchange.now_ns = START_NS
    exchange.apply(OPENING)
    return exchange, account, heard


levels = st.lists(st.tuples(PRICES, st.integers(0, 40)), max_size=4).map(tuple)
depths = st.builds(Depth, st.just(SYMBOL), st.just(0), levels, levels, st.booleans())
prints = st.builds(Print, st.just(SYMBOL), st.just(0), st.sampled_from([-1, 0, 1]), PRICES, LOTS)
marks = st.builds(Mark, st.just(SYMBOL), st.just(0), st.integers(95, 105).map(Decimal))
rates = st.builds(Rate, st.just(SYMBOL), st.just(0), st.sampled_from(["0.01", "-0.01"]).map(Decimal), st.just(START_NS))
orders = st.fixed_dictionaries(
    {
        "side": st.sampled_from(list(Side)),
        "price": st.none() | PRICES,
        "lots": LOTS.map(lambda n: n * 10),
        "tif": st.sampled_from(["GTC", "IOC", "FOK", "GTX"]),
        "reduce_only": st.booleans(),
    }
)
acts = st.lists(depths | prints | marks | rates | orders | st.sampled_from(["cancel", "modify"]), max_size=40)


def act(exchange: Exchange, account: Account, what: Any, number: int) -> None:
    """One thing that happens; what the venue refuses changes nothing."""
    exchange.now_ns += 1_000_000_000
    waiting = list(account.open.values())
    try:
        match what:
            case dict():
                kind = "MARKET" if what["price"] is None else "LIMIT"
                request = Request(symbol=SYMBOL, type=kind, client_id=f"c{number}", **what)
                trading.place(exchange, account, request)
            case "cancel" if waiting:
                trading.cancel(exchange, waiting[number % len(waiting)])
            case "modify" if waiting:
                order = waiting[number % len(waiting)]
                assert order.price is not None
                price, lots = order.price + number % 3 - 1, max(order.lots + number % 5 * 10 - 20, 1)
                trading.modify(exchange, order, side=order.request.side, lots=lots, price=price)
            case Depth() | Print() | Mark() | Rate():
                exchange.apply(what)
            case _:
                pass
    except ApiError:
        pass
    upkeep(exchange)


@settings(max_examples=80, deadline=None)
@given(acts)
def test_money_and_position_are_the_sum_of_what_happened(whats: list[Any]) -> None:
    exchange, account, _ = opened()
    for number, what in enumerate(whats):
        act(exchange, account, what, number)
    assert account.wallet == WALLET + sum((income.amount for income in account.incomes), Decimal(0))
    step = CONTRACT.step
    assert account.position(SYMBOL, "BOTH").size == sum((f.side * f.lots * step for f in account.fills), Decimal(0))
    for order in account.orders.values():
        own = [fill for fill in account.fills if fill.order_id == order.id]
        assert order.filled == sum(fill.lots for fill in own) <= order.lots
        assert (order.status is Status.FILLED) == (order.filled == order.lots) or order.status is Status.CANCELED
        assert order.is_open == (order.id in account.open)


@settings(max_examples=80, deadline=None)
@given(acts)
def test_an_order_in_the_market_never_stands_where_it_could_be_filled(whats: list[Any]) -> None:
    exchange, account, _ = opened()
    market = exchange.markets[SYMBOL]
    for number, what in enumerate(whats):
        act(exchange, account, what, number)
        for side in Side:
            resting = market.matching.resting[side]
            assert {o.id for o in resting} == {o.id for o in account.open.values() if o.request.side is side}
            for order in resting:
                assert order.price is not None
                assert not market.matching.reachable_lots(side, order.price)
                assert order.ahead >= 0


@settings(max_examples=80, deadline=None)
@given(acts)
def test_a_print_fills_no_more_than_it_traded_and_a_level_no_more_than_it_showed(whats: list[Any]) -> None:
    exchange, account, heard = opened()
    shown: dict[tuple[Side, int], int] = {}
    seen = 0
    for number, what in enumerate(whats):
        before = len(account.fills)
        act(exchange, account, what, number)
        for change in heard.changes[seen:]:
            shown |= {(Side.BUY, p): n for p, n in change.bids} | {(Side.SELL, p): n for p, n in change.asks}
        seen = len(heard.changes)
        fills = [fill for fill in account.fills[before:] if not _forced(account, fill)]
        if isinstance(what, Print):
            assert sum(fill.lots for fill in fills) <= what.lots
            assert all((fill.price - what.price) * fill.side >= 0 for fill in fills)
        for fill in fills:
            if not fill.maker:
                shown[fill.side.opposite, fill.price] -= fill.lots
        assert all(lots >= 0 for lots in shown.values())


def _forced(account: Account, fill: Fill) -> bool:
    return account.orders[fill.order_id].request.client_id.startswith("autoclose-")


@settings(max_examples=80, deadline=None)
@given(st.lists(depths, max_size=30), st.integers(0, 30))
def test_the_published_book_is_the_book(whats: list[MarketEvent], snapshot_after: int) -> None:
    """A client that syncs as Binance says (drop u < L, start at U <= L <= u, then pu = u) has the venue's book."""
    exchange, _, heard = opened()
    market = exchange.markets[SYMBOL]
    book, start = _snapshot(market)
    for number, what in enumerate(whats):
        exchange.apply(what)
        if number == snapshot_after:
            book, start = _snapshot(market)
    chain = [heard.changes[0].last]
    for change in heard.changes[1:]:
        assert change.previous == chain[-1]
        assert change.previous < change.first <= change.last
        chain.append(change.last)
        if change.last < start:
            continue
        assert change.last > start
        assert change.first <= start or book["synced"]
        book["synced"] = True
        for side, rows in ((Side.BUY, change.bids), (Side.SELL, change.asks)):
            book[side].update(rows)
    for side in Side:
        ladder = market.matching.sides[side]
        assert {p: n for p, n in book[side].items() if n} == {p: ladder.shown(p) for p in ladder.prices()}


def _snapshot(market: Market) -> tuple[dict[Any, Any], int]:
    body = depth_body(market, 1000, 0)
    read = {
        side: {_ticks(p): _lots(q) for p, q in body[key]} for side, key in ((Side.BUY, "bids"), (Side.SELL, "asks"))
    }
    return read | {"synced": False}, body["lastUpdateId"]


def _ticks(price: str) -> int:
    return int(Decimal(price) / CONTRACT.tick)


def _lots(size: str) -> int:
    return int(Decimal(size) / CONTRACT.step)


@given(st.integers(60, 100), st.integers(0, 100), st.lists(LOTS, max_size=8))
def test_one_waits_for_exactly_what_stood_before(lots: int, ahead: int, traded: list[int]) -> None:
    exchange, account, _ = opened()
    exchange.apply(Depth(SYMBOL, 0, ((1000, ahead),), ()))
    request = Request(symbol=SYMBOL, side=Side.BUY, type="LIMIT", tif="GTC", lots=lots, price=1000, client_id="a")
    order = trading.place(exchange, account, request)
    for size in traded:
        exchange.apply(Print(SYMBOL, 0, -1, 1000, size))
    assert order.filled == min(max(sum(traded) - ahead, 0), order.lots)


@given(st.lists(st.tuples(st.integers(990, 1000), st.integers(60, 90)), min_size=1, max_size=5), st.integers(1, 400))
def test_several_share_a_print_best_price_first(wanted: list[tuple[int, int]], traded: int) -> None:
    exchange, account, _ = opened()
    exchange.apply(Depth(SYMBOL, 0, (), ((1001, 1000),), snapshot=True))  # nobody stands before them
    for number, (price, lots) in enumerate(wanted):
        given_ = {"symbol": SYMBOL, "side": Side.BUY, "type": "LIMIT", "tif": "GTC", "client_id": f"c{number}"}
        trading.place(exchange, account, Request(price=price, lots=lots, **given_))
    exchange.apply(Print(SYMBOL, 0, -1, 990, traded))
    made = list(account.orders.values())
    assert sum(order.filled for order in made) == min(traded, sum(lots for _, lots in wanted))
    turns = sorted(made, key=lambda order: (-(order.price or 0), order.id))
    assert all(not later.filled or not sooner.leaves for sooner, later in pairwise(turns))
