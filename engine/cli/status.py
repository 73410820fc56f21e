"""`perpmm status`: a screen that follows a run from another process, or one screen as text."""

from pathlib import Path
from typing import ClassVar

from rich.console import Console
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer, Static

from engine.cli import speak
from engine.cli.status_screen import WIDTH, screen
from engine.core.errors import JournalError
from engine.run.runs import run_folder
from engine.run.status import Follower

EVERY_S = 1.0


def show(run: str, runs: Path, *, watch: bool, as_json: bool) -> None:
    follower = Follower(run_folder(run, runs))
    if as_json:
        speak.json_object(follower.now() or {})
    elif watch:
        app = StatusApp(follower)
        app.run()
        if app.failure is not None:
            raise app.failure
    else:
        Console(width=max(WIDTH, Console().width), highlight=False).print(screen(follower.now()))


class StatusApp(App[None]):
    """Ends where the run can no longer be read; `failure` says why."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "quit", "Leave")]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, follower: Follower) -> None:
        super().__init__()
        self._follower = follower
        self.failure: JournalError | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(id="screen")
        yield Footer()

    def on_mount(self) -> None:
        self._refresh()
        self.set_interval(EVERY_S, self._refresh)

    def _refresh(self) -> None:
        try:
            shown = screen(self._follower.now())
        except JournalError as error:
            self.failure = error
            self.exit()
        else:
            self.query_one("#screen", Static).update(shown)
