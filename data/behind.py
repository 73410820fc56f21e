"""Work for the second core: rows are put away while the first core parses the next."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

_WAITING = 2  # bounds what is held, whatever a file's size


@contextmanager
def behind[T](work: Callable[[T], None]) -> Iterator[Callable[[T], None]]:
    """A function that has its argument worked on in another thread, in order; its error comes with a later call."""
    with ThreadPoolExecutor(1) as pool:
        going: deque[Future[None]] = deque()

        def put(item: T) -> None:
            going.append(pool.submit(work, item))
            if len(going) > _WAITING:
                going.popleft().result()

        yield put
        while going:
            going.popleft().result()
