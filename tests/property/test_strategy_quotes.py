"""What is quoted never trades at once at the prices that the behaviour sees, whatever the parameters."""

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from engine.core.types import Side, is_whole
from strategies.perpetual_market_making.market import exact, through_float
from strategies.perpetual_market_making.parameters import Behaviour, Parameters
from tests.support.builders import LINEAR
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
