"""One tape in every vendor's form: whatever went wrong with it, all of them are ingested to the same events."""

from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from databento import DBNStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.quality.limits import Limits
from data.synthetic import Made, make
from data.synthetic.contract import INVERSE
from data.synthetic.forms import FORMS
from data.synthetic.settings import Feed, Settings, Stress
from engine.run.check import check_catalog
from engine.run.ingest import ingest
from tests.support.tapes import table, tops

# What some forms cannot say: the whole book, all below the touch, a print of its own, a second snapshot.
WINDOWS = ("databento-mbp-10", "tardis-snapshot-25", "tardis-snapshot-5", "cryptolake-book")
TOUCH = ("tardis-quotes", "binance-vision", "binance-vision-old")
AGGREGATED = ("binance-vision-old",)
ONE_SNAPSHOT = ("cryptolake", "hftbacktest")  # a later one says nothing, or nothing below its last level
UNTIMED = ("databento",)  # when the venue made a snapshot
HALF_SECONDS = ("hyperliquid",)
# Those that say mark prices, index prices and the coming funding.
PRICED = ("tardis", "tardis-snapshot-25", "tardis-snapshot-5", "tardis-quotes", "binance", "binance-us", "nautilus")
STRESS = Stress(
    jumps_per_hour=240,
    cascades_per_hour=120,
    thin_per_hour=120,
    thin_s=4,
    one_sided_per_hour=120,
    one_sided_s=2,
    funding_flip_s=10,
)
FEED = Feed(outages_per_hour=240, outage_s=3, snapshot_late_s=0.5, duplicate_share=0.05)

type Event = tuple[Any, ...]


def made(root: Path, form: str, seed: int, wanted: Settings) -> Made:
    tape = make(seed=seed, out_dir=root / form, form=form, settings=wanted)
    assert tape.contract is not None
    ingest(
        tape.paths, instrument_id=tape.instrument_id, catalog=root / f"{form}.catalog", instrument_file=tape.contract
    )
    return tape


class Told(NamedTuple):
    """What a form was ingested to; sizes are counted in lots of `lot`."""

    catalog: Path
    instrument_id: str
    lot: Decimal


def ingested(root: Path, form: str, seed: int, wanted: Settings) -> Told:
    tape = made(root, form, seed, wanted)
    return Told(root / f"{form}.catalog", tape.instrument_id, Decimal(1 if FORMS[form].whole else "0.001"))


def books(told: Told) -> list[Event]:
    """Best bid and ask, price and size, wherever they change; where nobody knows them they are not counted."""
    seen: list[Event] = []
    for row, top in tops(told.catalog, told.instrument_id):
        if top is not None:
            seen.append((*_at(row), top.bid, top.bid_size / told.lot, top.ask, top.ask_size / told.lot))
    return _changes(seen)


def quotes(told: Told) -> list[Event]:
    """The same of what the catalog holds as quotes."""
    names = ("bid_price", "bid_size", "ask_price", "ask_size")
    rows = table(told.catalog, "quotes", told.instrument_id).filter(pl.col("bid_size") > 0, pl.col("ask_size") > 0)
    return _changes(
        [
            (*_at(row), *(row[name] / (told.lot if "size" in name else 1) for name in names))
            for row in rows.iter_rows(named=True)
        ]
    )


def _changes(seen: list[Event]) -> list[Event]:
    return [each for before, each in pairwise([(None,), *seen]) if before[1:] != each[1:]]


def _at(row: dict[str, Any]) -> Event:
    """In milliseconds: some vendors tell no less."""
    return (int(row["ts_event"].timestamp() * 1000),)


def trades(told: Told) -> list[Event]:
    rows = table(told.catalog, "trades", told.instrument_id).iter_rows(named=True)
    return [(*_at(row), row["price"], row["size"] / told.lot, row["aggressor_side"]) for row in rows]


def aggregated(deals: list[Event]) -> list[Event]:
    """Those of one side at one price in one millisecond as one."""
    runs = groupby(deals, key=lambda deal: (deal[0], deal[1], deal[3]))
    return [(at, price, sum(deal[2] for deal in run), side) for (at, price, side), run in runs]


