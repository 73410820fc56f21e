"""Silences after which a feed begins anew: the book between them is nobody's."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from data.gaps import SILENCE_NS, with_silences
from data.schema import F_LAST, F_SNAPSHOT, SCHEMAS, Piece, Table

SCHEMA = SCHEMAS[Table.BOOK]
# A message: how long after the one before, and whether it begins the book anew.
messages = st.lists(
    st.tuples(st.sampled_from([0, 1, SILENCE_NS - 1, SILENCE_NS, SILENCE_NS + 1, 5 * SILENCE_NS]), st.booleans()),
    min_size=1,
    max_size=12,
)


def rows(of: list[tuple[int, bool]]) -> pa.Table:
    made, at = [], 10**18
    for wait, anew in of:
        at += wait
        made += [{"side": 0, "price": 0, "size": 0, "flags": F_SNAPSHOT, "ts_init": at}] if anew else []
        made += [{"side": 1, "price": 7, "size": 3, "flags": F_LAST | (F_SNAPSHOT if anew else 0), "ts_init": at}]
    whole = [{**row, "ts_event": row["ts_init"] - 5, "sequence": n, "line": n} for n, row in enumerate(made)]
    return pa.Table.from_pylist(whole, SCHEMA)


@settings(deadline=None)
@given(messages, st.lists(st.booleans(), min_size=24, max_size=24))
def test_a_clearing_row_stands_in_each_long_silence_before_a_new_beginning(
    of: list[tuple[int, bool]], cuts: list[bool]
) -> None:
    table = rows(of)
    ends = (np.flatnonzero(table["flags"].to_numpy() & F_LAST) + 1).tolist()
    starts = [0, *(end for end, cut in zip(ends[:-1], cuts, strict=False) if cut)]
    pieces = [
        Piece(Table.BOOK, "f", table.slice(start, stop - start))
        for start, stop in zip(starts, [*starts[1:], len(table)], strict=True)
    ]
    made = pa.concat_tables(piece.rows for piece in with_silences(iter(pieces)))
    cleared = [row for row in made.to_pylist() if row["side"] == 0 and not row["flags"] & F_SNAPSHOT]
    expected, here = [], 10**18
    for n, (wait, anew) in enumerate(of):
        if n and anew and wait > SILENCE_NS:
            expected.append(here + SILENCE_NS)
        here += wait
    assert [row["ts_init"] for row in cleared] == expected
    assert all(row["flags"] == F_LAST for row in cleared)
    kept = [row for row in made.to_pylist() if row not in cleared]
    assert kept == table.to_pylist()
    stamps = made["ts_init"].to_numpy()
    assert (np.diff(stamps) >= 0).all()
