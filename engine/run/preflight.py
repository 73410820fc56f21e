"""Before the first order: what the venue says of the account and the contract, beside what the run file wants.

What can be set is set and read back; what cannot is refused, all of it at once. Orders of others are told and left
alone; a position that is there will be managed.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from engine.core.types import Instrument, PositionMode
from engine.venue_api.account import Account
from engine.venue_api.errors import VenueError
from engine.venue_api.venue import Terms, Timer, TradedAt

MAX_OFFSET_MS = 1000


class Verdict(StrEnum):
    OK = "ok"
    TO_SET = "to set"
    FIXED = "set"
    NOTED = "noted"
    REFUSED = "refused"


class Finding(msgspec.Struct, frozen=True):
    """One line of the table: what was looked at, what the run file wants, what the venue has."""

    what: str
    wanted: str
    found: str
    verdict: Verdict
    why: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the run asks of the account. `exposure`: the largest value that its position could reach, in the settlement
    currency; `ours` the ids that begin the names of its own orders; `timer`: whether the venue's may be armed."""

    instrument: Instrument
    mode: PositionMode
    leverage: int
    margin_type: str | None
    exposure: Decimal
    ours: tuple[str, ...]
    timer: bool = True


class Preflight(msgspec.Struct, frozen=True, kw_only=True):
    """`timer`: the dead man's timer that the run is to arm."""

    findings: tuple[Finding, ...]
    account: Account
    timer: Timer | None

    @property
    def refused(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.verdict is Verdict.REFUSED)


def preflight(venue: TradedAt, wanted: Wanted, *, change: bool = True) -> Preflight:
    """Raises VenueError where the venue does not answer; what it will not do is a finding. Without `change` nothing is
    set, only told."""
    before = venue.account(wanted.instrument)
    terms = venue.terms(wanted.instrument.raw_symbol)
    asked = (*_mode(venue, wanted, before), *_margin_type(venue, wanted, before), *_leverage(venue, wanted, before))
    settings = tuple(each.tried() if change else each.finding for each in asked)
    account = venue.account(wanted.instrument)
    timer, armed = _timer(venue, wanted)
    findings = (
        *settings,
        *(_not_as_set(wanted, account) if change else ()),
        *_currencies(venue),
        *_contract(wanted.instrument, terms),
        *_funds(wanted, account),
        *_orders(wanted, account, timer),
        armed,
        *_positions(account),
        _clock(venue.offset_ms),
    )
    return Preflight(findings=findings, account=account, timer=timer)


class _Setting(NamedTuple):
    """A line of the table, and what would make it right."""

    finding: Finding
    change: Callable[[], None] = lambda: None

    def tried(self) -> Finding:
        if self.finding.verdict is not Verdict.TO_SET:
            return self.finding
        try:
            self.change()
        except VenueError as error:
            return msgspec.structs.replace(self.finding, verdict=Verdict.REFUSED, why=str(error))
        return msgspec.structs.replace(self.finding, verdict=Verdict.FIXED)


def _mode(venue: TradedAt, wanted: Wanted, account: Account) -> Iterator[_Setting]:
    hedge = wanted.mode is PositionMode.HEDGE
    words = wanted.mode.value, (PositionMode.HEDGE if account.hedge else PositionMode.ONE_WAY).value
    if hedge == account.hedge:
        yield _Setting(Finding("position mode", *words, Verdict.OK))
    elif account.holdings or account.orders:
        yield _Setting(
            Finding("position mode", *words, Verdict.REFUSED, "it cannot change while orders or positions are open")
        )
    else:
        yield _Setting(
            Finding("position mode", *words, Verdict.TO_SET),
            lambda: venue.set_hedge(wanted.instrument.raw_symbol, hedge),
        )


def _margin_type(venue: TradedAt, wanted: Wanted, account: Account) -> Iterator[_Setting]:
    if wanted.margin_type is None:
        yield _Setting(Finding("margin type", "as it is", account.margin_type, Verdict.NOTED))
        return
    words = wanted.margin_type, account.margin_type
    if words[0] == words[1]:
        yield _Setting(Finding("margin type", *words, Verdict.OK))
    elif account.holdings or account.orders:
        yield _Setting(
            Finding("margin type", *words, Verdict.REFUSED, "it cannot change while orders or positions are open")
        )
    else:
        symbol = wanted.instrument.raw_symbol
        finding = Finding("margin type", *words, Verdict.TO_SET)
        yield _Setting(finding, lambda: venue.set_margin_type(symbol, words[0]))


def _leverage(venue: TradedAt, wanted: Wanted, account: Account) -> Iterator[_Setting]:
    words = str(wanted.leverage), str(account.leverage)
    if wanted.leverage == account.leverage:
        yield _Setting(Finding("leverage", *words, Verdict.OK))
    else:
        symbol = wanted.instrument.raw_symbol
        finding = Finding("leverage", *words, Verdict.TO_SET)
        yield _Setting(finding, lambda: venue.set_leverage(symbol, wanted.leverage))


