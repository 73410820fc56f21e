"""A live node that only listens: what a venue's market says goes to disk as it comes, through the venue's own adapter.

The adapter connects anew by itself when it was cut, and asks for the book anew.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from nautilus_trader.common import Environment, FileWriterConfig, LoggerConfig, LogLevel
from nautilus_trader.live import LiveDataEngineConfig, LiveExecutionEngineConfig, LiveNodeBuilder, LiveNodeConfig
from nautilus_trader.model import BookType, InstrumentId, StrategyId, TraderId
from nautilus_trader.trading import Strategy, StrategyConfig

from data.streamed import LOG
from engine.core.types import SECOND, Nanos
from engine.nautilus.access import Addresses
from engine.nautilus.adapters import adapter_of
from engine.nautilus.backtest import only_engine
from engine.nautilus.interrupts import Stopped
from engine.nautilus.live_node import NAME, driven
from engine.nautilus.recording import streaming

_CONNECT_S = 30


class Listener(Strategy):
    """Subscribes, and looks once a second whether it is to stop. `heard` is told how many seconds it has listened."""

    def __new__(
        cls, _name: str, _levels: int | None, _stop_wanted: Callable[[], bool], _heard: Callable[[int], None]
    ) -> Self:
        config = StrategyConfig(strategy_id=StrategyId("PERPMM-REC"), log_events=False, log_commands=False)
        return super().__new__(cls, config)  # type: ignore[call-arg]  # its stub lacks the argument that it takes

    def __init__(
        self, name: str, levels: int | None, stop_wanted: Callable[[], bool], heard: Callable[[int], None]
    ) -> None:
        super().__init__()
        self._id, self._levels = InstrumentId.from_str(name), levels
        self._stop_wanted, self._heard = stop_wanted, heard
        self._seconds = 0
        self.running = False
        self.failure: BaseException | None = None
        self.stopped_ns: Nanos | None = None

    def on_start(self) -> None:
        self.running = True
        self.subscribe_book_deltas(self._id, BookType.L2_MBP, depth=self._levels, managed=False)
        self.subscribe_trades(self._id)
        self.subscribe_mark_prices(self._id)
        self.subscribe_index_prices(self._id)
        self.subscribe_funding_rates(self._id)
        self.clock.set_timer_ns("look", SECOND, None, None, self._look)

    def on_stop(self) -> None:
        self.clock.cancel_timers()
        self.stopped_ns = self.clock.timestamp_ns()

    def fail(self, failure: BaseException) -> None:
        self.failure = self.failure or failure

    def _look(self, _event: Any) -> None:
        try:
            self._seconds += 1
            self._heard(self._seconds)
            stop = self._stop_wanted()
        except BaseException as failure:  # noqa: BLE001  raised again by whoever runs the node
            self.fail(failure)
            stop = True
        if stop:
            with suppress(RuntimeError):
                self.shutdown_system("recorded")


def listened(
    venue: tuple[str, Addresses],
    instrument_id: str,
    stream: Path,
    *,
    seconds: float | None,
    heard: Callable[[int], None],
) -> Stopped | None:
    """Record below `stream` until the time is over or a signal asks to stop: which one did, if one did.

    `venue`: name and addresses. Raises DataError where it cannot be reached, RuntimeError where an engine runs
    in this process.
    """
    asked, gone, (name, addresses) = list[Stopped](), 0, venue
    adapter = adapter_of(name)

    def wanted() -> bool:
        nonlocal gone
        gone += 1
        return bool(asked) or (seconds is not None and gone >= seconds)

    with only_engine():
        config = LiveNodeConfig(
            environment=Environment.LIVE,
            trader_id=TraderId("PERPMM-001"),
            logging=_logged(stream),
            timeout_connection_secs=_CONNECT_S,
            delay_post_stop_secs=0.0,
            data_engine=LiveDataEngineConfig(),
            streaming=streaming(stream),
            exec_engine=LiveExecutionEngineConfig(reconciliation=False),
        )
        builder = LiveNodeBuilder.from_config(NAME, config)
        node = builder.add_data_client(name, *adapter.market(addresses, (instrument_id,))).build()
        try:
            driven(node, Listener(instrument_id, adapter.levels, wanted, heard), asked.append)
        finally:
            node.dispose()
    return asked[0] if asked else None


def _logged(folder: Path) -> LoggerConfig:
    """That a connection was made anew is told nowhere else."""
    return LoggerConfig(
        stdout_level=LogLevel.OFF,
        fileout_level=LogLevel.INFO,
        file_config=FileWriterConfig(directory=str(folder.absolute()), file_name=Path(LOG).stem),
        print_config=False,
    )
