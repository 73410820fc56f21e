"""Finished runs of the whole program against their market: no law is broken, quotes at the touch of real tapes lose.

On Binance the half-spread is 0.01 to 0.02 bps and takers are right by 0.2 bps within a second: who quotes at the touch
must lose before rebates. A simulator in which he wins is wrong.
"""

from pathlib import Path

import polars as pl
import pytest

from data.synthetic import generate
from engine.analysis import open_run
from engine.analysis.band import FILLS
from engine.analysis.market import market_of
from engine.analysis.markout import curve, markouts
from engine.analysis.run import Run
from engine.analysis.supply import moments, overdrawn
from engine.config.read import override, read_config
from engine.run.ingest import ingest
from engine.run.simulate import backtest, planned
from tests.support.shared import needs_tapes
from tests.support.tapes import BTCUSDT, BY_YEAR, tape_catalog

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/take_profit.toml"
AT_THE_TOUCH = {
    "bid_spread": 0.00001,
    "ask_spread": 0.00001,
    "order_refresh_time": 5,
    "filled_order_delay": 1,
    "long_profit_taking_spread": 0.003,
    "short_profit_taking_spread": 0.003,
    "stop_loss_spread": 0.005,  # near: a position keeps the quotes away
}


def ran(folder: Path, catalog: Path, fills: str = "central", **changes: float) -> Run:
    said = [f"strategy.{key}={value:.8f}".rstrip("0").rstrip(".") for key, value in changes.items()]
    said += [f"data.catalog='{catalog}'", f"output.runs='{folder / 'runs'}'", "output.report=false"]
    plan = planned(read_config(EXAMPLE, [override(text) for text in (*said, f"simulation.fills={fills}")]))
    return open_run(backtest(plan, created="2026-01-01T00:00:00Z").run_dir)


@pytest.fixture(scope="module", params=[(year, fills) for year in BY_YEAR for fills in FILLS], ids="-".join)
def touch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    year, fills = request.param
    return ran(tmp_path_factory.mktemp("touch"), tape_catalog(year), fills, **AT_THE_TOUCH)


@needs_tapes
def test_quoting_at_the_touch_of_a_real_tape_loses_before_rebates(touch: Run) -> None:
    market = market_of(touch.folder, touch.run_file, touch.equity)
    assert market.source == "quotes"
    quotes = touch.fills.filter((pl.col("purpose") == "quote") & pl.col("maker"))
    assert quotes["id"].n_unique() >= 10
    picked = curve(markouts(quotes, market, (1.0,))).row(0, named=True)
    assert picked["mean_bps"] < 0
    figures = touch.summary
    assert figures["net_pnl"] - figures["rebates"] < 0
    assert figures["net_pnl"] - figures["rebates"] + figures["fees"] < 0  # even if it had cost nothing


@needs_tapes
def test_fills_that_nobody_forced_would_be_found_out(touch: Run) -> None:
    """A simulator that fills quotes whoever trades, as they arrive: the market does not move so against those."""
    market = market_of(touch.folder, touch.run_file, touch.equity)
    quotes = touch.orders.filter((pl.col("purpose") == "quote") & pl.col("accepted").is_not_null())
    given = quotes.select(
        "seq", "side", "purpose", "level", "price", "size", ts="accepted", maker=True, position="size"
    )
    real = touch.fills.filter((pl.col("purpose") == "quote") & pl.col("maker"))
    lying, honest = (curve(markouts(fills, market, (1.0,))).row(0, named=True)["mean_bps"] for fills in (given, real))
    assert honest < lying - 0.05  # several half-spreads: who is filled is chosen


@needs_tapes
def test_real_tape_supplied_every_fill(touch: Run) -> None:
    assert touch.summary["findings"] == []
    assert touch.summary["share_of_volume"] is not None
    catalog = Path(touch.run_file.places["catalog"])
    assert overdrawn(touch.fills, moments(catalog, BTCUSDT)) is None


@needs_tapes
def test_parts_are_the_net_pnl_of_a_real_tape(touch: Run) -> None:
    assert abs(touch.summary["attribution"]["residual"]) < 1e-8


def test_sample_s_market_supplied_every_fill(tmp_path: Path) -> None:
    """The generated market as a user ingests it, a few minutes of it, quoted near enough to fill."""
    ingest(generate(seed=5, out_dir=tmp_path / "raw", minutes=4), instrument_id=BTCUSDT, catalog=tmp_path / "catalog")
    run = ran(tmp_path, tmp_path / "catalog", bid_spread=0.005, ask_spread=0.005, order_refresh_time=5)
    assert run.fills.height >= 5
    assert run.summary["findings"] == []
    assert abs(run.summary["attribution"]["residual"]) < 1e-8
    assert overdrawn(run.fills, moments(tmp_path / "catalog", BTCUSDT)) is None
