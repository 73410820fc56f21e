"""Double-entry books of one run, in the settlement currency. Every entry, hence every balance sheet, sums to zero."""

from decimal import Decimal

import msgspec

from engine.core.errors import BrokenInvariantError
from engine.core.types import ZERO


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Signed balances: assets and costs are positive, their sources (capital, income) negative."""

    cash: Decimal = ZERO
    capital: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO

    def balances(self) -> tuple[Decimal, ...]:
        return (self.cash, self.capital, self.realised, self.fees, self.funding)


def opened(capital: Decimal) -> Ledger:
    return Ledger(cash=capital, capital=-capital)


def traded(ledger: Ledger, realised: Decimal, fee: Decimal) -> Ledger:
    """Book a fill: what it realised, and the fee paid (negative: a rebate)."""
    return _checked(
        msgspec.structs.replace(
            ledger,
            cash=ledger.cash + realised - fee,
            realised=ledger.realised - realised,
            fees=ledger.fees + fee,
        )
    )


def funded(ledger: Ledger, received: Decimal) -> Ledger:
    """Book funding: received, or paid if negative."""
    return _checked(msgspec.structs.replace(ledger, cash=ledger.cash + received, funding=ledger.funding - received))


def _checked(ledger: Ledger) -> Ledger:
    if sum(ledger.balances()) != 0:
        raise BrokenInvariantError(f"the ledger does not sum to zero: {ledger}")
    return ledger
