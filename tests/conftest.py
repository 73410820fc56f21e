"""No test is judged by the clock: the machine may be busy with other things."""

from hypothesis import settings

from tests.support import once

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

once.root()  # before the processes start among which the tests are shared out
