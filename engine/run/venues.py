"""What each venue can be used for: what NautilusTrader 2.0.0rc7's adapters can be told, and what we do besides."""

from typing import NamedTuple

from engine.core.errors import ConfigError, Problem
from engine.core.types import PositionMode
from engine.nautilus.adapters import ADAPTERS


class Spoken(NamedTuple):
    """`tested`: against a venue on loopback, nothing beyond it. `untold`: what no field of the adapter's configuration
    says, `lacks` what else is missing, `ours` what we do about it, `one_way_only`: no Hedge mode."""

    venue: str
    tested: str
    untold: tuple[str, ...]
    lacks: str
    ours: str
    one_way_only: bool = False


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
        "swaps in USDT, One-way, cross margin: start, orders, fills, an order and a position of others, stop, halt, "
        "crash, the dead man's timer, faults on a seed",
        ("leverage", "position mode"),
        "every order is for the net position, so no Hedge mode; it denies an order whose id has other signs than "
        "letters and digits; fundings, and trades that its stream missed",
        "set and read back leverage and One-way mode by REST, send ids in letters and digits that still bear the run's "
        "name, arm the timer, ask for what was missed; refuse Hedge mode, isolated margin, an account in spot or "
        "portfolio margin mode or one that shares margin among currencies, swaps in a coin or in USDC",
        one_way_only=True,
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
        "ids, which the journal has; quote in the ticks that the price of the start allows; arm the venue's timer "
        "where the account has traded a million dollars, else say before the start that nothing cancels what rests "
        "should the machine die; refuse a balance shared with spot, a wallet that may not sign, a vault, contracts of "
        "other markets than the main one",
        one_way_only=True,
    ),
)


def check_traded(venue: str, mode: PositionMode = PositionMode.ONE_WAY) -> None:
    """Raises ConfigError with the reason for a venue, or a position mode there, that is not traded at live."""
    found = next((each for each in VENUES if each.venue == venue), None)
    if found is None:
        message = f"{venue} is not traded at live: nobody has made it work here"
        raise ConfigError(Problem("run file", message, field="venue.name"))
    if found.one_way_only and mode is PositionMode.HEDGE:
        message = f"{venue} is traded at in One-way mode alone: its adapter cannot be told the position mode"
        raise ConfigError(Problem("run file", message, field="strategy.position_mode"))


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
    lines += [(each.venue, _market(each.venue), each.tested, _lacking(each), each.ours) for each in VENUES]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _market(venue: str) -> str:
    adapter = ADAPTERS[venue]
    if adapter.whole is not None:
        return f"{adapter.whole.levels} levels a side, told whole each time, recorded as changes"
    depth = "the whole depth" if adapter.levels is None else f"{adapter.levels} levels a side"
    return depth if adapter.quotes else f"{depth}; the best prices are the book's, not the adapter's quotes"


def _lacking(each: Spoken) -> str:
    return f"a word for {' and '.join(each.untold)}; {each.lacks}"
