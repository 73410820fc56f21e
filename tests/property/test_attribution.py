"""The parts of the PnL are the PnL: over any fills, prices, funding and marks, linear and inverse, in both modes."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.attribution import PARTS, Attribution, attribution
from engine.analysis.frames import Frames
from engine.analysis.market import Market, ticks_of
from engine.core.events import FundingSettled, Held
from engine.core.types import SECOND, Instrument, Leg, PositionMode, Purpose, Side
from tests.support.builders import INVERSE, LINEAR, START_NS, a_fill, a_start, a_tick, an_order, decimals
from tests.support.markets import a_market, frames_of

prices = decimals("20000", "90000", 1)
fees = decimals("-5", "5", 8)
purposes = st.sampled_from([*Purpose, None])
steps = st.lists(
    st.tuples(
        st.sampled_from(["tick", "fill", "funding"]),
        prices,
        st.sampled_from(Side),
        st.sampled_from([Leg.LONG, Leg.SHORT]),
        decimals("0.001", "5", 3),
        fees,
        purposes,
        st.sampled_from([1, 40, 2000]),
    ),
    max_size=30,
)


def script_of(instrument: Instrument, mode: PositionMode, held: Decimal, drawn: list[Any]) -> list[Any]:
    first = Leg.NET if mode is PositionMode.ONE_WAY else Leg.LONG
    positions = (Held(first, held, Decimal(50_000)),) if held else ()
    script: list[Any] = [(a_start(instrument=instrument, mode=mode, positions=positions), ())]
    second = 0
    for n, (what, price, side, leg, size, fee, purpose, wait) in enumerate(drawn):
        second += wait
        at = {"ts_event": START_NS + second * SECOND, "ts_init": START_NS + second * SECOND}
        leg_ = Leg.NET if mode is PositionMode.ONE_WAY else leg
        amount = size * 100 if instrument.inverse else size
        match what:
            case "tick":
                mark = price + 3 if n % 2 else None
                script.append((a_tick(second, str(price), str(price + 1), mark=mark), ()))
            case "funding":
                script.append((FundingSettled(**at, leg=leg_, amount=fee), ()))
            case _:
                asked = () if purpose is None else (an_order(f"o{n}", side, None, amount, leg=leg_, purpose=purpose),)
                script.append((a_tick(second, str(price), str(price + 1)), asked))
                changes = {"leg": leg_, "fee": fee, "liquidation": purpose is None and n % 3 == 0, **at}
                script.append((a_fill(f"o{n}", side, str(amount), str(price), **changes), ()))
    return script


def quotes_of(drawn: list[Any]) -> Market:
    """Finer than the ticks, and nothing like them: whatever the mids are, they cancel."""
    rows, second = [], 0
    for _, price, *_, wait in drawn:
        rows += [
            (START_NS + int((second + wait * part) * SECOND), float(price), float(price) + 7) for part in (0.3, 0.7)
        ]
        second += wait
    return a_market(rows)


def parts_of(instrument: Instrument, frames: Frames, drawn: list[Any]) -> list[Attribution]:
    horizon = {"horizon_ns": 17 * SECOND}
    markets = [ticks_of(frames.equity), *([quotes_of(drawn)] if drawn else [])]
    return [attribution(frames, instrument, market, **horizon) for market in markets]


@pytest.mark.parametrize("instrument", [LINEAR, INVERSE], ids=["linear", "inverse"])
@pytest.mark.parametrize("mode", PositionMode)
@settings(max_examples=40, deadline=None)
@given(drawn=steps, held=st.sampled_from([Decimal(0), Decimal(3), Decimal(-2)]))
def test_parts_sum_to_the_net_pnl(instrument: Instrument, mode: PositionMode, drawn: list[Any], held: Decimal) -> None:
    frames = frames_of(script_of(instrument, mode, abs(held) if mode is PositionMode.HEDGE else held, drawn))
    for found in parts_of(instrument, frames, drawn):
        assert abs(found.residual) < 1e-8
        assert sum(found.parts.values()) == pytest.approx(found.net_pnl, abs=1e-8)
        assert set(found.entries["part"]) <= set(PARTS)
        for key in ("side", "hour", "level", "purpose", "state", "leg"):
            assert found.by(key)["amount"].sum() == pytest.approx(found.net_pnl, abs=1e-8)


def test_a_round_trip_by_hand() -> None:
    """Bought at 99 under a mid of 100, picked off to 98; sold at 97 by a stop under a mid of 97.5."""
    fine = [(0.0, 99.5, 100.5), (1.5, 97.5, 98.5), (60.0, 97.0, 98.0)]
    market = a_market([(START_NS + int(second * SECOND), bid, ask) for second, bid, ask in fine])
    asked = (an_order("b", Side.BUY, None, 2),)
    stop = (an_order("s", Side.SELL, None, 2, purpose=Purpose.STOP),)
    at = [{"ts_event": START_NS + n * SECOND, "ts_init": START_NS + n * SECOND} for n in (1, 61)]
    script = [
        (a_start(), ()),
        (a_tick(0, "99.5", "100.5"), (*asked, *stop)),
        (a_fill("b", Side.BUY, "2", "99", **at[0], fee=Decimal("-0.1")), ()),
        (a_fill("s", Side.SELL, "2", "97", **at[1], fee=Decimal("0.3")), ()),
        (FundingSettled(**at[1], leg=Leg.NET, amount=Decimal("0.05")), ()),
    ]
    found = attribution(frames_of(script), LINEAR, market)
    assert {part: amount for part, amount in found.parts.items() if amount} == pytest.approx(
        {"spread_captured": 2, "adverse_selection": -4, "inventory": -1, "stop": -1, "fees": -0.3, "rebates": 0.1,
         "funding": 0.05}
    )  # fmt: skip
    sold = found.by("side").filter(pl.col("side") == "sell")
    assert sold["part"].to_list() == ["stop", "fees"]
