"""Questions to Hyperliquid, which need no key, and actions that a wallet signs; asked again where that does no harm.

An action is dead after its window: what was thought lost cannot be done later. Each has a number of its own, the time.
"""

import time
from collections.abc import Callable
from typing import Any

import httpx

from engine.venue_api.asked import UnansweredError, decoded, sent, tried
from engine.venue_api.clocked import Clocked
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys
from engine.venue_api.wallet import signature

WINDOW_MS = 5000
USUAL_WEIGHT, WEIGHTS = 20, {"clearinghouseState": 2, "orderStatus": 2, "userRole": 60}
MOST_AT_ONCE, A_SECOND = 600, 15  # the venue allows a machine 1200 a minute
_USED = "nonce"  # was used: the other process of ours signs too


class Budget:
    """Of questions: beyond it they wait. A kill switch on the same machine has as much of its own. Mutable."""

    def __init__(self) -> None:
        self._left, self._at = float(MOST_AT_ONCE), time.monotonic()

    def spend(self, weight: int) -> None:
        now = time.monotonic()
        self._left = min(MOST_AT_ONCE, self._left + (now - self._at) * A_SECOND) - weight
        self._at = now
        time.sleep(max(0.0, -self._left / A_SECOND))


class SignedL1(Clocked):
    """One account at one address: the key is the account's own address, the secret that of the wallet that signs."""

    least_s = 3.0

    def __init__(
        self, address: str, keys: Keys, *, clock_ms: Callable[[], int], timeout_s: float = 5, testnet: bool = False
    ) -> None:
        super().__init__(httpx.Client(base_url=address, timeout=timeout_s), clock_ms)
        self.user, self._keys, self._testnet = keys.key.lower(), keys, testnet
        self._nonce = 0
        self._budget = Budget()
        self._names: dict[str, str] = {}  # our ids by what the venue has of them

    def server_ms(self) -> int:
        return int(self.info("clearinghouseState", user=self.user)["time"])

    def info(self, kind: str, **fields: object) -> Any:
        def ask() -> Any:
            self._budget.spend(WEIGHTS.get(kind, USUAL_WEIGHT))
            return self._answer("/info", kind, {"type": kind, **fields})

        return tried(ask)

    def act(self, action: dict[str, Any]) -> Any:
        """What the venue says of each part of it. Raises VenueError for the first that it refuses."""
        self._nonce = nonce = max(self.now_ms, self._nonce + 1)
        expires = nonce + WINDOW_MS
        signed = signature(self._keys.secret, action, nonce=nonce, expires_ms=expires, testnet=self._testnet)
        body = {"action": action, "nonce": nonce, "signature": signed, "vaultAddress": None, "expiresAfter": expires}
        said, kind = self._answer("/exchange", action["type"], body), action["type"]
        if said.get("status") != "ok":
            text = str(said.get("response"))
            if _USED in text.lower():
                raise UnansweredError(kind, text)
            raise VenueError(kind, text)
        parts = (said["response"].get("data") or {}).get("statuses", ())
        for part in parts:
            if isinstance(part, dict) and "error" in part:
                raise VenueError(kind, str(part["error"]))
        return parts

    def change(self, action: dict[str, Any]) -> Any:
        """What can be asked twice."""
        return tried(lambda: self.act(action))

    def _answer(self, path: str, kind: str, body: dict[str, Any]) -> Any:
        asked = f"POST {path} {kind}"
        response = sent(self._http, asked, "POST", path, json=body)
        said = decoded(response)
        if response.is_success and said is not None:
            return said
        text = f"HTTP status {response.status_code}"
        if response.status_code >= 500 or response.status_code in {403, 418, 429}:
            raise UnansweredError(asked, text, unknown=response.status_code >= 500)
        raise VenueError(asked, text)
