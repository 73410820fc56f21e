"""What a run asks of the venue that it trades at, whichever that is."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple, Protocol, Self

from engine.core.types import Instrument, Nanos
from engine.venue_api.account import Account, Holding, OpenOrder, View


class Terms(NamedTuple):
    """Of a contract, as the venue says them now; None where it does not. `max_market_size`: of one market order."""

    tick: Decimal | None
    step: Decimal | None
    min_size: Decimal | None
    min_notional: Decimal | None
    max_market_size: Decimal | None = None


class Doubt(NamedTuple):
    """What must be off at the venue, and what to do where it is on."""

    what: str
    is_on: Callable[[], bool]
    remedy: str


class Timer(NamedTuple):
    """A dead man's timer that the venue has for this account: when it cancels, and whose orders it takes along."""

    strikes: str
    takes: str


class TradedAt(Protocol):
    """One account there, as a context manager that knows the venue's clock from its beginning on. Everything raises
    VenueError where the venue says no, or nothing. `offset_ms` is the venue's clock less ours; `least_s` passes between
    two views at least, however odd things look. `sent` takes our ids, those that are told as ours later among them: a
    venue that keeps all of an id has no need of it, and does not look.

    `timer`: None where we can arm none. `arm` is asked again every few seconds while a run trades, `disarm` once
    nothing of it rests: it harms nobody where nothing was armed."""

    offset_ms: int
    least_s: float

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    @property
    def now_ms(self) -> int: ...
    def sent(self, names: Iterable[str]) -> None: ...
    def terms(self, symbol: str) -> Terms: ...
    def account(self, instrument: Instrument) -> Account: ...
    def mark(self, symbol: str) -> Decimal: ...
    def alias(self) -> str: ...
    def doubts(self) -> tuple[Doubt, ...]: ...
    def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]: ...
    def holdings(self, symbol: str) -> tuple[Holding, ...]: ...
    def view(self, instrument: Instrument, since_ns: Nanos) -> View: ...
    def set_hedge(self, symbol: str, hedge: bool) -> None: ...
    def set_leverage(self, symbol: str, leverage: int) -> None: ...
    def set_margin_type(self, symbol: str, margin_type: str) -> None: ...
    def cancel(self, symbol: str, resting: OpenOrder) -> None: ...
    def close_at_market(self, symbol: str, held: Holding, client_id: str) -> None: ...
    def timer(self) -> Timer | None: ...
    def arm(self, symbol: str) -> None: ...
    def disarm(self, symbol: str) -> None: ...
