"""A live node put together from a market and a venue, and run until it has stopped."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from threading import Timer
from typing import NamedTuple, Protocol

from nautilus_trader.common import Environment, FileWriterConfig, LoggerConfig, LogLevel
from nautilus_trader.live import (
    LiveDataEngineConfig,
    LiveExecutionEngineConfig,
    LiveNode,
    LiveNodeBuilder,
    LiveNodeConfig,
    LiveRiskEngineConfig,
    SubmissionRecoveryPolicy,
)
from nautilus_trader.model import TraderId

from engine.core.errors import BrokenInvariantError, DataError, Problem
from engine.core.types import Nanos
from engine.nautilus import translate
from engine.nautilus.access import Client
from engine.nautilus.backtest import only_engine
from engine.nautilus.beside import Beside
from engine.nautilus.desk import Desk, End
from engine.nautilus.garbage import collected_between_ticks
from engine.nautilus.heeded import heeded
from engine.nautilus.interrupts import Stopped
from engine.nautilus.node import NO_RATE_LIMIT
from engine.nautilus.recording import streaming
from engine.nautilus.shell import Shell
from engine.nautilus.terminal import without_log_of

NAME = "perpmm"
TRADER = "PERPMM-001"
_CONNECT_S = 30
_LEFT_NS = 20_000_000  # after a tick its orders have left
_SILENCED = {  # of the rows that are not recorded; and of a run's failure, which is raised
    "nautilus_persistence::writer::subscription": "ERROR",
    "nautilus_live::python::node": "OFF",
}
_UNREADY = ("readiness timeout", "data-connect timeout", "exec-connect timeout")
_UNTOLD = "mass status"  # what a node must be told before it starts: the orders that rest, and what is held
_UNRESOLVED = "Submission recovery incomplete"  # of orders that it heard no answer of: we ask what became of them
_UNWRITABLE = "is not registered for Arrow"  # of Binance's own mark price, beside the one that is recorded


class Parts(NamedTuple):
    """`simulated`: the venue is NautilusTrader's sandbox. `quotes_from_book`: the market tells no best prices.
    `stream`: the folder in which the market data is recorded; `log`: that in which NautilusTrader writes `node.log`;
    `told_s`: as engine.nautilus.adapters.Adapter."""

    venue: str
    market: Client
    execution: Client
    simulated: bool
    quotes_from_book: bool = False
    stream: Path | None = None
    log: Path | None = None
    told_s: int = 30


class Driven(Protocol):
    """What runs on a node and can say how it went: a shell, or a listener."""

    failure: BaseException | None
    stopped_ns: Nanos | None

    @property
    def running(self) -> bool: ...

    def fail(self, failure: BaseException) -> None: ...


def live_node(parts: Parts) -> LiveNode:
    """Built, not yet connected. Errors of the configuration are NautilusTrader's own."""
    config = LiveNodeConfig(
        environment=Environment.SANDBOX if parts.simulated else Environment.LIVE,
        trader_id=TraderId(TRADER),
        logging=_logged(parts.log),
        timeout_connection_secs=_CONNECT_S,
        timeout_reconciliation_secs=parts.told_s,
        delay_post_stop_secs=0.0 if parts.simulated else 2.0,
        data_engine=LiveDataEngineConfig(emit_quotes_from_book=parts.quotes_from_book),
        risk_engine=_risk_engine(parts),
        streaming=None if parts.stream is None else streaming(parts.stream),
        exec_engine=_exec_engine(parts),
    )
    builder = LiveNodeBuilder.from_config(NAME, config)
    builder = builder.add_data_client(parts.venue, *parts.market)
    add = builder.add_simulated_exec_client if parts.simulated else builder.add_exec_client
    return add(parts.venue, *parts.execution).build()


def _risk_engine(parts: Parts) -> LiveRiskEngineConfig:
    """At a venue the core's limits alone decide: NautilusTrader's would hold back an exit where its cache is behind."""
    return LiveRiskEngineConfig(
        bypass=not parts.simulated, max_order_submit_rate=NO_RATE_LIMIT, max_order_modify_rate=NO_RATE_LIMIT
    )


