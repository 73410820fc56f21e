"""Laws of positions and books: money is neither made nor lost, and parts add up to the whole."""

from decimal import Decimal, localcontext
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from engine.core.events import AnyEvent, EntryCorrected, OrderFilled, Started
from engine.core.position import CENT, FLAT, Position, cost, fold, gained, notional
from engine.core.risk import Limits
from engine.core.session import Session
from engine.core.state import State, available, begun, evolve, valued
from engine.core.types import MONEY, ZERO, Instrument, Side
from tests.support.builders import INVERSE, LINEAR, a_fill, a_start, a_tick, fills, instruments, later_events, starts
from tests.support.scripted import Says

whole_sizes = st.integers(1, 50).map(Decimal)
near_prices = st.integers(900, 1100).map(Decimal)
trades = st.lists(st.tuples(st.sampled_from(Side), whole_sizes, near_prices), min_size=1, max_size=12)


@given(starts, st.lists(later_events, max_size=12))
def test_any_fact_in_any_order_is_taken_and_the_ledger_sums_to_zero(first: Started, later: list[AnyEvent]) -> None:
    state: State[None] = begun(None, first)
    for event in later:
        state = evolve(state, event)
        assert sum(state.ledger.balances()) == sum(valued(state).balances()) == 0
        assert all(held.size != 0 and held.entry is not None for held in state.positions.values())
        assert available(state) <= state.ledger.cash


@given(starts, st.lists(fills, max_size=6))
def test_what_changes_cash_is_booked_somewhere(first: Started, later: list[OrderFilled]) -> None:
    state: State[None] = begun(None, first)
    for event in later:
        state = evolve(state, event)
    books = state.ledger
    assert books.cash - first.balance == books.gained - books.fees - books.rebates - books.funding


@given(starts, st.lists(later_events, max_size=12))
def test_each_account_is_what_its_name_says(first: Started, later: list[AnyEvent]) -> None:
    """Position at cost and unrealised are those of the legs; fees and rebates, forced and own closings stand apart."""
    state: State[None] = begun(None, first)
    for event in later:
        state = evolve(state, event)
    books, held = valued(state), state.positions.values()
    assert books.position == -books.owed == sum((cost(state.instrument, each) for each in held), ZERO)
    worth = ZERO if state.price is None else gained(state.instrument, held, state.price)
    assert books.revaluation == -books.unrealised == worth
    own = {event.trade_id: event for event in reversed(later) if isinstance(event, OrderFilled)}.values()
    assert books.fees == sum((fill.fee for fill in own if fill.fee > 0), ZERO)
    assert books.rebates == sum((fill.fee for fill in own if fill.fee < 0), ZERO)
    if all(fill.liquidation for fill in own) and not any(isinstance(event, EntryCorrected) for event in later):
        assert books.realised == 0
    if not any(fill.liquidation for fill in own):
        assert books.liquidation == 0


@given(starts, st.lists(later_events, max_size=12), st.data())
def test_fill_told_twice_counts_once(first: Started, later: list[AnyEvent], data: st.DataObject) -> None:
    once: State[None] = begun(None, first)
    twice: State[None] = begun(None, first)
    told: list[AnyEvent] = []
    for event in later:
        told.append(event)
        once = evolve(once, event)
        twice = evolve(twice, event)
        again = [each for each in told if isinstance(each, OrderFilled)]
        if again and not isinstance(event, Started):
            twice = evolve(twice, data.draw(st.sampled_from(again)))
    assert (twice.ledger, twice.positions, twice.orders) == (once.ledger, once.positions, once.orders)


def test_fill_told_twice_stands_in_the_journal_once() -> None:
    recorded: list[AnyEvent] = []
    session = Session(Says(), Limits(), lambda _seq, event, _outcomes: recorded.append(event), lambda _command: None)
    fill = a_fill("run-1-0", Side.BUY, "1", "100")
    for event in (a_start(), a_tick(1), fill, a_tick(2), fill):
        session.feed(event)
    assert recorded == [a_start(), a_tick(1), fill, a_tick(2)]


