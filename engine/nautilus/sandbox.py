"""NautilusTrader's sandbox as the venue of paper trading: the simulated exchange of a backtest, fed live."""

from decimal import Decimal

from nautilus_trader.adapters.sandbox import SandboxExecutionClientConfig
from nautilus_trader.model import AccountType, BookType, Money, OmsType, Venue

from engine.core.events import Started
from engine.core.types import PositionMode
from engine.nautilus.fees import fee_model
from engine.nautilus.venues import never_at_its_price
from engine.simulation.fee_tiers import charged
from engine.simulation.settings import Simulation


def sandbox(simulation: Simulation, started: Started, *, depth: bool = True) -> SandboxExecutionClientConfig:
    """It acts at once: its own latency would go by the wall's clock, so the shell holds a command back instead. Without
    `depth` the best prices are all that is known of the book."""
    instrument = started.instrument
    return SandboxExecutionClientConfig(
        venue=Venue(instrument.venue),
        starting_balances=[Money.from_str(f"{started.balance} {instrument.settlement}")],
        oms_type=OmsType.HEDGING if started.mode is PositionMode.HEDGE else OmsType.NETTING,
        account_type=AccountType.MARGIN,
        default_leverage=Decimal(started.leverage),
        book_type=BookType.L2_MBP if depth else BookType.L1_MBP,
        fee_model=fee_model(charged(instrument, simulation, started.ts_event)),
        fill_model=never_at_its_price() if simulation.fills == "pessimistic" else None,
        queue_position=simulation.queue_position and simulation.fills != "optimistic",
        liquidity_consumption=simulation.liquidity_consumption,
    )
