"""Where a run's keys come from: the environment, or the system's keyring. Never from a file of ours."""

import os
from contextlib import suppress

import keyring
from keyring.errors import KeyringError

from engine.config.tree import Venue
from engine.core.errors import ConfigError, Problem
from engine.run.wallets import check_keys
from engine.venue_api.keys import Keys

SERVICE = "perpmm"
WITH_A_PASSPHRASE = frozenset({"OKX"})


def keys_of(venue: Venue) -> Keys:
    """Raises ConfigError naming each that is missing, and where to put it, or that cannot be one at this venue."""
    names = names_of(venue)
    found = {name: os.environ.get(name) or _from_keyring(name) for name in names}
    missing = [
        Problem("environment", f"not set; export it, or run: keyring set {SERVICE} {name}", field=name)
        for name, value in found.items()
        if not value
    ]
    if missing:
        raise ConfigError(*missing)
    keys = Keys(*(found[name] or "" for name in names))
    check_keys(venue, names, keys)
    return keys


def names_of(venue: Venue) -> tuple[str, ...]:
    """What key, secret and, where the venue has one, passphrase are called: of each venue its own, so that none is
    shown another's."""
    pair = venue.key_env or f"{venue.name}_API_KEY", venue.secret_env or f"{venue.name}_API_SECRET"
    word = venue.passphrase_env or f"{venue.name}_API_PASSPHRASE"
    return (*pair, word) if venue.name in WITH_A_PASSPHRASE else pair


def _from_keyring(name: str) -> str | None:
    with suppress(KeyringError):  # a machine without a keyring has none of our keys
        return keyring.get_password(SERVICE, name)
    return None