def _not_as_set(wanted: Wanted, account: Account) -> Iterator[Finding]:
    """Read back: a venue that says yes and does something else is not to be traded at."""
    if account.leverage != wanted.leverage:
        yield Finding("leverage read back", str(wanted.leverage), str(account.leverage), Verdict.REFUSED)
    if account.hedge != (wanted.mode is PositionMode.HEDGE):
        yield Finding("position mode read back", wanted.mode.value, str(account.hedge), Verdict.REFUSED)
    if wanted.margin_type not in (None, account.margin_type):
        yield Finding("margin type read back", str(wanted.margin_type), account.margin_type, Verdict.REFUSED)


def _currencies(venue: TradedAt) -> Iterator[Finding]:
    """The books are in one currency: so must be the fees, and the margin."""
    for what, is_on, remedy in venue.doubts():
        try:
            on = is_on()
        except VenueError as error:
            yield Finding(what, "off", "not said", Verdict.NOTED, str(error))
            continue
        why = remedy if on else ""
        yield Finding(what, "off", "on" if on else "off", Verdict.REFUSED if on else Verdict.OK, why)


def _contract(instrument: Instrument, terms: Terms) -> Iterator[Finding]:
    pairs = (
        ("tick", instrument.tick, terms.tick),
        ("step", instrument.step, terms.step),
        ("smallest size", instrument.min_size, terms.min_size),
        ("smallest value", instrument.min_notional, terms.min_notional),
    )
    for what, ours, theirs in pairs:
        if theirs is None:
            yield Finding(what, str(ours), "not said", Verdict.NOTED)
        elif theirs == ours:
            yield Finding(what, str(ours), str(theirs), Verdict.OK)
        else:
            why = "the contract is not the one that the run was made for"
            yield Finding(what, str(ours), str(theirs), Verdict.REFUSED, why)


def _funds(wanted: Wanted, account: Account) -> Iterator[Finding]:
    currency, needed = wanted.instrument.settlement, wanted.exposure / wanted.leverage
    enough = account.available >= needed
    yield Finding(
        "balance",
        f"{needed:.2f} {currency} of margin at most",
        f"{account.available} {currency} free of {account.balance}",
        Verdict.OK if enough else (Verdict.NOTED if account.available > 0 else Verdict.REFUSED),
        "" if enough else "not every quote will find its margin" if account.available > 0 else "nothing to trade with",
    )
    if wanted.exposure > account.max_notional:
        limit, why = (
            f"{account.max_notional}",
            f"the venue allows no larger position at a leverage of {wanted.leverage}",
        )
        yield Finding("largest position", f"{wanted.exposure:.2f} {currency}", limit, Verdict.REFUSED, why)


def _orders(wanted: Wanted, account: Account, timer: Timer | None) -> Iterator[Finding]:
    ours = [each for each in account.orders if any(each.our_id.startswith(f"{run}-") for run in wanted.ours)]
    strangers = [each for each in account.orders if each not in ours]
    yield Finding("our own orders", "-", f"{len(ours)} rest", Verdict.OK, "taken up" if ours else "")
    if strangers:
        names = ", ".join(each.client_id for each in strangers)
        fate = "" if timer is None else ", but the dead man's timer takes them along should this process die"
        why = f"left alone{fate}: {names}"
        yield Finding("orders of others", "none", f"{len(strangers)} rest", Verdict.NOTED, why)


def _timer(venue: TradedAt, wanted: Wanted) -> tuple[Timer | None, Finding]:
    what, stays = "dead man's timer", "should this machine die, what rests stays until `perpmm halt`"
    if not wanted.timer:
        return None, Finding(what, "not armed", "-", Verdict.NOTED, stays)
    try:
        timer = venue.timer()
    except VenueError as error:
        return None, Finding(what, "armed", "not said", Verdict.NOTED, f"{error}; {stays}")
    if timer is None:
        return None, Finding(what, "armed", "none that can be armed", Verdict.NOTED, stays)
    return timer, Finding(what, "armed", timer.strikes, Verdict.OK, f"takes along {timer.takes}")


def _positions(account: Account) -> Iterator[Finding]:
    held = [f"{each.position_side} {each.size} at {each.entry}" for each in account.holdings]
    yield Finding("position", "-", "; ".join(held) or "flat", Verdict.OK, "will be managed" if held else "")


def _clock(offset_ms: int) -> Finding:
    within = abs(offset_ms) <= MAX_OFFSET_MS
    why = "" if within else "set this machine's clock"
    wanted = f"within {MAX_OFFSET_MS} ms"
    return Finding("clock", wanted, f"{offset_ms} ms", Verdict.OK if within else Verdict.REFUSED, why)
