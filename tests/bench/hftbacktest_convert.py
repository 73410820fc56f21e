"""hftbacktest's own converters, file to file, in an environment of their own: they want another numpy than we do.

    PYTHON hftbacktest_convert.py WARM_UP_FOLDER TAPE_FOLDER TARGET      prints {"rows", "seconds"}

A small tape goes first, so that imports and numba's compilation are not counted.
"""

import contextlib
import json
import sys
import time
from pathlib import Path

from hftbacktest.data.utils import binancefutures, tardis


def convert(folder: Path, target: Path) -> None:
    files = sorted(folder.glob("*.gz"))
    if len(files) == 1:
        binancefutures.convert(str(files[0]), str(target))
        return
    kinds = ("_trades_", "_incremental_book_L2_")
    tardis.convert([str(file) for kind in kinds for file in files if kind in file.name], str(target))


warm_up, tape, folder = (Path(word) for word in sys.argv[1:])
folder.mkdir(exist_ok=True)
with contextlib.redirect_stdout(sys.stderr):
    convert(warm_up, folder / "warm-up.npz")
    started = time.perf_counter()
    convert(tape, folder / "tape.npz")
    seconds = time.perf_counter() - started
print(json.dumps({"rows": int((tape / "rows").read_text()), "seconds": seconds}))
