"""A catalog's stylised facts beside those of real tapes."""

import json
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from data import store
from data.source import fault
from data.synthetic.facts import MARKOUT_HORIZONS_S, SIGN_LAGS, Facts, measured_facts

REAL = Path(__file__).with_name("real_facts.json")
_LEAST_S = 11


def catalog_facts(catalog: Path, instrument_id: str) -> Facts:
    """Measure what a catalog holds of an instrument. Raises DataError where it has no quotes or trades to measure."""
    held = store.contents(catalog, instrument_id)
    if not (held.rows.get("quotes") and held.rows.get("trades")):
        raise fault(catalog, f"has no quotes and trades of {instrument_id} to measure", field="instrument")
    if held.end_ns - held.start_ns < _LEAST_S * 1_000_000_000:
        raise fault(catalog, f"holds less than {_LEAST_S} s of {instrument_id}: too little to measure")
    at = pl.col("ts_init").cast(pl.Int64).alias("ts_local_ns")
    tops = _read(catalog, held, "quotes").select(
        at, *(pl.col(f"{side}_price").cast(pl.Float64).alias(side) for side in ("bid", "ask")),
        *(pl.col(f"{side}_size").cast(pl.Float64) for side in ("bid", "ask")),
    )  # fmt: skip
    sides = pl.col("aggressor_side").cast(pl.String).replace_strict({"BUY": 1, "SELL": -1}, default=0)
    trades = _read(catalog, held, "trades").select(at, sides.alias("side"), pl.col("size").cast(pl.Float64))
    known = tops.filter(pl.col("bid_size") > 0, pl.col("ask_size") > 0)
    return measured_facts(
        known.collect(), trades.filter(pl.col("side") != 0).collect(), tick=float(held.instrument.tick)
    )


def _read(catalog: Path, held: store.Contents, folder: str) -> pl.LazyFrame:
    files = [catalog / path for ingest in held.ingests if (path := ingest.tables.get(folder))]
    return pl.scan_parquet(sorted(files)).sort("ts_init", maintain_order=True)


def real_facts() -> dict[str, dict[str, float]]:
    """Figures of real tapes by tape: Binance USD-M, BTCUSDT."""
    return {each["tape"]: _flat(each) for each in json.loads(REAL.read_text())}


def figures(facts: Facts) -> dict[str, float]:
    return _flat(msgspec.to_builtins(facts))


def _flat(of: dict[str, Any]) -> dict[str, float]:
    """Figures with several numbers as one line each."""
    flat: dict[str, float] = {}
    names = {
        "touch_size_p10_p90": ("touch_size_p10", "touch_size_p90"),
        "taker_size_p50_p90_p99": ("taker_size_p50", "taker_size_p90", "taker_size_p99"),
        "sign_autocorr_1_5_20": tuple(f"sign_autocorr_{lag}" for lag in SIGN_LAGS),
    }
    for name, value in of.items():
        if name == "taker_markout_bps":
            flat |= {f"taker_markout_bps_{h:g}s": value[f"{h:g}"] for h in MARKOUT_HORIZONS_S}
        elif name in names:
            flat |= dict(zip(names[name], value, strict=True))
        elif name not in ("tape", "notes") and isinstance(value, int | float):
            flat[name] = value
    return flat
