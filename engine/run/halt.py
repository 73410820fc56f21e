"""The kill switch: a process of its own that needs a run's folder, keys and the venue, and nothing of the run's own.

The run is told too, so that one that is alive stops quoting, and one that hangs does so when it wakes. What rests is
cancelled until nothing of the run's rests any more for longer than it takes to decide; doing it again does no harm.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.config.tree import VENUE_PLACES, Venue
from engine.core.errors import ConfigError, JournalError, Problem
from engine.journal.manifest import RunFile
from engine.run.contracts import symbol_at_venue
from engine.run.control import Halt, say
from engine.venue_api.account import Holding, OpenOrder
from engine.venue_api.asked import UnansweredError
from engine.venue_api.errors import VenueError
from engine.venue_api.venue import TradedAt

QUIET_S = 2.5  # more than two ticks: a run that was deciding has sent what it decided
WITHIN_S = 60.0
PAUSE_S = 0.25
_PLACE = "venue."
_ACCOUNT = "account"


class Halted(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: `resting` and `holdings` are what is left, `strangers` orders of others that were left alone."""

    cancelled: tuple[str, ...]
    resting: tuple[OpenOrder, ...]
    strangers: tuple[OpenOrder, ...]
    holdings: tuple[Holding, ...]
    flatten: bool

    @property
    def done(self) -> bool:
        return not self.resting and not (self.flatten and self.holdings)


def venue_of(folder: Path, run_file: RunFile) -> Venue:
    """Raises JournalError where the run is not one that trades at a venue."""
    if run_file.manifest.kind != "live":
        raise JournalError(Problem(str(folder), f"is a {run_file.manifest.kind} run: nothing of it is at a venue"))
    return Venue.model_validate(run_file.manifest.config["venue"] | venue_places(run_file.places))


def places_of_venue(venue: Venue) -> dict[str, str]:
    """Where a run trades, and what its keys are called, for its run file."""
    said = {key: getattr(venue, key) for key in sorted(VENUE_PLACES)}
    return {f"{_PLACE}{key}": value for key, value in said.items() if value is not None}


def account_of(venue: TradedAt) -> dict[str, str]:
    """Which account it is, for a run file, which is no place for what may be half of its keys; nothing where the venue
    does not say."""
    named = venue.alias()
    return {_ACCOUNT: hashlib.sha256(named.encode()).hexdigest()[:16]} if named else {}


def check_account(run_file: RunFile, venue: TradedAt) -> None:
    """Raises ConfigError where the keys open another account than the run's: what rests there is not the run's, and
    what the run has is not there."""
    with suppress(VenueError):  # whoever sweeps finds out what the venue does not answer
        wanted, found = run_file.places.get(_ACCOUNT), account_of(venue).get(_ACCOUNT)
        if wanted and found and wanted != found:
            message = f"they open another account than the one that {run_file.run_id} trades with"
            raise ConfigError(Problem("keys", message))


def venue_places(places: dict[str, str]) -> dict[str, str]:
    return {key.removeprefix(_PLACE): value for key, value in places.items() if key.startswith(_PLACE)}


def symbol_of(run_file: RunFile) -> str:
    """The contract as the venue names it: a kill switch does not wait for a journal that may be damaged."""
    return symbol_at_venue(run_file.manifest.instrument)


def is_ours(order: OpenOrder, run: str) -> bool:
    """By the id that we gave it."""
    return order.our_id.startswith(f"{run[:12]}-")


def told(folder: Path, *, flatten: bool) -> bool:
    """Tell the run, if anybody drives it: it takes neither keys nor the venue."""
    try:
        say(folder, Halt("perpmm halt", flatten))
    except JournalError:
        return False
    return True


class _Seen(NamedTuple):
    """What rests and is held there, as one round has found it."""

    orders: tuple[OpenOrder, ...]
    ours: tuple[OpenOrder, ...]
    holdings: tuple[Holding, ...]


def swept(
    run_file: RunFile,
    venue: TradedAt,
    *,
    flatten: bool,
    everyones: bool = False,
    sent: Callable[[], Iterable[str]] = tuple,
) -> Halted:
    """Cancel what rests of the run (`everyones`: of the contract), with `flatten` close its positions at the market.
    `sent`: the ids that the run has given since it was last asked.

    Then the dead man's timer, if the run had one, is turned off: it would take along what others have there. Raises
    VenueError where the venue says no, or has not answered by the end.
    """
    symbol, sweep = symbol_of(run_file), _Sweep(run_file, venue, flatten=flatten, everyones=everyones)
    end, quiet_since = time.monotonic() + WITHIN_S, time.monotonic()
    while True:
        try:
            venue.sent(sent())
            seen = sweep.round()
        except UnansweredError:
            if time.monotonic() >= end:
                raise
            quiet_since = time.monotonic()
        else:
            now = time.monotonic()
            if seen.ours or (flatten and seen.holdings):
                quiet_since = now
            if now - quiet_since >= QUIET_S or now >= end:
                break
        time.sleep(PAUSE_S)
    if not seen.ours and run_file.manifest.config["venue"].get("dead_mans_timer", True):
        with suppress(VenueError):  # else it runs out: nothing of ours is there that it could take along
            venue.disarm(symbol)
    return Halted(
        cancelled=tuple(sweep.cancelled),
        resting=seen.ours,
        strangers=tuple(order for order in seen.orders if order not in seen.ours),
        holdings=seen.holdings,
        flatten=flatten,
    )


class _Sweep:
    """Round after round; what the venue does not do is asked for again in the next."""

    def __init__(self, run_file: RunFile, venue: TradedAt, *, flatten: bool, everyones: bool) -> None:
        self._run, self._symbol, self._venue = run_file.run, symbol_of(run_file), venue
        self._flatten, self._everyones = flatten, everyones
        self.cancelled: dict[str, None] = {}

    def round(self) -> _Seen:
        orders = self._venue.open_orders(self._symbol)
        ours = tuple(order for order in orders if self._everyones or is_ours(order, self._run))
        for order in ours:
            with suppress(VenueError):
                self._venue.cancel(self._symbol, order)
                self.cancelled[order.client_id] = None
        holdings = self._venue.holdings(self._symbol)
        if self._flatten and not ours:
            self._close(holdings)
        return _Seen(orders, ours, holdings)

    def _close(self, holdings: tuple[Holding, ...]) -> None:
        """As much as the venue takes at once. A reduce-only order cannot do more than close, so one that was thought
        lost does no harm."""
        for n, holding in enumerate(holdings):
            most = self._most_at_once
            size = holding.size if most is None else max(-most, min(holding.size, most))
            part = msgspec.structs.replace(holding, size=size)
            with suppress(VenueError):
                self._venue.close_at_market(self._symbol, part, f"halt-{time.time_ns()}-{n}")

    @cached_property
    def _most_at_once(self) -> Decimal | None:
        with suppress(VenueError):
            return self._venue.terms(self._symbol).max_market_size
        return None
