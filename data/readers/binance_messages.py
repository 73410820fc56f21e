"""The messages of a raw Binance USD-M capture, as typed values."""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

_NOTHING = Raw()

type Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
type Millis = Annotated[int, Meta(ge=1_483_228_800_000, le=4_102_444_800_000)]  # 2017 to 2100: else a wrong unit
type Later = Annotated[int, Meta(ge=0, le=4_102_444_800_000)]  # 0 where there is none


class Depth(msgspec.Struct, tag_field="e", tag="depthUpdate", frozen=True, gc=False):
    """A change of levels. Levels stay as written until a whole batch of messages is parsed at once."""

    E: Millis
    s: str
    U: Count
    u: Count
    pu: Count
    b: Raw
    a: Raw


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


type Event = Depth | Trade | AggTrade | Mark | BookTicker


class Wrapped(msgspec.Struct, frozen=True, gc=False):
    """The combined stream's envelope."""

    data: Event


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


wrapped = msgspec.json.Decoder(Wrapped)
bare: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
snapshot = msgspec.json.Decoder(Snapshot)
anything = msgspec.json.Decoder(Anything)

KNOWN = frozenset({"depthUpdate", "trade", "aggTrade", "markPriceUpdate", "bookTicker"})


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
        if kind.lastUpdateId is not None:
            return snapshot.decode(body)
        name = kind.data.e if kind.data else kind.e
        if name in KNOWN:
            return wrapped.decode(body).data if kind.data else bare.decode(body)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise NotOursError(reason, path.strip("`").rpartition(".")[2] or None) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotOursError(f"is no JSON: {error}") from error
    if name is None and not bytes(kind.id):
        raise NotOursError("no message of Binance: neither an event, a snapshot nor an answer")
    return None
