"""A dozen seeds of what `make faults` plays by the hundred: nothing is lost, doubled or left behind."""

from pathlib import Path

import pytest

from tests.support.live_faults import played

SPAN_S = 8.0
AT_BYBIT = {1, 8}  # one is killed, one hung


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1, 13))
def test_whatever_goes_wrong_the_books_agree(seed: int, tmp_path: Path) -> None:
    venue = "BYBIT" if seed in AT_BYBIT else "BINANCE"
    assert played(seed, tmp_path, SPAN_S, name=venue).wrong == ()
