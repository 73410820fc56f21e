"""Work for the other core: rows are put away while the next are parsed, and a file is read while its rows are."""

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


def ahead[T](items: Iterator[T]) -> Iterator[T]:
    """The same items, made in another thread before they are asked for; an error comes in its place."""
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(next, items, None) for _ in range(_WAITING))
        while (item := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, items, None))
            yield item
