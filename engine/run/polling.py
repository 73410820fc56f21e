"""A number of one's own, polled over HTTP while a paper or live run goes on: `price_source` custom_api."""

import threading
from decimal import Decimal, InvalidOperation
from time import monotonic
from typing import Any, Self

import httpx
import msgspec

from engine.core.types import Nanos

TIMEOUT_S = 5.0
MOST_BYTES = 256  # a bare number is shorter
STALE_AFTER = 3  # intervals, and a time-out, without an answer


class Fetched(msgspec.Struct, frozen=True):
    price: Decimal
    at_s: float  # monotonic


class BadAnswerError(Exception):
    """What came back is no price."""


class Poller:
    """Fetches a bare number every `interval_s` on a thread of its own, from `with` on until its end. A poll that fails
    leaves the last number standing, as Hummingbot does; `forgets` drops it once it is too old to quote around.

    `failure` is what was wrong with the latest poll, None if nothing was.
    """

    def __init__(self, url: str, interval_s: float, *, forgets: bool) -> None:
        self._url, self._interval_s, self._forgets = url, interval_s, forgets
        self._latest: Fetched | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="reference price", daemon=True)
        self.failure: str | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(TIMEOUT_S)

    def price(self, _cache: Any, _now: Nanos) -> Decimal | None:
        """What a shell's tick asks: the latest number, None before the first. Never waits."""
        latest = self._latest
        if latest is None:
            return None
        stale = monotonic() - latest.at_s > STALE_AFTER * self._interval_s + TIMEOUT_S
        return None if stale and self._forgets else latest.price

    def _poll(self) -> None:
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=True) as client:
            while not self._stopping.is_set():
                try:
                    self._latest, self.failure = Fetched(fetched(client, self._url), monotonic()), None
                except (httpx.HTTPError, BadAnswerError) as error:
                    self.failure = f"{self._url}: {error or type(error).__name__}"
                self._stopping.wait(self._interval_s)


def fetched(client: httpx.Client, url: str) -> Decimal:
    """One poll. Raises httpx.HTTPError, or BadAnswerError for a body that is not a number above 0."""
    body = b""
    with client.stream("GET", url) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                raise BadAnswerError("the answer is longer than a number")
    try:
        price = Decimal(body.decode().strip())
    except (UnicodeDecodeError, InvalidOperation) as error:
        raise BadAnswerError(f"{body[:40]!r} is not a number") from error
    if not price.is_finite() or price <= 0:
        raise BadAnswerError(f"{price} is not a price")
    return price
