"""A backtest from run file to results: catalog, manifest, journal, the simulated venue, seal, analysis."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from data import store
from data.gaps import Gap
from engine.analysis.analyse import REPORT_FILE
from engine.config.tree import RunConfig, identity
from engine.core.errors import ConfigError, Problem
from engine.core.session import Send, Session
from engine.core.state import State
from engine.core.types import Instrument, Nanos
from engine.journal.manifest import Manifest, Seal, manifest_hash, new_manifest
from engine.journal.writer import JournalWriter, create_run
from engine.nautilus.backtest import BacktestEnd, MarketData, run_backtest
from engine.nautilus.interrupts import Stopped
from engine.run.agreement import check_agreement
from engine.run.compose import Parts, compose, said_before
from engine.run.reference import fingerprint_of, idle_keys, reference_of
from engine.run.results import results
from engine.run.seals import sealed_as_it_went
from engine.simulation.fee_tiers import fees
from engine.simulation.reference import Reference
from strategies.registry import STRATEGIES

type Progress = Callable[[str, float], None]  # a stage's name and the share of it that is done, 0 to 1


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A run before it begins: all that can be refused has been looked at. `notes` are for its user."""

    config: RunConfig
    instrument: Instrument
    manifest: Manifest
    start_ns: Nanos
    end_ns: Nanos
    reference: Reference | None
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run. `digest` is of its commands; `summary` as engine.analysis.summary says; `report` its page.
    `stopped`: by the signal that ended it before its feed did."""

    run_dir: Path
    instrument: Instrument
    digest: str
    summary: dict[str, Any]
    report: Path | None
    notes: tuple[str, ...]
    stopped: Stopped | None = None


def planned(config: RunConfig, parent: str | None = None, *, kind: str = "backtest") -> Plan:
    """`parent`: the id of the run that this one varies or continues; `kind`: what is to be done with the data.

    Raises DataError where the catalog lacks the instrument or the range holds no data; ConfigError where the run file
    asks for what a backtest cannot give.
    """
    reference = reference_of(config)
    catalog, instrument_id = config.data.catalog, config.instrument.id
    held = store.contents(catalog, instrument_id)
    low, high = store.span_within(catalog, instrument_id, config.data.start_ns, config.data.end_ns)
    gaps = store.gaps(catalog, held, low, high)
    of_reference = fingerprint_of(config, reference)
    said_config = identity(config) | ({} if of_reference is None else {"reference": of_reference})
    manifest = new_manifest(kind, instrument_id, said_config, data_fingerprint=held.fingerprint, parent=parent)
    origin = fees(config.simulation, held.instrument, low).origin
    said = said_before(config, held.instrument)
    warnings = (warning for ingest in held.ingests for warning in ingest.warnings)
    return Plan(
        config=config,
        instrument=held.instrument,
        manifest=manifest,
        start_ns=low,
        end_ns=high,
        reference=reference,
        gaps=gaps,
        notes=_once(said, filter(None, [origin]), idle_keys(config), _of_data(config, held, gaps, high), warnings),
    )


def _once(*notes: Iterable[str]) -> tuple[str, ...]:
    return (*dict.fromkeys(chain.from_iterable(notes)),)


def _of_data(config: RunConfig, held: store.Contents, gaps: tuple[Gap, ...], end_ns: Nanos) -> Iterator[str]:
    """What cannot be known from this data. Raises ConfigError where the strategy asks for just that."""
    if "order_book_deltas" not in held.rows:
        if STRATEGIES[config.strategy_name].policy(config.strategy).needs_depth:
            message = f"its parameters ask for depth, and the catalog has only quotes of {held.instrument.id}"
            raise ConfigError(Problem("run file", message, field="strategy"))
        yield (
            "the data are best bid and ask only: what rests behind them is unknown, and so is the queue of an order "
            "below the touch, which fills only once the touch comes to its price; fills are a guess"
        )
    if gaps:
        seconds = sum(gap.seconds(end_ns) for gap in gaps)
        yield (
            f"the book was unknown for {seconds:.1f} s in {len(gaps)} gap{'s' if len(gaps) > 1 else ''} of the data: "
            "no quote of safe stood and nothing filled then"
        )


def backtest(plan: Plan, *, created: str, progress: Progress = lambda *_: None) -> Result:
    """Run it, and write journal, frames, summary and page into a folder of its own below `output.runs`.

    `created` (ISO, UTC) is only told on. Raises JournalError where the folder cannot be written. Cut short, by Ctrl-C
    or a fault, the run's folder says so.
    """
    config = plan.config
    journal = create_run(
        config.output.runs.absolute(),
        plan.manifest,
        created=created,
        places=places_of(config),
        warnings=plan.notes,
    )
    with journal, sealed_as_it_went(journal) as ended:
        end, state = _replayed(plan, journal, progress)
        seal = ended(rows=end.rows, seconds=end.loop_seconds, balance=str(end.balance))
        progress("analysis", 0.0)
        summary = results(journal.folder, rows=end.rows, seconds=end.loop_seconds, report=config.output.report)
        progress("analysis", 1.0)
    result = result_of(plan, journal.folder, seal, summary, state)
    return replace(result, notes=(*result.notes, *_averaged(plan, end, state)))


def result_of(plan: Plan, folder: Path, seal: Seal, summary: dict[str, Any], state: State[Any]) -> Result:
    return Result(
        run_dir=folder,
        instrument=plan.instrument,
        digest=seal.commands_digest,
        summary=summary,
        report=folder / REPORT_FILE if plan.config.output.report else None,
        notes=(*plan.notes, *(() if summary["orders"] else why_no_order(plan, state))),
    )


def why_no_order(plan: Plan, state: State[Any]) -> Iterator[str]:
    """The strategy's word on a run that sent nothing, as it stood at the last tick."""
    explained = STRATEGIES[plan.config.strategy_name].explain(plan.config.strategy, replace(state, stopping=False))
    for side, why in (("buy", explained.no_bid), ("sell", explained.no_ask)):
        if why:
            yield f"no {side} order was sent: {why}"


