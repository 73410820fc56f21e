"""What is said of the venues' adapters is so."""

from importlib import import_module
from re import fullmatch

import pytest
from nautilus_trader.adapters.hyperliquid import hyperliquid_cloid_from_client_order_id
from nautilus_trader.model import ClientOrderId

from engine.core.errors import ConfigError
from engine.core.step import order_id
from engine.core.types import PositionMode
from engine.run.venues import VENUES, Spoken, check_traded
from tests.support.builders import RUN

NAMES = {"BINANCE": "Binance", "BYBIT": "Bybit", "OKX": "OKX", "HYPERLIQUID": "Hyperliquid"}


@pytest.mark.parametrize("spoken", VENUES, ids=lambda each: each.venue)
def test_no_field_of_an_adapter_says_what_it_is_said_to_lack(spoken: Spoken) -> None:
    adapter = import_module(f"nautilus_trader.adapters.{spoken.venue.lower()}")
    config = getattr(adapter, f"{NAMES[spoken.venue]}ExecutionClientConfig")
    fields = config.__text_signature__
    assert "base_url_http" in fields
    assert not any(word.replace(" ", "_") in fields for word in spoken.untold)


def test_an_order_s_name_at_hyperliquid_does_not_tell_ours() -> None:
    ours = order_id(RUN, 7, 0)
    theirs = hyperliquid_cloid_from_client_order_id(ClientOrderId(ours))
    assert fullmatch("0x[0-9a-f]{32}", theirs)
    assert ours.partition("-")[0] not in theirs


@pytest.mark.parametrize("venue", [each.venue for each in VENUES if each.one_way_only])
def test_hedge_mode_is_refused_where_the_adapter_cannot_be_told_of_it(venue: str) -> None:
    with pytest.raises(ConfigError, match="One-way mode alone") as refused:
        check_traded(venue, PositionMode.HEDGE)
    assert [problem.field for problem in refused.value.problems] == ["strategy.position_mode"]
    check_traded("BINANCE", PositionMode.HEDGE)


def test_a_venue_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigError, match="nobody has made it work"):
        check_traded("BITMEX")
