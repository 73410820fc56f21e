"""What is known to be true of the real tapes comes out of the verdict."""

from pathlib import Path

import pytest

from data.quality.limits import Limits
from data.quality.verdict import Verdict, Word
from engine.run.check import Contract, check_files
from tests.support.shared import TAPES, needs_tapes
from tests.support.tapes import BTCUSDT, TAPE_2023, TAPE_2024, TARDIS_2023
from tests.support.vendor_files import HYPERLIQUID

pytestmark = needs_tapes


def verdict(paths: tuple[Path, ...]) -> Verdict:
    return check_files(paths, Contract(BTCUSDT), Limits(), lambda _share: None)


def test_the_tape_of_2023_is_clean_in_both_its_forms() -> None:
    raw, tardis = verdict(TAPE_2023), verdict(TARDIS_2023)
    for found in (raw, tardis):
        assert (found.word, found.reasons) == (Word.CLEAN, ())
        assert found.tally.longest_ns == pytest.approx(2.09e9, rel=1e-2)
        assert found.tally.crossed == found.tally.locked == found.tally.breaks == found.tally.lost_ns == 0
        assert list(found.days) == ["2023-04-04", "2023-04-05"]
    assert (raw.tally.messages - 1, raw.tally.trades, raw.tally.special) == (16_110, 12_935, 1)
    assert any("INSURANCE_FUND" in row["detail"] for row in raw.findings.to_dicts())
    assert any("-31.152 ms at least" in note for note in raw.notes)


def test_the_clock_of_2024_ran_behind_and_nothing_else_is_wrong() -> None:
    found = verdict(TAPE_2024)
    assert (found.word, [reason.limit for reason in found.reasons]) == (Word.USABLE, ["clock_offset_ms"])
    assert found.reasons[0].value == pytest.approx(1272, abs=1)
    assert found.tally.messages - 1 == 6_547


@pytest.mark.parametrize(
    ("pattern", "instrument_id", "limits"),
    [
        ("tardis__*book_snapshot_5_2023-04-04*", BTCUSDT, {"no_trades", "snapshots_only"}),
        ("hyperliquid_like__20230404*", HYPERLIQUID, {"no_trades", "snapshots_only"}),
        ("tardis__*quotes_2023-04-04*", BTCUSDT, {"no_trades", "no_depth"}),
        ("tardis__*trades_2023-04-04*", BTCUSDT, {"no_book"}),
    ],
)
def test_what_cannot_be_known_is_said(pattern: str, instrument_id: str, limits: set[str]) -> None:
    paths = sorted((TAPES / "derived").glob(pattern))
    found = check_files(paths, Contract(instrument_id), Limits(), lambda _share: None)
    assert {reason.limit for reason in found.reasons} == limits
    assert found.word is (Word.UNFIT if "no_book" in limits else Word.USABLE)


def test_half_a_recording_has_no_book() -> None:
    found = verdict(TAPE_2023[1:])
    assert found.word is Word.UNFIT
    assert "no usable snapshot" in found.reason
