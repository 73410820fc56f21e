"""One market in four vendors' forms: the same best bid and ask, price and size, at every time that two of them tell.

The first of the tape's two days; with PERPMM_WHOLE_TAPES both, and the midnight between them.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from engine.run.ingest import ingest
from tests.support.shared import TAPES, needs_tapes
from tests.support.tapes import BTCUSDT, TARDIS_2023, Top, table, tops
from tests.support.vendor_files import BYBIT, HYPERLIQUID, OKX, contract

pytestmark = needs_tapes

DERIVED = TAPES / "derived"
MADE_UP = {OKX: "BTC-USDT-SWAP", HYPERLIQUID: "BTC"}  # the tape's sizes are Binance's
DAYS = ("04-04", "04-05") if os.environ.get("PERPMM_WHOLE_TAPES") else ("04-04",)
SHARE = 1.0 if len(DAYS) > 1 else 0.19
NO_TRADE = 28722.5  # the price of a print of the insurance fund, which Tardis has not
FORMS = {BYBIT: "bybit_like__*", OKX: "okx_like__*", HYPERLIQUID: "hyperliquid_like__*"}

type Tops = dict[int, Top | None]


def by_time(catalog: Path, instrument_id: str, clock: str) -> Tops:
    """The book behind the last message of each time."""
    return {row[clock]: top for row, top in tops(catalog, instrument_id)}


def of_days(paths: Sequence[Path]) -> list[Path]:
    days = [day for each in DAYS for day in (each, each.replace("-", ""))]
    return [path for path in paths if any(f"2023-{day}" in path.name or f"2023{day}" in path.name for day in days)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("vendors")
    theirs = [path for path in of_days(TARDIS_2023) if "ticker" not in path.name]
    ingest(theirs, instrument_id=BTCUSDT, catalog=root / BTCUSDT)
    for instrument_id, pattern in FORMS.items():
        terms = root / f"{instrument_id}.toml"
        if instrument_id in MADE_UP:
            terms.write_text(contract(instrument_id, MADE_UP[instrument_id]))
        paths = of_days(sorted(DERIVED.glob(pattern)))
        made_up = terms if terms.exists() else None
        ingest(paths, instrument_id=instrument_id, catalog=root / instrument_id, instrument_file=made_up)
    return root


@pytest.fixture(scope="module")
def tardis(root: Path) -> Tops:
    return by_time(root / BTCUSDT, BTCUSDT, "ts_event")


@pytest.mark.parametrize(
    ("instrument_id", "clock", "times"),
    [
        (BYBIT, "ts_init", 15_800),  # its cts is the matching time, and Tardis has the sending time
        (OKX, "ts_event", 15_800),
        (HYPERLIQUID, "ts_event", 980),
    ],
)
def test_the_best_bid_and_ask_are_those_of_tardis(
    root: Path, tardis: Tops, instrument_id: str, clock: str, times: int
) -> None:
    ours = by_time(root / instrument_id, instrument_id, clock)
    common = sorted(ours.keys() & tardis.keys())
    assert len(common) > times * SHARE
    assert [ours[at] for at in common] == [tardis[at] for at in common]


@pytest.mark.parametrize("instrument_id", [BYBIT, OKX])
def test_the_trades_are_those_of_tardis(root: Path, instrument_id: str) -> None:
    columns = ["ts_event", "price", "size", "aggressor_side"]
    ours = table(root / instrument_id, "trades", instrument_id).filter(pl.col("price") != NO_TRADE)
    theirs = table(root / BTCUSDT, "trades")
    assert len(ours) > 2_000
    assert ours.select(columns).equals(theirs.select(columns))


def test_what_a_catalog_holds_it_gives_back(root: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    ingest([root / BYBIT], instrument_id=BYBIT, catalog=again)
    for folder in ("order_book_deltas", "trades", "quotes"):
        assert table(again, folder, BYBIT).equals(table(root / BYBIT, folder, BYBIT))