def prices(told: Told) -> list[list[Event]]:
    """Mark prices, index prices, and what the coming funding is, wherever it changes."""
    marks = [
        table(told.catalog, each, told.instrument_id)["value"].to_list() for each in ("mark_prices", "index_prices")
    ]
    funding = table(told.catalog, "funding_rates", told.instrument_id).iter_rows(named=True)
    return [*marks, [each for each, _ in groupby((Decimal(row["rate"]), row["next_funding_ns"]) for row in funding)]]


def depth(told: Told) -> dict[Event, Decimal]:
    """The whole book at the end."""
    book: dict[Event, Decimal] = {}
    for row in table(told.catalog, "order_book_deltas", told.instrument_id).iter_rows(named=True):
        match row["action"]:
            case "CLEAR":
                book.clear()
            case "ADD" | "UPDATE":
                book[row["side"], row["price"]] = row["size"] / told.lot
            case _:
                book.pop((row["side"], row["price"]), None)
    return book


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), wild=st.booleans())
def test_all_forms_of_a_tape_are_the_same_events(
    tmp_path_factory: pytest.TempPathFactory, seed: int, wild: bool
) -> None:
    root = tmp_path_factory.mktemp("forms")
    wanted = Settings(minutes=0.4, stress=STRESS, feed=FEED) if wild else Settings(minutes=0.2)
    unsaid = (*HALF_SECONDS, *(ONE_SNAPSHOT if wild else ()))
    told = {form: ingested(root, form, seed, wanted) for form in FORMS if form not in unsaid}
    first = told["tardis"]
    top, deals, rest, priced = books(first), trades(first), depth(first), prices(first)
    assert len(top) > 100
    assert quotes(first) == top
    for form, other in told.items():
        seen = (quotes if form in TOUCH else books)(other)
        assert [each[form in UNTIMED :] for each in seen] == [each[form in UNTIMED :] for each in top], form
        joined = aggregated if form in AGGREGATED else list
        assert joined(trades(other)) == joined(deals), form
        assert form in (*TOUCH, *WINDOWS) or depth(other) == rest, form
        assert form not in PRICED or prices(other) == priced, form


def test_a_window_of_the_book_shows_its_top(tmp_path: Path) -> None:
    tape = made(tmp_path, "hyperliquid", 5, Settings(minutes=0.3))
    made(tmp_path, "okx", 5, Settings(minutes=0.3))
    at = {row["ts_event"]: top for row, top in tops(tmp_path / "okx.catalog", "BTC-USDT-SWAP.OKX")}
    seen = [(row["ts_event"], top) for row, top in tops(tmp_path / "hyperliquid.catalog", tape.instrument_id)]
    times = sorted(at)
    for when, top in seen:
        before = [time for time in times if time < when]
        assert not before or at[before[-1]] == top or at.get(when) == top
    assert len(seen) > 20


def test_an_inverse_contract_is_in_contracts(tmp_path: Path) -> None:
    tape = made(tmp_path, "tardis", 3, Settings(minutes=0.2, contract=INVERSE))
    sizes = table(tmp_path / "tardis.catalog", "trades", tape.instrument_id)["size"]
    assert all(size == int(size) >= 1 for size in sizes)


def test_what_went_wrong_on_purpose_is_found(tmp_path: Path) -> None:
    feed = Feed(outages_per_hour=60, outage_s=20, clock_steps_per_hour=60, clock_step_ms=900)
    made(tmp_path, "binance", 11, Settings(minutes=3, feed=feed))
    found = check_catalog(tmp_path / "binance.catalog", None, Limits())["BTCUSDT-PERP.BINANCE"]
    told = pl.read_json(tmp_path / "binance" / "truth" / "truth.json")["faults"].explode().to_list()
    outages = [fault for fault in told if fault["what"] == "outage"]
    assert outages
    assert found.tally.breaks + found.tally.outages >= len(outages) > 0
    assert found.tally.lost_ns > 0


def test_databento_reads_what_is_in_its_form(tmp_path: Path) -> None:
    for form, wide in (("databento", False), ("databento-mbp-10", True)):
        tape = make(seed=9, out_dir=tmp_path / form, form=form, settings=Settings(minutes=0.1))
        records = [each for path in tape.paths for each in DBNStore.from_bytes(path.read_bytes()).to_ndarray()]
        truth = pl.read_parquet(tmp_path / form / "truth" / "orders.parquet")
        assert sum(int(each["size"]) for each in records if each["action"] == b"T") == truth["filled_lots"].sum() > 0
        assert ("bid_px_09" in records[0].dtype.names) == wide
