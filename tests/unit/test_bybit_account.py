"""The account at Bybit by REST, at the venue on loopback: what is set, read, refused, and told of what happened."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engine.core.types import Side
from engine.run.preflight import Preflight, Verdict, preflight
from engine.venue_api.account import View
from engine.venue_api.bybit import Bybit
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys
from engine.venue_sim.bybit.account import SPOT
from engine.venue_sim.bybit.venue import BybitVenue
from engine.venue_sim.faults import Fault
from engine.venue_sim.market_events import Depth, Rate
from tests.support.venue import CONTRACT, START_NS, SYMBOL, WANTED, Client, at, client_of, venue_of

BYBIT = msgspec.structs.replace(CONTRACT, id="BTCUSDT-LINEAR.BYBIT", venue="BYBIT")
AT_BYBIT = msgspec.structs.replace(WANTED, instrument=BYBIT)


async def asked[T](client: Client, question: Callable[[Bybit], T], secret: str | None = None) -> T:
    keys = Keys(client.account.key, secret or client.account.secret)

    def ask() -> T:
        with Bybit(client.addresses.rest, keys, clock_ms=lambda: client.venue.exchange.now_ms) as there:
            return question(there)

    return await asyncio.to_thread(ask)


def order(there: Bybit, side: str, price: str | None, size: str, **more: object) -> Any:
    limit = {"orderType": "Market"} if price is None else {"orderType": "Limit", "price": price}
    fields = {"category": "linear", "symbol": SYMBOL, "side": side, "qty": size, **limit, **more}
    return there.signed("POST", "/v5/order/create", fields)


def verdicts(found: Preflight) -> dict[str, Verdict]:
    return {each.what: each.verdict for each in found.findings}


async def test_the_leverage_is_set_and_read_back() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:
        found = await asked(client, lambda there: preflight(there, AT_BYBIT))
        assert not found.refused
        assert (verdicts(found)["leverage"], found.account.leverage) == (Verdict.FIXED, 7)
        again = await asked(client, lambda there: preflight(there, AT_BYBIT))
        assert verdicts(again)["leverage"] is Verdict.OK


async def test_executions_that_would_end_the_process_are_refused_before_it_begins() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:
        contract = client.venue.exchange.contracts[SYMBOL]
        await asked(client, lambda there: order(there, "Buy", None, "0.1"))
        assert not (await asked(client, lambda there: preflight(there, AT_BYBIT))).refused
        nameless = msgspec.structs.replace(contract.instrument, settlement="")
        client.venue.exchange.contracts[SYMBOL] = msgspec.structs.replace(contract, instrument=nameless)
        found = await asked(client, lambda there: preflight(there, AT_BYBIT))
        assert [each.what for each in found.refused] == ["fees without a currency"]


async def test_the_whole_account_s_margin_is_not_changed_for_one_contract() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:
        wanted = msgspec.structs.replace(AT_BYBIT, margin_type="ISOLATED")
        found = await asked(client, lambda there: preflight(there, wanted))
        assert [each.what for each in found.refused] == ["margin type", "margin type read back"]


async def test_where_positions_have_margins_of_their_own_what_none_of_them_binds_is_free() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:
        client.account.isolated.add(SYMBOL)
        found = await asked(
            client, lambda there: preflight(there, msgspec.structs.replace(AT_BYBIT, margin_type="ISOLATED"))
        )
        assert not found.refused
        assert found.account.available == found.account.balance == Decimal(10_000)


async def test_hedge_mode_there_is_brought_to_one_way() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:
        client.account.dual = True
        found = await asked(client, lambda there: preflight(there, AT_BYBIT))
        assert not found.refused
        assert (verdicts(found)["position mode"], client.account.dual) == (Verdict.FIXED, False)


async def test_contracts_that_are_settled_every_session_are_refused() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:
        usdc = msgspec.structs.replace(BYBIT, settlement="USDC")
        with pytest.raises(VenueError, match="only contracts in USDT"):
            await asked(client, lambda there: there.account(usdc))


async def test_a_view_tells_orders_trades_funding_and_transfers_once_each() -> None:
    """More of them than a page holds."""
    async with client_of(venue_of(_market(), of=BybitVenue)) as client:

        def trade(there: Bybit) -> None:
            for n in range(120):
                order(there, "Buy" if n % 2 else "Sell", None, "0.060", orderLinkId=f"0123456789ab-{n}-0")
            order(there, "Buy", None, "0.5", orderLinkId="0123456789ab-200-0")
            order(there, "Buy", "99.0", "0.1", timeInForce="PostOnly", orderLinkId="0123456789ab-201-0")

        await asked(client, trade)
        client.advance(20)
        client.venue.exchange.pay(client.account, "", "TRANSFER", Decimal(12))
        client.venue.exchange.pay(client.account, SYMBOL, SPOT, Decimal(-3))
        view: View = await asked(client, lambda there: there.view(BYBIT, START_NS))
        assert [(each.our_id, each.price, each.leaves) for each in view.orders] == [
            ("0123456789ab-201-0", Decimal("99.0"), Decimal("0.100"))
        ]
        fills = client.account.fills
        assert [each.price for each in view.trades] == [BYBIT.tick * each.price for each in fills]
        assert sum(each.fee for each in view.trades) == sum(each.commission for each in fills)
        assert {view.names[each.order_id] for each in view.trades} == {
            f"0123456789ab-{n}-0" for n in (*range(120), 200)
        }
        assert [each.size for each in view.holdings] == [Decimal("0.500")]
        paid = [each.amount for each in client.account.incomes if each.kind == "FUNDING_FEE"]
        assert paid
        assert [each.amount for each in view.fundings] == paid
        assert [each.amount for each in view.moves] == [Decimal(12), Decimal(-3)]
        assert view.balance == client.account.wallet.quantize(Decimal("1e-8"))


async def test_a_cursor_goes_back_as_it_came() -> None:
    sent: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        sent.append(request.raw_path)
        more = "" if "cursor" in request.raw_path else "7%3A2%2C7%3A2"
        return web.json_response({"retCode": 0, "result": {"timeNano": "0", "list": [{}], "nextPageCursor": more}})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:

        def pages() -> list[dict[str, Any]]:
            with Bybit(str(server.make_url("/")), Keys("a", "b"), clock_ms=lambda: 0) as there:
                return there.pages("/v5/order/realtime", limit=1)

        assert await asyncio.to_thread(pages) == [{}, {}]
    asked_for = "/v5/order/realtime?limit=1"
    assert sent[1:] == [asked_for, f"{asked_for}&cursor=7%3A2%2C7%3A2"]


def _market() -> Iterator[Any]:
    yield Rate(SYMBOL, at(1), Decimal("0.001"), at(10))
    yield Depth(SYMBOL, at(2), ((1000, 1000),), ((1001, 1000),), snapshot=False)


async def test_what_would_take_is_cancelled_with_the_reason_and_over_for_a_cancel() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:

        def crossing(there: Bybit) -> Any:
            said = order(there, "Buy", "100.1", "0.1", timeInForce="PostOnly", orderLinkId="a")
            found = there.signed_read("/v5/order/history", category="linear", symbol=SYMBOL)["list"][0]
            assert found["orderId"] == said["orderId"]
            there.change("/v5/order/cancel-all", category="linear", symbol=SYMBOL)
            return found

        found = await asked(client, crossing)
        assert (found["orderStatus"], found["rejectReason"]) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")


async def test_cancelled_twice_is_cancelled() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:

        def cancels(there: Bybit) -> None:
            order(there, "Buy", "99.0", "0.1", orderLinkId="a")
            (resting,) = there.open_orders(SYMBOL)
            assert (resting.side, resting.client_id) == (Side.BUY, "a")
            there.cancel(SYMBOL, resting)
            there.cancel(SYMBOL, resting)
            assert there.open_orders(SYMBOL) == ()

        await asked(client, cancels)


async def test_a_position_is_closed_at_the_market_and_not_beyond() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:

        def closes(there: Bybit) -> None:
            order(there, "Sell", None, "0.3")
            (held,) = there.holdings(SYMBOL)
            assert held.size == Decimal("-0.3")
            there.close_at_market(SYMBOL, held, "halt-1")
            assert there.holdings(SYMBOL) == ()
            with pytest.raises(VenueError, match="110017"):
                there.close_at_market(SYMBOL, held, "halt-2")

        await asked(client, closes)


async def test_a_wrong_secret_opens_nothing_and_is_not_told() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:
        with pytest.raises(VenueError, match="10004") as refused:
            await asked(client, lambda there: there.account(BYBIT), secret="canary-secret")
        assert "canary" not in str(refused.value)


async def test_a_venue_that_asks_to_come_back_later_is_asked_again() -> None:
    async with client_of(venue_of(of=BybitVenue)) as client:
        for status in (429, 503):
            client.venue.faults.add(Fault(kind="refuse", status=status, on="wallet-balance", most=1), 0)
        found = await asked(client, lambda there: there.account(BYBIT))
        assert found.balance == Decimal(10_000)
