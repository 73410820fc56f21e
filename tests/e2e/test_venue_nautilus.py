"""NautilusTrader's real Binance adapter trades at the loopback venue, is killed, and finds its way back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import PROJECT, environment
from tests.support.venue_process import quiet_market, venue_process

CYCLE = "rest,modify,cancel,cross,buy,look"


def played(addresses: dict[str, str], mode: str, script: str) -> list[dict[str, Any]]:
    line = [sys.executable, "-m", "tests.support.nautilus_client", json.dumps(addresses), mode, script]
    options: dict[str, Any] = {"cwd": PROJECT, "env": environment(), "capture_output": True, "text": True}
    done = subprocess.run(line, timeout=120, check=False, **options)
    said = [json.loads(each) for each in done.stdout.splitlines() if each.startswith("{")]
    assert said, done.stderr
    return said


def orders(said: list[dict[str, Any]]) -> list[str]:
    return [each["what"] for each in said if each["what"].startswith("Order")]


@pytest.mark.parametrize("mode", ["one-way", "hedge"])
def test_a_cycle_a_kill_and_the_way_back(tmp_path: Path, mode: str) -> None:
    options = ("--loop", "--hedge") if mode == "hedge" else ("--loop",)
    with venue_process(quiet_market(tmp_path / "catalog"), *options) as addresses:
        first = played(addresses, mode, f"{CYCLE},rest,look,die")
        assert [each for each in orders(first) if not each.endswith("Initialized")] == [
            *("OrderSubmitted", "OrderAccepted", "OrderPendingUpdate", "OrderUpdated", "OrderPendingCancel"),
            *("OrderCanceled", "OrderSubmitted", "OrderRejected", "OrderSubmitted", "OrderAccepted", "OrderFilled"),
            *("OrderSubmitted", "OrderAccepted"),
        ]
        left = first[-1]
        again = played(addresses, mode, "look,cancel,close,look,look,stop")
        assert again[0]["balance"] == left["balance"]
        assert [size for _, size in again[0]["positions"]] == [size for _, size in left["positions"]] == ["0.01"]
        assert len(again[0]["orders"]) == len(left["orders"]) == 1
        looks = [each for each in again if each["what"] == "look"]
        assert (looks[-1]["positions"], looks[-1]["orders"]) == ([], [])
