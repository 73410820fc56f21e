"""What goes wrong, when, and how often: a schedule that is a plain list, and chance that comes from a seed.

Three families. Of messages on their way out: lose, duplicate, reorder (one is overtaken), delay (all behind it wait
too). Of requests: refuse (an HTTP status), clock (-1021), timeout (done, but the client is not told), slow, race (a
cancel finds that a part has just been filled). Of moments: disconnect, expire_listen_key, liquidate, move (a position
changed from outside), maintenance (a stretch without service).
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from engine.core.errors import ConfigError, Problem

type Kind = Literal[
    "lose", "duplicate", "reorder", "delay",
    "refuse", "clock", "timeout", "slow", "race",
    "disconnect", "expire_listen_key", "liquidate", "move", "maintenance",
]  # fmt: skip
type Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
type Seconds = Annotated[float, msgspec.Meta(ge=0)]
type Millis = Annotated[int, msgspec.Meta(ge=0, le=600_000)]

MESSAGES = ("lose", "duplicate", "reorder", "delay")
MOMENTS = ("disconnect", "expire_listen_key", "liquidate", "move")
SILENCES = (("maintenance", 1.0), ("lose", 1.0))  # of the whole venue, or of all that is said over a line
LONGEST_SILENCE_S = 6
STATUSES = (400, 403, 408, 418, 429, 500, 502, 503, 504)


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. Times are seconds of the venue's clock since it opened; `until_s` None is for ever.

    `on` says what it strikes: of messages and disconnects the connections (market, user, api; empty is all, but for
    messages not the answers of api), of requests the part of "METHOD /path" or "WS method" that must occur. `most`: how
    many times at most.
    """

    kind: Kind
    from_s: Seconds = 0.0
    until_s: Seconds | None = None
    p: Share = 1.0
    most: int | None = None
    on: str = ""
    status: int = 503
    least_ms: Millis = 50
    most_ms: Millis = 500
    answered: bool = True  # of timeout: -1007 is answered; false: nothing is, and the connection breaks
    every_s: Annotated[float, msgspec.Meta(gt=0)] | None = None  # of moments: again and again
    size: str = "0.01"  # of move: base units, negative sells


class Rule:
    """A fault and what chance has made of it so far. Mutable."""

    def __init__(self, fault: Fault, seed: str, since_s: float) -> None:
        self.fault = fault
        self.chance = random.Random(seed)  # noqa: S311  chance that can be repeated is the point
        self.struck = 0
        self.next_s = since_s + fault.from_s
        self.end_s = None if fault.until_s is None else since_s + fault.until_s

    def active(self, now_s: float) -> bool:
        within = self.next_s <= now_s and (self.end_s is None or now_s < self.end_s)
        return within and (self.fault.most is None or self.struck < self.fault.most)

    def strikes(self, now_s: float) -> bool:
        if not self.active(now_s) or self.chance.random() >= self.fault.p:
            return False
        self.struck += 1
        return True

    def late_s(self) -> float:
        fault = self.fault
        return self.chance.uniform(fault.least_ms, max(fault.most_ms, fault.least_ms)) / 1000


class Faults:
    """The schedule at work. Mutable; `struck` of each rule only grows."""

    def __init__(self, faults: tuple[Fault, ...] = (), seed: int = 1) -> None:
        self.seed = seed
        self.rules: list[Rule] = []
        for fault in faults:
            self.add(fault, 0.0)

    def add(self, fault: Fault, now_s: float) -> None:
        """Its times count from now."""
        self.rules.append(Rule(fault, f"{self.seed}:{len(self.rules)}", now_s))

    def of_message(self, line: str, now_s: float) -> Rule | None:
        """The first rule that strikes a message on a kind of connection."""
        named = {line} if line == "api" else {"", line}
        return next((r for r in self._of(MESSAGES) if r.fault.on in named and r.strikes(now_s)), None)

    def of_request(self, kind: Kind, what: str, now_s: float) -> Rule | None:
        return next((r for r in self._of((kind,)) if r.fault.on in what and r.strikes(now_s)), None)

    def maintained(self, now_s: float) -> bool:
        return any(rule.active(now_s) for rule in self._of(("maintenance",)))

    def due(self, now_s: float) -> Iterator[Fault]:
        """The moments that have come, each once, or once every `every_s`."""
        for rule in self._of(MOMENTS):
            if rule.strikes(now_s):
                every = rule.fault.every_s
                rule.next_s = now_s + every if every else float("inf")
                yield rule.fault

    def _of(self, kinds: tuple[str, ...]) -> Iterator[Rule]:
        return (rule for rule in self.rules if rule.fault.kind in kinds)


