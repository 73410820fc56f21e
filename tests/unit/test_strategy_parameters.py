"""What a user may write, what is refused and with which words, and what is said at the start."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from strategies.perpetual_market_making.parameters import Behaviour, Parameters
from strategies.perpetual_market_making.rates import rates_of
from strategies.perpetual_market_making.said import said_at_start
from strategies.perpetual_market_making.switches import Switches
from strategies.registry import STRATEGIES
from tests.support.little_venue import quoting


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"price_ceiling": 90, "price_floor": 100}, "price_ceiling 90 is below price_floor 100"),
        ({"price_ceiling": 0}, "price_ceiling must be -1"),
        ({"price_source": "custom_api"}, "price_source custom_api needs"),
        ({"price_type": "custom"}, "price_type custom goes with price_source custom_api"),
        ({"bid_spread": 100}, "less than 100"),
        ({"stop_loss_spread": -1}, "greater than or equal to 0"),
        ({"order_refresh_tolerance_pct": 11}, "less than or equal to 10"),
        ({"spread": 1}, "Extra inputs are not permitted"),
        ({"position_mode": "hedge"}, "'One-way' or 'Hedge'"),
        ({"switches": {"stop_from_book": False}, "quote_flat_leg": True}, "only one switch or option"),
        ({"switches": {"stop_from_book": False, "book_tolerant": False}}, "only one switch or option"),
        ({"behaviour": "classic", "quote_flat_leg": True}, "belong to behaviour safe"),
        ({"order_amount": "nan"}, "finite"),
    ],
)
def test_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        quoting(**wrong)


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_a_missing_stop_is_refused_in_every_behaviour(behaviour: Behaviour) -> None:
    plain = quoting().model_dump(exclude={"stop_loss_spread"}) | {"behaviour": behaviour}
    with pytest.raises(ValidationError, match="stop_loss_spread"):
        Parameters.model_validate(plain)


def test_without_its_switch_a_missing_stop_is_at_entry() -> None:
    written = quoting().model_dump(exclude={"stop_loss_spread", "switches"}) | {"switches": {"stop_explicit": False}}
    p = Parameters.model_validate(written)
    assert rates_of(p).stop == 0
    assert "closed as soon as" in said_at_start(p)[-1]


@pytest.mark.parametrize(("behaviour", "stop"), [("safe", None), ("classic", 0), ("head", 0)])
def test_a_stop_of_zero(behaviour: str, stop: int | None) -> None:
    p = quoting(behaviour=behaviour, stop_loss_spread=0)
    assert rates_of(p).stop == stop
    assert "stop_loss_spread is 0" in " ".join(said_at_start(p))


@pytest.mark.parametrize("name", Switches.model_fields)
def test_any_one_switch_may_be_off(name: str) -> None:
    assert quoting(switches={name: False}).switches.turned_off == (name,)


def test_what_means_nothing_is_said() -> None:
    head = quoting(behaviour="head", ping_pong_enabled=True, order_level_amount=1)
    assert said_at_start(head) == (
        "ping_pong_enabled means nothing in behaviour head",
        "order_level_amount means nothing with one order level",
    )
    classic = quoting(behaviour="classic", stop_loss_slippage_buffer=1)
    assert said_at_start(classic) == ("stop_loss_slippage_buffer means nothing in behaviour classic",)
    override = quoting(order_override={"a": ["hold", 1, 1]})
    assert "order_override a is left out" in said_at_start(override)[0]


def test_nothing_to_say_of_plain_parameters() -> None:
    assert said_at_start(quoting()) == ()


def test_every_parameter_has_a_unit_versions_and_words() -> None:
    for field in Parameters.model_fields.values():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        assert extra["versions"] in ("a", "b", "ab", "ours")
        assert "unit" in extra
        assert field.description
        assert field.description.endswith(".")


def test_what_the_other_generation_does_not_know_is_off() -> None:
    said = {"ping_pong_enabled": True, "hanging_orders_enabled": True, "add_transaction_costs": True}
    head = rates_of(quoting(behaviour="head", position_management="Trailing_stop", take_if_crossed=True, **said))
    assert [head.ping_pong, head.hanging, head.costs, head.trailing, head.keep_takers] == [False] * 5


@given(st.decimals("0.01", "99", places=2), st.integers(1, 5), st.decimals("0.01", "10", places=2))
def test_percent_become_fractions_exactly(spread: Decimal, levels: int, more: Decimal) -> None:
    rates = rates_of(quoting(bid_spread=spread, order_levels=levels, order_level_spread=more))
    assert rates.levels[0].factor == 1 - spread / 100
    assert rates.levels[levels - 1].factor == 1 - (spread + (levels - 1) * more) / 100


def test_the_registry_makes_a_policy() -> None:
    strategy = STRATEGIES["perpetual_market_making"]
    assert strategy.parameters is Parameters
    assert strategy.policy(quoting()).needs_depth is False
