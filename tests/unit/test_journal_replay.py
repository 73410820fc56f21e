"""A journal replayed through the same step gives the same outcomes; another strategy is found out."""

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.commands import Wish
from engine.core.events import AnyEvent
from engine.core.risk import Limits
from engine.core.state import State
from engine.journal.replay import replay
from engine.journal.verify import damages
from tests.support.journals import LIMITS, Toy, toy_journal, toy_run


class Shy(Toy):
    """Does nothing after the fifth minute."""

    def decide(self, state: State[None], event: AnyEvent) -> tuple[None, tuple[Wish, ...]]:
        own, wishes = super().decide(state, event)
        return own, () if state.seq > 400 else wishes


def test_replay_is_identical(tmp_path: Path) -> None:
    again = replay(toy_run(tmp_path), Toy(), LIMITS)
    assert again.divergence is None
    assert again.outcomes > 100


def test_replay_finds_the_first_difference(tmp_path: Path) -> None:
    divergence = replay(toy_run(tmp_path), Shy(), LIMITS).divergence
    assert divergence is not None
    assert divergence.event_seq > 400
    assert divergence.expected is not None
    assert divergence.got is None


def test_replay_with_other_limits_diverges(tmp_path: Path) -> None:
    narrow = Limits(max_position=Decimal("0.001"))
    divergence = replay(toy_run(tmp_path), Toy(), narrow).divergence
    assert divergence is not None
    assert '"Refused"' in str(divergence.got)


def test_whole_run_has_no_damage(tmp_path: Path) -> None:
    assert damages(toy_run(tmp_path)) == []


@pytest.mark.parametrize("column", ["payload", "ts_event", "type", "kind"])
def test_changed_entry_of_an_unsealed_run_is_found(tmp_path: Path, column: str) -> None:
    with toy_journal(tmp_path) as writer:
        pass
    value = {"payload": b"{}", "ts_event": 1, "type": "Submit", "kind": "refusal"}[column]
    with sqlite3.connect(writer.path) as db:
        db.execute(f"update entry set {column} = ? where seq = 50", (value,))
    db.close()
    assert damages(writer.folder) == ["entry 50 is not what was written"]


def test_missing_entry_is_found(tmp_path: Path) -> None:
    with toy_journal(tmp_path) as writer:
        pass
    with sqlite3.connect(writer.path) as db:
        db.execute("delete from entry where seq = 50")
    db.close()
    assert damages(writer.folder) == ["entry 51 follows 49"]


@pytest.mark.parametrize("part", range(0, 100, 9))
def test_any_flipped_bit_of_a_sealed_file_is_found(tmp_path: Path, part: int) -> None:
    path = toy_run(tmp_path, seconds=60) / "journal.sqlite"
    content = bytearray(path.read_bytes())
    content[len(content) * part // 100 + part] ^= 1 << (part % 8)
    path.write_bytes(content)
    assert damages(path.parent)


def test_lost_journal_is_damage(tmp_path: Path) -> None:
    folder = toy_run(tmp_path, seconds=60)
    (folder / "journal.sqlite").unlink()
    assert "cannot be read" in damages(folder)[0]
