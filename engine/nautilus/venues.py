"""The simulated exchange of a backtest."""

from decimal import Decimal
from pathlib import Path

import msgspec
from nautilus_trader.backtest import BacktestVenueConfig
from nautilus_trader.execution import DefaultFillModel, MakerTakerFeeModel, StaticLatencyModel
from nautilus_trader.model import (
    AccountType,
    BookType,
    InstrumentId,
    InstrumentStatus,
    LeveragedMarginModel,
    MarketStatusAction,
    OmsType,
)
from nautilus_trader.persistence import ParquetDataCatalog

from engine.core.events import Started
from engine.core.types import Instrument, Nanos, PositionMode
from engine.nautilus.catalog import write_instrument
from engine.simulation.fee_tiers import charged
from engine.simulation.settings import Simulation

MS = 1_000_000


def simulated_venue(simulation: Simulation, started: Started, *, depth: bool = True) -> BacktestVenueConfig:
    """The venue; without `depth` it knows the best bid and ask alone. Orders and positions hold their notional over the
    leverage. It does not liquidate: NautilusTrader would copy the account and its positions with every event of theirs
    at every instant of the data, and go by the latest quote; engine.simulation.liquidation goes by the mark price, once
    a second."""
    instrument = started.instrument
    fees = charged(instrument, simulation, started.ts_event)
    latency = simulation.order_latency_ms * MS
    return BacktestVenueConfig(
        instrument.venue,
        OmsType.HEDGING if started.mode is PositionMode.HEDGE else OmsType.NETTING,
        AccountType.MARGIN,
        [f"{started.balance} {instrument.settlement}"],
        BookType.L2_MBP if depth else BookType.L1_MBP,
        default_leverage=Decimal(started.leverage),
        margin_model=LeveragedMarginModel(),
        fee_model=MakerTakerFeeModel(fees.maker_fee, fees.taker_fee),
        latency_model=StaticLatencyModel(base_latency_nanos=latency) if latency else None,
        queue_position=simulation.queue_position and simulation.fills != "optimistic",
        fill_model=never_at_its_price() if simulation.fills == "pessimistic" else None,
        liquidity_consumption=simulation.liquidity_consumption,
    )


def silent_venue(name: str) -> BacktestVenueConfig:
    """A venue where nothing is traded: NautilusTrader wants one for every instrument that it replays."""
    return BacktestVenueConfig(
        name,
        OmsType.NETTING,
        AccountType.MARGIN,
        ["0 USDT"],
        BookType.L1_MBP,
        fee_model=MakerTakerFeeModel(Decimal(0), Decimal(0)),
    )


def never_at_its_price() -> DefaultFillModel:
    """A resting order does not fill while the market trades at its price, only beyond it. No chance: 0 is never."""
    return DefaultFillModel(prob_fill_on_limit=0.0, prob_slippage=0.0, random_seed=0)


def write_margin_rules(catalog: Path, started: Started) -> None:
    """Write the instrument as this run's venue margins it."""
    write_instrument(catalog, margined(started.instrument))


def margined(instrument: Instrument) -> Instrument:
    """The notional over the leverage, for an order as for a position: NautilusTrader multiplies that with the
    instrument's rates, so they are 1 here. What is quoted in dollars and settled in a coin that stands for them is
    quoted in that coin: NautilusTrader knows no rate between them."""
    alike = instrument.inverse or instrument.settlement == instrument.base
    quote = instrument.quote if alike else instrument.settlement
    return msgspec.structs.replace(instrument, quote=quote, margin_init=Decimal(1), margin_maint=Decimal(1))


def write_pauses(catalog: Path, instrument_id: str, gaps: tuple[tuple[Nanos, Nanos | None], ...]) -> None:
    """Write that the venue neither fills nor takes an order in the gaps: nobody knows what it would have done. Trading
    goes on a nanosecond after the snapshot that ends one, when the book is whole."""
    changes = pauses(instrument_id, gaps)
    if changes:
        ParquetDataCatalog(str(catalog)).write_instrument_statuses(changes)


def pauses(instrument_id: str, gaps: tuple[tuple[Nanos, Nanos | None], ...]) -> list[InstrumentStatus]:
    identity, status = InstrumentId.from_str(instrument_id), MarketStatusAction
    return [
        InstrumentStatus(identity, action, at, at)
        for start, end in gaps
        for at, action in ((start, status.PAUSE), (None if end is None else end + 1, status.TRADING))
        if at is not None
    ]
