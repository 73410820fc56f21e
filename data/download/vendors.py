"""Where vendors keep their files. Sources: their documentation; docs/data.md says what costs what."""

import calendar
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from urllib.parse import quote

import msgspec

from engine.core.errors import ConfigError, Problem


class Wanted(msgspec.Struct, frozen=True):
    """A file: its name here, where it is there (to be tried in turn), and whether `URL.CHECKSUM` has its SHA-256."""

    name: str
    urls: tuple[str, ...]
    checksum: bool = False
    free: bool = True  # without a key


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a user asks for. Days are inclusive, UTC. `market` and `exchange` where a vendor has several."""

    symbol: str
    first: date
    last: date
    types: tuple[str, ...] = ()
    market: str = ""
    exchange: str = ""
    base_url: str = ""

    def host(self, usual: str) -> str:
        return self.base_url.rstrip("/") or usual


class Vendor(msgspec.Struct, frozen=True):
    """`usual` of its `types` are taken when none is asked for; `key`: the environment variable with the user's key."""

    files: Callable[[Order, str], Iterator[Wanted]]
    types: tuple[str, ...]
    usual: tuple[str, ...]
    markets: tuple[str, ...] = ()
    key: str = ""
    words: str = ""  # on keys and costs


def wanted(name: str, order: Order) -> list[Wanted]:
    """The files of an order. Raises ConfigError for what the vendor does not have."""
    vendor, problems = VENDORS[name], list[Problem]()
    problems += [
        Problem("--type", f"{name} has no {kind}; it has {', '.join(vendor.types)}")
        for kind in order.types
        if kind not in vendor.types
    ]
    if order.market and order.market not in vendor.markets:
        problems.append(
            Problem("--market", f"{name} has no {order.market}; it has {', '.join(vendor.markets) or 'one'}")
        )
    if order.last < order.first:
        problems.append(Problem("--to", f"{order.last} is before {order.first}"))
    if problems:
        raise ConfigError(*problems)
    return [file for kind in order.types or vendor.usual for file in vendor.files(order, kind)]


def days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + timedelta(n)


def months(first: date, last: date) -> Iterator[str]:
    at = first.replace(day=1)
    while at <= last:
        yield f"{at:%Y-%m}"
        at += timedelta(calendar.monthrange(at.year, at.month)[1])


def _tardis(order: Order, kind: str) -> Iterator[Wanted]:
    symbol = order.symbol.upper().replace("/", "-").replace(":", "-")
    exchange = order.exchange or "binance-futures"
    host = order.host("https://datasets.tardis.dev")
    for day in days(order.first, order.last):
        url = f"{host}/v1/{exchange}/{kind}/{day:%Y/%m/%d}/{quote(symbol, safe='')}.csv.gz"
        yield Wanted(f"{exchange}_{kind}_{day}_{symbol}.csv.gz", (url,), free=day.day == 1)


_MONTHLY = ("fundingRate",)
_KLINES = ("markPriceKlines", "indexPriceKlines", "premiumIndexKlines", "klines")


def _binance(order: Order, kind: str) -> Iterator[Wanted]:
    symbol, market = order.symbol.upper(), order.market or "um"
    root = f"{order.host('https://data.binance.vision')}/data/" + ("spot" if market == "spot" else f"futures/{market}")
    monthly = kind in _MONTHLY
    times = months(order.first, order.last) if monthly else map(str, days(order.first, order.last))
    for time in times:
        file = f"{symbol}-1m-{time}.zip" if kind in _KLINES else f"{symbol}-{kind}-{time}.zip"
        folder = f"{symbol}/1m" if kind in _KLINES else symbol
        url = f"{root}/{'monthly' if monthly else 'daily'}/{kind}/{folder}/{file}"
        # Kline files of all kinds have one name there: here the kind must be in it.
        yield Wanted(f"{symbol}-{kind}-{time}.zip", (url,), checksum=True)


