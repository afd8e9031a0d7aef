"""Of an answer that has ended nothing is left in memory, not even for the garbage collector."""

from types import TracebackType

from core.errors import forget_trace
from core.reply import Reply
from core.running import Running
from sandbox.model import Cut, Fail, Stall
from tests.core.house import answered, ask, reading, shown, until
from tests.core.paper import Paper


async def test_an_answer(chat, server, uncollected):
    server.enqueue("Because ", "it is so.")
    await reading(chat, "Why?")

    assert uncollected(Reply, Running, TracebackType) == []


async def test_an_answer_of_many_messages(chat, server, uncollected):
    server.enqueue(*["Words and words. "] * 100)
    paper = await reading(chat, "Why?", Paper(size=200))

    assert len(paper.messages) > 5
    assert uncollected(Reply, Running, TracebackType) == []


async def test_an_answer_that_was_stopped(chat, server, uncollected):
    server.enqueue("Because ", Stall())
    paper = Paper(size=2000)
    async with answered(chat):
        await chat.accept(ask("Why?"), paper)
        await until(lambda: paper.messages)
        await chat.stop(next(iter(chat._underway)).name, "U1", None)

    assert uncollected(Reply, Running, TracebackType) == []


async def test_an_answer_that_was_interrupted(chat, server, uncollected):
    server.enqueue("Because ", Cut())
    paper = await reading(chat, "Why?")

    assert paper.messages
    assert uncollected(Reply, Running, TracebackType) == []


async def test_an_answer_that_failed(chat, server, uncollected):
    server.enqueue(Fail(code="bad"))
    await reading(chat, "Why?")

    assert uncollected(Reply, Running, TracebackType) == []


async def test_an_answer_for_which_the_model_was_asked_again(chat, server, uncollected):
    server.enqueue(Fail())
    server.enqueue("Because ", "it is so.")
    paper = await reading(chat, "Why?")

    assert shown(paper) == [("Because it is so.", "")]
    assert uncollected(Reply, Running, TracebackType) == []


def test_errors_that_name_each_other_are_gone_through_once():
    one, other = ValueError("one"), ValueError("other")
    one.__context__, other.__cause__ = other, one

    forget_trace(one)

    assert one.__traceback__ is other.__traceback__ is None
