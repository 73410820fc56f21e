"""Frames and summary of runs small enough to work out by hand, and of a toy run against its own books."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.analysis import open_run
from engine.analysis.analyse import analyse
from engine.analysis.fold import fold_journal
from engine.analysis.frames import Frames
from engine.analysis.summary import summary
from engine.core.commands import Cancel, Outcome, Refused
from engine.core.errors import JournalError
from engine.core.events import AnyEvent, FundingSettled, Held, OrderAccepted, OrderCanceled, OrderRejected
from engine.core.types import SECOND, Action, Leg, PositionMode, Purpose, Side
from engine.journal.reader import Journal
from engine.journal.writer import create_run
from tests.support.builders import INVERSE, START_NS, a_draft, a_fill, a_start, a_tick, an_order
from tests.support.journals import a_manifest, toy_journal, toy_run

type Script = list[tuple[AnyEvent, tuple[Outcome, ...]]]


def at(second: float) -> dict[str, Any]:
    ns = START_NS + int(second * SECOND)
    return {"ts_event": ns, "ts_init": ns}


def folded(runs: Path, script: Script) -> Frames:
    with create_run(runs, a_manifest()) as writer:
        seq = 1
        for event, outcomes in script:
            writer.record(seq, event, outcomes)
            seq += 1 + len(outcomes)
    return fold_journal(Journal(writer.folder))


TAKE_PROFIT = an_order("tp", Side.SELL, "101", action=Action.CLOSE, purpose=Purpose.TAKE_PROFIT)
ROUND_TRIP: Script = [
    (a_start(), ()),
    (a_tick(0), (an_order("b", Side.BUY, "99"), an_order("s", Side.SELL, "102"))),
    (OrderAccepted(**at(0.1), id="b", venue_id="1"), ()),
    (OrderAccepted(**at(0.2), id="s", venue_id="2"), ()),
    (a_tick(1, "98", "99"), ()),
    (a_fill("b", Side.BUY, "0.4", "99", **at(1.2)), ()),
    (a_fill("b", Side.BUY, "0.6", "99", **at(1.2)), ()),
    (a_tick(2, "100", "101", mark=Decimal("100.6")), (Cancel("s", "refresh"), TAKE_PROFIT)),
    (OrderCanceled(**at(2.2), id="s"), ()),
    (OrderAccepted(**at(2.2), id="tp", venue_id="3"), ()),
    (FundingSettled(**at(2.5), leg=Leg.NET, amount=Decimal("-0.25")), ()),
    (a_fill("tp", Side.SELL, "1", "101", **at(3), maker=False, fee=Decimal("0.05")), ()),
    (a_tick(4, "100", "101"), (Refused(a_draft(), "max_position", "too much"),)),
]  # fmt: skip


def test_round_trip_by_hand(tmp_path: Path) -> None:
    figures = summary(folded(tmp_path, ROUND_TRIP), rows=5, seconds=0.5)
    assert figures["realised_pnl"] == 2
    assert figures["unrealised_pnl"] == 0
    assert figures["fees"] == pytest.approx(0.07)
    assert figures["funding"] == -0.25
    assert figures["net_pnl"] == pytest.approx(2 - 0.07 - 0.25)
    assert figures["volume"] == 200
    assert figures["maker_share"] == 99 / 200
    assert (figures["fills"], figures["orders"]) == (3, 3)
    assert (figures["max_position"], figures["worst_position"]) == (1, 1)
    assert figures["mean_position"] == 0.5  # held at the ticks of seconds 2 and 3 of 4
    assert figures["seconds_quoted"] == pytest.approx(1.0)  # from 0.2 s to 1.2 s
    assert figures["exits"]["take_profit"] == {"orders": 1, "realised_pnl": 2}
    assert figures["refusals"] == {"max_position": 1}
    assert (figures["rows"], figures["seconds"]) == (5, 0.5)


def test_orders_tell_their_lives(tmp_path: Path) -> None:
    orders = folded(tmp_path, ROUND_TRIP).orders
    assert orders["status"].to_list() == ["filled", "canceled", "filled"]
    assert orders["reason"].to_list() == [None, "refresh", None]
    assert orders["filled"].to_list() == pytest.approx([1, 0, 1])
    assert orders["event_seq"].to_list() == [2, 2, 10]
    rest = (orders["ended"] - orders["accepted"]).dt.total_milliseconds()
    assert rest.to_list() == [1100, 2000, 800]


def test_fills_carry_mid_position_and_what_they_realised(tmp_path: Path) -> None:
    fills = folded(tmp_path, ROUND_TRIP).fills
    assert fills["mid"].to_list() == [98.5, 98.5, 100.5]
    assert fills["position"].to_list() == [0.4, 1.0, 0.0]
    assert fills["entry"].to_list() == [99, 99, None]
    assert fills["realised_pnl"].to_list() == [0, 0, 2]
    assert fills["purpose"].to_list() == ["quote", "quote", "take_profit"]


def test_equity_values_at_the_mark_else_the_mid(tmp_path: Path) -> None:
    equity = folded(tmp_path, ROUND_TRIP).equity
    assert equity["price"].to_list() == [100.05, 98.5, 100.6, 100.6, 100.6]
    assert equity["unrealised"].to_list() == pytest.approx([0, 0, 1.6, 0, 0])
    assert equity["equity"].to_list()[:3] == pytest.approx([10_000, 10_000, 10_001.58])


def test_rejected_and_denied_are_told_apart(tmp_path: Path) -> None:
    script: Script = [
        (a_start(), ()),
        (a_tick(0), (an_order("a", Side.BUY, "99"), an_order("b", Side.BUY, "98"))),
        (OrderRejected(**at(1), id="a", reason="post-only"), ()),
        (OrderRejected(**at(1), id="b", reason="no", denied=True), ()),
    ]
    frames = folded(tmp_path, script)
    figures = summary(frames, rows=1, seconds=1)
    assert (figures["rejections"], figures["denials"]) == (1, 1)
    assert frames.orders["reason"].to_list() == ["post-only", "no"]
    assert frames.quotes.is_empty()


def test_liquidation_and_foreign_orders_move_the_books(tmp_path: Path) -> None:
    script: Script = [
        (a_start(positions=(Held(Leg.NET, Decimal(2), Decimal(90)),)), ()),
        (a_tick(0), ()),
        (a_fill("theirs", Side.SELL, "2", "80", **at(1), liquidation=True, fee=Decimal(1)), ()),
    ]
    frames = folded(tmp_path, script)
    figures = summary(frames, rows=1, seconds=1)
    assert (figures["realised_pnl"], figures["liquidations"], figures["worst_position"]) == (-20, 1, 2)
    assert frames.fills["purpose"].to_list() == [None]


def test_inverse_contracts_are_valued_in_coin(tmp_path: Path) -> None:
    script: Script = [
        (a_start(instrument=INVERSE, balance=Decimal(1)), ()),
        (a_fill("x", Side.BUY, "10", "50000", fee=Decimal(0)), ()),
        (a_tick(1, "62499.9", "62500.1"), ()),
    ]
    figures = summary(folded(tmp_path, script), rows=1, seconds=1)
    assert figures["unrealised_pnl"] == pytest.approx(1000 / 50_000 - 1000 / 62_500)
    assert figures["volume"] == pytest.approx(0.02)


def test_both_legs_of_a_hedge_are_valued(tmp_path: Path) -> None:
    script: Script = [
        (a_start(mode=PositionMode.HEDGE), ()),
        (a_fill("l", Side.BUY, "2", "100", leg=Leg.LONG, fee=Decimal(0)), ()),
        (a_fill("s", Side.SELL, "1", "100", leg=Leg.SHORT, fee=Decimal(0)), ()),
        (a_tick(1, "109", "111"), ()),
        (a_tick(2, None, "111"), ()),
    ]
    frames = folded(tmp_path, script)
    assert frames.equity["unrealised"].to_list() == [10, 10]
    assert frames.equity["position"].to_list() == [1, 1]
    assert set(frames.positions["leg"]) == {"LONG", "SHORT"}


def test_sum_of_parts_is_the_whole(tmp_path: Path) -> None:
    run = open_run(toy_run(tmp_path, seconds=3600))
    figures = summary(run.frames, rows=0, seconds=0)
    assert run.fills["realised_pnl"].sum() == pytest.approx(figures["realised_pnl"])
    assert run.fills["fee"].sum() == pytest.approx(figures["fees"])
    assert run.orders["fees"].sum() == pytest.approx(figures["fees"])
    assert run.equity["pnl"][-1] == pytest.approx(figures["net_pnl"])
    assert run.orders.filter(pl.col("filled") > 0)["filled"].sum() == pytest.approx(run.fills["size"].sum())
    assert run.equity["drawdown"].min() == 0


def test_crashed_run_can_be_read(tmp_path: Path) -> None:
    with toy_journal(tmp_path) as writer:
        pass
    run = open_run(writer.folder)
    assert run.status == "Crashed"
    assert run.fills.height == open_run(toy_run(tmp_path)).fills.height
    assert "Crashed" in repr(run)


def test_written_frames_are_read_back_equal(tmp_path: Path) -> None:
    folder = toy_run(tmp_path)
    frames = open_run(folder).frames
    figures = analyse(folder, rows=900, seconds=1.5, report=False)
    assert {p.name for p in folder.iterdir()} == {"journal.sqlite", "manifest.json", "frames", "summary.json"}
    again = open_run(folder)
    assert all(one.equals(other) for one, other in zip(frames, again.frames, strict=True))
    assert again.summary == figures


def test_empty_journal_and_missing_folder_are_named(tmp_path: Path) -> None:
    with create_run(tmp_path, a_manifest()) as writer:
        pass
    with pytest.raises(JournalError, match="does not begin with Started"):
        _ = open_run(writer.folder).frames
    with pytest.raises(JournalError, match="no such folder"):
        open_run(tmp_path / "elsewhere")
