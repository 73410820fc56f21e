"""Hyperliquid's refusals: a sentence, of one order or of the whole action."""

from engine.venue_sim.errors import ApiError

# The exchange underneath refuses in Binance's numbers: these are Hyperliquid's sentences for the same.
_SAME = {
    -1111: "Price must be divisible by tick size.",
    -2011: "Order was never placed, already canceled, or filled.",
    -2013: "Order was never placed, already canceled, or filled.",
    -2019: "Insufficient margin to place order.",
    -2022: "Reduce only order would increase position.",
    -4003: "Order has zero size.",
    -4004: "Order has zero size.",
    -4014: "Price must be divisible by tick size.",
    -4016: "Order price cannot be more than 80% away from the reference price",
    -4023: "Order has invalid size.",
    -4024: "Order price cannot be more than 80% away from the reference price",
    -4164: "Order must have minimum value of $10.",
    -5022: "Post only order would have immediately matched.",
}
UNMATCHED = "Order could not immediately match against any resting orders."


def said(error: ApiError, asset: int) -> str:
    return f"{_SAME.get(error.code, error.message)} asset={asset}"


def refused(message: str) -> ApiError:
    """Of the whole action: answered with status 200."""
    return ApiError(-1130, message)
