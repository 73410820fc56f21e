"""OKX's refusals: a number in words and a sentence."""

from engine.venue_sim.errors import ApiError

OK = "0"
FAILED = "1"  # of an order: the reason stands with it
# The exchange underneath refuses in Binance's numbers: these are OKX's for the same.
_SAME = {
    -1003: (50011, "Too Many Requests"),
    -1007: (50004, "API endpoint request timeout"),
    -1008: (50013, "Systems are busy. Please try again later."),
    -1016: (50001, "Service temporarily unavailable. Please try again later."),
    -1021: (50102, "Timestamp request expired"),
    -1111: (51121, "Order quantity must be a multiple of the lot size."),
    -2011: (51400, "Cancellation failed as the order has been filled, canceled or does not exist."),
    -2013: (51400, "Cancellation failed as the order has been filled, canceled or does not exist."),
    -2019: (51008, "Order failed. Insufficient USDT margin in account"),
    -2022: (51169, "Order failed because you don't have any positions in this direction to reduce or close."),
    -2025: (51174, "Order failed. The number of pending orders reached the limit."),
    -2027: (59102, "Leverage exceeds the maximum limit."),
    -4003: (51020, "Your order should meet or exceed the minimum order amount."),
    -4004: (51020, "Your order should meet or exceed the minimum order amount."),
    -4016: (51006, "Order price is not within the price limit."),
    -4023: (51121, "Order quantity must be a multiple of the lot size."),
    -4024: (51006, "Order price is not within the price limit."),
    -4028: (59102, "Leverage exceeds the maximum limit."),
    -4061: (51000, "Parameter posSide error"),
    -4067: (59000, "Setting failed. Cancel any open orders, close positions, and stop trading bots first."),
    -4068: (59000, "Setting failed. Cancel any open orders, close positions, and stop trading bots first."),
    -4116: (51016, "Client order ID already exists."),
    -5027: (51503, "Your order has already been filled or canceled."),
}


class OkxError(ApiError):
    """`code` and `msg` of an answer."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(code, message, status)


def said(code: int, message: str) -> tuple[int, str]:
    """Number and sentence as OKX says them; of what is not listed it says that a parameter is wrong."""
    return (code, message) if code >= 0 else _SAME.get(code, (51000, f"Parameter error: {message}"))


def is_of_the_venue(code: int) -> bool:
    """Whether it is no order that is refused, but the request: in OKX's numbers those of 50000."""
    return 50_000 <= code < 51_000
