"""Signed requests to Bybit's v5, asked again where that does no harm.

Source: https://bybit-exchange.github.io/docs/v5/guide. A signature is the HMAC-SHA256 of timestamp, key, window and the
query or the body. What is refused is answered with status 200 and a number.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlencode

import httpx

from engine.venue_api.asked import UnansweredError, changed, decoded, sent, tried
from engine.venue_api.clocked import Clocked
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys

RECV_WINDOW_MS = 5000
CLOCKS_DIFFER = 10002
LATER = frozenset({10006, 10018, 10429})  # too much was asked
UNKNOWN = frozenset({10000, 10016})  # the venue's own timeout or fault: it may have been done
NOTHING_TO_CHANGE = frozenset({110025, 110026, 110043})  # position mode, margin mode, leverage: as asked already


class SignedV5(Clocked):
    """One account at one address."""

    def __init__(self, address: str, keys: Keys, *, clock_ms: Callable[[], int], timeout_s: float = 5) -> None:
        super().__init__(httpx.Client(base_url=address, timeout=timeout_s), clock_ms)
        self._keys = keys

    def server_ms(self) -> int:
        return int(self.read("/v5/market/time")["timeNano"]) // 1_000_000

    def read(self, path: str, **fields: object) -> Any:
        return tried(lambda: self._answer("GET", path, urlencode(fields), {}))

    def signed_read(self, path: str, **fields: object) -> Any:
        return tried(lambda: self.signed("GET", path, fields))

    def pages(self, path: str, **fields: object) -> list[dict[str, Any]]:
        """All rows of a list, a page after the other."""
        rows, cursor = list[dict[str, Any]](), ""
        while True:
            page = self.signed_read(path, **fields, **({"cursor": cursor} if cursor else {}))
            rows += page["list"]
            cursor = unquote(page.get("nextPageCursor") or "")  # it comes as it has to stand in an address
            if not cursor or not page["list"]:
                return rows

    def change(self, path: str, **fields: object) -> Any:
        """What can be asked twice."""
        return changed(lambda: self.signed("POST", path, fields), NOTHING_TO_CHANGE)

    def signed(self, method: str, path: str, fields: dict[str, object]) -> Any:
        payload = urlencode(fields) if method == "GET" else json.dumps(fields)
        stamp, key = str(self.now_ms), self._keys.key
        text = f"{stamp}{key}{RECV_WINDOW_MS}{payload}"
        sign = hmac.new(self._keys.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers = {"X-BAPI-API-KEY": key, "X-BAPI-TIMESTAMP": stamp, "X-BAPI-SIGN": sign}
        headers["X-BAPI-RECV-WINDOW"] = str(RECV_WINDOW_MS)
        return self.in_time(f"{method} {path}", lambda: self._answer(method, path, payload, headers), CLOCKS_DIFFER)

    def _answer(self, method: str, path: str, payload: str, headers: dict[str, str]) -> Any:
        asked = f"{method} {path}"
        if method == "GET":
            response = sent(self._http, asked, method, f"{path}?{payload}" if payload else path, headers=headers)
        else:
            typed = headers | {"Content-Type": "application/json"}
            response = sent(self._http, asked, method, path, content=payload, headers=typed)
        said = decoded(response)
        code = said.get("retCode") if isinstance(said, dict) else None
        if response.is_success and code == 0:
            return said["result"]
        text = str(said.get("retMsg") if isinstance(said, dict) else f"HTTP status {response.status_code}")
        failed = response.status_code >= 500 or code in UNKNOWN
        if failed or response.status_code in {403, 429} or code in LATER:
            raise UnansweredError(asked, text, code=code, unknown=failed)
        raise VenueError(asked, text, code=code)
