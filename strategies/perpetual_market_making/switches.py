"""What `safe` does better than Hummingbot, each with a name: what Hummingbot does, what it cost, what we do. On is the
product; a user may turn one of them off."""

from pydantic import BaseModel, ConfigDict, Field


def _on(description: str) -> bool:
    on: bool = Field(default=True, description=description)
    return on


class Switches(BaseModel):
    """The named switches of behaviour `safe`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exits_unthrottled: bool = _on(
        "Hummingbot holds back the next exit by filled_order_delay, a minute as shipped, and positions lost without "
        "one; here the delay pauses quoting only."
    )
    stop_apart_from_take_profit: bool = _on(
        "Hummingbot takes a resting take profit for the stop and waits for its age, so that stops came a minute late "
        "and above the market; here a breached stop cancels the leg's other exits at once and knows only stops."
    )
    stop_from_book: bool = _on(
        "Hummingbot prices a stop from its level and walks it down by one buffer a renewal, so that after a gap it "
        "never filled; here it is MARKET, or a LIMIT through the best price by the buffer, priced anew at each renewal."
    )
    trail_from_entry: bool = _on(
        "Hummingbot trails from the price before the fill and never moves a missed exit, so that positions were closed "
        "a tick above entry or not at all; here the trail starts at the first price after the fill, arms when that "
        "price itself reaches activation, stays armed, and a missed LIMIT exit is priced anew."
    )
    legs_independent: bool = _on(
        "In Hedge mode Hummingbot trails only the first leg and lets its exits hold back the other's, which ran "
        "unprotected; here each leg has its own trail and throttle."
    )
    exits_reduce_only: bool = _on(
        "Hummingbot's exits can be larger than the position and turn it round into one that nobody wanted; here an "
        "exit can only reduce, and is never larger than the position less the leg's other exits."
    )
    leftovers_cancelled: bool = _on(
        "Hummingbot leaves orders that outlive their reason until the refresh, and those that fill open positions by "
        "accident; here they are cancelled on the next tick."
    )
    margin_added_back: bool = _on(
        "Hummingbot needs funds for the old quotes and the new, so that an account with enough for one set cancels and "
        "sends anew for ever; here the margin of the orders about to be replaced is free."
    )
    book_tolerant: bool = _on(
        "An empty, one-sided or thin book fails Hummingbot's whole tick, exits included, when they are needed most; "
        "here it stops new quotes only."
    )
    sizes_quantised: bool = _on(
        "Hummingbot sends sizes that the venue refuses, again and again; here what is sent is whole steps and at least "
        "the venue's minimum, or it is not sent."
    )
    stop_explicit: bool = _on(
        "Hummingbot reads a stop_loss_spread of 0, or none, as a stop at the entry price and closes positions as soon "
        "as they are open; here a missing one is refused and 0 means off."
    )
    cancel_said_once: bool = _on(
        "Hummingbot repeats a cancel in its log every second until it is answered, and buries the rest; here it is one "
        "request and one journal entry an order until it is answered or a minute has passed."
    )

    @property
    def turned_off(self) -> tuple[str, ...]:
        return tuple(name for name in type(self).model_fields if not getattr(self, name))