def _bybit(order: Order, kind: str) -> Iterator[Wanted]:
    symbol, market = order.symbol.upper(), order.market or "linear"
    books = f"{order.host('https://quote-saver.bycsi.com')}/orderbook/{market}/{symbol}"
    trades = order.host("https://public.bybit.com")
    for day in days(order.first, order.last):
        if kind == "orderbook":
            depths = (200, 500) if market == "spot" else (500, 200)
            urls = tuple(f"{books}/{day}_{symbol}_ob{depth}.data.zip" for depth in depths)
            yield Wanted(f"{day}_{symbol}_orderbook.data.zip", urls)
        elif market == "spot":
            yield Wanted(f"{symbol}-{day}.csv.gz", (f"{trades}/spot/{symbol}/{symbol}-{day}.csv.gz",))
        else:
            yield Wanted(f"{symbol}{day}.csv.gz", (f"{trades}/trading/{symbol}/{symbol}{day}.csv.gz",))


def _okx(order: Order, kind: str) -> Iterator[Wanted]:
    symbol, host = order.symbol.upper(), order.host("https://static.okx.com")
    if kind == "orderbook":
        for day in days(order.first, order.last):
            file = f"{symbol}-L2orderbook-400lv-{day}.tar.gz"
            yield Wanted(file, (f"{host}/cdn/okx/match/orderbook/L2/400lv/daily/{day:%Y%m%d}/{file}",))
        return
    # A day of trades begins at 16:00 UTC of the day before: the last hours lie in the file of the day after.
    for day in days(order.first, order.last + timedelta(1)):
        file = f"{symbol}-trades-{day}.zip"
        yield Wanted(file, (f"{host}/cdn/okex/traderecords/trades/daily/{day:%Y%m%d}/{file}",))


HYPERLIQUID = "s3://hyperliquid-archive"


def _hyperliquid(order: Order, _kind: str) -> Iterator[Wanted]:
    coin = order.symbol
    for day in days(order.first, order.last):
        for hour in range(24):
            place = f"market_data/{day:%Y%m%d}/{hour}/l2Book/{coin}.lz4"
            yield Wanted(f"{coin}_{day:%Y%m%d}_{hour}.lz4", (f"{order.host(HYPERLIQUID)}/{place}",))


def aws_commands(order: Order, folder: str) -> Iterator[str]:
    """What fetches the same files with Amazon's own client, at the user's cost."""
    for day in days(order.first, order.last):
        yield (
            f"for h in $(seq 0 23); do aws s3 cp --request-payer requester {HYPERLIQUID}/market_data/{day:%Y%m%d}/$h/"
            f"l2Book/{order.symbol}.lz4 {folder}/{order.symbol}_{day:%Y%m%d}_$h.lz4; done"
        )


VENDORS: dict[str, Vendor] = {
    "tardis": Vendor(
        _tardis,
        (
            "incremental_book_L2",
            "trades",
            "derivative_ticker",
            "quotes",
            "book_snapshot_25",
            "book_snapshot_5",
            "liquidations",
        ),
        ("incremental_book_L2", "trades", "derivative_ticker"),
        key="TARDIS_API_KEY",
        words="Tardis: the first day of each month is free; all other days need a paid key in TARDIS_API_KEY",
    ),
    "binance": Vendor(
        _binance,
        ("aggTrades", "trades", "bookTicker", "fundingRate", *_KLINES),
        ("aggTrades", "bookTicker", "fundingRate", "markPriceKlines"),
        ("um", "cm", "spot"),
        words="Binance: free, no key. There is no depth in it, and bookTicker ends on 2024-03-30",
    ),
    "bybit": Vendor(
        _bybit,
        ("orderbook", "trades"),
        ("orderbook", "trades"),
        ("linear", "inverse", "spot"),
        words="Bybit: free, no key",
    ),
    "okx": Vendor(
        _okx,
        ("orderbook", "trades"),
        ("orderbook", "trades"),
        words="OKX: free, no key. Trades are cut at 16:00 UTC: the day after the last one is fetched too",
    ),
    "hyperliquid": Vendor(
        _hyperliquid,
        ("l2Book",),
        ("l2Book",),
        words="Hyperliquid: on Amazon S3, whoever asks pays for the transfer, and signs for it with an account there",
    ),
}
