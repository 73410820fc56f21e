"""An order's id as a venue takes it is the venue's kind of word, and leads back to ours alone."""

from hypothesis import given
from hypothesis import strategies as st

from engine.core.step import order_id
from engine.core.wire_ids import known_as, sent_as

RUNS = st.text("0123456789abcdef", min_size=64, max_size=64)
SEQS, NTHS = st.integers(0, 10**12), st.integers(0, 9999)  # entries of a run, orders of one decision
OTHERS = st.text("0123456789abcdefghijklmnopqrstuvwxyzABXZ-_", min_size=1, max_size=36)


@given(RUNS, SEQS, NTHS)
def test_okx_is_sent_letters_and_digits_and_every_other_venue_the_id_itself(run: str, seq: int, n: int) -> None:
    ours = order_id(run, seq, n)
    sent = sent_as(ours, "OKX")
    assert sent.isascii()
    assert sent.isalnum()
    assert len(sent) <= 32
    assert sent.startswith(run[:12])
    assert known_as(sent) == ours
    assert sent_as(ours, "BINANCE") == known_as(ours) == ours


@given(RUNS, OTHERS)
def test_nothing_of_others_is_taken_for_ours(run: str, other: str) -> None:
    assert other.startswith(run[:12]) or not known_as(other).startswith(f"{run[:12]}-")
    assert known_as(other) in {other, other.replace("x", "-")}
    assert sent_as(known_as(other), "OKX") == other or known_as(other) == other
