"""Signed requests to OKX's v5, asked again where that does no harm.

Source: https://www.okx.com/docs-v5/en. A signature is the HMAC-SHA256, in base64, of timestamp, method, path with its
query, and body. What is refused is answered with a number; of an order that number stands with the order.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

import httpx

from engine.venue_api.asked import UnansweredError, decoded, sent, tried
from engine.venue_api.clocked import Clocked
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys

PAGE = 100
TOO_LATE = 50102
LATER = frozenset({50011, 50013, 50061})  # too much was asked, or the venue is busy
UNKNOWN = frozenset({50001, 50004, 50026})  # the venue's own timeout or fault: it may have been done

type Method = Literal["GET", "POST"]


class SignedOkx(Clocked):
    """One account at one address; `demo`: of its test network, which has the same."""

    def __init__(
        self, address: str, keys: Keys, *, clock_ms: Callable[[], int], timeout_s: float = 5, demo: bool = False
    ) -> None:
        headers = {"x-simulated-trading": "1"} if demo else {}
        super().__init__(httpx.Client(base_url=address, timeout=timeout_s, headers=headers), clock_ms)
        self._keys = keys

    def server_ms(self) -> int:
        return int(self.read("/api/v5/public/time")[0]["ts"])

    def read(self, path: str, **fields: object) -> Any:
        return tried(lambda: self._answer("GET", _with(path, fields), "", {}))

    def signed_read(self, path: str, **fields: object) -> Any:
        return tried(lambda: self.signed("GET", path, fields))

    def pages(self, path: str, number: str, **fields: object) -> list[dict[str, Any]]:
        """All rows, newest first, a page after the other: each begins behind the `number` of the last row before."""
        rows = list[dict[str, Any]]()
        while True:
            page = self.signed_read(path, **fields, limit=PAGE, **({"after": rows[-1][number]} if rows else {}))
            rows += page
            if len(page) < PAGE:
                return rows

    def change(self, path: str, **fields: object) -> Any:
        """What can be asked twice: that it is so already is an answer."""
        return tried(lambda: self.signed("POST", path, fields))

    def signed(self, method: Method, path: str, fields: dict[str, object]) -> Any:
        target, body = (_with(path, fields), "") if method == "GET" else (path, json.dumps(fields))
        stamp = datetime.fromtimestamp(self.now_ms / 1000, UTC).isoformat(timespec="milliseconds")
        stamp = stamp.replace("+00:00", "Z")
        made = hmac.new(self._keys.secret.encode(), f"{stamp}{method}{target}{body}".encode(), hashlib.sha256).digest()
        headers = {
            "OK-ACCESS-KEY": self._keys.key,
            "OK-ACCESS-SIGN": base64.b64encode(made).decode(),
            "OK-ACCESS-TIMESTAMP": stamp,
            "OK-ACCESS-PASSPHRASE": self._keys.passphrase,
        }
        return self.in_time(f"{method} {path}", lambda: self._answer(method, target, body, headers), TOO_LATE)

    def _answer(self, method: Method, target: str, body: str, headers: dict[str, str]) -> Any:
        asked = f"{method} {target.partition('?')[0]}"
        typed = headers | {"Content-Type": "application/json"}
        response = sent(self._http, asked, method, target, headers=typed, **({"content": body} if body else {}))
        said = decoded(response)
        code, text = _verdict(said) if isinstance(said, dict) else (None, "")
        if response.is_success and code == 0:
            return said["data"]
        failed = response.status_code >= 500 or code in UNKNOWN
        message = text or f"HTTP status {response.status_code}"
        if failed or response.status_code == 429 or code in LATER:
            raise UnansweredError(asked, message, code=code, unknown=failed)
        raise VenueError(asked, message, code=code)


def _with(path: str, fields: dict[str, object]) -> str:
    return f"{path}?{urlencode(fields)}" if fields else path


def _verdict(said: dict[str, Any]) -> tuple[int | None, str]:
    """The number of an answer, and its sentence: those of its first row where that has one that is not 0."""
    whole, rows = str(said.get("code", "")), said.get("data")
    own: dict[str, Any] = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    wrong = own if str(own.get("sCode", "0")) != "0" else {}
    code = str(wrong.get("sCode", whole))
    return int(code) if code.isdigit() else None, str(wrong.get("sMsg") or said.get("msg") or "")
