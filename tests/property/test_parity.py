"""Of two runs: commands that are alike, and what came first, a fill or a command that is not."""

import tempfile
from decimal import Decimal
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.commands import Cancel, Outcome, Submit
from engine.core.events import AnyEvent, OrderFilled
from engine.core.step import order_id
from engine.journal.manifest import new_manifest
from engine.journal.writer import create_run
from engine.run.parity import Parity, parity
from tests.support.builders import START_NS, a_start, a_tick, an_order

SECONDS = 12
type Record = tuple[AnyEvent, tuple[Outcome, ...]]


def fill(order: Submit, second: int, price: int) -> OrderFilled:
    at = START_NS + second * 1_000_000_000 + 500_000_000
    return OrderFilled(
        ts_event=at, ts_init=at, id=order.id, trade_id=str(second), side=order.side, leg=order.leg,
        price=Decimal(price), size=Decimal(1), fee=Decimal(0), maker=True,
    )  # fmt: skip


def story(run: str, *, command_from: int | None, fill_from: int | None) -> list[Record]:
    """An order a second, filled before the next tick; from some second on at another price, or filled at one."""
    records: list[Record] = [(a_start(), ())]
    seq = 1
    for second in range(SECONDS):
        other = command_from is not None and second >= command_from
        order = an_order(order_id(run, seq + 1, 0), price=101 if other else 100)
        cancel = Cancel(order.id, "test")
        records.append((a_tick(second), (order, cancel)))
        late = fill_from is not None and second >= fill_from
        records.append((fill(order, second, 99 if late else 100), ()))
        seq += 4
    return records


def written(root: Path, records: list[Record], name: str) -> Path:
    with create_run(root, new_manifest("paper", "X", {"name": name})) as writer:
        seq = 1
        for event, outcomes in records:
            writer.record(seq, event, outcomes)
            seq += 1 + len(outcomes)
        return writer.folder


def of(root: Path, a: list[Record], b: list[Record]) -> Parity:
    return parity(written(root, a, "a"), written(root, b, "b"))


def test_ids_do_not_count(tmp_path: Path) -> None:
    told = of(tmp_path, *(story(run, command_from=None, fill_from=None) for run in ("a" * 64, "b" * 64)))
    assert (told.share, told.held, told.differs) == (1.0, True, None)
    assert told.commands_a == 2 * SECONDS


moment = st.none() | st.integers(0, SECONDS - 1)


@settings(max_examples=40, deadline=None)
@given(command_from=moment, fill_from=moment)
def test_it_is_held_to_what_came_first(command_from: int | None, fill_from: int | None) -> None:

    with tempfile.TemporaryDirectory() as folder:
        plain = story("a" * 64, command_from=None, fill_from=None)
        told = of(Path(folder), plain, story("b" * 64, command_from=command_from, fill_from=fill_from))
    assert told.alike == 2 * (SECONDS if command_from is None else command_from)
    assert told.share == told.alike / (2 * SECONDS)
    assert told.held == (command_from is None or (fill_from is not None and fill_from < command_from))
    mirrored = msgspec.structs.replace(told, differs=None if told.differs is None else told.differs[::-1])
    assert mirrored.commands_a == told.commands_b
    assert (told.differs is None) == (command_from is None)


def test_a_command_too_many_is_seen(tmp_path: Path) -> None:
    plain = story("a" * 64, command_from=None, fill_from=None)
    told = of(tmp_path, plain, plain[:-2])
    assert told.alike == told.commands_b == 2 * SECONDS - 2
    assert told.differs is not None
    assert told.differs[1] is None
