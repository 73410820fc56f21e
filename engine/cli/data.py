"""`perpmm data ...`."""

import os
from pathlib import Path
from typing import Any

import msgspec

from data.synthetic import DEFAULT_SEED, make
from data.synthetic.contract import INVERSE
from data.synthetic.knobs import turned
from data.synthetic.settings import Settings
from engine.cli import show, speak
from engine.run.ingest import Ingested
from engine.run.ingest_each import ingest_each
from engine.run.sources import Terms

STAGES = {"ingest": "Reading the files", "write": "Writing the catalog", "synthetic": "Making the market"}
MINUTES = 15.0


def ingest_files(paths: list[Path], instruments: list[str], catalog: Path, terms: Terms, *, as_json: bool) -> None:
    """One contract is told as one object, several as a list of them."""
    made: list[Ingested] = []
    try:
        with show.progress(STAGES) as bar:
            each = ingest_each(
                paths,
                instruments,
                catalog,
                terms,
                progress=lambda stage, done, total: bar(stage, done / total if total else 1.0),
                workers=os.process_cpu_count() or 1,
            )
            made.extend(each)
    finally:
        for one in made:
            _tell(one, named=len(instruments) > 1, as_json=as_json)
        if as_json and made:
            told = [msgspec.to_builtins(one) for one in made]
            speak.json_object(told[0] if len(instruments) == 1 else {"ingested": told})


def _tell(made: Ingested, *, named: bool, as_json: bool) -> None:
    for warning in made.warnings:
        speak.note(f"note: {f'{made.instrument_id}: ' if named else ''}{warning}")
    if as_json:
        return
    rows: dict[str, Any] = {name.replace("_", " "): f"{count:,} rows" for name, count in made.rows_by_table.items()}
    speed = made.rows / made.seconds if made.seconds else 0.0
    rows |= {"read": f"{made.rows:,} rows", "in": f"{made.seconds:.2f} s", "at": f"{speed:,.0f} rows/s"}
    show.tables({f"{made.instrument_id} in {made.catalog}": rows})
    if made.unchanged:
        speak.line("All of it was there already: nothing was changed.")


def make_synthetic(  # noqa: PLR0913  one a question
    out: Path,
    size: tuple[int | None, float | None],
    form: str,
    changes: list[str],
    *,
    inverse: bool,
    truth: bool,
    as_json: bool,
) -> None:
    """`size`: seed and minutes."""
    seed, minutes = size
    wanted = turned(Settings(minutes=MINUTES if minutes is None else minutes), changes)
    if inverse:
        wanted = msgspec.structs.replace(wanted, contract=INVERSE)
    with show.progress(STAGES) as bar:
        made = make(
            seed=DEFAULT_SEED if seed is None else seed,
            out_dir=out,
            settings=wanted,
            form=form,
            truth=truth,
            progress=lambda share: bar("synthetic", share),
        )
    beside = [*made.truth, *([made.contract] if made.contract else [])]
    if as_json:
        files, told = ([str(path) for path in paths] for paths in (made.paths, beside))
        speak.json_object({"files": files, "truth": told, "instrument": made.instrument_id})
        return
    for path in (*made.paths, *beside):
        speak.line(str(path))
