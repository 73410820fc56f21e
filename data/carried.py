"""A book carried over from one file to the next.

A file that begins with a whole book is read by itself, as one that begins anew. Where the book before it is known that
is no new beginning but the same book told again: only what differs is said, so that orders keep their place in the
queue. Of a venue that tells its best levels alone, what lies deeper is not gone: it stays as it was last seen until the
venue tells of a level beyond it, or of the other side there.
"""

from math import inf

import numpy as np
import pyarrow as pa

from data.book import Book
from data.decimals import Bools, Int64s
from data.schema import F_LAST, F_SNAPSHOT, SCHEMAS, Piece, Table

_NONE = np.empty(0, np.int64)


class Carried:
    """Mutable: the file that is read, and what it has not told of yet, by side: prices in ticks times the sign."""

    def __init__(self, book: Book) -> None:
        """`book` is as the rows before have left it."""
        self._book = book
        self._source = ""
        self._deep: dict[int, Int64s] = {1: _NONE, -1: _NONE}

    def over(self, piece: Piece, depth: int) -> Piece:
        """The book's rows as those of one recording; each call before they are applied to the book. `depth`: levels a
        side that a snapshot tells at most; 0 where it tells all."""
        rows = piece.rows
        if piece.source != self._source and self._is_told_again(rows):
            rows = self._differences(rows, depth)
        self._source = piece.source
        return Piece(piece.table, piece.source, self._reached(rows))

    def _is_told_again(self, rows: pa.Table) -> bool:
        begins = rows["side"][0].as_py() == 0 and rows["flags"][0].as_py() & F_SNAPSHOT
        return bool(begins) and any(len(self._book.levels(sign)[0]) for sign in self._deep)

    def _differences(self, rows: pa.Table, depth: int) -> pa.Table:
        """The rows, in place of their first message what it changes."""
        end = int((rows["flags"].to_numpy() & F_LAST != 0).argmax()) + 1
        side, price, size = (rows[name].to_numpy()[1:end] for name in ("side", "price", "size"))
        changes = []
        for sign in self._deep:
            ours = side == sign
            told = dict(zip((price[ours] * sign).tolist(), size[ours].tolist(), strict=True))
            held = dict(zip(*(column.tolist() for column in self._book.levels(sign)), strict=True))
            reach = min(told) if 0 < depth <= len(told) else -inf
            unsaid = [level for level in held if level not in told]
            self._deep[sign] = np.array([level for level in unsaid if level < reach], np.int64)
            changes += [(sign, level * sign, 0) for level in unsaid if level >= reach]
            changes += [(sign, level * sign, lots) for level, lots in told.items() if held.get(level) != lots]
        if not changes:
            return rows.slice(end)
        columns = dict(zip(("side", "price", "size"), np.array(changes, np.int64).T, strict=True))
        columns["flags"] = np.append(np.zeros(len(changes) - 1, np.int64), F_LAST)
        return pa.concat_tables([_like(rows, np.zeros(len(changes), np.int64), columns), rows.slice(end)])

    def _reached(self, rows: pa.Table) -> pa.Table:
        """The rows, and with the message that reaches beyond a level that it does not tell, that the level is gone."""
        if not len(rows) or not any(map(len, self._deep.values())):
            return rows
        side, price, size, flags = (rows[name].to_numpy() for name in ("side", "price", "size", "flags"))
        message = np.cumsum(flags & F_LAST != 0) - (flags & F_LAST != 0)
        clears = np.flatnonzero(side == 0)
        stop = int(clears[0]) if len(clears) else len(side)
        gone: list[tuple[int, int, int]] = []  # row, side, ticks
        for sign, deep in self._deep.items():
            if not len(deep):
                continue
            ours, put = side[:stop] == sign, size[:stop] > 0
            signed = price[:stop] * sign
            told = _first(signed, ours, deep)
            beyond = _first_beyond(signed, ours & put, ~ours & put, deep)
            dead = (beyond < stop) & ((told == stop) | (message[np.minimum(told, stop - 1)] > _at(message, beyond)))
            gone += [(row, sign, level * sign) for row, level in zip(beyond[dead], deep[dead], strict=True)]
            self._deep[sign] = deep[(told == stop) & (beyond == stop)] if stop == len(side) else _NONE
        if not gone:
            return rows
        where, sides, prices = np.array(sorted(gone), np.int64).T
        nothing = np.zeros(len(where), np.int64)
        added = _like(rows, where, {"side": sides, "price": prices, "size": nothing, "flags": nothing})
        order = np.argsort(np.concatenate([where * 2, np.arange(len(rows)) * 2 + 1]), kind="stable")
        return pa.concat_tables([added, rows]).take(order)


def _first(signed: Int64s, ours: Bools, deep: Int64s) -> Int64s:
    """For each level the first row that tells it; the number of rows where none does."""
    rows = np.flatnonzero(ours & np.isin(signed, deep))
    prices, first = np.unique(signed[rows], return_index=True)
    found = np.full(len(deep), len(signed))
    known = np.isin(deep, prices)
    found[known] = rows[first[np.searchsorted(prices, deep[known])]]
    return found


def _first_beyond(signed: Int64s, own: Bools, other: Bools, deep: Int64s) -> Int64s:
    """For each level the first row that puts one worse than it, or one of the other side that meets it."""
    nothing = np.iinfo(np.int64).max
    lowest = np.minimum.accumulate(np.where(own, signed * 2, np.where(other, signed * 2 - 1, nothing)))
    found: Int64s = np.searchsorted(-lowest, -deep * 2, side="right")
    return found


def _at(message: Int64s, rows: Int64s) -> Int64s:
    return message[np.minimum(rows, len(message) - 1)]


def _like(rows: pa.Table, where: Int64s, columns: dict[str, Int64s]) -> pa.Table:
    """Rows of the times, the number and the line of others, in some columns of values of their own."""
    taken = rows.take(where)
    schema = SCHEMAS[Table.BOOK]
    made = [pa.array(columns[f.name]).cast(f.type) if f.name in columns else taken[f.name] for f in schema]
    return pa.table(made, schema=schema)
