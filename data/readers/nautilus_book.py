"""A catalog's book rows as whole messages: snapshots marked as such, and nothing before the first."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from data.decimals import Bools, Int64s
from data.readers.protocol import Job
from data.schema import F_LAST, F_SNAPSHOT, SCHEMAS, Table
from data.source import fault


class Messages:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._waiting = SCHEMAS[Table.BOOK].empty_table()
        self._flagged: bool | None = None  # whether the file marks the ends of messages
        self._started = False
        self._early = 0

    def whole(self, rows: pa.Table) -> list[pa.Table]:
        """Those messages that are whole by now."""
        rows = pa.concat_tables([self._waiting, rows])
        ends = self._ends(rows)
        cut = int(np.flatnonzero(ends)[-1]) + 1 if ends.any() else 0
        self._waiting = rows.slice(cut)
        return [self._known(rows.slice(0, cut), ends[:cut])]

    def rest(self, path: Path) -> list[pa.Table]:
        """The last message, where only a time could tell that it was whole. Raises DataError without a snapshot."""
        found = []
        if len(self._waiting) and not self._flagged:
            ends = np.zeros(len(self._waiting), bool)
            ends[-1] = True
            found = [self._known(self._waiting, ends)]
        elif len(self._waiting):
            self._job.on_warning(f"{len(self._waiting)} rows at the end are of a message that is not whole: left out")
        if self._early:
            if not self._started:
                raise fault(path, "no snapshot in it: the book is unknown", field="action")
            self._job.on_warning(f"{self._early} rows before the first snapshot were left out")
        return found

    def _ends(self, rows: pa.Table) -> Bools:
        last: Bools = (rows["flags"].to_numpy() & F_LAST) > 0
        if self._flagged is None and len(rows):
            self._flagged = bool(last.any())
        if self._flagged:
            return last
        ends: Bools = np.append(np.diff(rows["ts_init"].to_numpy()) != 0, False)
        return ends[: len(rows)]

    def _known(self, rows: pa.Table, ends: Bools) -> pa.Table:
        if not len(rows):
            return rows
        flags, side = rows["flags"].to_numpy(), rows["side"].to_numpy()
        message = np.append(0, np.cumsum(ends)[:-1])
        begins = _begins(flags, side, message)
        flags = np.where(ends, F_LAST, 0) | np.where(begins[message], F_SNAPSHOT, 0)
        where = rows.schema.get_field_index("flags")
        rows = rows.set_column(where, rows.schema.field(where), pa.array(flags.astype(np.uint8)))
        if not self._started:
            first = np.flatnonzero(begins[message])
            start = int(first[0]) if len(first) else len(rows)
            self._early += start
            self._started = bool(len(first))
            rows = rows.slice(start)
        return rows


def _begins(flags: Int64s, side: Int64s, message: Int64s) -> Bools:
    """Which messages clear the book and fill it again; one that only clears it says that it is not known."""
    count = int(message[-1]) + 1
    clears = np.bincount(message, side == 0, count) > 0
    fills = np.bincount(message, side != 0, count) > 0
    marked = np.bincount(message, (flags & F_SNAPSHOT) > 0, count) > 0
    begins: Bools = clears & (fills | marked)
    return begins
