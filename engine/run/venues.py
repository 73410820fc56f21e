"""What each venue can be used for. Which are traded at live, and why the others are not: what NautilusTrader 2.0.0rc7's
adapters can be told."""

from typing import NamedTuple

from engine.core.errors import ConfigError, Problem
from engine.core.types import PositionMode
from engine.nautilus.adapters import ADAPTERS


class Spoken(NamedTuple):
    """`tested`: against a venue on loopback, nothing beyond it. `untold`: what no field of the adapter's configuration
    says, `lacks` what else is missing, `one_way_only`: no Hedge mode. `refused` is None where the venue is traded at;
    else what it would take."""

    venue: str
    tested: str
    untold: tuple[str, ...]
    lacks: str
    ours: str = ""
    refused: str | None = None
    one_way_only: bool = False


BUILT = "that its market and its account can be built, with addresses of ours; that a run is refused before it asks"
VENUES = (
    Spoken(
        "BINANCE",
        "USD-M futures in full: start, orders, fills, both position modes, an order and a position of others, stop, "
        "halt, crash, the dead man's timer, a full disk, a fault in a decision, faults on a seed",
        ("position mode", "countdown"),
        "a margin type beyond the contract's own; fundings, and trades that its stream missed",
        "set and read back mode, leverage and margin type by REST, arm the timer, ask for what was missed",
    ),
    Spoken(
        "BYBIT",
        "perpetuals in USDT, One-way: start, orders, fills, an order and a position of others, stop, halt, crash, "
        "the dead man's timer, faults on a seed",
        ("leverage", "position mode"),
        "in Rust both fields are there, from Python they are always none; so no Hedge mode; fundings, and trades that "
        "its stream missed; a private stream that asks for the venue's timer; an "
        "execution without a fee's currency would end the process; before it starts it reads all orders of a week, "
        "one page of 50 after the other",
        "set and read back the leverage by REST, ask for what was missed; arm the timer with a connection of our own "
        "where the account has one, else say before the start that nothing cancels what rests should the machine die; "
        "refuse Hedge mode, another margin mode than the account's, contracts in USDC, newest executions without a "
        "fee's currency; wait for the start, minutes after a busy week",
        one_way_only=True,
    ),
    Spoken(
        "OKX",
        BUILT,
        ("leverage", "position mode"),
        "it denies an order whose id has other signs than letters and digits, as ours have; sizes are in contracts; "
        "keys have a passphrase beside the secret",
        refused="the way is order ids of another form, POST /api/v5/account/set-leverage and set-position-mode, and a "
        "view of the account",
    ),
    Spoken(
        "HYPERLIQUID",
        "perpetuals in USDC, One-way: start, orders, fills, an order and a position of others, stop, halt, crash, "
        "faults on a seed",
        ("leverage", "margin type"),
        "the venue has no Hedge mode; it keeps but a hash of an order's id; an order has no window after which it is "
        "dead; a refusal that the stream tells before the answer is lost; fundings, and trades that its stream missed; "
        "it takes a key and a vault from the environment unasked",
        "set and read back both by a signed action, ask for what was missed, know our orders by the hashes of their "
        "ids, which the journal has; quote in the ticks that the price of the start allows; refuse a balance shared "
        "with spot, a wallet that may not sign, a vault, contracts of other markets than the main one; say before the "
        "start that nothing cancels what rests should the machine die: the venue's timer is for who has traded a "
        "million dollars",
        one_way_only=True,
    ),
)


def check_traded(venue: str, mode: PositionMode = PositionMode.ONE_WAY) -> None:
    """Raises ConfigError with the reason for a venue, or a position mode there, that is not traded at live."""
    found = next((each for each in VENUES if each.venue == venue), None)
    if found is not None and found.one_way_only and mode is PositionMode.HEDGE:
        message = f"{venue} is traded at in One-way mode alone: its adapter cannot be told the position mode"
        raise ConfigError(Problem("run file", message, field="strategy.position_mode"))
    why = "nobody has made it work here" if found is None else _why(found)
    if why is not None:
        raise ConfigError(Problem("run file", f"{venue} is not traded at live: {why}", field="venue.name"))


def venues_table() -> str:
    """For docs/live.md."""
    columns = (
        "venue",
        "its market: `data record`, `paper`",
        "its account: tested, on loopback",
        "what the adapter lacks",
        "what we do live",
    )
    lines = [columns, ("---",) * len(columns)]
    lines += [(each.venue, _market(each.venue), each.tested, _lacking(each), _done(each)) for each in VENUES]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _market(venue: str) -> str:
    adapter = ADAPTERS[venue]
    if adapter.whole is not None:
        return f"{adapter.whole.levels} levels a side, told whole each time, recorded as changes"
    depth = "the whole depth" if adapter.levels is None else f"{adapter.levels} levels a side"
    return depth if adapter.quotes else f"{depth}; the best prices are the book's, not the adapter's quotes"


def _lacking(each: Spoken) -> str:
    return f"a word for {' and '.join(each.untold)}; {each.lacks}"


def _why(each: Spoken) -> str | None:
    untold = " and ".join(each.untold)
    return each.refused and f"its adapter cannot be told {untold}, and we do not do it ourselves yet ({each.refused})"


def _done(each: Spoken) -> str:
    return each.ours if each.refused is None else f"refuse: {_why(each)}"
