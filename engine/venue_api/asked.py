"""Questions to a venue over HTTP, asked again where that does no harm."""

from collections.abc import Callable
from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from engine.venue_api.errors import VenueError

TRIES = 4  # of what can be asked twice without harm


class UnansweredError(VenueError):
    """No answer, or one that asks to come back later."""


def tried[T](call: Callable[[], T]) -> T:
    again = Retrying(
        retry=retry_if_exception_type(UnansweredError),
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(multiplier=0.2, max=2),
        reraise=True,
    )
    return again(call)


def changed(call: Callable[[], Any], so_already: frozenset[Any]) -> Any:
    """What can be asked twice: that it is so already (a code of these) is an answer."""
    try:
        return tried(call)
    except VenueError as error:
        if error.code not in so_already:
            raise
        return None


def sent(http: httpx.Client, asked: str, method: str, target: str, **request: Any) -> httpx.Response:
    """Raises UnansweredError for what never came back: it may have been done. The text of httpx may hold the address
    with its signature: only the kind of what went wrong is told."""
    try:
        return http.request(method, target, **request)
    except httpx.TransportError as error:
        raise UnansweredError(asked, f"no answer: {type(error).__name__}", unknown=True) from None


def decoded(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
