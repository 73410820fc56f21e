"""The account at OKX by REST, at the venue on loopback: what is set, read, refused, and told of what happened."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.core.step import order_id
from engine.core.types import PositionMode, Side
from engine.core.wire_ids import sent_as
from engine.run.preflight import Preflight, Verdict, preflight
from engine.run.reconcile import FORCED
from engine.venue_api.account import View
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys
from engine.venue_api.okx import Okx
from engine.venue_sim.faults import Fault
from engine.venue_sim.market_events import Depth, Rate
from engine.venue_sim.okx.account import SPOT
from engine.venue_sim.okx.venue import OkxVenue
from engine.venue_sim.orders import Request
from engine.venue_sim.trading import place
from engine.venue_sim.upkeep import liquidate
from tests.support.venue import CONTRACT, START_NS, SYMBOL, WANTED, Client, at, client_of, venue_of

SWAP = OkxVenue.listed(msgspec.structs.replace(CONTRACT, id="BTC-USDT-SWAP.OKX", venue="OKX"))
AT_OKX = msgspec.structs.replace(WANTED, instrument=SWAP)
NAME = SWAP.raw_symbol


async def asked[T](client: Client, question: Callable[[Okx], T], **others: str) -> T:
    given = {"key": client.account.key, "secret": client.account.secret, "passphrase": client.account.passphrase}

    def ask() -> T:
        with Okx(client.addresses.rest, Keys(**given | others), clock_ms=lambda: client.venue.exchange.now_ms) as there:
            return question(there)

    return await asyncio.to_thread(ask)


def order(there: Okx, side: str, price: str | None, size: str, **more: object) -> Any:
    """`size` in contracts."""
    limit = {"ordType": "market"} if price is None else {"ordType": "limit", "px": price}
    fields = {"instId": NAME, "tdMode": "cross", "side": side, "sz": size, **limit, **more}
    return there.signed("POST", "/api/v5/trade/order", fields)[0]


def ours(seq: int) -> str:
    return order_id("0123456789ab", seq, 0)


def verdicts(found: Preflight) -> dict[str, Verdict]:
    return {each.what: each.verdict for each in found.findings}


async def test_the_leverage_is_set_and_read_back_and_the_timer_is_told() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:
        found = await asked(client, lambda there: preflight(there, AT_OKX))
        assert not found.refused
        assert (verdicts(found)["leverage"], found.account.leverage) == (Verdict.FIXED, 7)
        assert found.timer is not None
        assert "every contract" in found.timer.takes
        again = await asked(client, lambda there: preflight(there, AT_OKX))
        assert verdicts(again)["leverage"] is Verdict.OK


async def test_what_is_not_traded_there_is_refused_all_at_once() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:
        client.account.multi_assets = True
        wanted = msgspec.structs.replace(AT_OKX, margin_type="ISOLATED")
        found = await asked(client, lambda there: preflight(there, wanted))
        several = "margin of several currencies"
        assert [each.what for each in found.refused] == ["margin type", "margin type read back", several]


async def test_hedge_mode_there_is_brought_to_one_way_and_back() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:
        client.account.dual = True
        found = await asked(client, lambda there: preflight(there, AT_OKX))
        assert not found.refused
        assert (verdicts(found)["position mode"], client.account.dual) == (Verdict.FIXED, False)
        hedge = msgspec.structs.replace(AT_OKX, mode=PositionMode.HEDGE)
        assert not (await asked(client, lambda there: preflight(there, hedge))).refused
        assert client.account.dual


async def test_swaps_that_are_not_in_usdt_are_refused() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:
        for other in ({"settlement": "USDC"}, {"settlement": "BTC", "inverse": True}):
            swap = msgspec.structs.replace(SWAP, **other)
            with pytest.raises(VenueError, match="only swaps in USDT"):
                await asked(client, lambda there, swap=swap: there.account(swap))


async def test_a_view_tells_orders_trades_funding_and_transfers_once_each() -> None:
    """More of them than a page holds. Sizes are in contracts, money is not."""
    async with client_of(venue_of(_market(), of=OkxVenue)) as client:

        def trade(there: Okx) -> None:
            for n in range(120):
                order(there, "buy" if n % 2 else "sell", None, "6", clOrdId=sent_as(ours(n), "OKX"))
            order(there, "buy", None, "50", clOrdId=sent_as(ours(200), "OKX"))
            order(there, "buy", "99.0", "10", ordType="post_only", clOrdId=sent_as(ours(201), "OKX"))

        await asked(client, trade)
        client.advance(20)
        client.venue.exchange.pay(client.account, "", "TRANSFER", Decimal(12))
        client.venue.exchange.pay(client.account, "BTC-USDT", SPOT, Decimal(-3))
        view: View = await asked(client, lambda there: there.view(SWAP, START_NS))
        assert [(each.our_id, each.price, each.leaves) for each in view.orders] == [
            (ours(201), Decimal("99.0"), Decimal(10))
        ]
        fills = client.account.fills
        assert [each.price for each in view.trades] == [SWAP.tick * each.price for each in fills]
        assert [each.size for each in view.trades] == [SWAP.step * each.lots for each in fills]
        paid = [each.fee for each in view.trades]
        assert paid == [each.commission for each in fills]
        assert paid[0] == Decimal(6) * Decimal("0.01") * view.trades[0].price * SWAP.taker_fee
        assert {view.names[each.order_id] for each in view.trades} == {ours(n) for n in (*range(120), 200)}
        assert [each.size for each in view.holdings] == [Decimal(50)]
        settled = [each.amount for each in client.account.incomes if each.kind == "FUNDING_FEE"]
        assert settled
        assert [each.amount for each in view.fundings] == settled
        assert [each.amount for each in view.moves] == [Decimal(12), Decimal(-3)]
        assert view.balance == client.account.wallet.quantize(Decimal("1e-8"))


def _market() -> Iterator[Any]:
    yield Rate(SYMBOL, at(1), Decimal("0.001"), at(10))
    yield Depth(SYMBOL, at(2), ((1000, 1000),), ((1001, 1000),), snapshot=False)


def test_counted_contracts_are_worth_what_their_base_units_are() -> None:
    """The same lots at both venues: the same money, to the last digit."""
    counted, plain = venue_of(_market(), of=OkxVenue), venue_of(_market())
    told = []
    for venue in (counted, plain):
        exchange = venue.exchange
        (account,), (symbol,) = exchange.accounts.values(), exchange.markets
        for price in (None, 990):
            asked = {"type": "MARKET", "tif": "GTC"} if price is None else {"type": "LIMIT", "tif": "GTX"}
            request = Request(symbol=symbol, side=Side.BUY, lots=700, price=price, client_id=f"a{price}", **asked)
            place(exchange, account, request)
        account.isolated = {symbol}
        venue.feed.advance(venue, 20 * 10**9)
        margins, (leg, held) = exchange.margins(account), account.positions()[0]
        bound = (
            margins.isolated_wallet(leg, held),
            margins.liquidation_price(leg),
            margins.maintenance,
            margins.available,
        )
        told.append((account.wallet, [each.amount for each in account.incomes], margins.equity, bound))
    assert told[0] == told[1]
    assert len(told[0][1]) == 2


async def test_what_the_venue_closes_by_force_is_told_as_that() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:
        await asked(client, lambda there: order(there, "buy", None, "30", clOrdId=sent_as(ours(1), "OKX")))
        liquidate(client.venue.exchange, client.account, [(NAME, "BOTH")])
        view: View = await asked(client, lambda there: there.view(SWAP, START_NS))
        names = [view.names[each.order_id] for each in view.trades]
        assert names[0] == ours(1)
        assert all(name.startswith(FORCED) for name in names[1:])
        assert len(names) > 1
        assert view.holdings == ()


async def test_what_would_take_is_cancelled_with_the_reason() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:

        def crossing(there: Okx) -> Any:
            said = order(there, "buy", "100.1", "10", ordType="post_only", clOrdId="a")
            found = there.signed_read("/api/v5/trade/orders-history", instType="SWAP")[0]
            assert found["ordId"] == said["ordId"]
            return found

        found = await asked(client, crossing)
        assert (found["state"], found["cancelSource"], found["accFillSz"]) == ("canceled", "31", "0.0")


async def test_cancelled_twice_is_cancelled() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:

        def cancels(there: Okx) -> None:
            order(there, "buy", "99.0", "10", clOrdId="a")
            (resting,) = there.open_orders(NAME)
            assert (resting.side, resting.client_id) == (Side.BUY, "a")
            there.cancel(NAME, resting)
            there.cancel(NAME, resting)
            assert there.open_orders(NAME) == ()

        await asked(client, cancels)


async def test_a_position_is_closed_at_the_market_and_not_beyond() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:

        def closes(there: Okx) -> None:
            order(there, "sell", None, "30")
            (held,) = there.holdings(NAME)
            assert held.size == Decimal(-30)
            there.close_at_market(NAME, held, "halt-1")
            assert there.holdings(NAME) == ()
            with pytest.raises(VenueError, match="51169"):
                there.close_at_market(NAME, held, "halt-2")

        await asked(client, closes)


async def test_the_timer_cancels_all_of_the_account_a_minute_after_it_was_last_armed() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:

        def rested(there: Okx) -> None:
            order(there, "buy", "99.0", "10", clOrdId="a")
            there.arm(NAME)

        async def resting() -> int:
            return len(await asked(client, lambda there: there.open_orders(NAME)))

        await asked(client, rested)
        client.advance(50)
        await asked(client, lambda there: there.arm(NAME))
        client.advance(50)
        assert await resting() == 1
        await asked(client, lambda there: there.disarm(NAME))
        client.advance(100)
        assert await resting() == 1
        await asked(client, lambda there: there.arm(NAME))
        client.advance(60)
        assert await resting() == 0
        with pytest.raises(VenueError, match="51000"):
            await asked(client, lambda there: there.count_down(5))


@pytest.mark.parametrize("wrong", [("secret", "50113"), ("passphrase", "50105"), ("key", "50111")])
async def test_what_is_wrong_with_keys_opens_nothing_and_is_not_told(wrong: tuple[str, str]) -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:
        with pytest.raises(VenueError, match=wrong[1]) as refused:
            await asked(client, lambda there: there.account(SWAP), **{wrong[0]: "canary-word"})
        assert "canary" not in str(refused.value)


@pytest.mark.parametrize(("name", "code"), [("has-hyphens", "51000"), ("a" * 33, "51000"), ("twice", "51016")])
async def test_an_order_s_name_is_of_letters_and_digits_and_used_once(name: str, code: str) -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:
        await asked(client, lambda there: order(there, "buy", "99.0", "10", clOrdId="twice"))
        with pytest.raises(VenueError, match=code):
            await asked(client, lambda there: order(there, "buy", "99.0", "10", clOrdId=name))


async def test_a_venue_that_asks_to_come_back_later_is_asked_again() -> None:
    async with client_of(venue_of(of=OkxVenue)) as client:
        for status in (429, 503):
            client.venue.faults.add(Fault(kind="refuse", status=status, on="account/balance", most=1), 0)
        found = await asked(client, lambda there: there.account(SWAP))
        assert found.balance == Decimal(10_000)
