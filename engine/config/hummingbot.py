"""Hummingbot's config files as run files: behaviour safe, every key accounted for, nothing dropped in silence."""

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from engine.config.faults import Fault, nearest, validated
from engine.config.hummingbot_file import Written, written
from engine.config.hummingbot_keys import (
    CONNECTORS,
    DIFFERENCES,
    KNOWN,
    PROMPTED,
    STRATEGY,
    TEMPLATES,
    joined,
)
from engine.config.hummingbot_values import shown, typed
from engine.config.template import toml
from engine.config.tree import VERSION
from engine.core.errors import ConfigError, Problem
from strategies.perpetual_market_making.parameters import HUMMINGBOT_DEFAULTS, Parameters
from strategies.perpetual_market_making.said import said_at_start

FIELDS = Parameters.model_fields
HOMES = {
    "derivative": "venue.name, instrument.id",
    "market": "strategy.market, instrument.id",
    "strategy": "strategy.name",
}


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one key. `given` is the file's own text, None where the key is blank or missing; `to` is the run
    file's key, None where it has none; `note`: why it went there, or what Hummingbot would have done otherwise."""

    key: str
    line: int | None
    given: str | None
    to: str | None
    value: str
    unit: str
    note: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """A run file's text and how it came about. `problems` are the keys that could not be mapped: with any of them the
    text is marked as good for a backtest only. `remarks`: parameters that have no effect, zeros that mean something."""

    text: str
    fates: tuple[Fate, ...]
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...]


def imported(path: Path) -> Imported:
    """Raises ConfigError where no run file can be made: no Hummingbot config of this strategy, or values that its own
    prompts would refuse."""
    draft = _Draft(path, written(path))
    draft.refuse_if_foreign()
    draft.settle()
    parameters, faults = validated(Parameters, {"behaviour": "safe", **draft.values})
    if parameters is None or draft.wrong:
        raise ConfigError(*draft.wrong, *(draft.located(fault) for fault in faults))
    return Imported(
        text=draft.run_file(),
        fates=tuple(draft.fates()),
        problems=tuple(draft.problems),
        remarks=said_at_start(parameters),
    )


