"""The loopback venue wired to market data: a catalog, a vendor's files, or the generator."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec.structs import replace

from data import store
from data.manifest import NAME
from data.synthetic import generate
from engine.core.errors import ConfigError, DataError, Problem
from engine.core.types import Instrument
from engine.nautilus.catalog import instrument_of
from engine.run.ingest import ingest
from engine.run.venue_tape import catalog_tape
from engine.venue_sim.account import Account
from engine.venue_sim.auth import private_pem
from engine.venue_sim.faults import Fault, Faults
from engine.venue_sim.feed import Feed
from engine.venue_sim.server import PROTOCOLS
from engine.venue_sim.venue import Venue
from engine.venue_sim.venue_log import VenueLog

BOOK = "order_book_deltas"
DEFAULT_INSTRUMENT = "BTCUSDT-PERP.BINANCE"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`speed` 0 lets time stand until it is moved; `accounts` differ in their key and secret alone. `protocol`: whose
    words are spoken; None: those of the first instrument's venue, else Binance's. `ed25519`: the file for the first
    account's private key."""

    speed: float = 1.0
    loop: bool = False
    balance: Decimal = Decimal(10_000)
    accounts: int = 1
    hedge: bool = False
    seed: int = 1
    log: Path | None = None
    faults: tuple[Fault, ...] = ()
    protocol: str | None = None
    ed25519: Path | None = None


@contextmanager
def market_of(paths: list[Path], instrument_id: str | None, synthetic: tuple[int, float] | None) -> Iterator[Path]:
    """The folder of a catalog: the one given, or one made of files or of a seed (and minutes) for as long as it is
    needed."""
    if len(paths) == 1 and (paths[0] / "data").is_dir():
        yield paths[0]
        return
    with TemporaryDirectory(prefix="perpmm-venue-") as temporary:
        folder, wanted = Path(temporary), instrument_id or DEFAULT_INSTRUMENT
        if synthetic is not None:
            paths = list(generate(seed=synthetic[0], out_dir=folder / "raw", minutes=synthetic[1]))
        ingest(paths, instrument_id=wanted, catalog=folder / "catalog")
        yield folder / "catalog"


def venue_of(catalog: Path, instrument_id: str | None, settings: Settings) -> Venue:
    """A venue that is open for trade: its books stand. Raises DataError for a catalog that it cannot be fed from."""
    instruments = _instruments(catalog, instrument_id)
    home = instruments[0].venue
    protocol = settings.protocol or (home if home in PROTOCOLS else "BINANCE")
    if protocol not in PROTOCOLS:
        message = f"must be one of {', '.join(PROTOCOLS)}, not {protocol}"
        raise ConfigError(Problem("--protocol", f"the venue's words {message}"))
    spoken = PROTOCOLS[protocol].venue
    listed = tuple(map(spoken.listed, instruments))
    taped = tuple(replace(each, raw_symbol=there.raw_symbol) for each, there in zip(instruments, listed, strict=True))
    feed = Feed(partial(catalog_tape, catalog, taped), time.time_ns, speed=settings.speed, loop=settings.loop)
    accounts = accounts_of(instruments, settings, spoken)
    if settings.ed25519 is not None:
        _write_key(settings.ed25519, accounts[0])
    venue = spoken(listed, accounts, feed, VenueLog(settings.log))
    venue.faults = Faults(settings.faults, settings.seed)
    venue.prime()
    return venue


def _write_key(path: Path, account: Account) -> None:
    try:
        path.write_bytes(private_pem(account.secret))
    except OSError as error:
        raise ConfigError(Problem(str(path), f"cannot be written: {error.strerror}")) from error


def _instruments(catalog: Path, instrument_id: str | None) -> tuple[Instrument, ...]:
    """One, or all that have a book. A catalog that we did not ingest has no manifest, but it has them."""
    if (catalog / NAME).is_file():
        store.whole(catalog)
    books = sorted(path.name for path in (catalog / "data" / BOOK).glob("*") if path.is_dir())
    wanted = books if instrument_id is None else [instrument_id]
    if not books or not set(wanted) <= set(books):
        message = f"has no book of {instrument_id or 'any instrument'}; it has {', '.join(books) or 'none'}"
        raise DataError(Problem(str(catalog), message, field="instrument"))
    return tuple(instrument_of(catalog, each) for each in wanted)


def accounts_of(instruments: tuple[Instrument, ...], settings: Settings, spoken: type[Venue] = Venue) -> list[Account]:
    """Keys and secrets follow from the seed, in the venue's own form: they open nothing but this venue."""
    made = []
    for number in range(settings.accounts):
        key, secret = spoken.named(*(_token(f"{word}:{settings.seed}:{number}") for word in ("key", "secret")))
        account = Account(key, secret, asset=instruments[0].settlement, wallet=settings.balance)
        account.passphrase = _token(f"passphrase:{settings.seed}:{number}")[:16] if spoken.has_passphrase else ""
        account.dual = settings.hedge
        made.append(account)
    return made


def _token(text: str) -> str:
    return hashlib.sha256(f"perpmm venue {text}".encode()).hexdigest()
