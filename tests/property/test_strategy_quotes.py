"""What is quoted never trades at once, whatever the parameters and the behaviour."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.core.types import Side, is_whole
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


@given(p=parameters, bid=prices, width=st.integers(1, 500), last=prices)
def test_quotes_never_cross(p: Parameters, bid: Decimal, width: int, last: Decimal) -> None:
    ask = bid + width * LINEAR.tick
    for order in submits(LittleVenue(p).tick(bid, ask, last_trade=last)):
        assert order.price is not None
        assert order.price < ask if order.side is Side.BUY else order.price > bid
        assert is_whole(order.price, LINEAR.tick)
        assert is_whole(order.size, LINEAR.step)
