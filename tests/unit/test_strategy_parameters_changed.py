"""Parameters changed while running act at the next proposal, are part of the state, and survive a replay."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.core.commands import Outcome
from engine.core.events import AnyEvent, ParametersChanged
from engine.core.risk import Limits
from engine.core.state import State
from engine.core.step import step
from engine.journal.entry import decode, encode
from strategies.perpetual_market_making.because import because
from strategies.perpetual_market_making.explain import explain
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.parameters import HOT, with_changes
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from tests.support.little_venue import LittleVenue, cancels, quoting, submits

BID, ASK = Decimal(99), Decimal(101)
VALUES = {
    "bid_spread": "2",
    "ask_spread": "3",
    "order_level_spread": "0.25",
    "order_amount": "0.5",
    "order_levels": "3",
    "filled_order_delay": "2",
    "price_ceiling": "100",
    "price_floor": "100",
}
PLAIN: dict[str, Any] = {
    "order_amount": 1,
    "order_levels": 2,
    "order_refresh_tolerance_pct": -1,
    "filled_order_delay": 60,
}


def drawn(outcomes: tuple[Outcome, ...]) -> list[tuple[object, ...]]:
    return [(each.side, each.price, each.size, each.level) for each in submits(outcomes)]


def quoted(venue: LittleVenue) -> tuple[Outcome, ...]:
    """Tick until something is sent; what is sent is accepted, and cancels are confirmed."""
    for _ in range(100):
        outcomes = venue.tick(BID, ASK)
        for name in cancels(outcomes):
            working = venue.state.working(name)
            assert working is not None
            venue.cancel(working)
        if submits(outcomes):
            for working in venue.state.orders:
                venue.accept(working)
            return outcomes
    raise AssertionError("nothing was sent")


def change(venue: LittleVenue, **values: str) -> tuple[Outcome, ...]:
    return venue.feed(ParametersChanged(**venue.at, values=values))


def test_hot_values_cover_what_is_hot() -> None:
    assert VALUES.keys() == set(HOT)


@pytest.mark.parametrize("behaviour", ["classic", "head", "safe"])
@pytest.mark.parametrize("key", [key for key in HOT if key != "filled_order_delay"])
def test_a_change_acts_at_the_next_proposal(behaviour: str, key: str) -> None:
    parameters = quoting(**PLAIN, behaviour=behaviour)
    venue = LittleVenue(parameters)
    before = drawn(quoted(venue))
    assert change(venue, **{key: VALUES[key]}) == ()
    assert not cancels(venue.tick(BID, ASK))
    changed = LittleVenue(with_changes(parameters, {key: VALUES[key]}))
    after = drawn(quoted(venue))
    assert after == drawn(quoted(changed))
    assert after != before


def test_the_pause_after_a_fill_is_that_of_the_moment_of_the_fill() -> None:
    venue = LittleVenue(quoting(**PLAIN))
    quoted(venue)
    change(venue, filled_order_delay="2")
    now = venue.state.now
    venue.fill(venue.state.orders[0])
    assert venue.state.own.create_ns == now + 2_000_000_000


def test_later_changes_add_to_earlier_ones() -> None:
    venue = LittleVenue(quoting(**PLAIN))
    change(venue, bid_spread="2", order_levels="1")
    change(venue, bid_spread="1")
    buy, sell = drawn(quoted(venue))
    assert (buy[1], sell[1]) == (Decimal(99), Decimal("100.5"))


def test_a_replay_of_the_journal_gives_the_same_commands() -> None:
    venue = LittleVenue(quoting(**PLAIN))
    quoted(venue)
    change(venue, ask_spread="3", bid_spread="2")
    quoted(venue)
    policy, state = PerpetualMarketMaking(quoting(**PLAIN)), venue.seen[0][0]
    for _, event, outcomes, after in venue.seen:
        kept: Any = decode(encode(event))
        state, again = _stepped(policy, state, kept)
        assert (again, state) == (outcomes, after)


def test_a_state_that_was_written_down_keeps_its_changes() -> None:
    venue = LittleVenue(quoting(**PLAIN))
    change(venue, order_levels="3")
    kept = msgspec.json.decode(msgspec.json.encode(venue.state), type=State[Own])
    assert PerpetualMarketMaking(quoting(**PLAIN)).in_force(kept.own).parameters.order_levels == 3


def test_why_tells_the_parameters_in_force() -> None:
    venue = LittleVenue(quoting(**PLAIN))
    change(venue, bid_spread="2")
    order = submits(quoted(venue))[0]
    before = next(after for _, _, outcomes, after in venue.seen if order in outcomes)
    assert because(quoting(**PLAIN), before, order).parameters["bid_spread"] == "2"


def test_what_is_explained_goes_by_the_parameters_in_force() -> None:
    venue = LittleVenue(quoting(**PLAIN))
    change(venue, order_amount="0.0000001")
    assert not any(submits(venue.tick(BID, ASK)) for _ in range(3))
    said = explain(quoting(**PLAIN), venue.state)
    assert said.no_bid is not None
    assert "come to nothing" in said.no_bid


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"leverage": "3", "stop_loss_spread": "1"}, r"not leverage, stop_loss_spread"),
        ({"bid_spread": "0"}, "greater than 0"),
        ({"bid_spread": "wide"}, "valid decimal"),
        ({"price_ceiling": "90", "price_floor": "95"}, "below price_floor"),
    ],
)
def test_what_cannot_be_changed_is_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        with_changes(quoting(**PLAIN), values)


def _stepped(
    policy: PerpetualMarketMaking, state: State[Own], event: AnyEvent
) -> tuple[State[Own], tuple[Outcome, ...]]:
    return step(policy, Limits(), state, event)
