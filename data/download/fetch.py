"""One file over HTTP: taken up where it was cut, waited for where a site asks for it, checked before it counts."""

import email.utils
import hashlib
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path

import httpx
import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from data.download.vendors import Wanted
from data.source import digest
from engine.core.errors import DataError, Problem

_CHUNK = 1 << 18
_ATTEMPTS = 6  # in a row that bring no byte
_LONGEST_WAIT_S = 300.0
_LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

type OnBytes = Callable[[int, int | None], None]  # bytes so far, bytes in all where known


class Became(StrEnum):
    FETCHED = "fetched"
    THERE = "there already"
    REPLACED = "replaced: the vendor's has changed"
    MISSING = "not there"


class Got(msgspec.Struct, frozen=True):
    name: str
    became: Became
    bytes: int = 0


class _AgainError(Exception):
    """Worth another try, after `wait_s` where the site said so."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Fetcher:
    """Files from one vendor into one folder. `sleep` waits; `words` are said where access is refused. Mutable: it
    counts attempts that brought nothing."""

    def __init__(self, client: httpx.Client, folder: Path, words: str, sleep: Callable[[float], None]) -> None:
        self._client, self._folder, self._words, self._sleep = client, folder, words, sleep
        self._idle = 0

    def fetch(self, wanted: Wanted, on_bytes: OnBytes) -> Got:
        """Raises DataError where the site refuses, gives up or sends what its checksum is not of; nothing is left
        under the file's name then, and what came of it is taken up by the next try."""
        target = self._folder / wanted.name
        for url in wanted.urls:
            sum_of = self._checksum(url) if wanted.checksum else None
            there = target.is_file()
            if there and (sum_of is None or digest(target) == sum_of):
                return Got(wanted.name, Became.THERE, target.stat().st_size)
            part = self._whole(url, target, sum_of, on_bytes)
            if part is None:
                continue
            part.replace(target)
            return Got(wanted.name, Became.REPLACED if there else Became.FETCHED, target.stat().st_size)
        return Got(wanted.name, Became.MISSING)

    def _whole(self, url: str, target: Path, sum_of: str | None, on_bytes: OnBytes) -> Path | None:
        part = target.with_name(f"{target.name}.part")
        for chance in (1, 2):
            if not self._trying(lambda: self._transfer(url, part, on_bytes), url):
                return None
            if sum_of is None or (seen := digest(part)) == sum_of:
                _tag(part).unlink(missing_ok=True)
                return part
            _forget(part)
            if chance == 2:
                reason = f"SHA-256 is {seen}, the vendor says {sum_of}, twice over. Nothing was kept"
                raise DataError(Problem(url, reason))
        raise AssertionError("two chances")

    def _transfer(self, url: str, part: Path, on_bytes: OnBytes) -> bool:
        """Go on where the last try ended, if it still is the same file there. False: there is none."""
        have = part.stat().st_size if part.is_file() else 0
        tag = _tag(part).read_text() if have and _tag(part).is_file() else ""
        headers = {"Range": f"bytes={have}-", "If-Range": tag} if have and tag else {}
        with self._client.stream("GET", url, headers=headers) as response:
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                _forget(part)
                raise _AgainError("the part here is longer than the file there")
            if not self._answered(response, url):
                return False
            resumed = response.status_code == HTTPStatus.PARTIAL_CONTENT and _starts_at(response) == have
            if not resumed:
                have = 0
                _tag(part).write_text(response.headers.get("ETag") or response.headers.get("Last-Modified") or "")
            total = _length(response, have)
            with part.open("ab" if resumed else "wb") as file:
                for chunk in response.iter_raw(_CHUNK):
                    file.write(chunk)
                    have += len(chunk)
                    self._idle = 0
                    on_bytes(have, total)
        if total is not None and have != total:
            raise _AgainError(f"{have} of {total} bytes came")
        return True

    def _checksum(self, url: str) -> str | None:
        """The SHA-256 that the site publishes beside a file; None where the file is not there."""

        def ask() -> str | None:
            response = self._client.get(f"{url}.CHECKSUM")
            if not self._answered(response, url):
                return None
            word: str = (response.text.split() or [""])[0].lower()
            if len(word) != hashlib.sha256().digest_size * 2:
                raise DataError(Problem(f"{url}.CHECKSUM", f"is no SHA-256: {word[:80]!r}"))
            return word

        return self._trying(ask, url)

    def _answered(self, response: httpx.Response, url: str) -> bool:
        """Whether there is such a file. Raises DataError where the site refuses, _AgainError where it asks for time."""
        code = response.status_code
        if code in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            return True
        if code == HTTPStatus.NOT_FOUND:
            return False
        if code in _LATER:
            raise _AgainError(f"HTTP {code}", _asked_wait_s(response))
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _AgainError(f"HTTP {code}")
        if code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PAYMENT_REQUIRED}:
            raise DataError(Problem(url, f"access refused (HTTP {code}). {self._words}"))
        raise DataError(Problem(url, f"the site answers HTTP {code}"))

    def _trying[T](self, work: Callable[[], T], url: str) -> T:
        self._idle = 0

        def given_up(_state: RetryCallState) -> bool:
            self._idle += 1
            return self._idle >= _ATTEMPTS

        retrying = Retrying(
            retry=retry_if_exception_type((_AgainError, httpx.TransportError)),
            stop=given_up,
            wait=_wait_s,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(work)
        except (_AgainError, httpx.TransportError) as error:
            reason = str(error) or type(error).__name__
            message = f"{reason}, {_ATTEMPTS} times in a row. What came is kept: the same command goes on from there"
            raise DataError(Problem(url, message)) from error


def _wait_s(state: RetryCallState) -> float:
    """What the site asked for, else twice as long each time."""
    failed = state.outcome.exception() if state.outcome else None
    asked = failed.wait_s if isinstance(failed, _AgainError) else None
    return min(_LONGEST_WAIT_S, float(2 ** (state.attempt_number - 1)) if asked is None else asked)


def _asked_wait_s(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    if text.isdigit():
        return float(text)
    try:
        until = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return max(0.0, (until - now).total_seconds())


def _starts_at(response: httpx.Response) -> int | None:
    """Of `bytes 100-199/200`, the 100."""
    start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() else None


def _length(response: httpx.Response, have: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return have + int(length) if length.isdigit() else None


def _tag(part: Path) -> Path:
    """What names the version of the file that a part is of."""
    return part.with_name(f"{part.name}.tag")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)
