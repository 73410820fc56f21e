"""Signed requests to Binance, asked again where that does no harm.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info. A signature is the
HMAC-SHA256 of the query string; a timestamp must lie within recvWindow of the venue's clock, so that is read first.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlencode

import httpx

from engine.venue_api.asked import UnansweredError, changed, decoded, sent, tried
from engine.venue_api.clocked import Clocked
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys

RECV_WINDOW_MS = 5000
CLOCKS_DIFFER = -1021
NOTHING_TO_CHANGE = frozenset({-4046, -4059})  # margin type, position mode: as asked already

type Method = Literal["GET", "POST", "PUT", "DELETE"]


class Signed(Clocked):
    """One account at one address."""

    def __init__(self, address: str, keys: Keys, *, clock_ms: Callable[[], int], timeout_s: float = 5) -> None:
        headers = {"X-MBX-APIKEY": keys.key}
        super().__init__(httpx.Client(base_url=address, timeout=timeout_s, headers=headers), clock_ms)
        self._keys = keys

    def server_ms(self) -> int:
        return int(self.read("/fapi/v1/time")["serverTime"])

    def read(self, path: str, **fields: object) -> Any:
        return tried(lambda: self._answer("GET", path, fields))

    def signed_read(self, path: str, **fields: object) -> Any:
        return tried(lambda: self.signed("GET", path, fields))

    def change(self, method: Method, path: str, **fields: object) -> Any:
        """What can be asked twice."""
        return changed(lambda: self.signed(method, path, fields), NOTHING_TO_CHANGE)

    def signed(self, method: Method, path: str, fields: dict[str, object]) -> Any:
        timed = fields | {"recvWindow": RECV_WINDOW_MS, "timestamp": self.now_ms}
        query = urlencode(timed)
        signature = hmac.new(self._keys.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        target = f"{path}?{query}&signature={signature}"
        return self.in_time(f"{method} {path}", lambda: self._answer(method, target, {}), CLOCKS_DIFFER)

    def _answer(self, method: Method, target: str, fields: dict[str, object]) -> Any:
        asked = f"{method} {target.partition('?')[0]}"
        response = sent(self._http, asked, method, target, params={k: str(v) for k, v in fields.items()} or None)
        said = decoded(response)
        if response.is_success:
            return said
        code, message = (said.get("code"), said.get("msg")) if isinstance(said, dict) else (None, None)
        text = str(message or f"HTTP status {response.status_code}")
        if response.status_code == 429 or response.status_code >= 500:
            raise UnansweredError(asked, text, code=code, unknown=response.status_code >= 500)
        raise VenueError(asked, text, code=code)
