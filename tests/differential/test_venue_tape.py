"""What the loopback venue is fed is what the catalog holds: after each message its top is the catalog's own quote."""

import random
from decimal import Decimal
from pathlib import Path

import msgspec
import polars as pl

from engine.core.types import Instrument, Side
from engine.run.venue_sim import Settings, venue_of
from engine.run.venue_tape import catalog_tape
from engine.venue_sim.contract import contract_of
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.market_events import Depth, Mark, Print, Rate
from tests.support.builders import LINEAR
from tests.support.catalogs import Handmade, ns
from tests.support.venue import Heard

OTHER = msgspec.structs.replace(
    LINEAR, id="ETHUSDT-PERP.BINANCE", raw_symbol="ETHUSDT", base="ETH", tick=Decimal("0.05"), step=Decimal("0.01")
)


def wandering(root: Path, instrument: Instrument = LINEAR, seed: int = 7) -> Path:
    chance = random.Random(seed)
    market = Handmade(instrument)
    market.snapshot(0, {"100.0": "3.00", "99.9": "1.00"}, {"100.2": "3.00", "100.3": "1.00"})
    for n in range(150):
        at = n / 10 + 0.1
        if n == 75:
            market.snapshot(at, {"99.5": "2.00", "99.0": "1.00"}, {"99.6": "2.00", "100.4": "1.00"})
            continue
        side = chance.choice([Side.BUY, Side.SELL])
        near = Decimal("99.5") if side is Side.BUY else Decimal("99.6")
        price = near - side * Decimal(chance.randrange(1, 6)) / 10
        market.levels(at, (side, f"{price:.1f}", chance.choice(["0", "0.50", "2.00"])))
        market.trade(at, side, f"{near}", "0.20")
    market.mark(3, "100.00").mark(9, "99.50").funding(4, "0.0001", 3600)
    return market.write(root)


def test_the_top_is_the_catalogs_quote_after_each_message(tmp_path: Path) -> None:
    root = wandering(tmp_path / "catalog")
    exchange = Exchange([contract_of(LINEAR)], [], Heard())
    market, tops, counts = exchange.markets[LINEAR.raw_symbol], list[tuple[str, ...]](), dict[type, int]()
    for event in catalog_tape(root, (LINEAR,)):
        exchange.apply(event)
        counts[type(event)] = counts.get(type(event), 0) + 1
        if isinstance(event, Depth):
            (bid, bids), (ask, asks) = market.bids[0], market.asks[0]
            contract = market.contract
            tops.append((contract.price(bid), contract.price(ask), contract.size(bids), contract.size(asks)))
    quotes = pl.read_parquet(sorted((root / "data" / "quotes" / LINEAR.id).glob("*.parquet")))
    columns = ["bid_price", "ask_price", "bid_size", "ask_size"]
    wanted = [tuple(Decimal(value) for value in row) for row in quotes.select(columns).rows()]
    assert [tuple(map(Decimal, top)) for top in tops] == wanted
    assert counts == {Depth: 151, Print: 149, Mark: 2, Rate: 1}


def test_several_contracts_come_in_order_of_time(tmp_path: Path) -> None:
    root = wandering(wandering(tmp_path / "catalog"), OTHER, seed=8)
    times = [event.ts_ns for event in catalog_tape(root, (LINEAR, OTHER))]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (ns(0), ns(15))
    venue = venue_of(root, None, Settings(speed=0))
    assert set(venue.exchange.markets) == {"BTCUSDT", "ETHUSDT"}
    assert all(market.bids and market.asks for market in venue.exchange.markets.values())
