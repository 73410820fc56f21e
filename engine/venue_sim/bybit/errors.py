"""Bybit's refusals: a number and a sentence under an HTTP status that is nearly always 200."""

from engine.venue_sim.errors import ApiError

# The exchange underneath refuses in Binance's numbers: these are Bybit's for the same.
_SAME = {
    -1003: (10006, "Too many visits. Exceeded the API Rate Limit."),
    -1007: (10016, "Internal error."),
    -1008: (10016, "Server error."),
    -1016: (10016, "Service unavailable."),
    -1021: (10002, "invalid request, please check your server timestamp or recv_window param"),
    -2011: (110001, "order not exists or too late to cancel"),
    -2013: (110001, "order not exists or too late to replace"),
    -2019: (110007, "ab not enough for new order"),
    -2022: (110017, "current position is zero, cannot fix reduce-only order qty"),
    -2025: (110009, "the number of active orders exceeds the limit"),
    -2027: (110013, "cannot set leverage gt maxLeverage by risk limit"),
    -4003: (10001, "Qty invalid"),
    -4004: (10001, "The number of contracts is below the minimum limit allowed"),
    -4016: (110003, "Order price exceeds the allowable range."),
    -4024: (110003, "Order price exceeds the allowable range."),
    -4028: (110013, "cannot set leverage gt maxLeverage by risk limit"),
    -4059: (110025, "Position mode is not modified"),
    -4061: (10001, "position idx not match position mode"),
    -4067: (110024, "You have an existing position or order, so position mode cannot be switched"),
    -4068: (110024, "You have an existing position or order, so position mode cannot be switched"),
    -4116: (110072, "OrderLinkedID is duplicate"),
    -4164: (110094, "Order does not meet minimum order value"),
}


class BybitError(ApiError):
    """`retCode` and `retMsg` of an answer."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(code, message, status)


def said(code: int, message: str) -> tuple[int, str]:
    """Number and sentence as Bybit says them; of what is not listed it says that the parameters are wrong."""
    return (code, message) if code >= 0 else _SAME.get(code, (10001, f"params error: {message}"))
