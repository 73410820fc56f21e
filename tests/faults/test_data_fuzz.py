"""Recordings broken at random: a refusal with its place, or the right book; never a traceback, never a wrong book.

A flipped digit of a plain file that leaves a price on the grid and the book uncrossed cannot be told from the truth by
anybody; compressed files carry a checksum, and these must never yield anything but themselves.
"""

import gzip
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import InputError
from engine.run.ingest import ingest
from tests.support.captures import capture, tardis_book, tardis_ticker, tardis_trades
from tests.support.ingesting import tree
from tests.support.tapes import BTCUSDT, table

FORMS = {
    "raw": "\n".join(capture()).encode() + b"\n",
    "book": "\n".join(tardis_book()).encode() + b"\n",
    "trades": "\n".join(tardis_trades()).encode() + b"\n",
    "ticker": "\n".join(tardis_ticker()).encode() + b"\n",
}
modest = settings(max_examples=40, deadline=None)


def outcome(content: bytes) -> str | None:
    """The fingerprint of what was ingested; None where it was refused, with nothing left behind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        try:
            return ingest([path], instrument_id=BTCUSDT, catalog=Path(folder) / "c").fingerprint
        except InputError as refused:
            problems = refused.problems
        assert problems
        assert all(problem.source and problem.message for problem in problems)
        assert list(tree(Path(folder))) == ["file"]
        return None


@pytest.fixture(scope="module")
def right() -> dict[str, str | None]:
    return {form: outcome(content) for form, content in FORMS.items()}


@pytest.mark.parametrize("form", FORMS)
@modest
@given(data=st.data())
def test_a_damaged_gzip_is_refused_or_harmless(form: str, right: dict[str, str | None], data: st.DataObject) -> None:
    content = bytearray(gzip.compress(FORMS[form], mtime=0))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert outcome(bytes(content)) in (None, right[form])


@pytest.mark.parametrize("form", FORMS)
@modest
@given(data=st.data())
def test_a_truncated_gzip_is_refused(form: str, data: st.DataObject) -> None:
    content = gzip.compress(FORMS[form], mtime=0)
    assert outcome(content[: data.draw(st.integers(0, len(content) - 1))]) is None


@pytest.mark.parametrize("form", FORMS)
@modest
@given(data=st.data())
def test_flipped_bits_of_text_cause_no_traceback(form: str, data: st.DataObject) -> None:
    content = bytearray(FORMS[form])
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    outcome(bytes(content))


@pytest.mark.parametrize("form", FORMS)
@modest
@given(data=st.data())
def test_a_text_cut_anywhere_causes_no_traceback(form: str, data: st.DataObject) -> None:
    outcome(FORMS[form][: data.draw(st.integers(0, len(FORMS[form])))])


def shuffled(lines: list[bytes], seed: int) -> list[bytes]:
    return random.Random(seed).sample(lines, len(lines))


def doubled(lines: list[bytes], seed: int) -> list[bytes]:
    at = random.Random(seed).randrange(1, len(lines))
    return [*lines[:at], lines[at - 1], *lines[at:]]


def dropped(lines: list[bytes], seed: int) -> list[bytes]:
    depths = [n for n, line in enumerate(lines) if b"depthUpdate" in line][:-1]
    at = random.Random(seed).choice(depths)
    return lines[:at] + lines[at + 1 :]


def padded(lines: list[bytes], seed: int) -> list[bytes]:
    return [*lines, b"\0" * (seed + 1)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("harm", [shuffled, padded])
def test_a_capture_out_of_order_or_padded_is_refused(
    harm: Callable[[list[bytes], int], list[bytes]], seed: int
) -> None:
    assert outcome(b"\n".join(harm(FORMS["raw"].splitlines(), seed))) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_capture_short_of_a_diff_has_its_book_up_to_there_and_says_so(seed: int, tmp_path: Path) -> None:
    lines = FORMS["raw"].splitlines()
    harmed = dropped(lines, seed)
    at = next(n for n, (ours, theirs) in enumerate(zip(harmed, lines, strict=False)) if ours != theirs)
    (tmp_path / "file").write_bytes(b"\n".join(harmed))
    (tmp_path / "before").write_bytes(b"\n".join(lines[:at]))
    made = ingest([tmp_path / "file"], instrument_id=BTCUSDT, catalog=tmp_path / "c")
    before = ingest([tmp_path / "before"], instrument_id=BTCUSDT, catalog=tmp_path / "b")
    assert sum("no snapshot follows" in warning for warning in made.warnings) == 1
    deltas = table(tmp_path / "c", "order_book_deltas")
    assert deltas[:-1].equals(table(tmp_path / "b", "order_book_deltas"))
    assert deltas["action"].to_list()[-1] == "CLEAR"
    assert before.rows_by_table["order_book_deltas"] == len(deltas) - 1


@pytest.mark.parametrize("seed", range(5))
def test_a_line_twice_changes_no_book(seed: int) -> None:
    lines = [line for line in FORMS["raw"].splitlines() if b"depthUpdate" in line or b"lastUpdateId" in line]
    whole = outcome(b"\n".join(lines))
    assert whole is not None
    assert outcome(b"\n".join(doubled(lines, seed))) == whole


@pytest.mark.parametrize("form", ["book", "trades", "ticker"])
def test_shuffled_rows_are_refused(form: str) -> None:
    header, *rows = FORMS[form].splitlines()
    assert outcome(b"\n".join([header, *shuffled(rows, 1)])) is None
