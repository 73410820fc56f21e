"""Our books against the venue's own word: a run that cannot be trusted must not look like one that can."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from engine.core.errors import BrokenInvariantError
from engine.core.events import Held
from engine.core.state import State


def check_agreement(state: State[Any], positions: Iterable[Held], balance: Decimal, realised: Decimal) -> None:
    """Raises BrokenInvariantError with every difference between what we and what the venue hold.

    `realised` is what the venue books by closing positions, by its own rule of averaging entries: what that differs
    from ours is explained, nothing else is, not by a unit of 1e-8.
    """
    _none((*_of_positions(state, positions), *_of_cash(state, balance, realised)))


def check_positions(state: State[Any], positions: Iterable[Held]) -> None:
    """For a venue that does not know of all that was paid: a sandbox books no funding. Raises as above."""
    _none(tuple(_of_positions(state, positions)))


def _none(differences: tuple[str, ...]) -> None:
    if differences:
        raise BrokenInvariantError("our books differ from the venue's: " + "; ".join(differences))


def _of_positions(state: State[Any], positions: Iterable[Held]) -> Iterator[str]:
    theirs = {held.leg: held.size for held in positions if held.size != 0}
    ours = {leg: position.size for leg, position in state.positions.items()}
    for leg in sorted(ours.keys() | theirs.keys()):
        if ours.get(leg, 0) != theirs.get(leg, 0):
            yield f"position {leg}: {ours.get(leg, 0)} here, {theirs.get(leg, 0)} there"


def _of_cash(state: State[Any], balance: Decimal, realised: Decimal) -> Iterator[str]:
    explained = realised - state.ledger.gained
    if state.ledger.cash + explained != balance:
        said = f"of which {explained} by averaging entries otherwise" if explained else "and entries are averaged alike"
        yield f"cash: {state.ledger.cash} here, {balance} there, {said}"
