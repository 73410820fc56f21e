"""Files from outside: found by what they hold, checked to their end."""

import gzip
import re
from pathlib import Path

import pytest

from data.joined import summed
from data.sniff import reader_of
from data.source import digest, line_blocks
from engine.core.errors import DataError
from engine.run.readers import READERS
from tests.support.captures import capture, tardis_book, tardis_ticker, tardis_trades, write_gz
from tests.support.shared import TAPES, needs_tapes


def kind_of(path: Path) -> str:
    return reader_of(path, READERS).kind


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (capture(), "binance-raw"),
        (tardis_book(), "tardis-incremental_book_L2"),
        (tardis_trades(), "tardis-trades"),
        (tardis_ticker(), "tardis-derivative_ticker"),
    ],
)
def test_a_kind_is_known_whatever_the_name(tmp_path: Path, rows: list[str], kind: str) -> None:
    assert kind_of(write_gz(tmp_path / "tardis_trades.parquet", rows)) == kind


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (gzip.compress(b"a,b,c\n1,2,3\n", mtime=0), "no known kind"),
        (b"PAR1....", "Parquet"),
        (b"PK\x03\x04....", "zip"),
        (b"\x28\xb5\x2f\xfd....", "zstd"),
        (b"\x00" * 100, "binary"),
        (b"exchange,symbol,timestamp,local_timestamp,ask_price,ask_amount,bid_price,bid_amount\n", "columns"),
        (b"1700000000.123: {}\n", "no known kind"),
        (gzip.compress(b"x" * 100, mtime=0)[:-20], "truncated"),
        (gzip.compress(b"x" * 100, mtime=0)[:9] + b"\xff" * 40, "damaged"),
    ],
)
def test_what_is_of_no_kind_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        kind_of(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        kind_of(tmp_path / "nothing")
    with pytest.raises(DataError, match="folder"):
        kind_of(tmp_path)


@needs_tapes
def test_every_file_of_a_vendor_is_taken_for_what_it_is() -> None:
    for path in sorted((TAPES / "derived").glob("tardis__*")):
        kind = kind_of(path).removeprefix("tardis-")
        assert f"_{kind}_" in path.name


def test_trades_and_liquidations_are_told_apart_by_name_or_ids_and_else_refused(tmp_path: Path) -> None:
    with_ids = tardis_trades()
    without = [re.sub(r",\d+,sell", ",,sell", row) for row in with_ids]
    assert kind_of(write_gz(tmp_path / "liquidations", with_ids)) == "tardis-liquidations"
    assert kind_of(write_gz(tmp_path / "a", with_ids)) == "tardis-trades"
    with pytest.raises(DataError, match="put one of the words into its name"):
        kind_of(write_gz(tmp_path / "b", without))


@pytest.mark.parametrize("padding", [b"", b"\0" * 5, b"\0" * 2000])
def test_members_of_a_gzip_follow_one_another_and_padding_is_nothing(tmp_path: Path, padding: bytes) -> None:
    path = tmp_path / "two"
    path.write_bytes(gzip.compress(b"a\nb") + gzip.compress(b"c\nd") + padding)
    assert b"".join(line_blocks(path)) == b"a\nbc\nd\n"


def test_every_byte_is_reported_and_every_line_is_whole(tmp_path: Path) -> None:
    text = b"".join(b"%d\n" % n for n in range(1_000_000))
    path = tmp_path / "long"
    path.write_bytes(gzip.compress(text, 1))
    seen: list[int] = []
    blocks = list(line_blocks(path, seen.append))
    assert b"".join(blocks) == text
    assert len(blocks) > 1
    assert all(block.endswith(b"\n") for block in blocks)
    assert sum(seen) == path.stat().st_size


def test_a_gzip_that_lost_its_end_is_refused_only_when_read(tmp_path: Path) -> None:
    path = write_gz(tmp_path / "a", capture(2_000))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(DataError, match="truncated gzip"):
        list(line_blocks(path))


def test_a_digest_is_of_the_bytes_on_disk(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert digest(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_warnings_that_differ_only_in_their_count_are_one() -> None:
    assert summed(["2 rows left out", "no clock", "3 rows left out", "no clock"]) == ("5 rows left out", "no clock")
