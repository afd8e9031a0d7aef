"""What is counted of a question, and which lines of the log are an answer's."""

import asyncio
from dataclasses import replace

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from core.controls import Control
from core.figures import Uncounted
from core.notices import Ending
from core.pace import Governor
from core.queue import Asked
from core.reply import Reply
from core.running import Running
from core.status import Status
from sandbox.model import Answer, Fail, Stall
from tests.core.house import BEN, answered, ask, read_only, resumed, until
from tests.core.paper import THREAD, Paper
from tests.records import Clock
from tests.virtual import clock, virtually


class Counted(Uncounted):
    """Keeps what it is told."""

    def __init__(self):
        self.endings = []
        self.taken_over = []

    def ended(self, reply):
        self.endings.append(reply)

    def resumed(self, platform, questions):
        self.taken_over.append((platform, questions))


def counted(paper, steps, *, signs=(), waited=0.0, outcome="answered"):
    """The figures of one question, asked at 0 s.

    `steps` are pieces of the model and the moments in which they come, the last of them its end;
    `signs` are the words of its status, likewise.
    """

    async def main():
        status = Status(paper.status, clock)
        showing = asyncio.create_task(status.run())
        reply = Reply(
            paper,
            Governor(clock),
            nonce="r",
            clock=clock,
            posted=lambda *_: status.clear(),
            offers=(Control.STOP,),
        )
        running = Running("r", [Asked(ask("Why?"), paper, status)], reply, waited)

        def act(piece):
            reply.write(piece) if piece else reply.finish(offers=(Control.RETRY,))

        loop = asyncio.get_running_loop()
        for at, words in signs:
            loop.call_at(at, status.say, words)
        for at, piece in steps:
            loop.call_at(at, act, piece)
        await reply.show()
        status.clear()
        await showing
        return running.ended(Ending(outcome))

    return virtually(main())


def test_each_moment_of_an_answer_is_counted_from_its_question():
    """The platform takes 0.05 s for each request; text, an edit, and an edit for the end."""
    figures = counted(Paper(size=2000), [(1.0, "one "), (2.0, "two "), (3.0, "")])

    assert figures.first_text == pytest.approx(1.05)
    assert figures.first_sign == pytest.approx(1.05)
    assert figures.seconds == pytest.approx(3.05)
    assert figures.after_model == pytest.approx(0.05)
    assert figures.lag == pytest.approx(0.05)
    assert figures.edits == 2


def test_a_sign_of_work_is_the_first_thing_that_its_asker_sees():
    figures = counted(Paper(), [(4.0, "text "), (5.0, "")], signs=[(0.5, "thinking")])

    assert figures.first_sign == pytest.approx(0.55)
    assert figures.first_text == pytest.approx(4.05)


def test_lag_is_the_age_of_the_oldest_text_that_had_to_wait_for_its_edit():
    """Edits are 1 s apart: what came at 1.4 s is seen at 2.1 s, what came later is younger."""
    paper = Paper(size=2000, pause=1.0)
    figures = counted(paper, [(1.0, "one "), (1.4, "two "), (1.9, "three "), (20.0, "")])

    assert figures.lag == pytest.approx(0.7)
    assert figures.edits == 2


def test_what_a_platform_takes_for_the_end_is_no_time_of_the_model():
    figures = counted(Paper(size=2000, latency=2.0), [(1.0, "one "), (9.0, "")])

    assert figures.after_model == pytest.approx(2.0)
    assert figures.seconds == pytest.approx(11.0)


def test_an_answer_that_is_complete_before_it_is_shown_needs_no_edit():
    assert counted(Paper(size=2000), [(1.0, "one "), (1.0, "")]).edits == 0


def test_of_what_was_withdrawn_before_anything_was_seen_there_is_no_first_text():
    async def main():
        paper = Paper()
        reply = Reply(paper, Governor(clock), nonce="r", clock=clock, posted=lambda *_: None)
        running = Running("r", [Asked(ask("Why?"), paper, Status(paper.status, clock))], reply)
        reply.withdraw()
        await reply.show()
        return running.ended(Ending("withdrawn"))

    figures = virtually(main())
    assert (figures.first_sign, figures.first_text, figures.edits) == (None, None, 0)


async def test_who_was_in_line_has_waited_and_whoever_was_answered_at_once_has_not(house, server):
    """The clock moves by hand: 7 seconds while another answer of the conversation is written."""
    now, counts, paper = Clock(100.0), Counted(), Paper(size=2000)
    chat = await house(clock=now, figures=counts)
    server.enqueue("First ", Stall())
    server.enqueue("Second.")
    async with answered(chat):
        await chat.accept(ask("Why?"), paper)
        await until(lambda: "First" in paper.text)
        await chat.accept(ask("And why?", "2", BEN), paper)
        now.now += 7
        await chat.stop(next(iter(chat._underway)).name, "U1", None)

    assert [one.waited for one in counts.endings] == [0.0, 7.0]
    assert [one.first_text for one in counts.endings] == [0.0, 7.0]
    assert [one.seconds for one in counts.endings] == [7.0, 7.0]


async def test_questions_that_a_dead_process_left_are_counted_as_resumed_once(house, server):
    counts, paper, first = Counted(), Paper(size=2000), await house()
    server.enqueue("Half", Stall())
    await first.accept(ask("Why?"), paper)
    await until(lambda: "Half" in paper.text)
    await first.accept(ask("And why?", "2", BEN), paper)
    await house.crash(first)
    server.script = lambda body: Answer(("Because.",))

    async with resumed(await house(figures=counts), paper) as chat:
        await until(lambda: len(counts.endings) == 2)
        await chat.idle()

    assert counts.taken_over == [("paper", 1), ("paper", 1)]
    assert [one.outcome for one in counts.endings] == ["answered", "answered"]


def of(lines, event):
    """The ids on the lines of an event, every one of which has some."""
    return {(one["reply"], one["conversation"]) for one in lines if one["event"] == event}


async def test_all_lines_of_an_answer_have_its_ids_and_none_after_it(chat, server):
    """Two answers at once, each tried again by the model, and then a fault of the database."""
    server.enqueue(Fail())
    server.enqueue(Fail())
    server.script = lambda body: Answer(("Because.",))
    with capture_logs(processors=[merge_contextvars]) as lines:
        async with answered(chat):
            for name in ("T1", "T2"):
                where = replace(THREAD, thread=name)
                question = replace(ask("Why?", name), conversation=where)
                await chat.accept(question, Paper(size=2000, conversation=where))
        ended = len(lines)
        async with read_only(chat._store):
            await chat.accept(ask("And now?", "3"), Paper())

    ids = of(lines, "answered")
    assert len({reply for reply, _ in ids}) == len({talk for _, talk in ids}) == 2
    assert of(lines, "retrying") == of(lines, "model called") == ids
    assert lines[ended:]
    assert not [one for one in lines[ended:] if "reply" in one or "conversation" in one]
