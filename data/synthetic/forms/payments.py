"""Funding as it is paid: what vendors tell of it who do not tell it ahead."""

from typing import NamedTuple

from data.synthetic.recorder import Message


class Payment(NamedTuple):
    at_us: int
    interval_us: int
    rate_e8: int


class Payments:
    """Mutable: it keeps what was said last."""

    def __init__(self) -> None:
        self._coming: tuple[int, int] | None = None  # when it is due, the rate

    def made(self, message: Message) -> Payment | None:
        """The payment that a ticker is the first to look back on: at the rate that was said last before it."""
        due_us, rate = message.rows[:2]
        before, self._coming = self._coming, (due_us, rate)
        if before is None or due_us <= before[0]:
            return None
        return Payment(before[0], due_us - before[0], before[1])
