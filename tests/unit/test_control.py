"""Words to a running run are heard in order, once each, and only what the strategy can do."""

from pathlib import Path

import pytest

from engine.core.errors import InputError, JournalError
from engine.core.events import Halted, ParametersChanged, Paused, Resumed
from engine.journal.manifest import Status
from engine.journal.writer import JournalWriter, create_run
from engine.run.control import Halt, Pause, Resume, Set, heard, say
from tests.support.builders import a_start
from tests.support.stories import a_story, manifest_of, parts

NOW = 5_000_000_000
STORY = a_story(1, 10)


def running(folder: Path) -> JournalWriter:
    return create_run(folder, manifest_of(parts(STORY)[1]), durable=True)


def test_heard_in_order_and_once(tmp_path: Path) -> None:
    with running(tmp_path) as writer:
        for word in (Pause("news"), Set({"bid_spread": "0.2"}), Resume("over"), Halt("enough", True)):
            say(writer.folder, word)
        stamps = {"ts_event": NOW, "ts_init": NOW}
        assert list(heard(writer.folder, NOW)) == [
            Paused(reason="news", **stamps),
            ParametersChanged(values={"bid_spread": "0.2"}, **stamps),
            Resumed(reason="over", **stamps),
            Halted(reason="enough", flatten=True, **stamps),
        ]
        assert list(heard(writer.folder, NOW)) == []
        writer.seal(Status.ENDED)


def test_a_word_is_kept_until_what_it_says_was_taken(tmp_path: Path) -> None:
    with running(tmp_path) as writer:
        say(writer.folder, Pause("news"))
        next(heard(writer.folder, NOW))  # and the process dies before it has fed it
        assert [type(event) for event in heard(writer.folder, NOW)] == [Paused]
        writer.seal(Status.ENDED)


@pytest.mark.parametrize("values", [{"leverage": "20"}, {"bid_spread": "-1"}, {"no_such": "1"}])
def test_what_cannot_be_changed_is_refused(tmp_path: Path, values: dict[str, str]) -> None:
    with running(tmp_path) as writer:
        writer.record(1, a_start(run=writer.run), ())
        with pytest.raises(InputError):
            say(writer.folder, Set(values))
        assert list(heard(writer.folder, NOW)) == []
        writer.seal(Status.ENDED)


def test_what_is_wrong_with_a_change_is_said_in_a_user_s_words(tmp_path: Path) -> None:
    with running(tmp_path) as writer:
        with pytest.raises(InputError) as refused:
            say(writer.folder, Set({"bid_spread": "-1", "order_amount": "much"}))
        assert [problem.field for problem in refused.value.problems] == ["strategy.bid_spread", "strategy.order_amount"]
        assert "must be greater than 0" in refused.value.problems[0].message
        assert "pydantic" not in str(refused.value)
        writer.seal(Status.ENDED)


def test_changes_must_fit_those_before_them(tmp_path: Path) -> None:
    with running(tmp_path) as writer:
        say(writer.folder, Set({"price_ceiling": "100"}))
        with pytest.raises(InputError, match="price_ceiling"):
            say(writer.folder, Set({"price_floor": "200"}))
        writer.seal(Status.ENDED)


def test_nobody_hears_who_does_not_run(tmp_path: Path) -> None:
    with running(tmp_path) as writer:
        writer.seal(Status.ENDED)
    with pytest.raises(JournalError, match="not running"):
        say(writer.folder, Pause("news"))
