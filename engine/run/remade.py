"""A run's policy and limits made again from its own manifest: nothing but the run's folder is needed."""

from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError

from engine.core.errors import JournalError, Problem
from engine.core.policy import Policy
from engine.core.risk import Limits
from engine.journal.manifest import MANIFEST_FILE, RunFile, code_version
from strategies.registry import STRATEGIES, Strategy


class Remade(msgspec.Struct, frozen=True, kw_only=True):
    """`same_code`: whether the run was made by the code that reads it now."""

    strategy: Strategy
    parameters: BaseModel
    policy: Policy[Any]
    limits: Limits
    same_code: bool


def remade(folder: Path, run_file: RunFile) -> Remade:
    """Raises JournalError where the manifest's config is not one that this code can run."""
    source, config = str(folder / MANIFEST_FILE), run_file.manifest.config
    section = dict(config.get("strategy") or {})
    name = section.pop("name", None)
    strategy = STRATEGIES.get(name) if isinstance(name, str) else None
    if strategy is None:
        raise JournalError(Problem(source, f"no strategy is named {name!r} here", field="strategy.name"))
    parameters = _made(strategy.parameters, section, f"{source}: strategy")
    return Remade(
        strategy=strategy,
        parameters=parameters,
        policy=strategy.policy(parameters),
        limits=_made(Limits, config.get("risk") or {}, f"{source}: risk"),
        same_code=run_file.manifest.code_version == code_version(),
    )


def _made[M: BaseModel](model: type[M], section: dict[str, Any], source: str) -> M:
    """Numbers stand as text in a manifest, so that they are exact; pydantic reads them as what they are."""
    try:
        return model.model_validate(section)
    except ValidationError as error:
        raise JournalError(
            *(Problem(source, each["msg"], field=".".join(map(str, each["loc"]))) for each in error.errors())
        ) from error
