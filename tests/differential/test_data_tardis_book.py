"""One recording in two vendors' forms: the same market."""

from pathlib import Path

import pytest

from engine.run.ingest import Ingested, ingest
from tests.support.shared import needs_tapes
from tests.support.tapes import BTCUSDT, TAPE_2023, TARDIS_2023, table, tops

pytestmark = needs_tapes

type Catalogs = tuple[Path, Path, dict[str, Ingested]]  # raw, Tardis, results


@pytest.fixture(scope="module")
def catalogs(tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    root = tmp_path_factory.mktemp("forms")
    forms = {"raw": TAPE_2023, "tardis": TARDIS_2023}
    made = {name: ingest(paths, instrument_id=BTCUSDT, catalog=root / name) for name, paths in forms.items()}
    return root / "raw", root / "tardis", made


def test_the_book_is_the_same_at_every_common_time(catalogs: Catalogs) -> None:
    raw, tardis, _ = catalogs
    ours, theirs = ({row["ts_init"]: top for row, top in tops(catalog)} for catalog in (raw, tardis))
    common = ours.keys() & theirs.keys()
    assert len(common) > 16_000
    assert [ours[at] for at in sorted(common)] == [theirs[at] for at in sorted(common)]


def test_both_forms_give_one_clock(catalogs: Catalogs) -> None:
    _, _, made = catalogs
    assert made["raw"].clock.applied_ns == made["tardis"].clock.applied_ns


@pytest.mark.parametrize("folder", ["trades", "mark_prices", "index_prices"])
def test_the_other_tables_are_the_same(catalogs: Catalogs, folder: str) -> None:
    raw, tardis, _ = catalogs
    assert table(raw, folder).equals(table(tardis, folder))


def test_the_funding_is_the_same(catalogs: Catalogs) -> None:
    raw, tardis, _ = catalogs
    assert table(raw, "funding_rates").equals(table(tardis, "funding_rates"))
