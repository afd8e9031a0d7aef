"""One event loop for all processes of a town, any of which can be killed between two steps.

A process is a context: whatever is started within it, or by something that was, is its own. To
kill it is to run nothing of its own any more: no callback, no `finally`. What it has sent is on its
way all the same, since that is the platform's. Once all is looked at, what is left of the dead is
taken apart where it stands.
"""

import asyncio
import inspect
import logging
import warnings
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakSet

from tests.virtual import VirtualLoop

T = TypeVar("T")


class Buried(BaseException):
    """Everything is over, and what a dead process was waiting for will never come."""


@dataclass(eq=False)
class Life:
    """A process, from its start to its end. `mortal` is the step at which it is killed.

    `left` are the tasks that it has left unfinished, `late` those that it would have begun then.
    """

    name: str
    mortal: int = 0
    steps: int = 0
    dead: bool = False
    ended_at: float = float("inf")
    tasks: "WeakSet[asyncio.Task[Any]]" = field(default_factory=WeakSet)
    left: list[asyncio.Task[Any]] = field(default_factory=list)
    late: list[asyncio.Task[Any]] = field(default_factory=list)
    dying: list[Callable[[], None]] = field(default_factory=list)
    context: Context = field(default_factory=copy_context)

    def __post_init__(self) -> None:
        self.context.run(LIFE.set, self)


LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


def living() -> Life | None:
    """The process that runs at the moment; none is the world around it."""
    return LIFE.get()


async def alive() -> None:
    """Goes on while the process lives. What is killed waits for ever."""
    life = living()
    if life is not None and life.dead:
        await asyncio.get_running_loop().create_future()


class Clockwork(VirtualLoop):
    """Runs in virtual time, and without threads: what is given to one is done at once."""

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        super().__init__()
        self._killed: list[Life] = []
        self.set_task_factory(_task)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        life = LIFE.get() if context is None else context.get(LIFE)
        if life is not None and not self._goes_on(life):
            return _cancelled(asyncio.Handle(callback, args, self, context))
        return super().call_soon(callback, *args, context=context)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        life = LIFE.get() if context is None else context.get(LIFE)
        if life is not None and life.dead:
            return _cancelled(asyncio.TimerHandle(when, callback, args, self, context))
        return super().call_at(when, callback, *args, context=context)

    def run_in_executor(  # type: ignore[override]
        self, executor: object, work: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        future = self.create_future()

        def do() -> None:
            if future.done():
                return
            try:
                future.set_result(work(*args))
            except Exception as error:  # noqa: BLE001 - it is the caller's
                future.set_exception(error)

        self.call_soon(do)
        return future

    def kill(self, life: Life) -> None:
        """End a process as kill -9 does: from here on nothing of it runs."""
        if life.dead:
            return
        life.dead, life.ended_at = True, self.time()
        life.left = [task for task in life.tasks if not task.done()]
        for one in (*self._ready, *self._scheduled):
            if one._context.get(LIFE) is life:
                one.cancel()
        self._killed.append(life)
        for end in tuple(life.dying):
            _outside().run(end)

    async def bury(self) -> None:
        """Take apart what is left of dead processes; nothing of it comes back to the loop."""
        logging.disable()  # SQLAlchemy tells of each connection that is not given back
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # much of it is never begun
                for life in self._killed:
                    for task in life.left:
                        if not task.done():
                            life.context.run(_end, task)
                    while life.late:
                        life.context.run(_end, life.late.pop())
        finally:
            logging.disable(logging.NOTSET)

    def _goes_on(self, life: Life) -> bool:
        if life.dead:
            return False
        life.steps += 1
        if life.steps == life.mortal:
            self.kill(life)
        return not life.dead


def _end(task: "asyncio.Task[Any]") -> None:
    """Let nothing follow upon what a task was waiting for, nor upon what it does about that."""
    work = task.get_coro()
    assert isinstance(work, Coroutine)
    with suppress(Buried, Exception, asyncio.CancelledError, BaseExceptionGroup):
        if inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
            work.send(None)  # what it was given is begun, too
        while True:
            work.throw(Buried())
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    asyncio.tasks._unregister_task(task)


def in_life(life: Life, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """A task of a process."""
    return asyncio.get_running_loop().create_task(work, context=life.context.copy())


async def seen_through(life: Life, work: Coroutine[Any, Any, T]) -> T | None:
    """What comes of a piece of a process's work; nothing, when it dies over it."""
    end: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

    async def do() -> None:
        result = await work
        if not end.done():
            end.set_result(result)

    def die() -> None:
        if not end.done():
            end.set_result(None)

    life.dying.append(die)
    task = in_life(life, do())
    try:
        return await end
    finally:
        life.dying.remove(die)
        del task


def in_world(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """A task of the world, which outlives the process that has caused it."""
    return asyncio.get_running_loop().create_task(work, context=_outside())


def _outside() -> Context:
    context = copy_context()
    context.run(LIFE.set, None)
    return context


def _task(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, Any],
    context: Context | None = None,
) -> "asyncio.Task[Any]":
    task = asyncio.Task(work, loop=loop, context=context)
    life = LIFE.get() if context is None else context.get(LIFE)
    if life is not None and life.dead:
        life.late.append(task)
    elif life is not None:
        life.tasks.add(task)
    return task


def _cancelled(handle: Any) -> Any:
    handle.cancel()
    return handle
