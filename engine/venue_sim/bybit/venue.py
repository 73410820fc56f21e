"""The venue that speaks Bybit's v5."""

from typing import Any

from engine.venue_sim.bybit.errors import BybitError
from engine.venue_sim.bybit.routes import ROUTES
from engine.venue_sim.bybit.topics import Topics
from engine.venue_sim.market import Market
from engine.venue_sim.orders import Fill, Order
from engine.venue_sim.venue import Asked, Venue


class BybitVenue(Venue):
    """Mutable; one thread."""

    protocol = "BYBIT"
    streams: Topics

    def _subscriptions(self) -> Topics:
        return Topics(self.exchange.markets)

    def ask(self, asked: Asked, _raw: tuple[str, str]) -> Any:
        self.beat()
        route = ROUTES.get(asked.what)
        if route is None:
            raise BybitError(404, "Not Found", 404)
        return route.act(self.exchange, asked.given)

    def forced(self, market: Market, order: Order, fill: Fill) -> None:
        """Bybit's topic of liquidations is not served."""
