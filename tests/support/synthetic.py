"""Generated tapes for tests, each made once."""

from functools import cache

from data.synthetic.settings import Settings
from data.synthetic.simulate import tapes
from data.synthetic.tape import Tape, joined


@cache
def synthetic_tape(*, seed: int, minutes: float) -> Tape:
    return joined(list(tapes(Settings(minutes=minutes), seed=seed)))
