"""What a live run believes of what its node tells."""

from engine.nautilus.live import told_by_the_venue
from tests.unit.test_translate import a_nautilus_fill


def test_what_is_told_under_a_hash_is_asked_for_instead() -> None:
    asked = list[int]()
    assert told_by_the_venue(lambda: asked.append(1), True, a_nautilus_fill("0123456789ab-1-0"))
    assert asked == []
    assert not told_by_the_venue(lambda: asked.append(1), True, a_nautilus_fill(f"0x{7:032x}"))
    assert asked == [1]
