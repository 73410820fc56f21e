"""Whose fault it is where a node never gets to start: the venue's, where it did not answer; else ours."""

from typing import Any, cast

import pytest
from nautilus_trader.live import LiveNode

from engine.core.errors import DataError
from engine.nautilus.live_node import driven


class Node:
    """In NautilusTrader's place: it ends as it does when it cannot start."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure

    def add_strategy(self, _strategy: Any) -> None:
        pass

    add_actor = add_strategy

    def handle(self) -> "Node":
        return self

    def run(self) -> None:
        if self.failure is not None:
            raise self.failure


class Idle:
    """What never runs."""

    failure: BaseException | None = None
    stopped_ns: int | None = None
    running = False

    def fail(self, failure: BaseException) -> None:
        self.failure = self.failure or failure


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Failed to get mass status from BINANCE", "did not say what rests and is held there"),
        ("Engine readiness timeout", "could not be reached within"),
        ("data-connect timeout", "could not be reached within"),
        (None, "could not be reached within"),
    ],
)
def test_a_venue_that_does_not_answer_is_bad_input(said: str | None, told: str) -> None:
    node = Node(None if said is None else RuntimeError(said))
    with pytest.raises(DataError, match=told):
        driven(cast(LiveNode, node), Idle(), lambda _stopped: None)


def test_what_else_goes_wrong_is_ours() -> None:
    with pytest.raises(RuntimeError, match="runner already consumed"):
        driven(cast(LiveNode, Node(RuntimeError("runner already consumed"))), Idle(), lambda _stopped: None)
