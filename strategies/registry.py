"""The strategies that a run file can name."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import BaseModel

from engine.core.policy import Policy
from strategies.perpetual_market_making.parameters import Parameters
from strategies.perpetual_market_making.said import said_at_start
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking


class Strategy(NamedTuple):
    """`parameters` is the typed tree of its section in the run file; `policy` makes the policy from one of these, and
    `said_at_start` what its user ought to hear before the first order."""

    parameters: type[BaseModel]
    policy: Callable[[Any], Policy[Any]]
    said_at_start: Callable[[Any], tuple[str, ...]]


STRATEGIES: dict[str, Strategy] = {
    "perpetual_market_making": Strategy(Parameters, PerpetualMarketMaking, said_at_start),
}
