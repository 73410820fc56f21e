"""The messages of a raw Binance USD-M capture, as typed values."""

import msgspec
from msgspec import Raw

_NOTHING = Raw()


class Depth(msgspec.Struct, tag_field="e", tag="depthUpdate", frozen=True, gc=False):
    """A change of levels. Levels stay as written until a whole batch of messages is parsed at once."""

    E: int
    s: str
    U: int
    u: int
    pu: int
    b: Raw
    a: Raw


class Trade(msgspec.Struct, tag_field="e", tag="trade", frozen=True, gc=False):
    T: int
    s: str
    t: int
    p: str
    q: str
    m: bool
    X: str = "MARKET"


class AggTrade(msgspec.Struct, tag_field="e", tag="aggTrade", frozen=True, gc=False):
    T: int
    s: str
    a: int
    p: str
    q: str
    m: bool


class Mark(msgspec.Struct, tag_field="e", tag="markPriceUpdate", frozen=True, gc=False):
    E: int
    s: str
    p: str
    T: int
    i: str = ""
    r: str = ""


class BookTicker(msgspec.Struct, tag_field="e", tag="bookTicker", frozen=True, gc=False):
    s: str
    u: int


type Event = Depth | Trade | AggTrade | Mark | BookTicker


class Wrapped(msgspec.Struct, frozen=True, gc=False):
    """The combined stream's envelope."""

    data: Event


class Snapshot(msgspec.Struct, frozen=True):
    """The REST answer: the best thousand levels a side. It names no symbol on USD-M."""

    lastUpdateId: int  # noqa: N815 - the venue's name
    bids: Raw
    asks: Raw
    T: int | None = None
    E: int | None = None
    symbol: str | None = None


class Anything(msgspec.Struct, frozen=True):
    """Only to learn what kind a line is that nothing else fits."""

    e: str | None = None
    data: "Anything | None" = None
    lastUpdateId: int | None = None  # noqa: N815
    id: Raw = _NOTHING


wrapped = msgspec.json.Decoder(Wrapped)
bare: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
snapshot = msgspec.json.Decoder(Snapshot)
anything = msgspec.json.Decoder(Anything)

KNOWN = frozenset({"depthUpdate", "trade", "aggTrade", "markPriceUpdate", "bookTicker"})


class NotOursError(ValueError):
    """JSON that is no message of this venue."""


def decode(body: bytes) -> Event | Snapshot | None:
    """A message; None for one that carries no market data we keep. Raises msgspec.MsgspecError or NotOursError."""
    try:
        if body.startswith(b'{"stream"'):
            return wrapped.decode(body).data
        if body.startswith(b'{"lastUpdateId"'):
            return snapshot.decode(body)
        return bare.decode(body)
    except msgspec.ValidationError:
        return _other(body)


def _other(body: bytes) -> Event | Snapshot | None:
    kind = anything.decode(body)
    if kind.lastUpdateId is not None:
        return snapshot.decode(body)
    name = kind.data.e if kind.data else kind.e
    if name in KNOWN:
        return wrapped.decode(body).data if kind.data else bare.decode(body)
    if name is None and not bytes(kind.id):
        raise NotOursError("no message of Binance: neither an event, a snapshot nor an answer")
    return None
