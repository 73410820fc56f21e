"""No test is judged by the clock: the machine may be busy with other things."""

import gc
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.support import once

MANY = 200_000  # objects made, less those gone, since they were last looked through

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

once.root()  # before the processes start among which the tests are shared out
gc.disable()  # it may come on any thread, and what NautilusTrader has left may be dropped on the main one only


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    result = yield
    if gc.get_count()[0] > MANY:
        gc.collect()
    return result
