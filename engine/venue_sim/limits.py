"""How much a client has asked for lately, and when that is too much: Binance's weights and order counts."""

from engine.venue_sim.errors import ApiError
from engine.venue_sim.exchange_info import ORDERS_A_MINUTE, ORDERS_IN_TEN_SECONDS, WEIGHT_A_MINUTE


class Count:
    """Of one window of fixed length, aligned to the epoch. Mutable."""

    def __init__(self, width_ms: int, most: float) -> None:
        self._width_ms, self._most = width_ms, most
        self._window, self.used = -1, 0

    def add(self, amount: int, now_ms: int) -> bool:
        """Returns whether that was still allowed."""
        window = now_ms // self._width_ms
        if window != self._window:
            self._window, self.used = window, 0
        self.used += amount
        return self.used <= self._most


class Limits:
    """Of one key, or of all who have none. A tape that is played faster allows more, as it asks for more."""

    def __init__(self, scale: float = 1.0) -> None:
        self.weight = Count(60_000, WEIGHT_A_MINUTE * scale)
        self.orders_10s = Count(10_000, ORDERS_IN_TEN_SECONDS * scale)
        self.orders_1m = Count(60_000, ORDERS_A_MINUTE * scale)

    def spend(self, weight: int, orders: int, now_ms: int) -> None:
        """Raises ApiError -1003 (429) or -1015 beyond a limit."""
        if not self.weight.add(weight, now_ms):
            message = f"Too many requests; current limit is {WEIGHT_A_MINUTE} request weight per 1 MINUTE."
            raise ApiError(-1003, message, 429)
        within = (self.orders_10s.add(orders, now_ms), self.orders_1m.add(orders, now_ms))
        if orders and not all(within):
            raise ApiError(-1015, "Too many new orders; current limit is 300 orders per TEN_SECONDS.", 429)

    def headers(self, orders: bool) -> dict[str, str]:
        used = {"X-MBX-USED-WEIGHT-1M": str(self.weight.used)}
        counts = {"X-MBX-ORDER-COUNT-10S": str(self.orders_10s.used), "X-MBX-ORDER-COUNT-1M": str(self.orders_1m.used)}
        return used | counts if orders else used
