"""The messages of a raw Binance capture, as typed values: USD-M, COIN-M and spot."""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

_NOTHING = Raw()
_HEAD = 120  # bytes in which an envelope names its stream

type Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
type Millis = Annotated[int, Meta(ge=1_483_228_800_000, le=4_102_444_800_000)]  # 2017 to 2100: else a wrong unit
type Later = Annotated[int, Meta(ge=0, le=4_102_444_800_000)]  # 0 where there is none


class Depth(msgspec.Struct, tag_field="e", tag="depthUpdate", frozen=True, gc=False):
    """A change of levels. Levels stay as written until a whole batch of messages is parsed at once."""

    E: Millis
    s: str
    U: Count
    u: Count
    b: Raw
    a: Raw
    pu: Count | None = None  # spot names no predecessor
    T: Later = 0

    @property
    def previous(self) -> int:
        """The last update before this one."""
        return self.U - 1 if self.pu is None else self.pu


class Trade(msgspec.Struct, tag_field="e", tag="trade", frozen=True, gc=False):
    T: Millis
    s: str
    t: Count
    p: str
    q: str
    m: bool
    X: str = "MARKET"


class AggTrade(msgspec.Struct, tag_field="e", tag="aggTrade", frozen=True, gc=False):
    T: Millis
    s: str
    a: Count
    p: str
    q: str
    m: bool


class Mark(msgspec.Struct, tag_field="e", tag="markPriceUpdate", frozen=True, gc=False):
    E: Millis
    s: str
    p: str
    T: Later
    i: str = ""
    r: str = ""


class BookTicker(msgspec.Struct, tag_field="e", tag="bookTicker", frozen=True, gc=False):
    s: str
    u: Count
    b: str = ""
    B: str = ""
    a: str = ""
    A: str = ""
    T: Later = 0
    E: Later = 0


class SpotTicker(msgspec.Struct, frozen=True, gc=False):
    """Spot's bookTicker names neither its kind nor a time."""

    s: str
    u: Count
    b: str
    B: str
    a: str
    A: str


class Forced(msgspec.Struct, frozen=True, gc=False):
    """The order that liquidates somebody: `ap` is its average price, `z` what it has filled."""

    s: str
    S: str
    T: Millis
    q: str
    p: str
    ap: str = "0"
    z: str = "0"


class Liquidation(msgspec.Struct, tag_field="e", tag="forceOrder", frozen=True, gc=False):
    E: Millis
    o: Forced


type Event = Depth | Trade | AggTrade | Mark | BookTicker | Liquidation


class Wrapped(msgspec.Struct, frozen=True, gc=False):
    """The combined stream's envelope."""

    data: Event


class Body(msgspec.Struct, frozen=True):
    data: Raw


class Snapshot(msgspec.Struct, frozen=True):
    """The REST answer: the best thousand levels a side. It names no symbol on USD-M."""

    lastUpdateId: Count  # noqa: N815 - the venue's name
    bids: Raw
    asks: Raw
    T: Millis | None = None
    E: Millis | None = None
    symbol: str | None = None


class Anything(msgspec.Struct, frozen=True):
    """Only to learn what kind a line is that nothing else fits."""

    e: str | None = None
    data: "Anything | None" = None
    lastUpdateId: int | None = None  # noqa: N815
    id: Raw = _NOTHING
    u: Count | None = None
    A: Raw = _NOTHING


wrapped = msgspec.json.Decoder(Wrapped)
bare: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
snapshot = msgspec.json.Decoder(Snapshot)
anything = msgspec.json.Decoder(Anything)
spot_ticker = msgspec.json.Decoder(SpotTicker)
body_of = msgspec.json.Decoder(Body)

KNOWN = frozenset({"depthUpdate", "trade", "aggTrade", "markPriceUpdate", "bookTicker", "forceOrder"})


class NotOursError(ValueError):
    """A line that is no message of this venue; `field` is where it is not, if that is known."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.field = field


def decode(body: bytes) -> Event | Snapshot | None:
    """A message; None for one that carries no market data we keep. Raises NotOursError."""
    try:
        if body.startswith(b'{"stream"'):
            return wrapped.decode(body).data
        if body.startswith(b'{"lastUpdateId"'):
            return snapshot.decode(body)
        return bare.decode(body)
    except msgspec.ValidationError:
        return _other(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotOursError(f"is no JSON: {error}") from error


def _other(body: bytes) -> Event | Snapshot | None:
    try:
        kind = anything.decode(body)
        if kind.data is not None:
            is_partial = kind.data.lastUpdateId is not None and b"@depth" in body[:_HEAD]
            kind, body = kind.data, bytes(body_of.decode(body).data)
            if is_partial:
                raise NotOursError("a partial book of the best levels: its stream is not read, only that of diffs")
        if kind.lastUpdateId is not None:
            return snapshot.decode(body)
        if kind.e in KNOWN:
            return bare.decode(body)
        if kind.e is None and kind.u is not None and bytes(kind.A):
            found = spot_ticker.decode(body)
            return BookTicker(found.s, found.u, found.b, found.B, found.a, found.A)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise NotOursError(reason, path.strip("`").rpartition(".")[2] or None) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotOursError(f"is no JSON: {error}") from error
    if kind.e is None and not bytes(kind.id):
        raise NotOursError("no message of Binance: neither an event, a snapshot nor an answer")
    return None


def sent_ms(message: Event | Snapshot) -> int:
    """The venue's time of a message, for want of ours; 0 where it has none."""
    match message:
        case Depth() | Mark() | Liquidation():
            return message.E
        case Trade() | AggTrade():
            return message.T
        case BookTicker():
            return message.E or message.T
        case Snapshot():
            return message.E or message.T or 0