def _averaged(plan: Plan, end: BacktestEnd, state: State[Any]) -> Iterator[str]:
    """NautilusTrader averages the entries of inverse contracts arithmetically, which makes or loses coins."""
    more = end.realised - state.ledger.gained
    if plan.instrument.inverse and more:
        yield f"NautilusTrader, averaging entries otherwise, ends with {more:+} {plan.instrument.settlement} more"


def _replayed(plan: Plan, journal: JournalWriter, progress: Progress) -> tuple[BacktestEnd, State[Any]]:
    parts = compose(plan.config, run=manifest_hash(plan.manifest), instrument=plan.instrument, at_ns=plan.start_ns)
    span = max(plan.end_ns - plan.start_ns, 1)
    sessions: list[Session[Any]] = []

    def session_of(send: Send) -> Session[Any]:
        sessions.append(parts.session(journal.record, send))
        return sessions[0]

    end = run_backtest(
        market_data(plan, parts),
        plan.config.simulation,
        parts.started,
        session_of,
        on_tick=lambda now: progress("backtest", min(1.0, (now - plan.start_ns) / span)),
        audit=check_agreement,
    )
    state = sessions[0].state
    assert state is not None
    check_agreement(state, end.positions, end.balance, end.realised)
    return end, state


def places_of(config: RunConfig) -> dict[str, str]:
    data = config.data
    paths = {"catalog": data.catalog, "reference_csv": data.reference_csv}
    return {name: str(path.absolute()) for name, path in paths.items() if path is not None}


def market_data(plan: Plan, parts: Parts) -> MarketData:
    data = plan.config.data
    return MarketData(
        catalog=data.catalog,
        start_ns=data.start_ns,
        end_ns=data.end_ns,
        depth=parts.policy.needs_depth,
        reference=plan.reference,
        gaps=tuple((gap.start_ns, gap.end_ns) for gap in plan.gaps),
    )
