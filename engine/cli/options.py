"""Options that several commands take, worded once."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, for scripts.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Replace a value; repeatable.")
]
RunsFolder = Annotated[Path | None, typer.Option("--runs", help="Folder for the run's folder.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Write no page.")]
