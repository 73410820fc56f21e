"""Perpetual market making: quote around a reference price; with a position, manage its exits instead."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import NamedTuple

import msgspec

from engine.core.commands import Cancel, SetLeverage, SetPositionMode, Wish
from engine.core.events import (
    AnyEvent,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    ParametersChanged,
    Started,
    Tick,
)
from engine.core.state import State
from engine.core.types import Purpose, Side
from strategies.perpetual_market_making import exits_classic, exits_head, exits_safe, flat, quotes_safe
from strategies.perpetual_market_making.calm import calm_after, holds
from strategies.perpetual_market_making.market import Read, as_it_is, exact, seen, through_float
from strategies.perpetual_market_making.own import Own, after_fill
from strategies.perpetual_market_making.parameters import Behaviour, Parameters, with_changes
from strategies.perpetual_market_making.proposal import fronts
from strategies.perpetual_market_making.rates import rates_of
from strategies.perpetual_market_making.turn import Turn, closing_side

_replace = msgspec.structs.replace
ENDS = OrderCanceled | OrderRejected | OrderFilled  # what can be the end of an order
TICKS_A_REQUEST = 10  # until the position mode is confirmed, it is asked for on every tenth tick


class Manner(NamedTuple):
    """What differs between the behaviours. `read` rounds the top of the book, and prices of its depth."""

    read: tuple[Read, Read]
    flat: Callable[[Turn], None]
    held: Callable[[Turn], None]
    at_start: Callable[[State[Own]], tuple[Wish, ...]]
    waits_for_mode: bool
    of_hummingbot: bool  # a tick fails where a price is missing; orders are read again after each cancel


def _ask_venue(state: State[Own]) -> tuple[Wish, ...]:
    return SetLeverage(state.leverage), SetPositionMode(state.mode)


def _ask_leverage(state: State[Own]) -> tuple[Wish, ...]:
    return (SetLeverage(state.leverage),)


def _ask_if_needed(state: State[Own]) -> tuple[Wish, ...]:
    return () if state.mode_confirmed else _ask_venue(state)


MANNERS = {
    Behaviour.CLASSIC: Manner(
        (through_float, through_float), flat.quote_classic, exits_classic.manage, _ask_venue, False, True
    ),
    Behaviour.HEAD: Manner((exact, as_it_is), flat.quote_head, exits_head.manage, _ask_leverage, True, True),
    Behaviour.SAFE: Manner((exact, exact), quotes_safe.quote, exits_safe.manage, _ask_if_needed, True, False),
}


class PerpetualMarketMaking:
    """The policy. It holds its parameters and nothing else: what it remembers is `Own`, in the core's state, also which
    parameters were changed while running. `_varied` only saves working them out again."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self._varied: dict[tuple[tuple[str, str], ...], PerpetualMarketMaking] = {}
        self.rates = rates_of(parameters)
        self.manner = MANNERS[parameters.behaviour]
        # With several levels nothing is optimised, but these can become one while running.
        self.needs_depth = self.rates.trailing or parameters.order_optimization_enabled

    def initial(self, event: Started) -> Own:
        return Own(cancels_at_once=event.cancels_at_once and self.manner.of_hummingbot)

    def in_force(self, own: Own) -> "PerpetualMarketMaking":
        """The policy of the parameters as they are now. Raises ValueError if they were changed to what cannot be."""
        if not own.changed:
            return self
        key = tuple(sorted(own.changed.items()))
        if key not in self._varied:
            self._varied[key] = PerpetualMarketMaking(with_changes(self.parameters, own.changed))
        return self._varied[key]

    def evolve(self, before: State[Own], event: AnyEvent) -> Own:
        if isinstance(event, Tick):
            return before.own
        own = before.own if before.own.calm is None else _replace(before.own, calm=None)
        if isinstance(event, OrderFilled):
            return after_fill(before, own, self.in_force(own).rates, event)
        if isinstance(event, ParametersChanged):
            return _replace(own, changed=own.changed | event.values)
        return own

    def decide(self, state: State[Own], event: AnyEvent) -> tuple[Own, tuple[Wish, ...]]:
        return (self.in_force(state.own) if state.own.changed else self).decided(state, event)

    def decided(self, state: State[Own], event: AnyEvent) -> tuple[Own, tuple[Wish, ...]]:
        """By these very parameters, whatever was changed since."""
        if isinstance(event, Tick):
            return self._on_tick(state, event)
        if state.own.awaited and isinstance(event, ENDS) and state.tick is not None:
            turn = self._turn(state, state.own, state.tick, event.at_ns)
            exits_safe.release(turn)
            return turn.own, tuple(turn.wishes)
        if isinstance(event, Started):
            return state.own, self.manner.at_start(state)
        return state.own, ()

    def depth_queries(self, state: State[Own]) -> tuple[tuple[Side, Decimal], ...]:
        if not self.needs_depth:
            return ()
        rates = self.in_force(state.own).rates
        held = state.positions.values() if rates.trailing else ()
        trails = tuple((closing_side(position.size).opposite, abs(position.size)) for position in held)
        quotes = rates.optimised and (not state.positions or rates.quote_flat_leg)
        return (*trails, *fronts(state, rates).items()) if quotes else trails

    def _on_tick(self, state: State[Own], tick: Tick) -> tuple[Own, tuple[Wish, ...]]:
        own = state.own
        if not state.mode_confirmed and self.manner.waits_for_mode:
            return _waiting(state, tick)
        if not tick.ready and not (own.ready and self.manner.of_hummingbot):
            return own, () if self.manner.of_hummingbot else tuple(_pulled(state))
        if own.calm is not None and holds(own.calm, tick):
            return own, ()
        if not own.ready or own.calm is not None:
            own = _replace(own, ready=True, calm=None)
        turn = self._turn(state, own, tick, tick.at_ns)
        step = self.manner.held if state.positions else self.manner.flat
        if self.manner.of_hummingbot:
            with suppress(ArithmeticError):  # its clock logs it and goes on; what was decided before it stands
                step(turn)
        else:
            step(turn)
        if turn.own is own and not turn.wishes and (calm := calm_after(turn)) is not None:
            turn.remember(calm=calm)
        return turn.own, tuple(turn.wishes)

    def _turn(self, state: State[Own], own: Own, tick: Tick, at_ns: int) -> Turn:
        market = seen(tick, self.rates, state.instrument.tick, own.last_own_price, self.manner.read)
        return Turn(state, own, self.rates, market, at_ns)


def _pulled(state: State[Own]) -> Iterator[Cancel]:
    """What quotes while nobody knows the market is a gift. Exits stay: they wait at prices of their own."""
    for working in state.orders:
        if working.order.purpose is Purpose.QUOTE:
            yield Cancel(working.order.id, "not_ready")


def _waiting(state: State[Own], tick: Tick) -> tuple[Own, tuple[Wish, ...]]:
    waited = state.own.unconfirmed_ticks + 1
    if waited < TICKS_A_REQUEST:
        return _replace(state.own, unconfirmed_ticks=waited), ()
    return _replace(state.own, unconfirmed_ticks=0), _ask_venue(state) if tick.ready else ()
