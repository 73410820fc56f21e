"""Where a run's keys come from: the environment, or the system's keyring. Never from a file of ours."""

import os
from contextlib import suppress

import keyring
from keyring.errors import KeyringError

from engine.config.tree import Venue
from engine.core.errors import ConfigError, Problem
from engine.venue_api.keys import Keys

SERVICE = "perpmm"


def keys_of(venue: Venue) -> Keys:
    """Raises ConfigError naming each that is missing, and where to put it."""
    key, secret = names = names_of(venue)
    found = {name: os.environ.get(name) or _from_keyring(name) for name in names}
    missing = [
        Problem("environment", f"not set; export it, or run: keyring set {SERVICE} {name}", field=name)
        for name, value in found.items()
        if not value
    ]
    if missing:
        raise ConfigError(*missing)
    return Keys(found[key] or "", found[secret] or "")


def names_of(venue: Venue) -> tuple[str, str]:
    """What key and secret are called: of each venue its own, so that none is shown another's."""
    return venue.key_env or f"{venue.name}_API_KEY", venue.secret_env or f"{venue.name}_API_SECRET"


def _from_keyring(name: str) -> str | None:
    with suppress(KeyringError):  # a machine without a keyring has none of our keys
        return keyring.get_password(SERVICE, name)
    return None
