"""Parts that were read each by itself, as one recording."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.fundings import merged
from data.schema import Piece, Table
from data.spool import Spool
from engine.core.errors import DataError, Problem

_FAR_NS = 366 * 86_400 * 10**9


def joined(parts: Iterable[tuple[str, Spool]], again: list[int]) -> Iterator[Piece]:
    """Table by table, those of a table in order of time; parts come with the kind of their files, and funding rates of
    several kinds are put together. `again` is told how many trades of a part's beginning stood at the end of the part
    before it: those are left out."""
    kinds: dict[str, list[Spool]] = {}
    for kind, spool in parts:
        kinds.setdefault(kind, []).append(spool)
    spools = [*chain.from_iterable(kinds.values())]
    for table in Table:
        if table is Table.FUNDING:
            yield from merged([_in_order(of_kind, table) for of_kind in kinds.values()])
            continue
        last_ns: dict[str, int] = {}
        before: pa.Table | None = None  # the last rows of the part before
        for spool in spools:
            last: pa.Table | None = None
            for piece in spool.pieces(table):
                _check_order(piece, last_ns)
                rows = _without(piece.rows, before) if table is Table.TRADES else piece.rows
                again.append(len(piece.rows) - len(rows))
                if len(rows):
                    yield Piece(table, piece.source, rows)
                last = piece.rows
            before = before if last is None else last


def _in_order(spools: Sequence[Spool], table: Table) -> Iterator[Piece]:
    last_ns: dict[str, int] = {}
    for piece in chain.from_iterable(spool.pieces(table) for spool in spools):
        _check_order(piece, last_ns)
        yield piece


def _check_order(piece: Piece, last_ns: dict[str, int]) -> None:
    told = _told(piece)
    times = piece.rows["ts_init"].to_numpy()
    far = np.diff(times, prepend=max(last_ns.get(name, 0) for name in told) or times[0]) > _FAR_NS
    if far.any():
        line = piece.rows["line"][int(far.argmax())].as_py()
        raise DataError(Problem(piece.source, "the time leaps by more than a year: a wrong time?", line, "time"))
    if piece.rows["ts_init"][0].as_py() < max(last_ns.get(name, 0) for name in told):
        line = piece.rows["line"][0].as_py()
        reason = f"holds {piece.table} of a time that another file holds too: give one of them"
        raise DataError(Problem(source=piece.source, line=line, message=reason))
    last_ns |= dict.fromkeys(told, piece.rows["ts_init"][-1].as_py())


def _told(piece: Piece) -> list[str]:
    """The columns of values in it: mark and index prices become two tables, and may come one after the other."""
    names = ("mark", "index") if piece.table is Table.MARKS else ("ts_init",)
    return [name for name in names if piece.rows[name].null_count < len(piece.rows)] or ["ts_init"]


def _without(trades: pa.Table, before: pa.Table | None) -> pa.Table:
    """The trades but for those that stood at the end of others, at their last time."""
    if before is None or trades["ts_init"][0] != before["ts_init"][-1]:
        return trades
    at = before["ts_init"][-1]
    known = before.filter(pc.equal(before["ts_init"], at))["id"]
    return trades.filter(pc.invert(pc.and_(pc.equal(trades["ts_init"], at), pc.is_in(trades["id"], value_set=known))))


def summed(warnings: Iterable[str]) -> tuple[str, ...]:
    """Each once: of those that differ only in the count that they begin with, one with the sum."""
    counts: dict[str, int] = {}
    for text in warnings:
        count, _, what = text.partition(" ")
        counts[what if count.isdecimal() else text] = counts.get(what, 0) + int(count) if count.isdecimal() else 0
    return tuple(f"{count} {text}" if count else text for text, count in counts.items())
