"""The data that the measures share, made once in a folder that goes away: tapes of any length, and their catalogs."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.measure import ROOT, note, our_python, run
from tests.support.shared import TAPES

PERPMM = our_python("engine.cli")
REAL = TAPES / "binance-usdm" / "usdm__btcusdt_20240808.gz"
INSTRUMENT = "BTCUSDT-PERP.BINANCE"
COPIES = 12  # of the real tape: 5.7 million rows
SYNTHETIC_MINUTES = 25  # as long as this has about as many rows as the real tape
REFRESH_S = 30


class Tape(NamedTuple):
    """`rows` are level updates and trades, the same number for whoever reads it."""

    folder: Path
    rows: int

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(sorted(self.folder.glob("*.gz")))


class Workbench(NamedTuple):
    folder: Path

    @property
    def source(self) -> str:
        return "the 2024 tape" if REAL.is_file() else "a synthetic market, since ../shared/tapes is missing"

    def tape(self, copies: int) -> Tape:
        folder = self.folder / f"tape-{copies}"
        if not folder.is_dir():
            folder.mkdir()
            note(f"  making a tape: {self.source}, {copies} times as long")
            (_repeat if REAL.is_file() else _synthesise)(copies, folder)
        return Tape(folder, int((folder / "rows").read_text()))

    def tardis(self, copies: int) -> Tape:
        """The 2023 tape in Tardis's form, or a synthetic one in it."""
        folder = self.folder / f"tardis-{copies}"
        if not folder.is_dir():
            folder.mkdir()
            note(f"  making a tape in Tardis's form, {copies} times as long")
            derived = TAPES / "derived"
            if derived.is_dir():
                run(*our_python("tests.bench.tardis_tape", derived, str(copies), folder))
            else:
                _synthesise(copies, folder)
        return Tape(folder, int((folder / "rows").read_text()))

    def catalog(self, copies: int) -> Path:
        catalog = self.folder / f"catalog-{copies}"
        if not catalog.is_dir():
            tape = self.tape(copies)
            note(f"  ingesting {tape.rows:,} rows")
            run(*PERPMM, "data", "ingest", *tape.paths, "--instrument", INSTRUMENT, "--catalog", catalog, "--json")
        return catalog

    @contextmanager
    def venue(self, accounts: int) -> Iterator[tuple[Path, ...]]:
        """A venue on loopback, fed by the tape at five times its pace: quotes at the touch are filled every second or
        so. Yields a file an account, which says where it is and what opens it."""
        places = tuple(self.folder / f"venue-{n}.json" for n in range(accounts))
        options = ("--loop", "--speed", "5", "--accounts", str(accounts))
        words = [str(word) for word in (*PERPMM, "venue-sim", self.catalog(1), *options)]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as serving:
            assert serving.stdout is not None
            said = json.loads(serving.stdout.readline())
            for place, account in zip(places, [said, *said.get("accounts", [])], strict=True):
                place.write_text(json.dumps(said | account))
            try:
                yield places
            finally:
                serving.terminate()

    @property
    def run_file(self) -> Path:
        path = self.folder / "bench.toml"
        if not path.is_file():
            run(*PERPMM, "init", path, "--json")
        return path

    def backtest(self, copies: int) -> tuple[str | Path, ...]:
        """The command as a user types it, journal on. Its runs go with the folder."""
        sets = (f"data.catalog={self.catalog(copies)}", f"strategy.order_refresh_time={REFRESH_S}")
        options = (word for value in sets for word in ("--set", value))
        return (*PERPMM, "backtest", self.run_file, *options, "--runs", self.folder / "runs", "--json")


def _repeat(copies: int, folder: Path) -> None:
    run(*our_python("tests.bench.tape", REAL, str(copies), folder))


def _synthesise(copies: int, folder: Path) -> None:
    run(*our_python("tests.bench.synthetic_tape", str(copies * SYNTHETIC_MINUTES), folder))
