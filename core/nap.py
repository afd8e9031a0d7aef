"""A pause that somebody else can cut short."""

import asyncio


class Nap:
    """Whoever lets something accumulate sleeps here, until it is wanted."""

    __slots__ = ("_end",)

    def __init__(self) -> None:
        self._end: asyncio.Future[None] | None = None

    async def sleep(self, seconds: float) -> None:
        """Sleep for so long, or until `wake`."""
        loop = asyncio.get_running_loop()
        self._end = end = loop.create_future()
        timer = loop.call_later(seconds, _wake, end)
        try:
            await end
        finally:
            timer.cancel()
            self._end = None

    def wake(self) -> bool:
        """Cut the sleep short; whether somebody slept."""
        return self._end is not None and _wake(self._end)


def _wake(end: "asyncio.Future[None]") -> bool:
    if end.done():
        return False
    end.set_result(None)
    return True
