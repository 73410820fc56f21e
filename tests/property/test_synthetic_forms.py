"""One tape in every vendor's form: whatever went wrong with it, all of them are ingested to the same events, as far as
`data.synthetic.forms` says that a form tells them."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import polars as pl
import pytest
from databento import DBNStore
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from data.quality.limits import Limits
from data.synthetic import make
from data.synthetic.contract import INVERSE
from data.synthetic.forms import FORMS, Told
from data.synthetic.settings import Feed, Settings, Stress
from data.synthetic.simulate import tapes
from engine.core.errors import DataError
from engine.run.check import check_catalog
from engine.run.ingest import ingest
from tests.support import forms
from tests.support.forms import Event
from tests.support.tapes import table
from tests.support.tapes import tops as tops_of_the_book

STRESS = Stress(
    jumps_per_hour=240,
    cascades_per_hour=360,
    thin_per_hour=120,
    thin_s=4,
    one_sided_per_hour=120,
    one_sided_s=2,
    funding_flip_s=10,
)
FEED = Feed(outages_per_hour=240, outage_s=3, snapshot_late_s=0.5, duplicate_share=0.05)
RICH = 5  # a seed with something of everything
WILD = Settings(minutes=0.3, stress=STRESS, feed=FEED)


@settings(
    max_examples=2, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), inverse=st.booleans())
@example(seed=RICH, inverse=True)
def test_all_forms_of_a_tape_are_the_same_events(
    tmp_path_factory: pytest.TempPathFactory, seed: int, inverse: bool
) -> None:
    root, market = tmp_path_factory.mktemp("forms"), list(tapes(WILD, seed=seed))
    first = forms.ingested(root, "tardis", seed, WILD, market, inverse=inverse)
    tops, rest, said = forms.tops(first), forms.depth(first), {what: look(first) for what, look in forms.LOOKS.items()}
    assert seed != RICH or (len(tops) > 100 and all(said.values()) and forms.paid(said[Told.FUNDING]))
    for name, form in FORMS.items():
        if inverse and form.inverse is None:
            continue
        found = forms.ingested(root, name, seed, WILD, market, inverse=inverse)
        if told := form.told & {Told.BOOK, Told.LEVELS, Told.TOP}:
            untold = [n for n, what in enumerate((Told.MADE, Told.RECEIVED)) if what not in form.told]
            assert _without(untold, forms.tops(found)) == _without(untold, tops), (name, told)
        assert Told.BOOK not in form.told or forms.depth(found) == rest, name
        if Told.SAMPLES in form.told:
            clock = 1 if Told.RECEIVED in form.told else 0
            assert all(each[2:] == _last_before(tops, each[clock], clock)[2:] for each in forms.tops(found)), name
        for what in form.told & said.keys():
            untold = [1] if what in (Told.TRADES, Told.LIQUIDATIONS) and Told.RECEIVED not in form.told else []
            assert _without(untold, forms.LOOKS[what](found)) == _without(untold, said[what]), (name, what)
        if Told.MINUTES in form.told:
            for what in (Told.MARK, Told.INDEX):
                assert all(value == _last_before(said[what], ms + 1)[1] for ms, value in forms.LOOKS[what](found)), name
        assert Told.PAID not in form.told or forms.funding(found) == forms.paid(said[Told.FUNDING]), name


def _without(columns: Sequence[int], events: list[Event]) -> list[Event]:
    return [tuple(cell for n, cell in enumerate(event) if n not in columns) for event in events]


def _last_before(events: list[Event], at: int, clock: int = 0) -> Event:
    """What was said last before a time; at first, what was said first."""
    before = bisect_left(events, at, key=lambda event: event[clock])
    return events[max(before - 1, 0)]


def test_the_page_says_what_each_form_tells() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text().partition("| form | book |")[2]
    head, _, *rows = (line.strip("|").split("|") for line in page.partition("\n\n")[0].splitlines())
    words = {
        "whole": "BOOK",
        "levels": "LEVELS",
        "touch": "TOP",
        "samples": "SAMPLES",
        "each": "TRADES",
        "joined": "DEALS",
    }
    told = {
        name.strip(" `"): {
            Told[words.get(cell.strip(), column.strip().upper())]
            for column, cell in zip(("book", *head), cells[:-1], strict=False)
            if cell.strip()
        }
        for name, *cells in rows
    }
    assert told == {name: form.told for name, form in FORMS.items()}


def test_the_quotes_of_a_tape_are_its_books(tmp_path: Path) -> None:
    told = forms.ingested(tmp_path, "binance", 5, WILD, list(tapes(WILD, seed=5)))
    known = [top for _, top in tops_of_the_book(told.catalog, told.instrument_id) if top is not None]
    seen = [(float(top.bid), int(top.bid_size * 1000), float(top.ask), int(top.ask_size * 1000)) for top in known]
    assert [each for each, _ in groupby(seen)] == [each[2:] for each in forms.tops(told)]


def test_a_form_without_an_inverse_contract_refuses_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="inverse"):
        make(seed=3, out_dir=tmp_path, form="hyperliquid", settings=Settings(minutes=0.1, contract=INVERSE))


def test_an_inverse_contract_is_in_contracts(tmp_path: Path) -> None:
    tape = make(seed=3, out_dir=tmp_path / "t", settings=Settings(minutes=0.2, contract=INVERSE))
    ingest(tape.paths, instrument_id=tape.instrument_id, catalog=tmp_path / "c", instrument_file=tape.contract)
    sizes = table(tmp_path / "c", "trades", tape.instrument_id)["size"]
    assert all(size == int(size) >= 1 for size in sizes)


def test_what_went_wrong_on_purpose_is_found(tmp_path: Path) -> None:
    feed = Feed(outages_per_hour=60, outage_s=20, clock_steps_per_hour=60, clock_step_ms=900)
    tape = make(seed=11, out_dir=tmp_path / "t", form="binance", settings=Settings(minutes=3, feed=feed))
    ingest(tape.paths, instrument_id=tape.instrument_id, catalog=tmp_path / "c", instrument_file=tape.contract)
    found = check_catalog(tmp_path / "c", None, Limits())["BTCUSDT-PERP.BINANCE"]
    told = pl.read_json(tmp_path / "t" / "truth" / "truth.json")["faults"].explode().to_list()
    outages = [fault for fault in told if fault["what"] == "outage"]
    assert outages
    assert found.tally.breaks + found.tally.outages >= len(outages) > 0
    assert found.tally.lost_ns > 0


@pytest.mark.parametrize(
    ("form", "levels"),
    [
        ("databento", 0),
        ("databento-mbp-10", 10),
        ("databento-mbp-1", 1),
        ("databento-tbbo", 1),
        ("databento-trades", 0),
    ],
)
def test_databento_reads_what_is_in_its_form(tmp_path: Path, form: str, levels: int) -> None:
    tape = make(seed=9, out_dir=tmp_path, form=form, settings=Settings(minutes=0.1))
    assert sum("definition" in path.name for path in tape.paths) == 1
    files = [path for path in tape.paths if "definition" not in path.name]
    records = [each for path in files for each in DBNStore.from_bytes(path.read_bytes()).to_ndarray()]
    truth = pl.read_parquet(tmp_path / "truth" / "orders.parquet")
    assert sum(int(each["size"]) for each in records if each["action"] == b"T") == truth["filled_lots"].sum() > 0
    assert sum(name.startswith("bid_px") for name in records[0].dtype.names) == levels