class _Draft:
    """The file on its way: `values` are the strategy's parameters so far, `notes` what is to be said of a key."""

    def __init__(self, path: Path, entries: list[Written]) -> None:
        self.path, self.entries = path, entries
        self.given = {entry.key: entry for entry in entries}
        self.values: dict[str, Any] = {}
        self.notes: dict[str, str] = {}
        self.problems: list[Problem] = []  # what --allow-unmapped lets pass
        self.wrong: list[Problem] = []  # what nothing lets pass
        self.template = self._template()
        self.venue, self.instrument, self.testnet = "", "", False

    def refuse_if_foreign(self) -> None:
        strategy = self._scalar("strategy")
        if strategy != STRATEGY:
            said = f"is {strategy}: only {STRATEGY} can be imported" if strategy else f"is missing: {STRATEGY} expected"
            raise ConfigError(Problem(str(self.path), said, self._line("strategy"), "strategy"))

    def settle(self) -> None:
        self._twice()
        self._unknown()
        for key in (key for key in FIELDS if key in self._expected()):
            self._value(key)
        self._other_generation()
        self._disagreeing()
        self._contract()

    def located(self, fault: Fault) -> Problem:
        key = str(fault.path[0]) if fault.path else None
        return Problem(str(self.path), fault.message, self._line(key or ""), ".".join(map(str, fault.path)) or None)

    def fates(self) -> Iterator[Fate]:
        """The file's keys in its order, then the template's that it lacks."""
        listed = [*self.given, *(key for key in FIELDS if key in self._expected() and key not in self.given)]
        for key in listed:
            entry = self.given.get(key)
            yield Fate(
                key=key,
                line=entry.line if entry else None,
                given=None if entry is None or entry.value is None else shown(entry.value),
                to=self._home(key),
                value=self._result(key),
                unit=_unit(key),
                note=self._note(key),
            )

    def run_file(self) -> str:
        sections: dict[str, dict[str, Any]] = {
            "instrument": {"id": f"{self.instrument}.{self.venue}"},
            "venue": {"name": self.venue, "testnet": self.testnet, "backtest_only": bool(self.problems)},
            "strategy": {"name": STRATEGY, "behaviour": "safe", **self.values},
        }
        made = f"# Imported from {toml(self.path.name)}, a Hummingbot config of template {self.template}.\n"
        why = "".join(f"# Not mapped: {toml(f'{said.field}: {said.message}')}\n" for said in self.problems)
        tables = (
            f"\n[{name}]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
            for name, table in sections.items()
        )
        return "".join((made, why, f"\nversion = {VERSION}\n", *tables))

    # -- what the file says ------------------------------------------------------------------------------------------

    def _template(self) -> str:
        said = self._scalar("template_version")
        if said in TEMPLATES:
            return said
        told = "6" if self.given.keys() & (TEMPLATES["6"] - TEMPLATES["5"]) else "5"  # by its keys
        if said is not None:
            self._unmapped("template_version", f"{said} is not known, 5 and 6 are: read as {told}")
        return told

    def _expected(self) -> frozenset[str]:
        return TEMPLATES[self.template] | (KNOWN & self.given.keys())

    def _twice(self) -> None:
        for entry in self.entries:
            last = self.given[entry.key]
            if entry is not last and entry.value != last.value:
                said = f"line {entry.line} says {shown(entry.value)}, line {last.line} says {shown(last.value)}"
                self._unmapped(entry.key, f"{said}: the last one is taken")

    def _unknown(self) -> None:
        for key in self.given.keys() - KNOWN:
            self._unmapped(key, f"no key of perpetual_market_making{nearest(key, KNOWN)}")

    def _value(self, key: str) -> None:
        entry = self.given.get(key)
        if entry is None or entry.value is None:
            self._default(key, "blank" if entry else "not in the file")
            return
        try:
            self.values[key] = typed(FIELDS[key], entry.value)
        except ValueError as error:
            self.wrong.append(Problem(str(self.path), str(error), entry.line, key))

    def _default(self, key: str, why: str) -> None:
        if key in PROMPTED:
            said = f"is {why}, and has no default: Hummingbot would ask for it"
            self.wrong.append(Problem(str(self.path), said, self._line(key), key))
            return
        default = HUMMINGBOT_DEFAULTS.get(key, FIELDS[key].default)
        self.notes[key] = f"{why}: Hummingbot's default" + (", which is none" if default is None else "")
        if default is not None:
            self.values[key] = default.value if isinstance(default, Enum) else default
        if key == "stop_loss_spread":
            said = f"is {why}: Hummingbot takes 0 and closes every position at its entry price; here 0 is no stop"
            self._unmapped(key, f"{said}. Write the loss in percent, or 0")

    # -- what does not fit -------------------------------------------------------------------------------------------

    def _other_generation(self) -> None:
        """A key that the file's own generation ignores would begin to act here."""
        for key in [key for key in self.values if key not in TEMPLATES[self.template]]:
            default = FIELDS[key].default
            if self.values.pop(key) != default:
                self._unmapped(
                    key, f"and template_version {self.template} disagree: that generation ignores it; left out"
                )
            else:
                self.notes[key] = f"no key of template {self.template}, and says the default"

    def _disagreeing(self) -> None:
        values = self.values
        source, ceiling = values.get("price_source"), values.get("price_ceiling", Decimal(-1))
        if ceiling != -1 and ceiling < values.get("price_floor", Decimal(-1)):
            said = f"{ceiling} disagrees with price_floor {values['price_floor']}, which is higher: both are left off"
            values |= {"price_ceiling": Decimal(-1), "price_floor": Decimal(-1)}
            self._unmapped("price_ceiling", said)
        needed = {
            "external_market": ("price_source_derivative", "price_source_market"),
            "custom_api": ("price_source_custom_api",),
        }
        if missing := [key for key in needed.get(str(source), ()) if key not in values]:
            self._fall_back(f"{source} disagrees with {', '.join(missing)}, which is blank: current_market is taken")
        elif source == "external_market" and values["price_source_derivative"] == self._scalar("derivative"):
            self._fall_back(
                "external_market disagrees with price_source_derivative, the traded venue: current_market is taken"
            )
        if values.get("price_type") == "custom" and values.get("price_source") != "custom_api":
            values["price_type"] = "mid_price"
            self._unmapped(
                "price_type", "custom disagrees with price_source, it goes with custom_api only: mid_price is taken"
            )

    def _fall_back(self, said: str) -> None:
        self.values["price_source"] = "current_market"
        self._unmapped("price_source", said)

    def _contract(self) -> None:
        connector = (self._scalar("derivative") or "").lower()
        market = self.values.get("market", "-")
        base, _, quote = market.partition("-")
        if not base or not quote:
            if "market" in self.values:
                self.wrong.append(
                    Problem(str(self.path), f"{market} is not BASE-QUOTE", self._line("market"), "market")
                )
            return
        stem = connector.removesuffix("_testnet")
        self.testnet = stem != connector
        name = stem.removesuffix("_perpetual")
        if stem.endswith("_perpetual") and name in CONNECTORS:
            self.venue, self.instrument = CONNECTORS[name].venue, CONNECTORS[name].symbol(base, quote)
            return
        known = ", ".join(f"{name}_perpetual" for name in CONNECTORS)
        said = f"{connector} is no connector that we know" if connector else "is blank"
        self._unmapped("derivative", f"{said}; known: {known}, and their testnets")
        self.venue = "".join(c if c.isalnum() else "_" for c in name.upper()) or "UNKNOWN"
        self.instrument = joined(base, quote)

    def _unmapped(self, key: str, said: str) -> None:
        self.notes[key] = said
        self.problems.append(Problem(str(self.path), said, self._line(key), key))

    # -- what is said of it ------------------------------------------------------------------------------------------

    def _home(self, key: str) -> str | None:
        homes = {
            "derivative": "venue.name, instrument.id",
            "market": "strategy.market, instrument.id",
            "strategy": "strategy.name",
        }
        return homes.get(key) or (f"strategy.{key}" if key in self.values else None)

    def _result(self, key: str) -> str:
        headers = {"strategy": STRATEGY, "derivative": f"{self.instrument}.{self.venue}"}
        return headers.get(key) or (toml(self.values[key]) if key in self.values else "")

    def _note(self, key: str) -> str:
        difference = DIFFERENCES.get(key, "") if key in self.values else ""
        if key == "derivative" and self.testnet:
            difference = "venue.testnet is set: live trading goes to the test network."
        if key == "template_version":
            difference = "The run file has a version of its own."
        return " ".join(part for part in (self._sentence(key), difference) if part)

    def _sentence(self, key: str) -> str:
        note = self.notes.get(key, "")
        return f"{note}." if note and not note.endswith(".") else note

    def _scalar(self, key: str) -> str | None:
        entry = self.given.get(key)
        return entry.value.strip() if entry is not None and isinstance(entry.value, str) else None

    def _line(self, key: str) -> int | None:
        return self.given[key].line if key in self.given else None


def _unit(key: str) -> str:
    extra = FIELDS[key].json_schema_extra if key in FIELDS else None
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""
