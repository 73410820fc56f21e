"""Double-entry books of one run, in the settlement currency. Every entry, hence every balance sheet, sums to zero.

Money is whole units of 1e-8 (`CENT`), so that sums are exact. What a contract is worth is no cash: buying one books its
worth at that price as `position`, and the same amount as owed for it; closing takes both back, and their difference
from what the closing brought is realised, in cash.
"""

from decimal import Decimal

import msgspec

from engine.core.errors import BrokenInvariantError
from engine.core.types import ZERO


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Signed balances: assets and costs are positive, their sources (capital, debts, income) negative.

    `position`: what is held, at cost, against `owed`. `revaluation`: what it has gained since, at a price, against
    `unrealised`; 0 in books that are kept at cost. `liquidation`: what was realised by the venue's force, the rest by
    us in `realised`.
    """

    cash: Decimal = ZERO
    position: Decimal = ZERO
    revaluation: Decimal = ZERO
    fees: Decimal = ZERO
    capital: Decimal = ZERO
    owed: Decimal = ZERO
    realised: Decimal = ZERO
    liquidation: Decimal = ZERO
    rebates: Decimal = ZERO
    funding: Decimal = ZERO
    unrealised: Decimal = ZERO

    def balances(self) -> tuple[Decimal, ...]:
        return msgspec.structs.astuple(self)

    @property
    def equity(self) -> Decimal:
        """What closing everything at the price that they are valued at would leave, before fees."""
        return self.cash + self.revaluation

    @property
    def gained(self) -> Decimal:
        """By closing positions, whoever closed them, before fees."""
        return -(self.realised + self.liquidation)


def opened(capital: Decimal, cost: Decimal = ZERO) -> Ledger:
    """`cost`: of what was held already, at its entry."""
    return _checked(Ledger(cash=capital, capital=-capital, position=cost, owed=-cost))


def traded(ledger: Ledger, *, cost: Decimal, realised: Decimal, fee: Decimal, forced: bool = False) -> Ledger:
    """Book a fill: the change of the position's cost, what it realised, and the fee paid (negative: a rebate)."""
    paid, rebate = (fee, ZERO) if fee > 0 else (ZERO, -fee)
    return _checked(
        msgspec.structs.replace(
            ledger,
            cash=ledger.cash + realised - fee,
            position=ledger.position + cost,
            owed=ledger.owed - cost,
            realised=ledger.realised - (ZERO if forced else realised),
            liquidation=ledger.liquidation - (realised if forced else ZERO),
            fees=ledger.fees + paid,
            rebates=ledger.rebates - rebate,
        )
    )


def funded(ledger: Ledger, received: Decimal) -> Ledger:
    """Book funding: received, or paid if negative."""
    return _checked(msgspec.structs.replace(ledger, cash=ledger.cash + received, funding=ledger.funding - received))


def transferred(ledger: Ledger, amount: Decimal) -> Ledger:
    """Book money that came from elsewhere, or went there if negative."""
    return _checked(msgspec.structs.replace(ledger, cash=ledger.cash + amount, capital=ledger.capital - amount))


def revalued(ledger: Ledger, gained: Decimal) -> Ledger:
    """What is held has gained this much since it was entered."""
    return _checked(msgspec.structs.replace(ledger, revaluation=gained, unrealised=-gained))


def _checked(ledger: Ledger) -> Ledger:
    if sum(ledger.balances()) != 0:
        raise BrokenInvariantError(f"the ledger does not sum to zero: {ledger}")
    return ledger
