"""The figures mean what STYLISED_FACTS.json says they mean, and come out of the real tapes again."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
import pytest

from data.synthetic.facts import measured_facts, taker_orders
from tests.support.shared import STYLISED_FACTS, TAPES, needs_facts, needs_tapes

REAL = {
    "binance-um BTCUSDT 2023-04-04/05": (("usdm__btcusdt_20230404.dat.gz", "usdm__btcusdt_20230405.dat.gz"), 1000),
    "binance-um BTCUSDT 2024-08-08": (("usdm__btcusdt_20240808.gz",), 1),
}


def _lines(names: tuple[str, ...], local_unit_ns: int) -> Iterator[tuple[int, dict[str, str | bool]]]:
    for name in names:
        with gzip.open(TAPES / "binance-usdm" / name) as file:
            for line in file:
                if b"@bookTicker" in line[:60] or b"@trade" in line[:60]:
                    time, message = line.split(b" ", 1)
                    yield int(time) * local_unit_ns, msgspec.json.decode(message)["data"]


def _real_tape(names: tuple[str, ...], local_unit_ns: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    tops, trades = [], []
    for time_ns, message in _lines(names, local_unit_ns):
        if message["e"] == "bookTicker":
            tops.append((time_ns, *(float(message[key]) for key in "baBA")))
        elif message["X"] == "MARKET":
            trades.append((time_ns, -1 if message["m"] else 1, float(message["q"])))
    names_of_tops = ["ts_local_ns", "bid", "ask", "bid_size", "ask_size"]
    return (
        pl.DataFrame(tops, schema=names_of_tops, orient="row"),
        pl.DataFrame(trades, schema=["ts_local_ns", "side", "size"], orient="row"),
    )


@needs_tapes
@needs_facts
@pytest.mark.parametrize("name", REAL)
def test_real_tapes_give_the_recorded_figures(name: str) -> None:
    recorded = {tape["tape"]: tape for tape in msgspec.json.decode(Path(STYLISED_FACTS).read_bytes())["tapes"]}[name]
    measured = msgspec.to_builtins(measured_facts(*_real_tape(*REAL[name]), tick=0.1))
    for fact, value in measured.items():
        # The recorded markouts are 1 to 2 per cent above ours, whichever way their definition is read.
        within = pytest.approx(recorded[fact], rel=0.02 if fact == "taker_markout_bps" else 0.003, abs=0.0006)
        assert (list(value) if isinstance(value, tuple) else value) == within, fact


def _tops(rows: list[tuple[float, float, float]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(int(time_s * 1e9), bid, ask, 1.0 + n % 3, 1.0) for n, (time_s, bid, ask) in enumerate(rows)],
        schema=["ts_local_ns", "bid", "ask", "bid_size", "ask_size"],
        orient="row",
    )


def _trades(rows: list[tuple[float, int, float]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(round(time_s * 1e9), side, size) for time_s, side, size in rows],
        schema=["ts_local_ns", "side", "size"],
        orient="row",
    )


def _one_trade_a_second(seconds: range) -> pl.DataFrame:
    return _trades([(float(second), 1 if second % 5 in (0, 2) else -1, 1.0) for second in seconds])


def test_prints_of_one_side_close_together_are_one_order() -> None:
    prints = [(1.0, 1, 1.0), (1.0001, 1, 2.0), (1.00025, 1, 3.0), (1.0003, -1, 4.0), (1.0005, -1, 5.0)]
    orders = taker_orders(_trades(prints))
    assert orders.select("side", "size").rows() == [(1, 6.0), (-1, 4.0), (-1, 5.0)]
    assert orders["ts_local_ns"].to_list() == [1_000_000_000, 1_000_300_000, 1_000_500_000]


def test_spread_is_weighted_by_the_time_it_stood() -> None:
    quotes = _tops([(0, 99.5, 100.5), (12, 99.0, 101.0), (18, 100.0, 101.0), (24, 99.0, 101.0)])
    facts = measured_facts(quotes, _one_trade_a_second(range(1, 40)), tick=1.0)
    assert facts.spread_bps_tw == pytest.approx((12 * 100 + 6 * 200 + 6 * 1e4 / 100.5) / 24)
    assert facts.p_spread_1tick == pytest.approx(0.75)


def test_a_taker_who_buys_before_a_rise_has_a_positive_markout() -> None:
    rise = [(float(second), 99.5, 100.5) for second in range(20)] + [(20.5, 100.5, 101.5), (40.0, 100.5, 101.5)]
    facts = measured_facts(_tops(rise), _one_trade_a_second(range(1, 41)), tick=1.0)
    # The buyer at 20 s alone gains, one per cent within the second; 39 orders have a second to come.
    assert facts.taker_markout_bps["1"] == pytest.approx(100 / 39)
    assert facts.taker_markout_bps["0.1"] == 0
    assert facts.ret1s_std_bps > 0
