"""What lies behind: rows by page, span and id, statistics by period, and what the venue does not have."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.venue_sim.errors import ApiError
from engine.venue_sim.market_events import Mark, Print
from engine.venue_sim.paging import MOST, WEEK_MS, page
from engine.venue_sim.routes import NOT_OFFERED
from tests.support.venue import SYMBOL, Client, at, client_of, venue_of

MINUTES_5 = 300

rows = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), max_size=30).map(sorted)  # (id, time)
spans = st.fixed_dictionaries(
    {}, optional={name: st.integers(0, 60).map(str) for name in ("startTime", "endTime", "fromId")}
)


@given(rows, spans, st.integers(1, 40))
def test_a_page_is_what_was_asked_for(made: list[tuple[int, int]], span: dict[str, str], limit: int) -> None:
    asked = span | {"limit": str(limit)}
    if int(span.get("startTime", 0)) > int(span.get("endTime", 60)):
        with pytest.raises(ApiError, match="-1023"):
            page(asked, 10)
        return
    found = page(asked, 10, from_key="fromId").of(made, lambda row: row[1], lambda row: row[0])
    fits = [
        row
        for row in made
        if int(span.get("startTime", 0)) <= row[1] <= int(span.get("endTime", 60))
        and row[0] >= int(span.get("fromId", 0))
    ]
    assert len(found) == min(limit, len(fits))
    assert found == (fits[:limit] if {"startTime", "fromId"} & span.keys() else fits[len(fits) - len(found) :])


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"limit": "0"}, -1130),
        ({"limit": f"{MOST + 1}"}, -1130),
        ({"limit": "ten"}, -1100),
        ({"startTime": "1", "endTime": f"{WEEK_MS + 2}"}, -4165),
    ],
)
def test_what_is_no_page(asked: dict[str, str], code: int) -> None:
    with pytest.raises(ApiError) as refused:
        page(asked, 10, week=True)
    assert refused.value.code == code


async def rows_of(client: Client, path: str, **asked: Any) -> Any:
    status, body = await client.ask("GET", path, **asked)
    assert status == 200, body
    return body


async def test_trades_orders_and_income_by_pages() -> None:
    async with client_of(venue_of()) as client:
        for _ in range(3):
            await client.place("BUY", None, "0.1")
            client.advance(1)
        trades = await rows_of(client, "/fapi/v1/userTrades", symbol=SYMBOL)
        assert len(trades) == 3
        assert await rows_of(client, "/fapi/v1/userTrades", symbol=SYMBOL, fromId=0, limit=1) == trades[:1]
        assert await rows_of(client, "/fapi/v1/userTrades", symbol=SYMBOL, fromId=trades[1]["id"]) == trades[1:]
        assert await rows_of(client, "/fapi/v1/userTrades", symbol=SYMBOL, startTime=trades[1]["time"]) == trades[1:]
        assert await rows_of(client, "/fapi/v1/userTrades", symbol=SYMBOL, limit=1) == trades[2:]
        both = {"symbol": SYMBOL, "fromId": 0, "startTime": 1}
        assert (await client.ask("GET", "/fapi/v1/userTrades", **both))[1]["code"] == -1128
        orders = await rows_of(client, "/fapi/v1/allOrders", symbol=SYMBOL)
        assert await rows_of(client, "/fapi/v1/allOrders", symbol=SYMBOL, orderId=orders[1]["orderId"]) == orders[1:]
        incomes = await rows_of(client, "/fapi/v1/income", incomeType="COMMISSION")
        pages = [await rows_of(client, "/fapi/v1/income", incomeType="COMMISSION", limit=2, page=n) for n in (1, 2, 3)]
        assert pages == [incomes[:2], incomes[2:], []]


async def test_statistics_are_those_of_the_tape_and_of_the_accounts() -> None:
    events = [
        Mark(SYMBOL, at(1), Decimal(100), Decimal(99)),
        Print(SYMBOL, at(2), 1, 1001, 30),
        Print(SYMBOL, at(3), -1, 1000, 20),
        Print(SYMBOL, at(3 + MINUTES_5), -1, 1000, 40),
    ]
    async with client_of(venue_of(events)) as client:
        client.advance(4)
        await client.place("BUY", None, "0.5")
        client.advance(MINUTES_5)
        await client.place("SELL", None, "0.2")
        asked = {"symbol": SYMBOL, "period": "5m"}
        taken = await rows_of(client, "/futures/data/takerlongshortRatio", **asked)
        assert [(row["buyVol"], row["sellVol"], row["buySellRatio"]) for row in taken] == [
            ("0.030", "0.020", "1.5000"),
            ("0.000", "0.040", "0.0000"),
        ]
        held = await rows_of(client, "/futures/data/openInterestHist", **asked)
        assert [Decimal(row["sumOpenInterest"]) for row in held] == [Decimal("0.5"), Decimal("0.3")]
        (newest,) = await rows_of(client, "/futures/data/openInterestHist", **asked, limit=1)
        assert newest == held[-1]
        above = await rows_of(client, "/futures/data/basis", pair=SYMBOL, contractType="PERPETUAL", period="5m")
        assert [row["basis"] for row in above] == ["1.00000000", "1.00000000"]
        assert await rows_of(client, "/futures/data/globalLongShortAccountRatio", **asked) == []
        assert (await client.ask("GET", "/futures/data/basis", **asked, pair=SYMBOL))[1]["code"] == -1102
        assert (await client.ask("GET", "/futures/data/openInterestHist", symbol=SYMBOL, period="7m"))[1][
            "code"
        ] == -1130


async def test_what_was_closed_by_force_is_told() -> None:
    async with client_of(venue_of([Mark(SYMBOL, at(1), Decimal(50))])) as client:
        await client.ask("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=100)
        client.account.wallet = Decimal(30)
        await client.place("BUY", None, "5")
        assert await rows_of(client, "/fapi/v1/forceOrders") == []
        client.advance(1)
        (closed,) = await rows_of(client, "/fapi/v1/forceOrders", symbol=SYMBOL)
        assert (closed["side"], closed["executedQty"]) == ("SELL", "5.000")
        assert await rows_of(client, "/fapi/v1/forceOrders", autoCloseType="ADL") == []


async def test_what_the_venue_does_not_have_is_refused_in_its_words() -> None:
    async with client_of(venue_of()) as client:
        for each in NOT_OFFERED:
            method, path = each.split(" ")
            assert (await client.ask(method, path))[1]["code"] == -1020
        assert await rows_of(client, "/fapi/v1/indexInfo") == []
        assert (await client.ask("GET", "/fapi/v1/indexInfo", symbol=SYMBOL))[1]["code"] == -1121
        assert (await rows_of(client, "/fapi/v1/assetIndex"))[0]["symbol"] == "USDTUSD"
        assert (await rows_of(client, "/fapi/v1/symbolAdlRisk", symbol=SYMBOL))["adlRisk"] == "low"
        assert (await rows_of(client, "/fapi/v1/apiTradingStatus"))["indicators"] == {}
        assert (await client.ask("GET", "/fapi/v1/rpiDepth", symbol=SYMBOL, limit=5))[1]["code"] == -4021
