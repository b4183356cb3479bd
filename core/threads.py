"""Work on arrays shared out to threads: NumPy lets go of the interpreter while it computes."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from core.cores import cores

MOST_THREADS = 4  # of one visitor's request: others have theirs
Item = TypeVar("Item")
Result = TypeVar("Result")


def each_in_a_thread(
    function: Callable[[Item], Result], items: Iterable[Item], most: int = MOST_THREADS
) -> list[Result]:
    """The results in the order of the items, as many at a time as there are cores, or `most`.

    What the first item that fails raises is raised here, when none is being worked on any more.
    """
    items = list(items)
    threads = min(cores(), len(items), most)
    if threads < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads, "array") as pool:
        return list(pool.map(function, items))


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items, each made in a thread while the one before is worked on; one more is held."""
    coming, end = iter(items), object()
    with ThreadPoolExecutor(1, "ahead") as pool:
        made = pool.submit(next, coming, end)
        while (item := made.result()) is not end:
            made = pool.submit(next, coming, end)
            yield item
