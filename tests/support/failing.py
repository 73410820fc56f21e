"""`perpmm` with a strategy that has a fault: once a parameter was changed, its next decision divides by zero.

It is the real one in everything else, and plugged in where strategies are: `python -m tests.support.failing live RUN`.
"""

import sys
from decimal import Decimal

from engine.cli.main import main
from engine.core.commands import Wish
from engine.core.events import AnyEvent, Tick
from engine.core.state import State
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from strategies.registry import STRATEGIES

NAME = "perpetual_market_making"


class Failing(PerpetualMarketMaking):
    def decide(self, state: State[Own], event: AnyEvent) -> tuple[Own, tuple[Wish, ...]]:
        own, wishes = super().decide(state, event)
        if isinstance(event, Tick) and state.own.changed:
            Decimal(1) / Decimal(len(wishes) - len(wishes))
        return own, wishes


if __name__ == "__main__":
    STRATEGIES[NAME] = STRATEGIES[NAME]._replace(policy=Failing)
    sys.exit(main())