@given(trades, near_prices)
def test_linear_profit_is_what_the_cash_flows_say(bought: list[tuple[Side, Decimal, Decimal]], last: Decimal) -> None:
    """Brute force: pay for every purchase, be paid for every sale, and value what is left."""
    position, realised = _folded(LINEAR, bought)
    flows = sum((-side * size * price for side, size, price in bought), ZERO)
    left = _open_profit(LINEAR, position, last)
    assert abs(Fraction(realised) + left - Fraction(flows + position.size * last)) < _tolerance(bought)


@given(trades, near_prices)
def test_inverse_profit_is_what_the_coin_flows_say(bought: list[tuple[Side, Decimal, Decimal]], last: Decimal) -> None:
    position, realised = _folded(INVERSE, bought)
    flows = sum(
        (Fraction(side * size * INVERSE.multiplier) / Fraction(price) for side, size, price in bought), Fraction()
    )
    left = _open_profit(INVERSE, position, last)
    worth = -Fraction(position.size * INVERSE.multiplier) / Fraction(last)
    assert abs(Fraction(realised) + left - (flows + worth)) < _tolerance(bought)


@given(instruments, trades)
def test_size_is_the_sum_and_flat_has_no_entry(
    instrument: Instrument, bought: list[tuple[Side, Decimal, Decimal]]
) -> None:
    position, _ = _folded(instrument, bought)
    assert position.size == sum(side * size for side, size, _ in bought)
    assert position.size == 0 or position.entry is not None
    prices = [price for _, _, price in bought]
    if position.entry is not None and position.size != 0:
        assert min(prices) - CENT <= position.entry <= max(prices) + CENT


@given(instruments, trades, st.sampled_from(Side), st.lists(whole_sizes, min_size=2, max_size=5), near_prices)
def test_partial_fills_fold_to_the_whole(
    instrument: Instrument,
    before: list[tuple[Side, Decimal, Decimal]],
    side: Side,
    parts: list[Decimal],
    price: Decimal,
) -> None:
    start, _ = _folded(instrument, before)
    whole = fold(instrument, start, side, sum(parts, ZERO), price)
    position, realised = start, ZERO
    for part in parts:
        position, more = fold(instrument, position, side, part, price)
        realised += more
    assert position.size == whole.position.size
    assert abs(realised - whole.realised) <= CENT * len(parts)
    if whole.position.size != 0:
        assert abs(_entry(position) - _entry(whole.position)) < Decimal("1e-18")


@given(instruments, st.sampled_from(Side), whole_sizes, near_prices)
def test_round_trip_at_one_price_gains_nothing(
    instrument: Instrument, side: Side, size: Decimal, price: Decimal
) -> None:
    opened = fold(instrument, FLAT, side, size, price).position
    closed = fold(instrument, opened, side.opposite, size, price)
    assert closed == (FLAT, ZERO)
    assert notional(instrument, size, price) > 0


def _folded(instrument: Instrument, bought: list[tuple[Side, Decimal, Decimal]]) -> tuple[Position, Decimal]:
    position, realised = FLAT, ZERO
    for side, size, price in bought:
        position, gained = fold(instrument, position, side, size, price)
        realised += gained
    return position, realised


def _open_profit(instrument: Instrument, position: Position, last: Decimal) -> Fraction:
    if position.size == 0:
        return Fraction()
    contracts, entry, price = (
        Fraction(position.size * instrument.multiplier),
        Fraction(_entry(position)),
        Fraction(last),
    )
    return contracts / entry - contracts / price if instrument.inverse else contracts * (price - entry)


def _entry(position: Position) -> Decimal:
    assert position.entry is not None
    return position.entry


def _tolerance(bought: list[tuple[Side, Decimal, Decimal]]) -> Fraction:
    """Each closing rounds to 1e-8, each average to the context's 28 digits."""
    return Fraction(CENT) * len(bought)


@given(instruments, st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 30), near_prices), min_size=1, max_size=9))
def test_no_size_is_too_absurd_to_be_booked(instrument: Instrument, bought: list[tuple[Side, int, Decimal]]) -> None:
    """Up to 1e30 contracts: more digits of money than a decimal has by default."""
    state: State[None] = begun(None, a_start(instrument=instrument))
    state = evolve(state, a_tick(1, "1000", "1001"))
    for n, (side, zeros, price) in enumerate(bought):
        state = evolve(state, a_fill(f"o{n}", side, f"1e{zeros}", str(price)))
        with localcontext(MONEY):
            assert sum(state.ledger.balances()) == sum(valued(state).balances()) == 0
