"""A tape in Tardis's form made longer: its rows again and again, later by whole spans, each copy with its own snapshot.

python -m tests.bench.tardis_tape SOURCE_FOLDER COPIES FOLDER      (rows: its level updates and trades)
"""

import gzip
import sys
from pathlib import Path

import polars as pl

KINDS = ("incremental_book_L2", "trades")
TIMES = ("timestamp", "local_timestamp")
PAUSE_US = 1_000_000


def main(source: Path, copies: int, folder: Path) -> None:
    frames = {
        kind: pl.concat([pl.read_csv(path, infer_schema=False) for path in sorted(source.glob(f"tardis__*_{kind}_*"))])
        for kind in KINDS
    }
    whole = {kind: frame.with_columns(pl.col(TIMES).cast(pl.Int64)) for kind, frame in frames.items()}
    first = min(frame[name].min() for frame in whole.values() for name in TIMES)
    span = max(frame[name].max() for frame in whole.values() for name in TIMES) - first + PAUSE_US
    for kind, frame in whole.items():
        with gzip.open(folder / f"tape_{kind}_1.csv.gz", "wb", compresslevel=6) as file:
            for copy in range(copies):
                later = frame.with_columns(pl.col(TIMES) + copy * span)
                file.write(later.write_csv(include_header=not copy, null_value="").encode())
    (folder / "rows").write_text(str(copies * sum(map(len, whole.values()))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    print("{}")
