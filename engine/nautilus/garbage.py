"""Python looks for garbage whenever enough objects were made, which is as a rule in the middle of a decision, and takes
milliseconds for it. While a node runs, it is looked for between two ticks, on the node's own thread."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nautilus_trader.live import LiveNode

from engine.core.types import SECOND
from engine.nautilus.beside import Beside


@contextmanager
def collected_between_ticks(node: LiveNode, *, failed: Callable[[BaseException], None]) -> Iterator[None]:
    """What was there before is left alone meanwhile: the program itself is most of it."""
    node.add_actor(Beside("GARBAGE-001", failed=failed, each_second=gc.collect, after_ns=SECOND // 2))
    before = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if before:
            gc.enable()
