"""The journal holds what the strategy saw: market data between its ticks does not make it larger."""

from pathlib import Path

from engine.core.types import SECOND, Side
from engine.journal.manifest import Status
from engine.journal.reader import Journal
from engine.journal.writer import create_run
from engine.nautilus.backtest import MarketData, run_backtest
from tests.support.backtests import INSTANT
from tests.support.builders import START_NS, a_start
from tests.support.catalogs import Handmade
from tests.support.journals import a_manifest
from tests.support.scripted import Scripted, Told

SECONDS = 60


def market(updates_a_second: int) -> Handmade:
    made = Handmade().snapshot(0.05, {"100.0": "10"}, {"100.2": "10"})
    for n in range(1, SECONDS * updates_a_second):
        size = "10" if n % 2 else "11"
        made.levels(0.05 + n / updates_a_second, (Side.BUY, "100.0", size), (Side.SELL, "100.2", "10"))
    return made.levels(SECONDS + 0.5, (Side.BUY, "100.0", "10"), (Side.SELL, "100.2", "10"))


def journal_of(root: Path, updates_a_second: int) -> Path:
    catalog = market(updates_a_second).write(root / "catalog", quotes=False)
    told = Told(entries=[])
    with create_run(root / "runs", a_manifest()) as writer:
        session_of = told.session_of(Scripted({}))

        def journalled(send: object) -> object:
            session = session_of(send)  # type: ignore[arg-type]
            session._record = writer.record
            return session

        run_backtest(MarketData(catalog=catalog), INSTANT, a_start(), journalled)  # type: ignore[arg-type]
        writer.seal(Status.ENDED)
    return writer.folder


def test_ten_times_the_market_data_is_the_same_journal(tmp_path: Path) -> None:
    few, many = (journal_of(tmp_path / str(rate), rate) for rate in (2, 20))
    sizes = [(folder / "journal.sqlite").stat().st_size for folder in (few, many)]
    assert sizes[0] == sizes[1]
    ticks = [sum(1 for _ in Journal(folder).entries(types=["Tick"])) for folder in (few, many)]
    assert ticks == [SECONDS, SECONDS]
    assert next(Journal(few).entries(types=["Tick"])).ts_event == START_NS + SECOND
