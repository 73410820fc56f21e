"""`perpmm compare`."""

from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from engine.analysis.compare import SAME, Comparison, compare
from engine.analysis.run import Run
from engine.analysis.runs import open_run
from engine.cli import show, speak
from engine.run.parity import Parity, parity
from engine.run.runs import iso, run_folder

SHOWN = 12


def tell(run_a: str, run_b: str, runs: Path, *, as_json: bool) -> None:
    a, b = (open_run(run_folder(named, runs)) for named in (run_a, run_b))
    found, decided = compare(a.frames, b.frames), parity(a.folder, b.folder)
    if as_json:
        same = {"share": decided.share, "held": decided.held}
        speak.json_object(_plain(a, b, found) | {"commands": msgspec.to_builtins(decided) | same})
        return
    for name, run in (("A", a), ("B", b)):
        speak.line(f"{name}  {run.run_file.run_id}: {run.run_file.manifest.kind}, net {run.summary['net_pnl']:+,.6g}")
    for key, (in_a, in_b) in settings_apart(a, b).items():
        speak.line(f"   {key}: {in_a} in A, {in_b} in B")
    if a.run_file.manifest.data_fingerprint != b.run_file.manifest.data_fingerprint:
        speak.note("note: the two runs saw other market data")
    _tell_commands(decided)
    _tell_counts(found)
    _tell_orders(found)


def _tell_commands(decided: Parity) -> None:
    counts = f"{decided.commands_a:,} commands in A, {decided.commands_b:,} in B"
    if decided.differs_ns is None:
        speak.line(f"{counts}: all alike")
        return
    until = f"the first {decided.alike:,} alike, until {iso(decided.differs_ns)}"
    after = "after fills that differ" if decided.held else "without a fill that differs"
    speak.line(f"{counts}: {until}, {after}")


def settings_apart(a: Run, b: Run) -> dict[str, tuple[Any, Any]]:
    """Keys of the run file that decided otherwise, each with its two values."""
    flat_a, flat_b = (dict(_flat("", run.run_file.manifest.config)) for run in (a, b))
    keys = dict.fromkeys((*flat_a, *flat_b))
    return {key: (flat_a.get(key), flat_b.get(key)) for key in keys if flat_a.get(key) != flat_b.get(key)}


def _flat(above: str, tree: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in tree.items():
        path = f"{above}.{key}" if above else key
        found += _flat(path, value) if isinstance(value, dict) else [(path, value)]
    return found


def _plain(a: Run, b: Run, found: Comparison) -> dict[str, Any]:
    orders = found.orders.with_columns(pl.col(pl.Datetime("ns", "UTC")).cast(pl.Int64).name.suffix("_ns"))
    return {
        "a": str(a.folder),
        "b": str(b.folder),
        "settings": {key: list(values) for key, values in settings_apart(a, b).items()},
        "outcomes": found.outcomes,
        "causes": found.causes.to_dicts(),
        "agreement": found.agreement,
        "orders": orders.select(pl.exclude(pl.Datetime)).to_dicts(),
    }


def _tell_counts(found: Comparison) -> None:
    rows = {outcome: f"{count:,}" for outcome, count in found.outcomes.items()}
    causes = {f"{row['outcome']}: {row['cause']}": f"{row['orders']:,}" for row in found.causes.iter_rows(named=True)}
    agreement = "no fills" if found.agreement is None else f"{found.agreement:.1%}"
    parts = {"Orders": rows, "Fills alike": {"of the orders that filled in either": agreement}}
    show.tables(parts | ({"Why": causes} if causes else {}))


def _tell_orders(found: Comparison) -> None:
    different = found.orders.filter(pl.col("outcome") != SAME)
    if different.is_empty():
        return
    for row in different.with_columns(pl.col("sent").cast(pl.Int64)).head(SHOWN).iter_rows(named=True):
        price = row["price_b"] if row["a"] is None else row["price_a"]
        where = "market" if price is None else f"{price:,.10g}"
        speak.line(f"{iso(row['sent'])}  {row['side']} {row['purpose'] or 'order'} {where}: {row['outcome']}")
        speak.line(f"    {row['cause']}: {row['detail']}")
    if different.height > SHOWN:
        speak.line(f"... and {different.height - SHOWN:,} more; --json has them all")
