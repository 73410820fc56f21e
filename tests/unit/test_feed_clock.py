"""The clock of a recorded feed: what is due is called in order, at its own time."""

from hypothesis import given
from hypothesis import strategies as st

from engine.nautilus.clock import FeedClock

moments = st.lists(st.integers(0, 50), max_size=12)


@given(alerts=moments, told=moments)
def test_each_alert_is_called_once_in_order_at_its_time(alerts: list[int], told: list[int]) -> None:
    clock, called = FeedClock(0), list[tuple[int, int, int]]()
    for n, at in enumerate(alerts):
        clock.set_time_alert_ns(str(n), at, lambda fired, n=n: called.append((fired.ts_event, n, clock.timestamp_ns())))  # type: ignore[misc]
    for at in sorted(told):
        clock.advance(at)
        assert clock.timestamp_ns() == max(at, 0)
    latest = max(told, default=-1)
    assert [(at, n) for at, n, _ in called] == sorted((at, n) for n, at in enumerate(alerts) if at <= latest)
    assert all(now == at for at, _, now in called)


def test_a_timer_goes_on_until_it_is_cancelled() -> None:
    clock, ticks = FeedClock(0), list[int]()
    clock.set_timer_ns("tick", 10, 0, None, lambda fired: ticks.append(fired.ts_event))
    clock.advance(35)
    assert ticks == [10, 20, 30]
    clock.cancel_timer("tick")
    clock.advance(99)
    assert ticks == [10, 20, 30]
    assert clock.next_due_ns is None


def test_what_an_alert_asks_for_is_called_too() -> None:
    clock, called = FeedClock(0), list[int]()
    clock.set_time_alert_ns(
        "a", 5, lambda _: clock.set_time_alert_ns("b", 7, lambda fired: called.append(fired.ts_event))
    )
    clock.advance(9)
    assert called == [7]
