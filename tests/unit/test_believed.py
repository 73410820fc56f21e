"""What a live run believes of what its node tells."""

from engine.core.state import begun, evolve
from engine.core.types import Side
from engine.nautilus.live import is_booked, told_by_the_venue
from tests.support.builders import a_fill, a_start
from tests.unit.test_translate import a_nautilus_fill


def test_a_fill_that_was_told_by_rest_is_booked() -> None:
    state, fill = begun(None, a_start()), a_nautilus_fill()
    assert not is_booked(fill, None)
    assert not is_booked(fill, evolve(state, a_fill("run-1-0", Side.SELL, "0.010", "100.1", trade_id="8")))
    assert is_booked(fill, evolve(state, a_fill("run-1-0", Side.SELL, "0.010", "100.1", trade_id="7")))


def test_what_is_told_under_a_hash_is_asked_for_instead() -> None:
    asked = list[int]()
    assert told_by_the_venue(a_nautilus_fill("0123456789ab-1-0"), lambda: asked.append(1))
    assert asked == []
    assert not told_by_the_venue(a_nautilus_fill(f"0x{7:032x}"), lambda: asked.append(1))
    assert asked == [1]
