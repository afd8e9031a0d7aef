"""Those who want to know of something at once, and in the same call."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Watchers(Generic[T]):
    """Told of each `T` in order; whoever watches must not wait."""

    def __init__(self) -> None:
        self._watching: list[Callable[[T], object]] = []

    def add(self, watcher: Callable[[T], object]) -> Callable[[], None]:
        """Tell `watcher` of each, until the function returned is called."""
        self._watching.append(watcher)
        return lambda: self._watching.remove(watcher)

    def tell(self, what: T) -> None:
        """Tell all."""
        for watcher in tuple(self._watching):
            watcher(what)
