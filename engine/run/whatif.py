"""The same market again with other parameters: a run file made from a run's own manifest, and the two side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from pydantic import BaseModel

from engine.analysis.runs import open_run
from engine.config.faults import table_model
from engine.config.read import Override, parse_config
from engine.config.template import run_file
from engine.config.tree import RunConfig, sections
from engine.core.errors import DataError, JournalError, Problem
from engine.journal.manifest import MANIFEST_FILE, RunFile, read_run_file
from engine.journal.market import STREAM, Named, named_market
from engine.journal.reader import Journal
from engine.run.remade import remade
from engine.run.simulate import Plan, planned

PATHS = ("catalog", "reference_csv")  # of [data]: a manifest has them beside what decides the run

REFERENCE = {("strategy", "price_source"), ("data", "reference_csv"), ("data", "reference_instrument")}


class Parent(NamedTuple):
    run_dir: Path
    digest: str | None
    summary: dict[str, Any]


def varied(folder: Path, overrides: Sequence[Override]) -> Plan:
    """The plan of a run on the market data of the run in `folder`, with some values replaced. Raises ConfigError for
    these, DataError where its catalog is not there any more or holds other data now."""
    parent = read_run_file(folder)
    asked = {each.path for each in overrides}
    config = parse_config(as_run_file(folder, parent), f"{folder.name}/{MANIFEST_FILE}", overrides)
    if ("output", "runs") not in asked:
        config = _beside(config, folder)
    plan = planned(config, parent=parent.run_id)
    wanted = _market(folder, parent).fingerprint
    if plan.manifest.data_fingerprint != wanted:
        message = f"holds other data than {parent.run_id} saw: {plan.manifest.data_fingerprint} is not {wanted}"
        raise DataError(Problem(str(config.data.catalog), message, field="data.catalog"))
    if not asked & REFERENCE and plan.manifest.config.get("reference") != parent.manifest.config.get("reference"):
        message = f"the price from elsewhere is not what {parent.run_id} saw"
        raise DataError(Problem(folder.name, message, field="strategy.price_source"))
    return plan


def parent_of(folder: Path) -> Parent:
    run = open_run(folder)
    seal = run.run_file.seal
    return Parent(folder, None if seal is None else seal.commands_digest, run.summary)


def as_run_file(folder: Path, parent: RunFile, changes: Mapping[str, Any] | None = None) -> str:
    """The text of a run file that says what the manifest says, with some values (by section.key) replaced; where the
    catalog lay is told beside it."""
    made = remade(folder, Journal(folder).run_file)
    config = parent.manifest.config
    places = {**parent.places, "catalog": str(_market(folder, parent).catalog.absolute())}
    name = config["strategy"]["name"]
    models: dict[str, BaseModel] = {"strategy": made.parameters, "risk": made.limits}
    for section, model in sections(name).items():
        if section in config and section not in models:
            models[section] = model.model_validate(config[section])
    given = {key: value for section, model in models.items() for key, value in _given(section, model).items()}
    given |= {f"data.{key}": path for key, path in places.items() if key in PATHS}
    return run_file(given | dict(changes or {}), name)


def _market(folder: Path, parent: RunFile) -> Named:
    named = named_market(folder, parent)
    if named is not None:
        return named
    hint = f"; `perpmm recover {parent.run_id}` keeps what it recorded" if (folder / STREAM).is_dir() else ""
    raise JournalError(Problem(str(folder), f"its manifest names no market data: it cannot be simulated again{hint}"))


def _given(path: str, model: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, field in type(model).model_fields.items():
        value = getattr(model, key)
        found |= _given(f"{path}.{key}", value) if table_model(field) else {f"{path}.{key}": value}
    return found


def _beside(config: RunConfig, folder: Path) -> RunConfig:
    output = config.output.model_copy(update={"runs": folder.absolute().parent})
    return msgspec.structs.replace(config, output=output)
