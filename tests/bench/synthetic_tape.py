"""A synthetic market in Tardis's form, for a machine without the real tape.

python -m tests.bench.synthetic_tape MINUTES FOLDER      (rows: its level updates and trades)
"""

import gzip
import sys
from pathlib import Path

from data.synthetic import generate


def count(path: Path) -> int:
    with gzip.open(path) as file:
        return sum(1 for _ in file) - 1


folder = Path(sys.argv[2])
paths = generate(out_dir=folder, minutes=float(sys.argv[1]))
(folder / "rows").write_text(str(sum(count(path) for path in paths if "derivative_ticker" not in path.name)))
print("{}")
