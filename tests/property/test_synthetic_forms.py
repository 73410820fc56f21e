"""One tape in every vendor's form: whatever went wrong with it, all of them are ingested to the same events."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.quality.limits import Limits
from data.synthetic import INVERSE, Made, make
from data.synthetic.forms import FORMS
from data.synthetic.settings import Feed, Settings, Stress
from engine.run.check import check_catalog
from engine.run.ingest import ingest
from tests.support.tapes import table, tops

FULL = [form for form in FORMS if form != "hyperliquid"]
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

type Event = tuple[object, ...]


def made(root: Path, form: str, seed: int, wanted: Settings) -> Made:
    tape = make(seed=seed, out_dir=root / form, form=form, settings=wanted)
    assert tape.contract is not None
    ingest(
        tape.paths, instrument_id=tape.instrument_id, catalog=root / f"{form}.catalog", instrument_file=tape.contract
    )
    return tape


def books(catalog: Path, instrument_id: str) -> list[Event]:
    """Best bid and ask, price and size, wherever they change; where nobody knows them they are not counted."""
    seen: list[Event] = []
    for _, top in tops(catalog, instrument_id):
        if top is not None and (not seen or seen[-1] != tuple(top)):
            seen.append(tuple(top))
    return seen


def trades(catalog: Path, instrument_id: str) -> list[Event]:
    return table(catalog, "trades", instrument_id).select("price", "size", "aggressor_side").rows()


def depth(catalog: Path, instrument_id: str) -> dict[Event, Event]:
    """The whole book at the end."""
    book: dict[Event, Event] = {}
    for row in table(catalog, "order_book_deltas", instrument_id).iter_rows(named=True):
        match row["action"]:
            case "CLEAR":
                book.clear()
            case "ADD" | "UPDATE":
                book[row["side"], row["price"]] = (row["size"],)
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
    forms = [form for form in FULL if not (wild and form == "cryptolake")]
    ids = {form: made(root, form, seed, wanted).instrument_id for form in forms}
    first, *others = ((root / f"{form}.catalog", ids[form]) for form in forms)
    expected = books(*first), trades(*first), depth(*first)
    assert len(expected[0]) > 100
    for other in others:
        assert (books(*other), trades(*other), depth(*other)) == expected, other


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
