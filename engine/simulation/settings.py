"""How the simulated venue behaves: the run file's [simulation]. Plain values, no engine."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

type Percent = Annotated[Decimal, Field(ge=-1, le=5, allow_inf_nan=False)]


class Simulation(BaseModel):
    """How the simulated venue behaves.

    The margin follows from `strategy.leverage` (initial) and the instrument (maintenance): it is no setting of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    balance: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)] = Field(
        default=Decimal(10_000),
        description="what the account holds at the start, in the settlement currency",
    )
    fee_tier: str | None = Field(
        default=None,
        examples=["vip1"],
        description="what the venue charges, by the name of its tier: Binance regular, vip1 to vip9 (inverse: regular, "
        "maker1 to maker3), Bybit vip0 to vip5, supreme, OKX lv1 to lv5, vip1 to vip7, Hyperliquid tier0 to tier6, "
        "maker1 to maker3; unset: the instrument's own fees",
    )
    maker_fee_pct: Percent | None = Field(
        default=None,
        examples=[Decimal("0.02")],
        description="percent of the value traded by resting orders (a rebate is negative); unset: as fee_tier says",
    )
    taker_fee_pct: Percent | None = Field(
        default=None,
        examples=[Decimal("0.05")],
        description="percent of the value traded by orders that take liquidity; unset: as fee_tier says",
    )
    order_latency_ms: Annotated[int, Field(ge=0, le=60_000)] = Field(
        default=50,
        description="from our decision until the venue acts on an order or a cancel; its answer comes back at once",
    )
    fills: Literal["pessimistic", "central", "optimistic"] = Field(
        default="central",
        description="when a resting order fills. pessimistic: only once the market trades through its price; "
        "central: as queue_position says; optimistic: at the first trade at its price",
    )
    queue_position: bool = Field(
        default=True,
        description="a resting order fills only after what rested before it at its price; false: at the first trade",
    )
    liquidity_consumption: bool = Field(
        default=True,
        description="size that we took from the book is gone until the book shows the level anew",
    )
    funding: bool = Field(
        default=True,
        description="settle the funding rates found in the data, at the mark price of the moment",
    )
    liquidation: bool = Field(
        default=True,
        description="close everything at market once equity falls below the maintenance margin",
    )
