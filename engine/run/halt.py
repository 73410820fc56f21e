"""The kill switch: a process of its own that needs a run's folder, keys and the venue, and nothing of the run's own.

The run is told too, so that one that is alive stops quoting, and one that hangs does so when it wakes. What rests is
cancelled until nothing of the run's rests any more for longer than it takes to decide; doing it again does no harm.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import msgspec

from engine.config.tree import VENUE_PLACES, Venue
from engine.core.errors import ConfigError, JournalError, Problem
from engine.journal.manifest import RunFile
from engine.run.contracts import symbol_at_venue
from engine.run.control import Halt, say
from engine.venue_api.account import Holding, OpenOrder
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
    VenueError where the venue cannot be reached at all.
    """
    run, symbol = run_file.run, symbol_of(run_file)
    cancelled: dict[str, None] = {}
    end, quiet_since = time.monotonic() + WITHIN_S, time.monotonic()
    while True:
        venue.sent(sent())
        orders = venue.open_orders(symbol)
        ours = [order for order in orders if everyones or is_ours(order, run)]
        for order in ours:
            with suppress(VenueError):  # asked again in the next round
                venue.cancel(symbol, order)
                cancelled[order.client_id] = None
        holdings = venue.holdings(symbol)
        if flatten and not ours:
            _close(venue, symbol, holdings)
        now = time.monotonic()
        if ours or (flatten and holdings):
            quiet_since = now
        if now - quiet_since >= QUIET_S or now >= end:
            break
        time.sleep(PAUSE_S)
    if not ours and run_file.manifest.config["venue"].get("dead_mans_timer", True):
        with suppress(VenueError):  # else it runs out: nothing of ours is there that it could take along
            venue.disarm(symbol)
    return Halted(
        cancelled=tuple(cancelled),
        resting=tuple(ours),
        strangers=tuple(order for order in orders if order not in ours),
        holdings=holdings,
        flatten=flatten,
    )


def _close(venue: TradedAt, symbol: str, holdings: tuple[Holding, ...]) -> None:
    """As much as the venue takes at once; the rest in the next round. A reduce-only order cannot do more than close, so
    one that was thought lost does no harm."""
    most = _most_at_once(venue, symbol) if holdings else None
    for n, holding in enumerate(holdings):
        size = holding.size if most is None else max(-most, min(holding.size, most))
        with suppress(VenueError):
            venue.close_at_market(symbol, msgspec.structs.replace(holding, size=size), f"halt-{time.time_ns()}-{n}")


def _most_at_once(venue: TradedAt, symbol: str) -> Decimal | None:
    with suppress(VenueError):
        return venue.terms(symbol).max_market_size
    return None
