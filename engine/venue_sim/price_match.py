"""priceMatch: an order whose price the venue takes from the book."""

from engine.venue_sim.errors import ApiError
from engine.venue_sim.market import Market
from engine.venue_sim.parameters import Parameters, side_of

LEVELS = {
    f"{who}{suffix}": n for who in ("OPPONENT", "QUEUE") for suffix, n in (("", 1), ("_5", 5), ("_10", 10), ("_20", 20))
}


def priced(market: Market, given: Parameters) -> Parameters:
    """The parameters with the price of the level that is asked for, the best being the first.

    Raises ApiError: -5037 for what is no match, -5038 for another type than LIMIT, -1106 for a price beside it, -5041
    where the book is not as deep.
    """
    match = given.get("priceMatch") or "NONE"
    if match == "NONE":
        return given
    if match not in LEVELS:
        raise ApiError(-5037, "Invalid price match")
    if given.get("type", "LIMIT").upper() != "LIMIT":
        raise ApiError(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT")
    if given.get("price"):
        raise ApiError(-1106, "Parameter 'price' sent when not required.")
    side, wanted = side_of(given), LEVELS[match]
    levels = market.matching.sides[side if match.startswith("QUEUE") else side.opposite].top(wanted)
    if len(levels) < wanted:
        raise ApiError(-5041, "No depth matches this BBO order")
    return {**given, "price": market.contract.price(levels[-1][0])}
