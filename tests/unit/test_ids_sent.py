"""A run's ids as its journal tells them: while it is being written, where its end was lost, where it cannot be read."""

from pathlib import Path
from typing import cast

import msgspec
import pytest

from engine.core.commands import Submit
from engine.core.errors import JournalError
from engine.core.step import order_id
from engine.journal.reader import Journal
from engine.run.ids_sent import ids_sent
from tests.support.builders import a_tick
from tests.support.journals import toy_journal, toy_run


def test_each_is_told_once_also_those_that_came_since_and_those_that_were_lost(tmp_path: Path) -> None:
    with toy_journal(tmp_path, seconds=200) as writer:
        writer.flush()
        journal, fresh = Journal(writer.folder), ids_sent(writer.folder)
        orders = [cast(Submit, entry.value) for entry in journal.entries(types=["Submit"])]
        assert orders
        told = [*fresh()]
        assert told[: len(orders)] == [order.id for order in orders]
        lost = journal.high_watermark() + 3
        assert {order_id(journal.run_file.run, lost, n) for n in range(12)} <= set(told[len(orders) :])
        assert [*fresh()] == []
        another = msgspec.structs.replace(orders[-1], id="another")
        writer.record(journal.high_watermark() + 1, a_tick(200, "60000.0", "60000.1"), (another,))
        writer.flush()
        assert [*fresh()] == ["another"]


def test_what_cannot_be_read_says_how_everything_is_cancelled(tmp_path: Path) -> None:
    folder = toy_run(tmp_path, seconds=200)
    (folder / "journal.sqlite").write_bytes(b"no journal")
    fresh = ids_sent(folder)
    with pytest.raises(JournalError, match="perpmm halt RUN --all"):
        list(fresh())
