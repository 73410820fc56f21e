"""What is done on a node's own thread beside its strategy: nothing of a node may be touched from another one."""

from collections.abc import Callable
from typing import Any, Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from engine.core.types import SECOND, Nanos
from engine.nautilus import translate

_SOON_NS = 1_000_000


class Beside(DataActor):
    """Calls `once` as soon as the node is at work, and `each_second` at `after_ns` past every second of the wall's
    clock, until the node stops or a call fails; `failed` is told of that."""

    def __new__(cls, name: str, **_calls: Any) -> Self:
        config = DataActorConfig(actor_id=ActorId(name), log_events=False, log_commands=False)
        return super().__new__(cls, config)  # type: ignore[call-arg]  # its stub lacks the argument that it takes

    def __init__(
        self,
        _name: str,
        *,
        failed: Callable[[BaseException], None],
        once: Callable[[], object] | None = None,
        each_second: Callable[[], object] | None = None,
        after_ns: Nanos = 0,
    ) -> None:
        super().__init__()
        self._failed, self._once, self._each_second, self._after_ns = failed, once, each_second, after_ns

    def on_start(self) -> None:
        now = self.clock.timestamp_ns()
        if (once := self._once) is not None:
            self.clock.set_time_alert_ns("once", now + _SOON_NS, lambda _fired: self._guarded(once))
        if (each := self._each_second) is not None:
            start = translate.timer_start(now) + self._after_ns
            self.clock.set_timer_ns("second", SECOND, start, None, lambda _fired: self._guarded(each), allow_past=True)

    def on_stop(self) -> None:
        self.clock.cancel_timers()

    def _guarded(self, call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as failure:  # noqa: BLE001  raised again by whoever runs the node
            self.clock.cancel_timers()
            self._failed(failure)
