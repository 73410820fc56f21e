"""Every vendor's file broken in every way we know: refused with its place, or read right; never a traceback, never a
wrong book in silence, and nothing left behind by a refusal.

A flipped digit of a plain file that leaves a price on the grid and the book uncrossed cannot be told from the truth by
anybody; compressed files carry a checksum, and these must never yield anything but themselves.
"""

import gzip
import random
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import InputError, Problem
from engine.run.ingest import Ingested, ingest
from tests.support.ingesting import tree
from tests.support.vendor_files import FILES, VendorFile

EXAMPLES = 12
some = settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
every_form = pytest.mark.parametrize("form", FILES)
every_gzip = pytest.mark.parametrize("form", [name for name, file in FILES.items() if file.gzip])
every_text = pytest.mark.parametrize("form", [name for name, file in FILES.items() if file.text])


def read(file: VendorFile, content: bytes) -> Ingested | tuple[Problem, ...]:
    """What became of a file of this content: it was read, or refused with nothing left behind."""
    with tempfile.TemporaryDirectory() as name:
        folder, terms = Path(name) / "data", Path(name) / "contract.toml"
        folder.mkdir()
        (folder / "file").write_bytes(content)
        terms.write_text(file.contract)
        given_terms = terms if file.contract else None
        try:
            return ingest(
                [folder / "file"],
                instrument_id=file.instrument_id,
                catalog=folder / "c",
                instrument_file=given_terms,
            )
        except InputError as refused:
            problems = refused.problems
        assert problems
        assert all(problem.source and problem.message for problem in problems)
        assert list(tree(folder)) == ["file"], "a refusal must leave nothing"
        return problems


def outcome(file: VendorFile, content: bytes) -> str | None:
    """The fingerprint of what was read, None where it was refused."""
    found = read(file, content)
    return found.fingerprint if isinstance(found, Ingested) else None


@cache
def right(form: str) -> str:
    found = outcome(FILES[form], FILES[form].content)
    assert found is not None, "the small file itself must be read"
    return found


@every_gzip
def test_the_file_is_read_plain_and_compressed(form: str) -> None:
    assert outcome(FILES[form], gzip.compress(FILES[form].content, mtime=0)) == right(form)


@every_gzip
@some
@given(data=st.data())
def test_a_damaged_gzip_is_refused_or_harmless(form: str, data: st.DataObject) -> None:
    content = bytearray(gzip.compress(FILES[form].content, mtime=0))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert outcome(FILES[form], bytes(content)) in (None, right(form))


@every_gzip
@some
@given(data=st.data())
def test_a_truncated_gzip_is_refused(form: str, data: st.DataObject) -> None:
    content = gzip.compress(FILES[form].content, mtime=0)
    assert outcome(FILES[form], content[: data.draw(st.integers(0, len(content) - 1))]) is None


@every_form
@some
@given(data=st.data())
def test_flipped_bits_cause_no_traceback(form: str, data: st.DataObject) -> None:
    content = bytearray(FILES[form].content)
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    outcome(FILES[form], bytes(content))


@every_form
@some
@given(data=st.data())
def test_a_file_cut_anywhere_causes_no_traceback(form: str, data: st.DataObject) -> None:
    content = FILES[form].content
    outcome(FILES[form], content[: data.draw(st.integers(0, len(content)))])


@every_form
def test_an_empty_file_is_refused(form: str) -> None:
    assert outcome(FILES[form], b"") is None
    assert outcome(FILES[form], gzip.compress(b"")) is None


@every_form
@pytest.mark.parametrize("zeros", [1, 5_000])
def test_padding_with_nul_is_refused_or_harmless(form: str, zeros: int) -> None:
    assert outcome(FILES[form], FILES[form].content + b"\0" * zeros) in (None, right(form))


@every_text
@pytest.mark.parametrize("seed", range(3))
def test_shuffled_lines_are_refused_harmless_or_a_gap(form: str, seed: int) -> None:
    file = FILES[form]
    first, *rows = file.content.splitlines()
    shuffled = random.Random(seed).sample(rows, len(rows))
    found = read(file, b"\n".join([first, *shuffled]) + b"\n")
    if isinstance(found, Ingested) and found.fingerprint != right(form):
        assert any("no snapshot follows" in warning for warning in found.warnings)


@every_text
@pytest.mark.parametrize("seed", range(3))
def test_a_line_that_is_no_line_of_it_is_refused_with_its_place(form: str, seed: int) -> None:
    file = FILES[form]
    rows = file.content.splitlines()
    at = random.Random(seed).randrange(1, len(rows) + 1)
    broken = [*rows[:at], b'\xff"{[,]}', *rows[at:]]
    found = read(file, b"\n".join(broken) + b"\n")
    assert not isinstance(found, Ingested)
    assert any(problem.line == at + 1 for problem in found)


@pytest.mark.parametrize("form", [name for name, file in FILES.items() if file.wrong_unit])
def test_times_in_a_wrong_unit_are_refused(form: str) -> None:
    file = FILES[form]
    assert file.wrong_unit is not None
    wrong = file.wrong_unit(file.content)
    assert wrong != file.content
    assert outcome(file, wrong) is None


@pytest.mark.parametrize("form", [name for name, file in FILES.items() if file.other_symbol])
def test_a_file_of_another_symbol_is_refused(form: str) -> None:
    file = FILES[form]
    assert file.other_symbol is not None
    other = file.content.replace(file.other_symbol.encode(), b"X" * len(file.other_symbol))
    assert other != file.content
    assert outcome(file, other) is None
