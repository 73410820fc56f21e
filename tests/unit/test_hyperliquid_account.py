"""The account at Hyperliquid by REST, at the venue on loopback: what is set, read, refused, told of what happened."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nautilus_trader.adapters.hyperliquid import hyperliquid_cloid_from_client_order_id
from nautilus_trader.model import ClientOrderId

from engine.core.types import Side
from engine.journal.manifest import new_manifest, read_run_file
from engine.journal.writer import create_run
from engine.run import halt as switch
from engine.run.halt import Halted, swept
from engine.run.preflight import Preflight, Verdict, preflight
from engine.venue_api.account import View
from engine.venue_api.errors import VenueError
from engine.venue_api.hyperliquid import Hyperliquid, cloid
from engine.venue_api.hyperliquid_words import tick_at, trade
from engine.venue_api.keys import Keys
from engine.venue_api.wallet import address_of
from engine.venue_sim.faults import Fault
from engine.venue_sim.hyperliquid.venue import HyperliquidVenue
from engine.venue_sim.market_events import Depth, Rate
from tests.support.venue import CONTRACT, START_NS, SYMBOL, WANTED, Client, at, client_of, venue_of

TERMS = {"id": "BTCUSDT-USD-PERP.HYPERLIQUID", "venue": "HYPERLIQUID", "settlement": "USDC", "quote": "USD"}
THERE = msgspec.structs.replace(CONTRACT, **TERMS, tick=Decimal("0.01"), min_notional=Decimal(10))
AT_HYPERLIQUID = msgspec.structs.replace(WANTED, instrument=THERE)
RUN = "0123456789ab"
WALLETS = [f"0x{n:064x}" for n in (1, 2)]
ACCOUNT, AGENT = map(address_of, WALLETS)


def venue(events: Any = ()) -> HyperliquidVenue:
    """Of one account; the second wallet may sign for it too."""
    made = venue_of(events, of=HyperliquidVenue)
    assert isinstance(made, HyperliquidVenue)
    (account,) = made.exchange.accounts.values()
    account.key, account.secret = ACCOUNT, WALLETS[0]
    made.exchange.accounts = {ACCOUNT: account}
    made.agents = {ACCOUNT: ACCOUNT, AGENT: ACCOUNT}
    return made


async def asked[T](client: Client, question: Callable[[Hyperliquid], T], wallet: str = WALLETS[1]) -> T:
    """By a wallet that the account has approved, unless another is named."""

    def ask() -> T:
        clock = lambda: client.venue.exchange.now_ms  # noqa: E731
        with Hyperliquid(client.addresses.rest, Keys(ACCOUNT, wallet), clock_ms=clock) as there:
            there.sent(f"{RUN}-{n}-0" for n in range(300))
            return question(there)

    return await asyncio.to_thread(ask)


def order(there: Hyperliquid, side: str, price: str, size: str, tif: str = "Gtc", name: str | None = None) -> Any:
    wire = {"a": 0, "b": side == "Buy", "p": price, "s": size, "r": False, "t": {"limit": {"tif": tif}}}
    named = {} if name is None else {"c": cloid(name)}
    return there.act({"type": "order", "orders": [wire | named], "grouping": "na"})


def verdicts(found: Preflight) -> dict[str, Verdict]:
    return {each.what: each.verdict for each in found.findings}


def test_an_order_s_name_there_is_the_one_that_the_adapter_makes() -> None:
    for name in ("0123456789ab-7-0", "", "x" * 36):
        theirs = hyperliquid_cloid_from_client_order_id(ClientOrderId(name)) if name else None
        assert theirs in {None, cloid(name)}


@pytest.mark.parametrize(
    ("price", "digits", "tick"),
    [("50000", 3, "1"), ("123456", 5, "1"), ("4999.9", 3, "0.1"), ("100", 3, "0.01"), ("1.5", 0, "0.0001"),
     ("0.000012345", 0, "0.000001"), ("3.1", 5, "0.1")],
)  # fmt: skip
def test_a_price_has_five_digits_or_is_whole(price: str, digits: int, tick: str) -> None:
    assert tick_at(Decimal(price), digits) == Decimal(tick)


async def test_leverage_and_margin_type_are_set_and_read_back_and_the_missing_timer_is_told() -> None:
    async with client_of(venue()) as client:
        wanted = msgspec.structs.replace(AT_HYPERLIQUID, margin_type="ISOLATED")
        found = await asked(client, lambda there: preflight(there, wanted))
        assert not found.refused
        assert (found.account.leverage, found.account.margin_type) == (7, "ISOLATED")
        assert {verdicts(found)[each] for each in ("leverage", "margin type")} == {Verdict.FIXED}
        assert verdicts(found)["dead man's timer"] is Verdict.NOTED
        again = await asked(client, lambda there: preflight(there, wanted))
        assert {verdicts(again)[each] for each in ("leverage", "margin type")} == {Verdict.OK}


async def test_a_wallet_that_the_account_has_not_approved_is_refused_before_anything_is_asked() -> None:
    async with client_of(venue()) as client:
        with pytest.raises(VenueError, match="approve it there as an API wallet"):
            await asked(client, lambda there: preflight(there, AT_HYPERLIQUID), f"0x{3:064x}")
        assert client.account.leverages == {}


async def test_an_action_that_a_stranger_signs_or_that_is_late_is_not_done() -> None:
    async with client_of(venue()) as client:
        with pytest.raises(VenueError, match="does not exist"):
            await asked(client, lambda there: order(there, "Buy", "99", "0.2"), f"0x{3:064x}")

        def late(there: Hyperliquid) -> None:
            there.offset_ms -= 60_000
            order(there, "Buy", "99", "0.2")

        with pytest.raises(VenueError, match="expired"):
            await asked(client, late)
        assert client.account.orders == {}


async def test_a_view_tells_orders_trades_funding_and_transfers_once_each() -> None:
    async with client_of(venue(_market())) as client:

        def act(there: Hyperliquid) -> None:
            for n in range(20):
                price = "104" if n % 2 else "96"
                order(there, "Buy" if n % 2 else "Sell", price, "0.06", "Ioc", f"{RUN}-{n}-0")
            order(there, "Buy", "104", "0.5", "Ioc", f"{RUN}-200-0")
            order(there, "Buy", "99", "0.1", "Alo", f"{RUN}-201-0")
            order(there, "Buy", "98.5", "0.2")

        await asked(client, act)
        client.advance(20)
        client.venue.exchange.pay(client.account, "", "TRANSFER", Decimal(12))
        client.venue.exchange.pay(client.account, "", "TRANSFER", Decimal(-3))
        view: View = await asked(client, lambda there: there.view(THERE, START_NS))
        resting = [(each.our_id, each.price, each.leaves) for each in view.orders]
        assert resting[0] == (f"{RUN}-201-0", Decimal("99.0"), Decimal("0.100"))
        assert resting[1][0].isdigit()
        fills = client.account.fills
        assert [each.price for each in view.trades] == [CONTRACT.tick * each.price for each in fills]
        assert sum(each.fee for each in view.trades) == sum(each.commission for each in fills)
        assert len({each.id for each in view.trades}) == len(fills)
        assert {view.names[each.order_id] for each in view.trades} == {f"{RUN}-{n}-0" for n in (*range(20), 200)}
        assert [each.size for each in view.holdings] == [Decimal("0.500")]
        paid = [each.amount for each in client.account.incomes if each.kind == "FUNDING_FEE"]
        assert paid
        assert [each.amount for each in view.fundings] == paid
        assert [each.amount for each in view.moves] == [Decimal(12), Decimal(-3)]
        assert abs(view.balance - client.account.wallet) < Decimal("1e-6")


def _market() -> Iterator[Any]:
    yield Rate(SYMBOL, at(1), Decimal("0.001"), at(10))
    yield Depth(SYMBOL, at(2), ((1000, 1000),), ((1001, 1000),), snapshot=False)


async def test_what_is_paid_between_two_views_is_told_by_the_second() -> None:
    async with client_of(venue()) as client:

        def twice(there: Hyperliquid) -> tuple[View, View]:
            first = there.view(THERE, START_NS)
            client.venue.exchange.pay(client.account, "", "TRANSFER", Decimal(5))
            return first, there.view(THERE, START_NS)

        first, second = await asked(client, twice)
        assert [each.amount for each in first.moves] == []
        assert [each.amount for each in second.moves] == [Decimal(5)]


async def test_cancelled_twice_is_cancelled() -> None:
    async with client_of(venue()) as client:

        def cancels(there: Hyperliquid) -> None:
            order(there, "Buy", "99", "0.2", name=f"{RUN}-1-0")
            (resting,) = there.open_orders(SYMBOL)
            assert (resting.side, resting.client_id) == (Side.BUY, f"{RUN}-1-0")
            there.cancel(SYMBOL, resting)
            there.cancel(SYMBOL, resting)

        await asked(client, cancels)
        assert client.account.open == {}


async def test_a_position_is_closed_at_the_market_once() -> None:
    async with client_of(venue()) as client:

        def closes(there: Hyperliquid) -> None:
            order(there, "Buy", "104", "0.3", "Ioc")
            (held,) = there.holdings(SYMBOL)
            there.close_at_market(SYMBOL, held, "halt-1-0")
            with pytest.raises(VenueError, match="Reduce only"):
                there.close_at_market(SYMBOL, held, "halt-1-0")

        await asked(client, closes)
        assert client.account.positions() == []


async def test_halt_cancels_the_orders_whose_ids_it_is_told_also_those_that_come_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "QUIET_S", 0.3)
    with create_run(tmp_path, new_manifest("live", THERE.id, {"venue": {}}, started_ns=1)) as writer:
        run_file = read_run_file(writer.folder)
    names = [f"{run_file.run[:12]}-{n}-0" for n in (5, 6)]
    rounds = iter([names[:1], [], names[1:]])
    async with client_of(venue()) as client:

        def halted(there: Hyperliquid) -> Halted:
            for price, name in (("99", names[0]), ("98", names[1]), ("97", None)):
                order(there, "Buy", price, "0.2", name=name)
            return swept(run_file, there, flatten=False, sent=lambda: next(rounds, []))

        done = await asked(client, halted)
        assert done.done
        assert [*done.cancelled] == names
        assert [each.price for each in done.strangers] == [Decimal(97)]


async def test_the_timer_is_for_who_has_traded_a_million_and_takes_all_along() -> None:
    async with client_of(venue()) as client:

        def none(there: Hyperliquid) -> None:
            assert there.timer() is None
            with pytest.raises(VenueError, match="enough volume"):
                there.arm(SYMBOL)

        def armed(there: Hyperliquid) -> None:
            there.arm(SYMBOL)
            order(there, "Buy", "99", "0.2")
            client.advance(59)
            there.arm(SYMBOL)
            client.advance(59)
            assert client.account.open
            client.advance(2)
            assert not client.account.open
            there.arm(SYMBOL)
            there.disarm(SYMBOL)
            order(there, "Buy", "99", "0.2")
            client.advance(61)
            assert client.account.open
            with_another = client.account.countdowns = {SYMBOL: client.venue.exchange.now_ms + 60_000}
            there.disarm(SYMBOL)
            assert client.account.countdowns == with_another

        await asked(client, none)
        exchange = client.venue.exchange
        one = exchange.contracts[SYMBOL]
        filled = client.account.fills
        client.advance(1)
        await asked(client, lambda there: order(there, "Buy", "104", "0.1", "Ioc"))
        filled.extend(filled * int(Decimal(1_000_000) / one.value(filled[0].price, filled[0].lots) + 1))
        client.advance(1)
        found = await asked(client, lambda there: preflight(there, AT_HYPERLIQUID))
        client.advance(1)
        assert found.timer is not None
        assert verdicts(found)["dead man's timer"] is Verdict.OK
        await asked(client, armed)


async def test_a_question_is_asked_again_where_the_venue_says_later() -> None:
    async with client_of(venue()) as client:
        client.venue.faults.add(Fault(kind="refuse", status=429, most=2, on="/info"), 0.0)
        assert await asked(client, lambda there: there.open_orders(SYMBOL)) == ()


async def test_a_balance_that_is_shared_with_spot_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.venue_sim.hyperliquid import info  # noqa: PLC0415

    monkeypatch.setitem(info.ACCOUNT, "userAbstraction", lambda *_: "unifiedAccount")
    async with client_of(venue()) as client:
        found = await asked(client, lambda there: preflight(there, AT_HYPERLIQUID))
        assert [each.what for each in found.refused] == ["a balance shared with spot"]


def test_a_fee_in_another_currency_ends_the_view() -> None:
    row = {"tid": 1, "oid": 1, "px": "1", "sz": "1", "time": 1, "hash": "0x1", "startPosition": "0.0", "crossed": True}
    row |= {"side": "B", "fee": "0.1", "feeToken": "HYPE"}
    with pytest.raises(VenueError, match="paid in HYPE"):
        trade(row)
