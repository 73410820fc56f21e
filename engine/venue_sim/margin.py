"""What an account must put up, and when it can no longer. Binance's one-price arithmetic, one maintenance tier.

Cross margin: everything held stands for everything. A leg set to ISOLATED stands for itself, with the initial margin
of its entry.
"""

from collections.abc import Mapping
from decimal import Decimal

from engine.core.position import Position, notional, profit
from engine.core.types import ZERO, Side
from engine.venue_sim.account import Account, Leg
from engine.venue_sim.contract import Contract
from engine.venue_sim.orders import Order

type Marks = Mapping[str, Decimal]  # mark price by symbol
type Contracts = Mapping[str, Contract]


class Margins:
    """An account's margins at given mark prices: a reading, not a record."""

    def __init__(self, account: Account, contracts: Contracts, marks: Marks) -> None:
        self._account, self._contracts, self._marks = account, contracts, marks

    def unrealised(self, leg: Leg, position: Position) -> Decimal:
        if position.entry is None:
            return ZERO
        instrument = self._contracts[leg[0]].instrument
        return profit(instrument, position.size, position.entry, self.mark(leg[0], position))

    def mark(self, symbol: str, position: Position) -> Decimal:
        return self._marks.get(symbol) or position.entry or ZERO

    def value(self, leg: Leg, position: Position) -> Decimal:
        instrument = self._contracts[leg[0]].instrument
        return notional(instrument, position.size, self.mark(leg[0], position))

    def initial_of(self, leg: Leg, position: Position) -> Decimal:
        return self.value(leg, position) / self._account.leverage(leg[0])

    def maintenance_of(self, leg: Leg, position: Position) -> Decimal:
        return self.value(leg, position) * self._contracts[leg[0]].instrument.margin_maint

    @property
    def total_unrealised(self) -> Decimal:
        return sum((self.unrealised(*held) for held in self._account.positions()), ZERO)

    @property
    def equity(self) -> Decimal:
        return self._account.wallet + self.total_unrealised

    @property
    def positions_initial(self) -> Decimal:
        return sum((self.initial_of(*held) for held in self._account.positions()), ZERO)

    @property
    def maintenance(self) -> Decimal:
        return sum((self.maintenance_of(*held) for held in self._account.positions()), ZERO)

    def initial(self, extra: Order | None = None, instead_of: Order | None = None) -> Decimal:
        """What positions and open orders need together; `extra` is an order that is only asked about."""
        orders = [order for order in (*self._account.open.values(), extra) if order and order is not instead_of]
        held = {leg for leg, _ in self._account.positions()}
        legs = held | {(order.request.symbol, order.request.position_side) for order in orders}
        return sum((self._leg_initial(leg, orders) for leg in legs), ZERO)

    def _leg_initial(self, leg: Leg, orders: list[Order]) -> Decimal:
        """The worse of two outcomes: all buys fill, or all sells do. Reduce-only orders need nothing."""
        position = self._account.legs.get(leg, Position())
        signed = self.value(leg, position) * (1 if position.size > 0 else -1)
        bids = sum((self._worth(order) for order in orders if _builds(order, leg, Side.BUY)), ZERO)
        asks = sum((self._worth(order) for order in orders if _builds(order, leg, Side.SELL)), ZERO)
        return max(abs(signed + bids), abs(signed - asks)) / self._account.leverage(leg[0])

    def _worth(self, order: Order) -> Decimal:
        contract = self._contracts[order.request.symbol]
        size = contract.size_of(order.leaves)
        price = self._marks.get(order.request.symbol, ZERO) if order.price is None else contract.price_of(order.price)
        return size * price

    @property
    def available(self) -> Decimal:
        return max(self.equity - self.initial(), ZERO)

    def affords(self, order: Order, instead_of: Order | None = None) -> bool:
        """An order that lessens what must be put up is always affordable."""
        after = self.initial(order, instead_of)
        return after <= self.equity or after <= self.initial()

    def liquidation_price(self, symbol: str) -> Decimal:
        """The mark price at which the account's margin equals its maintenance, all else unchanged; 0 where none is."""
        held = self._account.positions(symbol)
        rest = [each for each in self._account.positions() if each[0][0] != symbol]
        wallet = self._account.wallet + sum((self.unrealised(*e) - self.maintenance_of(*e) for e in rest), ZERO)
        size = sum((p.size for _, p in held), ZERO)
        cost = sum((p.size * p.entry for _, p in held if p.entry is not None), ZERO)
        rate = self._contracts[symbol].instrument.margin_maint
        divisor = size - rate * sum((abs(p.size) for _, p in held), ZERO)
        return max((cost - wallet) / divisor, ZERO) if divisor else ZERO

    def doomed(self) -> list[Leg]:
        """The legs that the venue now closes."""
        held = self._account.positions()
        alone = [each for each in held if each[0][0] in self._account.isolated]
        lost = [leg for leg, p in alone if self._backing(leg, p) <= self.maintenance_of(leg, p)]
        together = [each for each in held if each not in alone]
        maintenance = sum((self.maintenance_of(*each) for each in together), ZERO)
        backing = self._account.wallet + sum((self.unrealised(*each) for each in together), ZERO)
        return lost + ([leg for leg, _ in together] if together and backing <= maintenance else [])

    def _backing(self, leg: Leg, position: Position) -> Decimal:
        assert position.entry is not None
        return abs(position.size) * position.entry / self._account.leverage(leg[0]) + self.unrealised(leg, position)


def _builds(order: Order, leg: Leg, side: Side) -> bool:
    request = order.request
    closes = (request.position_side, side) in {("LONG", Side.SELL), ("SHORT", Side.BUY)}
    return (
        (request.symbol, request.position_side) == leg and request.side is side and not (request.reduce_only or closes)
    )