def _exec_engine(parts: Parts) -> LiveExecutionEngineConfig:
    """At a venue it learns of our resting orders when it starts, so that it can cancel them, and holds nothing for
    rejected because no answer came: what became of it is the venue's to say."""
    if parts.simulated:
        return LiveExecutionEngineConfig(reconciliation=False)
    return LiveExecutionEngineConfig(
        reconciliation=True,
        reconciliation_startup_delay_secs=0.0,
        submission_recovery_policy=SubmissionRecoveryPolicy.RETAIN_UNRESOLVED,
    )


def _logged(folder: Path | None) -> LoggerConfig:
    if folder is None:
        return LoggerConfig(bypass_logging=True)
    return LoggerConfig(
        stdout_level=LogLevel.OFF,
        fileout_level=LogLevel.WARNING,
        component_levels=_SILENCED,
        file_config=FileWriterConfig(directory=str(folder.absolute()), file_name="node"),
        print_config=False,
    )


def traded(parts: Parts, desk: Desk, shell: Shell, asked: list[Stopped]) -> End:
    """Build the node, run it with the shell until it has stopped, and say how that was. A signal is put into `asked`,
    which the shell's plan looks at. Raises what `driven` raises, RuntimeError where an engine runs in this process."""
    with only_engine(), nullcontext() if parts.log is None else without_log_of(TRADER):
        node = live_node(parts)
        try:
            shell.attach(desk.session_of(shell.send))
            beside = Beside("AFTER-001", failed=shell.fail, each_second=desk.afterwards, after_ns=_LEFT_NS)
            node.add_actor(beside)
            began = time.perf_counter()
            within_s = _CONNECT_S + (0 if parts.simulated else parts.told_s)
            driven(node, shell, asked.append, within_s=within_s)
            seconds = time.perf_counter() - began
            shell.feed_rest()
            if shell.stopped_ns is None:
                raise BrokenInvariantError("the session was not told to stop")
            return End(
                seconds=seconds,
                stopped_ns=shell.stopped_ns,
                stopped=asked[0] if asked else None,
                positions=tuple(translate.held_of(shell.node_cache.positions_open(), desk.started.mode)),
            )
        finally:
            node.dispose()


def driven(node: LiveNode, shell: Driven, stop: Callable[[Stopped], None], *, within_s: float = _CONNECT_S) -> None:
    """Run a node with its shell, on this thread, until it has stopped. `stop` is told of a signal that asks for it;
    `within_s`: by when it must have started.

    Raises what the shell failed with; Stopped, or DataError where the venue cannot be reached, if it never got to
    start; ValueError outside the main thread.
    """
    node.add_strategy(shell)
    handle, noted = node.handle(), list[Stopped]()

    def note(number: int) -> None:
        noted.append(Stopped(number))
        stop(noted[-1])
        if not shell.running:  # there is no tick that could ask
            handle.stop()

    failed: Exception | None = None
    late = Timer(within_s + 1, lambda: None if shell.running else handle.stop())
    late.start()
    try:
        with heeded(node, note, failed=shell.fail), collected_between_ticks(node, failed=shell.fail):
            node.run()
    except Exception as failure:  # noqa: BLE001  told below, if ours did not come first
        failed = None if _is_harmless(failure) and shell.stopped_ns is not None else failure
    finally:
        late.cancel()
        late.join()  # it holds the shell, which may be dropped on its own thread only
    cause = shell.failure or failed
    if not shell.running and (why := _unreached(cause)) is not None:
        raise noted[0] if noted else DataError(Problem("venue", why)) from cause
    if cause is not None:
        raise cause


def _is_harmless(failure: Exception) -> bool:
    """Of a node that has stopped otherwise well."""
    return any(each in str(failure) for each in (_UNWRITABLE, _UNRESOLVED))


def _unreached(cause: BaseException | None) -> str | None:
    """What the venue failed to do, where a node never got to start because of it."""
    if cause is None or any(said in str(cause) for said in _UNREADY):
        return f"could not be reached within {_CONNECT_S} s"
    return "did not say what rests and is held there" if _UNTOLD in str(cause) else None
