"""What is quoted never trades at once at the prices that the behaviour sees, whatever the parameters."""

from decimal import Decimal

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from engine.core.commands import Draft
from engine.core.position import notional
from engine.core.state import State, begun
from engine.core.types import ZERO, Side, is_whole
from strategies.perpetual_market_making.market import exact, through_float
from strategies.perpetual_market_making.parameters import Behaviour, Parameters
from strategies.perpetual_market_making.quoting import affordable
from tests.support.builders import LINEAR, a_start
from tests.support.little_venue import LittleVenue, quoting, submits

percents = st.decimals("0.01", "5", places=2)
sides = st.sampled_from(["buy", "sell"])
prices = st.decimals("900", "1100", places=1)


parameters = st.builds(
    quoting,
    behaviour=st.sampled_from(Behaviour),
    bid_spread=percents,
    ask_spread=percents,
    order_levels=st.integers(1, 4),
    order_level_spread=percents,
    price_type=st.sampled_from(["mid_price", "best_bid", "best_ask", "last_price"]),
    order_optimization_enabled=st.booleans(),
    add_transaction_costs=st.booleans(),
    order_override=st.none()
    | st.builds(lambda side, far: {"a": (side, far, 1)}, sides, st.decimals("-5", "5", places=1)),
)


@example(
    p=quoting(behaviour=Behaviour.CLASSIC, bid_spread=Decimal("0.01"), ask_spread=Decimal("0.01")),
    bid=Decimal("979.8"),
    width=1,
    last=Decimal("900.0"),
)
@given(p=parameters, bid=prices, width=st.integers(1, 500), last=prices)
def test_quotes_never_cross(p: Parameters, bid: Decimal, width: int, last: Decimal) -> None:
    ask = bid + width * LINEAR.tick
    read = through_float if p.behaviour is Behaviour.CLASSIC else exact  # classic's own eyes can be a tick too low
    seen_bid, seen_ask = read(bid, LINEAR.tick), read(ask, LINEAR.tick)
    for order in submits(LittleVenue(p).tick(bid, ask, last_trade=last)):
        assert order.price is not None
        assert order.price < seen_ask if order.side is Side.BUY else order.price > seen_bid
        assert is_whole(order.price, LINEAR.tick)
        assert is_whole(order.size, LINEAR.step)


@given(
    priced=st.lists(st.tuples(sides, prices, st.integers(1, 40)), max_size=5),
    free=st.integers(0, 3000).map(Decimal),
    least=st.sampled_from([ZERO, Decimal(5), Decimal(900)]),
    fee=st.sampled_from(["0", "0.0002", "-0.0001", "0.01"]),
    leverage=st.sampled_from([1, 3, 20]),
    rebates=st.booleans(),
)
def test_quotes_are_afforded_one_after_the_other(
    priced: list[tuple[str, Decimal, int]],
    free: Decimal,
    least: Decimal,
    fee: str,
    leverage: int,
    rebates: bool,
) -> None:
    """Whether or not all of them fit at once, which is seen without going through them."""
    instrument = msgspec.structs.replace(LINEAR, maker_fee=Decimal(fee))
    state: State[None] = begun(None, a_start(instrument=instrument, leverage=leverage))
    quotes = tuple(Draft(side=Side[side.upper()], price=price, size=Decimal(size) / 10) for side, price, size in priced)
    expected, left = [], free
    for quote in quotes:
        value = notional(instrument, quote.size, quote.price)
        charge = value * instrument.maker_fee
        needed = value / leverage + max(charge, ZERO)
        if value >= least and needed <= left:
            expected.append(quote)
            left -= value / leverage + charge if rebates else needed
    assert affordable(quotes, state, free, least=least, rebates=rebates) == tuple(expected)
