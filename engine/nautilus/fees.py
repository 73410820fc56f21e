"""Fees of the sandbox, in the coin that a contract is settled in."""

from typing import Any, Self

from nautilus_trader.execution import FeeModel, MakerTakerFeeModel
from nautilus_trader.model import Currency, LiquiditySide, Money

from engine.core.position import notional
from engine.core.types import Instrument


def fee_model(terms: Instrument) -> Any:
    """`terms` with the fees to be charged. NautilusTrader charges a linear contract in what it is quoted in: a dollar
    and its cents, where Hyperliquid takes USDC."""
    if terms.inverse or terms.quote == terms.settlement:
        return MakerTakerFeeModel(terms.maker_fee, terms.taker_fee)
    return InCoin(terms)


class InCoin(FeeModel):
    def __new__(cls, _terms: Instrument) -> Self:
        return super().__new__(cls)

    def __init__(self, terms: Instrument) -> None:
        super().__init__()
        self._terms, self._coin = terms, Currency.from_str(terms.settlement)

    def get_commission(self, order: Any, quantity: Any, price: Any, _contract: Any) -> Money:
        terms = self._terms
        rate = terms.maker_fee if order.liquidity_side == LiquiditySide.MAKER else terms.taker_fee
        fee = notional(terms, quantity.as_decimal(), price.as_decimal()) * rate
        return Money.from_str(f"{fee:.{self._coin.precision}f} {self._coin.code}")
