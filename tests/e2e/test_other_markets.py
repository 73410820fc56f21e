"""OKX and Hyperliquid through NautilusTrader's own adapters, at markets on loopback: recorded, and traded on paper."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest

from data import manifest as manifests
from data import store
from data.quality.catalogued import pieces_of
from data.quality.limits import Limits
from data.schema import F_LAST, F_SNAPSHOT, Piece, Table
from engine.cli.main import main
from engine.core.types import Instrument, Side
from engine.run.check import check_catalog
from engine.run.moments import Walk
from tests.support.cli import command, environment, run_file
from tests.support.hyperliquid_market import HyperliquidMarket
from tests.support.okx_market import OkxMarket
from tests.support.public_market import Levels, PublicMarket, played
from tests.support.waiting import until

MS = 1_000_000
CUT_STEPS = 20
HOUR_NS = 3_600 * 10**9


class Venue(NamedTuple):
    """`multiplier`: what one of its sizes is of a bitcoin. `counted`: a message of the book that is lost is missed."""

    name: str
    symbol: str
    instrument: str
    pair: str
    market: type[PublicMarket]
    multiplier: str
    maker_fee: str
    funded_each_ns: int
    counted: bool


OKX = Venue(
    "okx", "BTC-USDT-SWAP", "BTC-USDT-SWAP.OKX", "BTC-USDT", OkxMarket, "0.01", "0.0002", 8 * HOUR_NS, counted=True
)
HYPERLIQUID = Venue(
    "hyperliquid",
    "BTC",
    "BTC-USD-PERP.HYPERLIQUID",
    "BTC-USD",
    HyperliquidMarket,
    "1",
    "0.00015",
    HOUR_NS,
    counted=False,
)
each_venue = pytest.mark.parametrize("venue", [OKX, HYPERLIQUID], ids=lambda venue: venue.name)


@each_venue
def test_a_recording_is_what_the_market_said_and_its_gaps_are_marked(tmp_path: Path, venue: Venue) -> None:
    catalog = tmp_path / "c"
    with played(venue.market()) as (market, there):
        line = command("data", "record", venue.name, venue.symbol, "--catalog", catalog, "--json")
        line += ["--rest", market.rest, "--ws", market.ws]

        def size() -> int:
            return sum(path.stat().st_size for path in tmp_path.glob(".c.stream/**/trades*.feather*"))

        def played_on(steps: int) -> None:
            end = market.steps + steps
            until(lambda: market.steps > end)

        def again() -> None:
            until(lambda: market.topics == topics)
            played_on(3)

        with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, text=True) as recorder:
            until(lambda: size() > 0)
            topics = market.topics
            if venue.counted:
                market.losing = True
                played_on(3)
                market.losing = False
                until(lambda: any("unsubscribe" in text for text in market.asked))
                again()
            there(market.cut())
            again()
            market.away = True
            there(market.cut())
            cut_ms = time.time_ns() // MS
            played_on(CUT_STEPS)
            back_ms, before = time.time_ns() // MS, size()
            market.away = False
            until(lambda: size() > before)
            recorder.send_signal(signal.SIGINT)
            out, _ = recorder.communicate()
    assert recorder.returncode == 128 + signal.SIGINT
    assert json.loads(out)["instrument"] == venue.instrument
    held = store.contents(catalog, venue.instrument)
    gaps = store.gaps(catalog, held, held.start_ns, held.end_ns)
    assert len(gaps) >= 2 + venue.counted
    found = check_catalog(catalog, None, Limits())[venue.instrument]
    assert found.tally.breaks >= 1
    assert found.tally.crossed == 0
    books = [*books_of(*recorded(catalog, venue, Table.BOOK))]
    unknown = [(last, first) for (last, book), (first, _) in pairwise(books) if book is None]
    assert any(last <= cut_ms and first >= back_ms for last, first in unknown)
    assert same_books(dict(books), market) > 10
    assert_same_trades(catalog, venue, market)
    assert_funded(catalog, venue)


@each_venue
def test_a_paper_run_trades_in_the_venue_s_units(tmp_path: Path, venue: Venue) -> None:
    with played(venue.market()) as (market, _):
        changes = {
            "BTCUSDT-PERP.BINANCE": venue.instrument,
            'name = "BINANCE"': f'name = "{venue.name.upper()}"\nrest = "{market.rest}"\nws = "{market.ws}"',
            "BTC-USDT": venue.pair,
            "bid_spread = 0.03": "bid_spread = 0.0003",
            "ask_spread = 0.03": "ask_spread = 0.0003",
        }
        file = run_file(tmp_path, *changes.items(), catalog=tmp_path / "none")
        words = command("paper", file, "--runs", tmp_path / "runs", "--no-report")
        with subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True) as run:
            assert run.stderr is not None
            before = [*takewhile(lambda line: " filled " not in line, run.stderr)]
            run.send_signal(signal.SIGINT)
            run.communicate()
    assert run.returncode == 128 + signal.SIGINT
    assert any("0.01 BTC each" in line for line in before) == (venue.multiplier == "0.01")
    (folder,) = (tmp_path / "runs").iterdir()
    walk = Walk(folder)
    assert walk.last().after.orders == ()
    fills = [entry.value for entry in walk.journal.entries(types=["OrderFilled"])]
    assert any(fill.maker for fill in fills)
    for fill in fills:
        worth = fill.size * Decimal(venue.multiplier) * fill.price
        assert not fill.maker or fill.fee == (worth * Decimal(venue.maker_fee)).quantize(Decimal("1e-8"))
    assert main(["replay", str(folder)]) == 0


def recorded(catalog: Path, venue: Venue, table: Table) -> tuple[Instrument, Iterator[Piece]]:
    manifest = manifests.load(catalog)
    (ingest,) = manifest.ingests
    instrument = manifest.instruments[venue.instrument]
    assert instrument.multiplier == Decimal(venue.multiplier)
    return instrument, (p for p in pieces_of(catalog, ingest.tables, instrument) if p.table is table)


def same_books(books: dict[int, dict[Side, Levels] | None], market: PublicMarket) -> int:
    """How many messages there were after which the recorded book was compared with that of the market."""
    times, compared = np.array([*books]), 0
    for at, shown in market.shown.items():
        n = int(np.searchsorted(times, at, side="right")) - 1
        book = books[int(times[n])] if n >= 0 else None
        if book is None or at > times[-1]:
            continue
        for side, levels in shown.items():
            worst = min(levels, key=lambda price: side * price)  # beyond it nothing is told
            assert {price: size for price, size in book[side].items() if side * price >= side * worst} == levels
        compared += 1
    return compared


def books_of(instrument: Instrument, pieces: Iterator[Piece]) -> Iterator[tuple[int, dict[Side, Levels] | None]]:
    """The book after each message, by the venue's milliseconds; None where it is unknown."""
    book: dict[Side, Levels] | None = None
    for row in (row for piece in pieces for row in piece.rows.to_pylist()):
        if row["side"] == 0:
            book = {side: {} for side in Side} if row["flags"] & F_SNAPSHOT else None
        elif book is not None:
            levels = book[Side(row["side"])]
            levels.pop(row["price"] * instrument.tick, None)
            levels |= {row["price"] * instrument.tick: row["size"] * instrument.step} if row["size"] else {}
        if row["flags"] & F_LAST:
            yield round(row["ts_event"] / MS), book and {side: dict(levels) for side, levels in book.items()}


def assert_same_trades(catalog: Path, venue: Venue, market: PublicMarket) -> None:
    instrument, pieces = recorded(catalog, venue, Table.TRADES)
    rows = [row for piece in pieces for row in piece.rows.to_pylist()]
    found = [(int(r["id"]), Side(r["side"]), r["price"] * instrument.tick, r["size"] * instrument.step) for r in rows]
    assert found == market.trades[: len(found)]


def assert_funded(catalog: Path, venue: Venue) -> None:
    (file,) = (catalog / "data/funding_rates").rglob("*.parquet")
    row: dict[str, Any] = pq.read_table(file).to_pylist()[0]
    due = pq.read_table(file)["next_funding_ns"].cast("int64")[0].as_py()
    assert due % venue.funded_each_ns == 0
    assert row["rate"]
