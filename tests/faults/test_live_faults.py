"""A dozen seeds of what `make faults` plays by the hundred: nothing is lost, doubled or left behind."""

from pathlib import Path

import pytest

from tests.support.live_faults import played

SPAN_S = 8.0
ELSEWHERE = {1: "BYBIT", 8: "BYBIT", 7: "OKX", 4: "OKX"}  # at each, one is killed and one hung


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1, 13))
def test_whatever_goes_wrong_the_books_agree(seed: int, tmp_path: Path) -> None:
    assert played(seed, tmp_path, SPAN_S, name=ELSEWHERE.get(seed, "BINANCE")).wrong == ()
