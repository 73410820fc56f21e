"""Where a venue is, what opens an account there, and the clients of a node that are made from it."""

from typing import Any, NamedTuple

import msgspec


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the venue is; None: where it always is, or its test network is."""

    rest: str | None = None
    ws: str | None = None
    ws_api: str | None = None
    testnet: bool = False


class Access(msgspec.Struct, frozen=True):
    """What opens an account. It is shown nowhere."""

    key: str
    secret: str
    passphrase: str = ""

    def __repr__(self) -> str:
        return "Access(...)"


class Client(NamedTuple):
    """A client of a node: by whom it is made, and from what."""

    factory: Any
    config: Any
