"""`perpmm data ...`."""

from pathlib import Path
from typing import Any

import msgspec

from data.synthetic import DEFAULT_SEED, generate
from engine.cli import show, speak
from engine.run.ingest import ingest

STAGES = {"ingest": "Writing the catalog", "synthetic": "Making the market"}
MINUTES = 15.0


def ingest_files(
    paths: list[Path], instrument: str, catalog: Path, about: tuple[Path | None, Path | None], *, as_json: bool
) -> None:
    with show.progress(STAGES) as bar:
        made = ingest(
            paths,
            instrument_id=instrument,
            catalog=catalog,
            instrument_file=about[0],
            exchange_info=about[1],
            progress=lambda stage, done, total: bar(stage, done / total if total else 1.0),
        )
    for warning in made.warnings:
        speak.note(f"note: {warning}")
    if as_json:
        speak.json_object(msgspec.to_builtins(made))
        return
    rows: dict[str, Any] = {name.replace("_", " "): f"{count:,} rows" for name, count in made.rows_by_table.items()}
    speed = made.rows / made.seconds if made.seconds else 0.0
    rows |= {"all": f"{made.rows:,} rows", "in": f"{made.seconds:.2f} s", "at": f"{speed:,.0f} rows/s"}
    show.tables({f"{made.instrument_id} in {made.catalog}": rows})
    if made.unchanged:
        speak.line("All of it was there already: nothing was changed.")


def make_synthetic(out: Path, seed: int | None, minutes: float | None, *, as_json: bool) -> None:
    with show.progress(STAGES) as bar:
        paths = generate(
            seed=DEFAULT_SEED if seed is None else seed,
            out_dir=out,
            minutes=MINUTES if minutes is None else minutes,
            progress=lambda share: bar("synthetic", share),
        )
    if as_json:
        speak.json_object({"files": [str(path) for path in paths]})
    else:
        for path in paths:
            speak.line(str(path))
