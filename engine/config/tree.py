"""The run file as one typed tree. A field's description is the comment that `perpmm init` writes above its key."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.config.times import UtcTime, nanos
from engine.core.risk import Limits
from engine.core.types import Nanos
from engine.simulation.settings import Simulation
from strategies.registry import STRATEGIES

VERSION = 1


type Address = Annotated[str, Field(pattern=r"^(http|ws)s?://[^\s/@]+(/\S*)?$")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Instrument(Section):
    """What is traded."""

    id: str = Field(
        default="BTCUSDT-PERP.BINANCE",
        pattern=r"^[^.\s]+(\.[^.\s]+)*\.[A-Z0-9_]+$",
        description="the instrument's name in the catalog: SYMBOL.VENUE",
    )


class Data(Section):
    """What the run is fed."""

    catalog: Path = Field(
        default=Path("data/lake/sample"),
        description="made by `perpmm data ingest`; looked for from where you run, then beside and above this file",
    )
    start: UtcTime | None = Field(
        default=None,
        examples=["2024-08-08T12:30:00Z"],
        description="UTC date or time of the first row; unset: the catalog's first",
    )
    end: UtcTime | None = Field(
        default=None,
        examples=["2024-08-09"],
        description="UTC date (its midnight) or time of the last row; unset: the catalog's last",
    )
    reference_instrument: str | None = Field(
        default=None,
        examples=["ETHUSDT-PERP.BINANCE"],
        description="with price_source external_market: that contract's name in the catalog; unset: as "
        "price_source_derivative and price_source_market name it",
    )
    reference_csv: Path | None = Field(
        default=None,
        examples=["prices.csv"],
        description="with price_source custom_api: a CSV of ts_ns,price that a backtest takes for what was fetched; "
        "looked for as the catalog is",
    )

    @property
    def start_ns(self) -> Nanos | None:
        return None if self.start is None else nanos(self.start)

    @property
    def end_ns(self) -> Nanos | None:
        return None if self.end is None else nanos(self.end)

    @model_validator(mode="after")
    def _some_time(self) -> "Data":
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f"end must be after start: {iso(self.end)} is not after {iso(self.start)}")
        return self


class Venue(Section):
    """Where it is traded."""

    name: str = Field(default="BINANCE", description="the venue; the instrument's name ends in it")
    testnet: bool = Field(default=False, description="trade live on the venue's test network; a backtest does not ask")
    backtest_only: bool = Field(
        default=False,
        description="never trade this file live: `perpmm import-hummingbot` could not map all of its source",
    )
    rest: Address | None = Field(
        default=None,
        examples=["http://127.0.0.1:8600"],
        description="the venue's REST address, such as `perpmm venue-sim` prints it; unset: the venue's own",
    )
    ws: Address | None = Field(
        default=None,
        examples=["ws://127.0.0.1:8600"],
        description="the address of its streams, market data and the account's; unset: the venue's own",
    )
    ws_api: Address | None = Field(
        default=None,
        examples=["ws://127.0.0.1:8600/ws-fapi/v1"],
        description="the address that takes orders over WebSocket; unset: the venue's own",
    )
    margin_type: Literal["CROSS", "ISOLATED"] | None = Field(
        default=None,
        examples=["ISOLATED"],
        description="what live trading wants of the contract's margin: it is set where it may be; unset: as it is",
    )
    dead_mans_timer: bool = Field(
        default=True,
        description="live: have the venue cancel what rests once it hears us no more, where it can; it takes orders of "
        "others along",
    )
    key_env: str | None = Field(
        default=None,
        examples=["BINANCE_API_KEY"],
        description="the environment variable that holds the API key, which stands in no file; unset: the venue's name "
        "with _API_KEY behind it",
    )
    secret_env: str | None = Field(
        default=None,
        examples=["BINANCE_API_SECRET"],
        description="the environment variable that holds the key's secret; unset: the venue's name and _API_SECRET",
    )
    passphrase_env: str | None = Field(
        default=None,
        examples=["OKX_API_PASSPHRASE"],
        description="the environment variable that holds the key's passphrase, where the venue has one (OKX); unset: "
        "the venue's name and _API_PASSPHRASE",
    )


class Output(Section):
    """What is left of a run. None of it changes a decision."""

    runs: Path = Field(default=Path("runs"), description="folder in which every run gets a folder; from where you run")
    report: bool = Field(default=True, description="write the page with the summary and figures, report.html")


class RunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A run file that has passed every check. `strategy` is the parameters' model that `strategy_name` asks for."""

    version: Literal[1] = 1
    instrument: Instrument
    data: Data
    venue: Venue
    simulation: Simulation
    strategy_name: str
    strategy: BaseModel
    risk: Limits
    output: Output


VENUE_PLACES = frozenset(  # where it is, not what it is
    {"rest", "ws", "ws_api", "key_env", "secret_env", "passphrase_env"}
)
DEFAULT_STRATEGY = "perpetual_market_making"
SECTIONS: dict[str, type[BaseModel]] = {
    "instrument": Instrument,
    "data": Data,
    "venue": Venue,
    "simulation": Simulation,
    "strategy": STRATEGIES[DEFAULT_STRATEGY].parameters,
    "risk": Limits,
    "output": Output,
}


def sections(strategy_name: str) -> dict[str, type[BaseModel]]:
    """The run file's tables in their order, for a strategy of the registry."""
    return SECTIONS | {"strategy": STRATEGIES[strategy_name].parameters}


def iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def identity(config: RunConfig) -> dict[str, Any]:
    """What decides a run's commands, as plain JSON values: all but where files lie and what is written about it."""
    times = {"start": config.data.start, "end": config.data.end}
    data = {key: None if time is None else iso(time) for key, time in times.items()}
    if config.data.reference_instrument is not None:
        data["reference_instrument"] = config.data.reference_instrument
    return {
        "version": config.version,
        "instrument": _plain(config.instrument),
        "data": data,
        "venue": {key: value for key, value in _plain(config.venue).items() if key not in _unsaid(config.venue)},
        "simulation": _plain(config.simulation),
        "strategy": {"name": config.strategy_name, **_plain(config.strategy)},
        "risk": _plain(config.risk),
    }


def _unsaid(venue: Venue) -> frozenset[str]:
    """Where it is, and what nobody asked for."""
    unsaid = {"margin_type": venue.margin_type is None, "dead_mans_timer": venue.dead_mans_timer}
    return VENUE_PLACES | {key for key, usual in unsaid.items() if usual}


def _plain(section: BaseModel) -> dict[str, Any]:
    return {key: _one_form(value) for key, value in section.model_dump().items()}


def _one_form(value: Any) -> Any:
    """0.1, 0.10 and 1e-1 are one number: a run's identity must not depend on how it was written."""
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    if isinstance(value, float):
        return _one_form(Decimal(repr(value)))
    if isinstance(value, dict):
        return {str(key): _one_form(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_one_form(item) for item in value]
    return value
