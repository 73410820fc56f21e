"""`perpmm live`."""

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.table import Table

from engine.cli import backtest, show, speak
from engine.config.read import read_config
from engine.config.tree import RunConfig
from engine.core.errors import ConfigError, Problem
from engine.core.types import PositionMode
from engine.journal.manifest import manifest_hash, read_run_file
from engine.run.account import before_of
from engine.run.exposure import Exposure, worst_case
from engine.run.halt import Halted, check_account
from engine.run.ids_sent import ids_sent
from engine.run.keys import keys_of, names_of
from engine.run.live import Live, Traded, planned_live, trade
from engine.run.market_now import account_at
from engine.run.narrate import to_standard_error
from engine.run.preflight import Preflight, Verdict, Wanted, preflight
from engine.run.runs import RUNS, run_folder
from engine.run.venues import check_traded
from engine.venue_api.errors import VenueError
from engine.venue_api.venue import Timer, TradedAt

STYLES = {Verdict.REFUSED: "bold red", Verdict.NOTED: "yellow", Verdict.TO_SET: "cyan", Verdict.FIXED: "cyan"}


def run(run_file: Path, changes: list[str], options: dict[str, Any], *, as_json: bool) -> None:
    config = read_config(run_file, backtest.overrides(changes, options))
    resume = options["resume"]
    folder = None if resume is None else run_folder(resume, options["runs"] or RUNS)
    check_traded(config.venue.name, _mode(config))
    keys = keys_of(config.venue)
    live = planned_live(config, None if folder is None else before_of(folder, "live"))
    for note in live.plan.notes:
        speak.note(f"note: {note}")
    try:
        with account_at(config.venue, keys) as venue:
            venue.sent(() if folder is None else ids_sent(folder)())
            timer = _looked_at(live, venue, agreed=options["live"])
            to_standard_error()
            created = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  told to people, decides nothing
            failed = partial(_tell_left, timer)
            timed = live._replace(timed=timer is not None)
            traded = trade(timed, venue, keys, created=created, failed=failed)
    except VenueError as error:
        raise ConfigError(Problem(config.venue.name, str(error))) from error
    _tell(traded, timer, as_json=as_json)


def _looked_at(live: Live, venue: TradedAt, *, agreed: bool) -> Timer | None:
    """The account as it is, beside what the run wants; the user's consent; then what may be set is set. Returns the
    timer that is to be armed."""
    config, instrument = live.plan.config, live.plan.instrument
    if live.before is not None:
        check_account(read_run_file(live.before.folder), venue)
    exposure = worst_case(config, instrument, venue.mark(instrument.raw_symbol), venue.account(instrument))
    wanted = _wanted(live, exposure)
    first = preflight(venue, wanted, change=False)
    _passed(first, config)
    sentence = (
        f"trade {instrument.raw_symbol} at {_place(config)} with account {venue.alias() or names_of(config.venue)[0]} "
        f"up to {exposure.amount:.0f} {instrument.settlement}"
    )
    speak.note(f"at worst the position is worth {exposure.amount:.2f} {instrument.settlement}: {exposure.bound}")
    if not agreed:
        _agreed(sentence)
    last = preflight(venue, wanted)
    _passed(last, config, shown=first)
    return last.timer


def _place(config: RunConfig) -> str:
    if config.venue.rest is not None:
        return f"{config.venue.name} ({config.venue.rest})"
    return f"{config.venue.name}'s test network" if config.venue.testnet else config.venue.name


def _wanted(live: Live, exposure: Exposure) -> Wanted:
    values = live.plan.config.strategy.model_dump(include={"leverage"})
    return Wanted(
        instrument=live.plan.instrument,
        mode=_mode(live.plan.config),
        leverage=values["leverage"],
        margin_type=live.plan.config.venue.margin_type,
        exposure=exposure.amount,
        ours=(manifest_hash(live.plan.manifest)[:12],),
        timer=live.plan.config.venue.dead_mans_timer,
    )


def _mode(config: RunConfig) -> PositionMode:
    return PositionMode(config.strategy.model_dump(include={"position_mode"})["position_mode"])


def _agreed(sentence: str) -> None:
    speak.note(f"This sends real orders. To begin, type: {sentence}")
    if sys.stdin.readline().strip() != sentence:
        message = "not begun: that is not the sentence (--live begins without it)"
        raise ConfigError(Problem("confirmation", message))


def _passed(found: Preflight, config: RunConfig, shown: Preflight | None = None) -> None:
    """Show the table, or what became of the one that was `shown`. Raises ConfigError with all that the account must not
    be traded with."""
    told = set() if shown is None else {(each.what, each.verdict) for each in shown.findings}
    table = Table(box=None, pad_edge=False)
    for title in ("", "wanted", "at the venue", "", ""):
        table.add_column(title)
    for each in (each for each in found.findings if (each.what, each.verdict) not in told):
        row = (each.what, each.wanted, each.found, each.verdict.value, each.why)
        table.add_row(*row, style=STYLES.get(each.verdict))
    if table.row_count:
        show.ERR.print(table)
    if found.refused:
        raise ConfigError(
            *(
                Problem(
                    config.venue.name,
                    f"wanted {each.wanted}, found {each.found}" + (f"; {each.why}" if each.why else ""),
                    field=each.what,
                )
                for each in found.refused
            )
        )


def _tell(traded: Traded, timer: Timer | None, *, as_json: bool) -> None:
    result, left = traded
    if as_json:
        stopped_by = result.stopped and result.stopped.by
        speak.json_object({**backtest.plain(result), "stopped_by": stopped_by, "left": msgspec.to_builtins(left)})
    else:
        backtest.tell(result)
    _tell_left(timer, left)
    if result.stopped is not None:
        raise typer.Exit(128 + result.stopped.number)


def _tell_left(timer: Timer | None, left: Halted | None) -> None:
    for line in _left_open(timer, left):
        speak.note(line)


def _left_open(timer: Timer | None, left: Halted | None) -> list[str]:
    if left is None:
        unknown = "what is left open is not known: the venue does not answer; look there, or: perpmm halt RUN"
        if timer is None:
            return [unknown, "what rests stays until it is cancelled: the venue has no timer of ours"]
        return [unknown, f"what rests is cancelled by the venue's own timer: {timer.strikes}"]
    lines = [
        f"left open: {order.side.name} {order.leaves} at {order.price} ({order.client_id})" for order in left.resting
    ]
    lines += [f"left open: position {held.position_side} {held.size} at {held.entry}" for held in left.holdings]
    return lines or ["nothing of this run is left open at the venue"]
