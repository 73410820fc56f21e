"""`perpmm init`."""

from pathlib import Path

import engine
from engine.cli import speak
from engine.config.read import found
from engine.config.template import run_file
from engine.config.tree import Data
from engine.core.errors import ConfigError, Problem
from engine.journal.atomic import write_atomically

SAMPLE: Path = Data().catalog


def write(file: Path, *, force: bool, as_json: bool) -> None:
    catalog = _sample_from(file)
    text = run_file({"data.catalog": str(catalog)})
    if file.exists() and not file.is_file():
        raise ConfigError(Problem(str(file), "is there already and is no file"))
    if file.exists() and not force:
        raise ConfigError(Problem(str(file), "is there already; --force replaces it"))
    write_atomically(file, text.encode())
    if not found(catalog, beside=file).is_dir():
        speak.note(f"The sample that it names is not there yet: `make backtest` makes it ({catalog}).")
    if as_json:
        speak.json_object({"file": str(file), "catalog": str(catalog)})
    else:
        speak.line(f"Wrote {file}. Run it:  perpmm backtest {file}")


def _sample_from(file: Path) -> Path:
    """The sample as a run file at that place can name it: as it stands in a clone, or by its full path elsewhere."""
    in_clone = Path(engine.__file__).parents[1] / SAMPLE
    return SAMPLE if in_clone == found(SAMPLE, beside=file) else in_clone
