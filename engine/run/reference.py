"""Where a run's reference price comes from, if not from the traded market."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from data import store
from data.prices import read_prices
from engine.config.hummingbot_keys import CONNECTORS
from engine.config.tree import RunConfig
from engine.core.errors import ConfigError, Problem
from engine.core.types import SECOND
from engine.nautilus.reference import Priced, priced
from engine.run.polling import Poller
from engine.simulation.reference import External, Polled, Reference

NEEDS = {"external_market": "reference_instrument", "custom_api": "reference_csv"}
EXAMPLES = {
    "reference_instrument": "its name in the catalog, such as ETHUSDT-PERP.BINANCE",
    "reference_csv": "a CSV of ts_ns,price: what the number was when",
}


def reference_of(config: RunConfig) -> Reference | None:
    """None where the traded market is its own. Raises ConfigError where the run file does not say what a backtest is
    to take instead, DataError for a CSV that is wrong."""
    asked = _asked(config)
    key = NEEDS.get(asked["price_source"])
    if key is None:
        return None
    instrument_id = config.data.reference_instrument or _contract(asked)
    if (instrument_id if key == "reference_instrument" else config.data.reference_csv) is None:
        raise _missing(key, f"a backtest with price_source {asked['price_source']}")
    if instrument_id is not None and key == "reference_instrument":
        return External(instrument_id, asked["price_type"])
    rows = read_prices(_csv(config))
    interval_ns = int(asked["custom_api_update_interval"] * SECOND)
    return Polled(tuple(time for time, _ in rows), tuple(price for _, price in rows), interval_ns)


class Live(NamedTuple):
    """A reference that goes on by itself: what a shell's tick asks, and the instrument whose quotes and trades it must
    subscribe to. `poller` is there for its `failure`."""

    price: Priced | None = None
    watched: str | None = None
    poller: Poller | None = None


@contextmanager
def live_reference(config: RunConfig) -> Iterator[Live]:
    """The reference of a paper or live run, polled from here on where it is a number of one's own.

    Raises ConfigError where the run file does not say which contract, or where to fetch the number.
    """
    asked = _asked(config)
    match asked["price_source"]:
        case "external_market":
            instrument_id = config.data.reference_instrument or _contract(asked)
            if instrument_id is None:
                raise _missing("reference_instrument", "price_source external_market")
            yield Live(priced(External(instrument_id, asked["price_type"])), instrument_id)
        case "custom_api":
            interval_s = float(asked["custom_api_update_interval"])
            forgets = asked.get("behaviour") == "safe"
            with Poller(_url(asked["price_source_custom_api"]), interval_s, forgets=forgets) as poller:
                yield Live(poller.price, poller=poller)
        case _:
            yield Live()


def _url(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        message = f"{text!r} is no address to fetch from, such as http://localhost:8000/price"
        raise ConfigError(Problem("run file", message, field="strategy.price_source_custom_api"))
    return text


def _missing(key: str, needed_by: str) -> ConfigError:
    return ConfigError(Problem("run file", f"{needed_by} needs it: {EXAMPLES[key]}", field=f"data.{key}"))


def fingerprint_of(config: RunConfig, reference: Reference | None) -> str | None:
    """Names what the reference is by content, as the manifest names the market data."""
    if isinstance(reference, External):
        return store.fingerprint(config.data.catalog, reference.instrument_id)
    return None if reference is None else hashlib.sha256(_csv(config).read_bytes()).hexdigest()


def idle_keys(config: RunConfig) -> tuple[str, ...]:
    """A sentence for each key of [data] that says a reference which nobody asks for."""
    source = _asked(config)["price_source"]
    return tuple(
        f"data.{key} means nothing without price_source {needed_by}"
        for needed_by, key in NEEDS.items()
        if source != needed_by and getattr(config.data, key) is not None
    )


def _asked(config: RunConfig) -> dict[str, Any]:
    keys = {key for key in type(config.strategy).model_fields if key.startswith(("price_", "custom_api_", "behaviour"))}
    return {"price_source": "current_market"} | config.strategy.model_dump(include=keys)


def _contract(asked: dict[str, Any]) -> str | None:
    """What Hummingbot's own two keys name, where we know its connector."""
    connector, market = asked.get("price_source_derivative"), asked.get("price_source_market")
    stem = (connector or "").lower().removesuffix("_testnet")
    known = CONNECTORS.get(stem.removesuffix("_perpetual")) if stem.endswith("_perpetual") else None
    base, _, quote = (market or "").partition("-")
    return f"{known.symbol(base, quote)}.{known.venue}" if known and base and quote else None


def _csv(config: RunConfig) -> Path:
    assert config.data.reference_csv is not None
    return config.data.reference_csv
