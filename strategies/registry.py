"""The strategies that a run file can name."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import BaseModel

from engine.core.commands import Submit
from engine.core.policy import Policy
from engine.core.state import State
from strategies.perpetual_market_making.because import because
from strategies.perpetual_market_making.explain import explain
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.parameters import Parameters, with_changes
from strategies.perpetual_market_making.reach import reach
from strategies.perpetual_market_making.said import said_at_start
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking


class Strategy(NamedTuple):
    """`parameters` is the typed tree of its section in the run file; `policy` makes the policy from one of these, and
    `said_at_start` what its user ought to hear before the first order.

    `own` is the type of its part of the state. `explain` tells what it waits for in a state, `because` what made an
    order, from the state in which it was decided: frozen structs. `with_changes` are
    the parameters after some were changed while running; it raises ValueError for those that cannot be. `reach`: how
    large a position, in base units, its quotes can build.
    """

    parameters: type[BaseModel]
    policy: Callable[[Any], Policy[Any]]
    said_at_start: Callable[[Any], tuple[str, ...]]
    own: type[Any]
    explain: Callable[[Any, State[Any]], Any]
    because: Callable[[Any, State[Any], Submit], Any]
    with_changes: Callable[[Any, Mapping[str, str]], Any]
    reach: Callable[[Any], Decimal]


STRATEGIES: dict[str, Strategy] = {
    "perpetual_market_making": Strategy(
        Parameters, PerpetualMarketMaking, said_at_start, Own, explain, because, with_changes, reach
    ),
}
