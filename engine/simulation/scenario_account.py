"""The account of the scenario venue, rules R6 and R7. It shares no code with the core's own fold, so that each can be
held against the other."""

from decimal import Decimal

import msgspec

from engine.core.types import ZERO, Leg, PositionMode


class Position(msgspec.Struct, frozen=True):
    size: Decimal  # signed
    entry: Decimal


class Account(msgspec.Struct, frozen=True):
    """The quote balance, and the positions that are not flat."""

    balance: Decimal
    positions: dict[Leg, Position] = {}

    def size(self, leg: Leg) -> Decimal:
        return self.positions[leg].size if leg in self.positions else ZERO

    @property
    def position_cost(self) -> Decimal:
        return sum((abs(held.size) * held.entry for held in self.positions.values()), ZERO)


def opened(balance: Decimal, mode: PositionMode, initial: tuple[Decimal, Decimal] | None) -> Account:
    """With the position held before the start: (signed size, entry), in Hedge the leg that its sign names."""
    if initial is None or initial[0] == 0:
        return Account(balance)
    size, entry = initial
    hedged = Leg.LONG if size > 0 else Leg.SHORT
    return Account(balance, {Leg.NET if mode is PositionMode.ONE_WAY else hedged: Position(size, entry)})


def traded(account: Account, leg: Leg, signed: Decimal, price: Decimal) -> Account:
    """The account after a fill: an entry averages when its position grows, and what shrinks it realises profit."""
    if signed == 0:  # an order of less than one step
        return account
    others = {key: held for key, held in account.positions.items() if key is not leg}
    held = account.positions.get(leg)
    if held is None:
        return Account(account.balance, {**others, leg: Position(signed, price)})
    after = held.size + signed
    if held.size * signed > 0:
        entry = (abs(held.size) * held.entry + abs(signed) * price) / abs(after)
        return Account(account.balance, account.positions | {leg: Position(after, entry)})
    closed = min(abs(held.size), abs(signed)).copy_sign(held.size)
    balance = account.balance + closed * (price - held.entry)
    if after == 0:
        return Account(balance, others)
    entry = price if after * held.size < 0 else held.entry
    return Account(balance, account.positions | {leg: Position(after, entry)})