def faults_from(path: Path) -> tuple[Fault, ...]:
    """A JSON list of faults. Raises ConfigError naming every one that cannot be used."""
    try:
        raw = msgspec.json.decode(path.read_bytes(), type=list[msgspec.Raw])
    except OSError as error:
        raise ConfigError(Problem(str(path), error.strerror or str(error))) from error
    except msgspec.MsgspecError as error:
        raise ConfigError(Problem(str(path), f"is no JSON list of faults: {error}")) from error
    made, problems = list[Fault](), list[Problem]()
    for number, each in enumerate(raw):
        try:
            made.append(checked(msgspec.json.decode(each, type=Fault)))
        except (msgspec.MsgspecError, ValueError) as error:
            problems.append(Problem(str(path), str(error), field=f"[{number}]"))
    if problems:
        raise ConfigError(*problems)
    return tuple(made)


def checked(fault: Fault) -> Fault:
    """Raises ValueError for values that do not go together."""
    if fault.status not in STATUSES:
        raise ValueError(f"status must be one of {', '.join(map(str, STATUSES))}, not {fault.status}")
    if fault.until_s is not None and fault.until_s <= fault.from_s:
        raise ValueError("until_s must be after from_s")
    return fault


def mixture(seed: int, span_s: float) -> tuple[Fault, ...]:
    """A schedule made of a seed alone: some of everything that can go wrong within a span, and a calm end (a fifth)."""
    chance = random.Random(f"mixture:{seed}")  # noqa: S311
    end_s = span_s * 0.8

    def within(**more: object) -> dict[str, object]:
        start = chance.uniform(0, end_s * 0.7)
        return {"from_s": round(start, 3), "until_s": round(chance.uniform(start + end_s * 0.05, end_s), 3)} | more

    def at(**more: object) -> dict[str, object]:
        return {"from_s": round(chance.uniform(0, end_s), 3), "until_s": end_s + 1, "most": 1} | more

    possible = [
        *(within(kind=kind, p=round(chance.uniform(0.002, 0.05), 4), on=chance.choice(["", "market", "user"]))
          for kind in MESSAGES),
        *(within(kind="refuse", p=0.2, status=status) for status in (429, 418, 500, 503)),
        within(kind="clock", p=0.2),
        within(kind="timeout", p=0.3, on="order", answered=chance.random() < 0.5),
        within(kind="slow", p=0.5, most_ms=chance.randrange(100, 1500)),
        within(kind="race", p=0.5),
        *(at(kind="disconnect", on=on) for on in ("market", "user", "api")),
        at(kind="expire_listen_key"),
        at(kind="liquidate"),
        at(kind="move", size=f"{chance.choice([-1, 1]) * chance.randrange(1, 20) / 1000}"),
        within(kind="maintenance"),
        within(kind="lose", on="market", p=1.0),
    ]  # fmt: skip
    kept = [each for each in possible if chance.random() < 0.4] or possible[:1]
    made = [msgspec.convert(each, Fault) for each in kept]
    return tuple(_shortened(fault) if (fault.kind, fault.p) in SILENCES else fault for fault in made)


def _shortened(fault: Fault) -> Fault:
    """Nobody waits half a run for a venue, or for its market, to come back."""
    assert fault.until_s is not None
    return msgspec.structs.replace(fault, until_s=min(fault.until_s, fault.from_s + LONGEST_SILENCE_S))
