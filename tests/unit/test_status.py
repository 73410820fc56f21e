"""A run is followed while it is written; the screen says the same on a terminal as in text."""

from pathlib import Path

import pytest
from rich.console import Console

from engine.cli.main import main
from engine.cli.status import StatusApp
from engine.cli.status_screen import WIDTH, screen
from engine.journal.manifest import Status
from engine.journal.writer import create_run
from engine.run.inspect import inspect
from engine.run.status import Follower
from tests.support.stories import Story, a_story, manifest_of, parts, played, story_run

GOLDEN = Path(__file__).parent / "golden" / "status.txt"
STORY = a_story(3, 60)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut while a position is held and its exit rests."""
    return story_run(tmp_path_factory.mktemp("runs"), Story(STORY.config, STORY.tape[:45]), seal=False)


def text(folder: Path) -> str:
    console = Console(width=WIDTH, highlight=False)
    with console.capture() as capture:
        console.print(screen(Follower(folder).now()))
    return capture.get()


def test_screen_is_as_it_was(held: Path) -> None:
    shown = text(held)
    assert max(map(len, shown.splitlines())) <= WIDTH
    assert "".join(f"{line.rstrip()}\n" for line in shown.splitlines()) == GOLDEN.read_text()


def test_once_prints_the_screen(held: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(held), "--once"]) == 0
    assert capsys.readouterr().out.split() == text(held).split()


def test_followed_while_it_is_written(tmp_path: Path) -> None:
    seen = 0
    with create_run(tmp_path, manifest_of(parts(STORY)[1]), durable=True) as writer:
        follower = Follower(writer.folder)
        assert follower.now() is None

        def record(seq: int, event: object, outcomes: tuple[object, ...]) -> None:
            nonlocal seen
            writer.record(seq, event, outcomes)  # type: ignore[arg-type]
            if seq % 7 == 0:
                found, whole = follower.now(), inspect(writer.folder)
                assert found is not None
                assert whole.items() <= found.items()
                assert found["status"] == Status.RUNNING.value
                seen += 1

        played(STORY, record, writer.run)
        writer.seal(Status.ENDED)
    assert seen > 3
    assert (follower.now() or {})["status"] == Status.ENDED.value


async def test_terminal_shows_the_same(held: Path) -> None:
    app = StatusApp(Follower(held))
    async with app.run_test(size=(WIDTH, 60)) as pilot:
        await pilot.pause()
        lines = [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
        await pilot.press("q")
    shown = " ".join(lines).split()
    wanted = text(held).split()
    assert shown[: len(wanted)] == wanted
    assert app.return_code == 0


async def test_a_journal_that_is_damaged_meanwhile_ends_it_with_the_reason(tmp_path: Path) -> None:
    folder = story_run(tmp_path, Story(STORY.config, STORY.tape[:45]), seal=False)
    app = StatusApp(Follower(folder))
    database = folder / "journal.sqlite"
    database.write_bytes(database.read_bytes()[:100] + b"\xff" * (database.stat().st_size - 100))
    async with app.run_test() as pilot:
        await pilot.pause()
    assert "journal.sqlite" in str(app.failure)
