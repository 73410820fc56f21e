"""Which venues are traded at live, and why the others are not: what NautilusTrader 2.0.0rc7's adapters can be told."""

from typing import NamedTuple

from engine.core.errors import ConfigError, Problem


class Spoken(NamedTuple):
    """`tested`: against a venue on loopback, nothing beyond it. `lacks`: what the adapter cannot be told from Python.
    `refused` is None where the venue is traded at; else what it would take."""

    venue: str
    tested: str
    lacks: str
    ours: str = ""
    refused: str | None = None


NOT_YET = "and we do not set and read them back by its REST yet"
VENUES = (
    Spoken(
        "BINANCE",
        "USD-M futures in full: start, orders, fills, both position modes, stop, halt, crash, faults on a seed",
        "position mode; margin type beyond the contract's own; a dead man's timer; fundings and trades that it missed",
        "set and read back mode, leverage and margin type by REST, arm the timer, ask for what was missed",
    ),
    Spoken(
        "BYBIT",
        "nothing",
        "leverage and position mode: the fields are there, and always sent as none",
        refused=f"its adapter cannot be told leverage and position mode, {NOT_YET}",
    ),
    Spoken(
        "OKX",
        "nothing",
        "leverage and position mode; sizes are in contracts",
        refused=f"its adapter cannot be told leverage and position mode, {NOT_YET}",
    ),
    Spoken(
        "HYPERLIQUID",
        "nothing",
        "leverage and margin type; orders are signed by a wallet's key, there is no pair of key and secret",
        refused=f"its adapter cannot be told leverage and margin type, {NOT_YET}",
    ),
)


def check_traded(venue: str) -> None:
    """Raises ConfigError with the reason for a venue that is not traded at live."""
    found = next((each for each in VENUES if each.venue == venue), None)
    why = "nobody has made it work here" if found is None else found.refused
    if why is not None:
        raise ConfigError(Problem("run file", f"{venue} is not traded at live: {why}", field="venue.name"))


def venues_table() -> str:
    """For docs/live.md."""
    head = "| venue | tested, on loopback | what the adapter lacks | what we do |\n|---|---|---|---|\n"
    rows = (f"| {each.venue} | {each.tested} | {each.lacks} | {_done(each)} |\n" for each in VENUES)
    return head + "".join(rows)


def _done(each: Spoken) -> str:
    return each.ours if each.refused is None else f"refuse: {each.refused}"
