"""What an account must put up, and when it can no longer. Binance's one-price arithmetic, one maintenance tier.

Cross margin: everything held stands for everything. A leg set to ISOLATED stands for itself, with the initial margin
of its entry and what was moved there.
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

    def isolated_wallet(self, leg: Leg, position: Position) -> Decimal:
        """What a position that stands for itself was given; 0 of the others."""
        if leg[0] not in self._account.isolated or position.entry is None:
            return ZERO
        given = self._contracts[leg[0]].worth(abs(position.size), position.entry) / self._account.leverage(leg[0])
        return given + self._account.moved.get(leg, ZERO)

    def isolated_margin(self, leg: Leg, position: Position) -> Decimal:
        if leg[0] not in self._account.isolated:
            return ZERO
        return self.isolated_wallet(leg, position) + self.unrealised(leg, position)

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
        return contract.worth(size, price)

    @property
    def free(self) -> Decimal:
        """The margin without what was moved to positions."""
        return self.equity - sum(self._account.moved.values(), ZERO)

    @property
    def available(self) -> Decimal:
        return max(self.free - self.initial(), ZERO)

    @property
    def shared_wallet(self) -> Decimal:
        """What stands for all positions that do not stand for themselves."""
        alone = sum((self.isolated_wallet(*held) for held in self._account.positions()), ZERO)
        return self._account.wallet - alone

    @property
    def shared_unrealised(self) -> Decimal:
        return sum((self.unrealised(*each) for each in self._together()), ZERO)

    def affords(self, order: Order, instead_of: Order | None = None) -> bool:
        """An order that lessens what must be put up is always affordable."""
        after = self.initial(order, instead_of)
        return after <= self.free or after <= self.initial()

    def liquidation_price(self, leg: Leg) -> Decimal:
        """The mark price at which the margin behind a leg is its maintenance, all else unchanged; 0 where none is."""
        if leg[0] in self._account.isolated:
            held = [(leg, self._account.position(*leg))]
            wallet = self.isolated_wallet(*held[0])
        else:
            held = self._account.positions(leg[0])
            rest = [each for each in self._together() if each[0][0] != leg[0]]
            wallet = self.shared_wallet + sum((self.unrealised(*e) - self.maintenance_of(*e) for e in rest), ZERO)
        contract = self._contracts[leg[0]]
        size = sum((p.size for _, p in held), ZERO)
        cost = sum((contract.worth(p.size, p.entry) for _, p in held if p.entry is not None), ZERO)
        bound = contract.instrument.margin_maint * sum((abs(p.size) for _, p in held), ZERO)
        divisor = (size - bound) * contract.instrument.multiplier
        return max((cost - wallet) / divisor, ZERO) if divisor else ZERO

    def _together(self) -> list[tuple[Leg, Position]]:
        return [each for each in self._account.positions() if each[0][0] not in self._account.isolated]

    def doomed(self) -> list[Leg]:
        """The legs that the venue now closes."""
        together = self._together()
        alone = [each for each in self._account.positions() if each not in together]
        lost = [leg for leg, p in alone if self.isolated_margin(leg, p) <= self.maintenance_of(leg, p)]
        maintenance = sum((self.maintenance_of(*each) for each in together), ZERO)
        backing = self.shared_wallet + self.shared_unrealised
        return lost + ([leg for leg, _ in together] if together and backing <= maintenance else [])


def _builds(order: Order, leg: Leg, side: Side) -> bool:
    request = order.request
    closes = (request.position_side, side) in {("LONG", Side.SELL), ("SHORT", Side.BUY)}
    return (
        (request.symbol, request.position_side) == leg and request.side is side and not (request.reduce_only or closes)
    )
