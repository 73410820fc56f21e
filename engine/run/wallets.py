"""Hyperliquid's keys: the address of an account, and the key of a wallet that signs for it.

NautilusTrader's client there takes a wallet's key and a vault from the environment by itself, unasked. What is wrong
with them would be told without their names, deep in a run; so it is told before. No message shows a value.
"""

import os
from collections.abc import Iterator

from engine.config.tree import Venue
from engine.core.errors import ConfigError, Problem
from engine.venue_api.keys import Keys
from engine.venue_api.wallet import is_address, is_key

NAME = "HYPERLIQUID"
ADDRESS = "is no address of an account: 0x and 40 hexadecimal digits"
KEY = "is no key of a wallet: 64 hexadecimal digits"
_VAULT = "would have NautilusTrader trade for a vault, while we look at the account: unset it"


def check_keys(venue: Venue, names: tuple[str, ...], keys: Keys) -> None:
    """Raises ConfigError naming each that cannot be one, at this venue."""
    wrong = ((names[0], is_address(keys.key), ADDRESS), (names[1], is_key(keys.secret), KEY))
    if venue.name == NAME and (found := [_problem(name, why) for name, fits, why in wrong if not fits]):
        raise ConfigError(*found)


def check_environment(venue: Venue, *, trading: bool) -> None:
    """Raises ConfigError for what NautilusTrader's client would find in the environment and cannot use, or must not
    where it is `trading`."""
    if venue.name == NAME and (found := list(_found(venue, trading=trading))):
        raise ConfigError(*found)


def _found(venue: Venue, *, trading: bool) -> Iterator[Problem]:
    begins = f"{NAME}_TESTNET" if venue.testnet else NAME
    key, vault = f"{begins}_PK", f"{begins}_VAULT"
    if key in os.environ and not is_key(os.environ[key]):
        yield _problem(key, f"{KEY}; the market needs none, but NautilusTrader's client reads it: mend or unset it")
    if trading and os.environ.get(vault):
        yield _problem(vault, _VAULT)
    elif key in os.environ and os.environ.get(vault) and not is_address(os.environ[vault]):
        yield _problem(vault, ADDRESS)


def _problem(name: str, why: str) -> Problem:
    return Problem("environment", why, field=name)
