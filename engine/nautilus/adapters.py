"""The venues whose market NautilusTrader's adapters bring us, and how each of them has to be asked."""

from collections.abc import Callable
from typing import NamedTuple

from data.whole_books import Whole
from engine.core.errors import ConfigError, Problem
from engine.core.events import Started
from engine.nautilus import binance, bybit, hyperliquid, okx
from engine.nautilus.access import Access, Addresses, Client


class Adapter(NamedTuple):
    """`market` makes a node's client for some instruments, `account` one for an account; None: none is traded with.
    `levels`: of the book, a side; None: all that there are. `quotes`: the best prices that it tells are the book's;
    else they are made from the book. `whole`: of a book that comes whole each time. `hashed`: it keeps
    a hash of an order's id, and no id. `told_s`: in how many
    seconds it has to tell what an account's orders are, and were."""

    market: Callable[[Addresses, tuple[str, ...]], Client]
    account: Callable[[Addresses, Access, Started], Client] | None = None
    levels: int | None = None
    quotes: bool = True
    whole: Whole | None = None
    hashed: bool = False
    told_s: int = 30


ADAPTERS = {
    binance.VENUE: Adapter(binance.market, binance.account),
    bybit.VENUE: Adapter(bybit.market, bybit.account, levels=bybit.LEVELS, quotes=False, told_s=bybit.TOLD_S),
    okx.VENUE: Adapter(okx.market, okx.account, levels=okx.LEVELS),
    hyperliquid.VENUE: Adapter(
        hyperliquid.market,
        hyperliquid.account,
        whole=Whole(hyperliquid.LEVELS, silent_ns=hyperliquid.SILENT_NS),
        hashed=True,
    ),
}


def adapter_of(venue: str) -> Adapter:
    """Raises ConfigError for a venue whose market is not spoken."""
    if venue not in ADAPTERS:
        message = f"its market is not spoken, only those of {', '.join(ADAPTERS)}"
        raise ConfigError(Problem("venue", f"{venue}: {message}; a recorded one of any venue can be played: --feed"))
    return ADAPTERS[venue]
