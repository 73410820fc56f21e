"""What a node is asked for on behalf of the strategy that runs on it."""

from collections.abc import Callable

from nautilus_trader.model import BookType, InstrumentId
from nautilus_trader.trading import Strategy

from engine.nautilus.plan import Feed, Plan

PULSE = "FEED-PULSE"  # the name of the instrument whose index price is a recorded feed's time


def subscribe(strategy: Strategy, plan: Plan) -> None:
    """The plan's feeds, in their order, and the prices of the instrument that is watched beside."""
    instrument = InstrumentId.from_str(plan.started.instrument.id)
    pulse = InstrumentId.from_str(f"{PULSE}.{instrument.venue}")
    ask: dict[Feed, Callable[[], None]] = {
        Feed.BOOK: lambda: _book(strategy, plan, instrument, managed=plan.book),
        Feed.QUOTES: lambda: strategy.subscribe_quotes(instrument),
        Feed.TRADES: lambda: strategy.subscribe_trades(instrument),
        Feed.MARKS: lambda: strategy.subscribe_mark_prices(instrument),
        Feed.FUNDING: lambda: strategy.subscribe_funding_rates(instrument),
        Feed.PULSE: lambda: strategy.subscribe_index_prices(pulse),
    }
    for feed in (each for each in Feed if each in plan.feeds):
        ask[feed]()
    if plan.watched is not None:
        elsewhere = InstrumentId.from_str(plan.watched)
        if Feed.QUOTES in plan.feeds:
            strategy.subscribe_quotes(elsewhere)
        else:  # the node makes them from the book
            _book(strategy, plan, elsewhere, managed=True)
        strategy.subscribe_trades(elsewhere)


def _book(strategy: Strategy, plan: Plan, instrument: InstrumentId, *, managed: bool) -> None:
    strategy.subscribe_book_deltas(instrument, BookType.L2_MBP, depth=plan.levels, managed=managed)
