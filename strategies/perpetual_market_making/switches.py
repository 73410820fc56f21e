"""What `safe` does better than Hummingbot, each with a name. On is the product; a user may turn one of them off."""

from pydantic import BaseModel, ConfigDict, Field


def _on(description: str) -> bool:
    on: bool = Field(default=True, description=description)
    return on


class Switches(BaseModel):
    """The named switches of behaviour `safe`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exits_unthrottled: bool = _on(
        "filled_order_delay pauses quoting only; Hummingbot also holds back the next exit by it, a minute as shipped."
    )
    stop_apart_from_take_profit: bool = _on(
        "A breached stop cancels the leg's other exits at once and knows only stops; Hummingbot takes a resting take "
        "profit for the stop and waits for its age."
    )
    stop_from_book: bool = _on(
        "The stop is marketable: MARKET, or a LIMIT through the best price by the buffer, priced anew at each renewal; "
        "Hummingbot prices it from the stop level and walks it down by one buffer a renewal."
    )
    trail_from_entry: bool = _on(
        "The trail starts at the first price after the fill, arms when that price itself reaches activation, stays "
        "armed, and a missed LIMIT exit is priced anew; Hummingbot starts from the price before the fill."
    )
    legs_independent: bool = _on(
        "In Hedge mode each leg has its own trail and throttle; Hummingbot trails only the first leg."
    )
    exits_reduce_only: bool = _on(
        "An exit can only reduce, and is never larger than the position less the leg's other exits; Hummingbot's can "
        "turn the position round."
    )
    leftovers_cancelled: bool = _on(
        "Orders that outlive their reason are cancelled on the next tick; Hummingbot leaves them until the refresh."
    )
    margin_added_back: bool = _on(
        "The budget counts the margin of the orders about to be replaced as free; Hummingbot needs funds for both sets."
    )
    book_tolerant: bool = _on(
        "An empty, one-sided or thin book stops new quotes only; Hummingbot's whole tick fails, exits included."
    )
    sizes_quantised: bool = _on(
        "What is sent is whole steps and at least the venue's minimum; Hummingbot sends it and the venue refuses."
    )
    stop_explicit: bool = _on(
        "A missing stop_loss_spread is refused and 0 means off; Hummingbot reads both as a stop at the entry price."
    )
    cancel_said_once: bool = _on(
        "One cancel request and one journal entry an order until it is answered or a minute has passed; Hummingbot "
        "repeats its log line every second."
    )

    @property
    def turned_off(self) -> tuple[str, ...]:
        return tuple(name for name in type(self).model_fields if not getattr(self, name))
