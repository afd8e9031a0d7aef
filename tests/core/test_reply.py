"""Whatever the platform does, the reader ends up with the whole text, once."""

import asyncio
import random
import re
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.budget import EDGE, LAST_MOMENT, Budget
from core.controls import Control
from core.errors import PlatformFailed
from core.pace import Governor, Urgency
from core.reply import DELIVERY_TIMEOUT, FEW, RARELY, Reply
from core.sharing import Growth
from core.surface import Delivered, Page, RefusedForGood, RefusedForNow, Unknown
from sandbox.limits import FixedWindow
from tests.core.paper import GONE, LOST, Paper
from tests.virtual import clock, virtually

EDITS = Budget("edits", rate=1, window=5, burst=5, reserve=1, fixed=True)


def reply_on(paper, posted=None, **how):
    def forget(number, message):
        pass

    return Reply(paper, Governor(clock), nonce="r", clock=clock, posted=posted or forget, **how)


def tell(paper, pieces, *, gap=0.02, notice=""):
    """Write the pieces at the model's speed, and show them until the end."""

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            for piece in pieces:
                reply.write(piece)
                await asyncio.sleep(gap)
            reply.finish(notice)
            end = clock()
        return reply, clock() - end

    return virtually(main())


def words(count):
    return [f"word{n} " for n in range(count)]


def read(paper):
    """All words that the reader sees, in order."""
    return re.findall(r"word\d+", paper.text)


def test_the_text_grows_in_one_message_and_ends_whole():
    paper = Paper(size=2000)
    tell(paper, words(50))

    assert read(paper) == [word.strip() for word in words(50)]
    assert len(paper.messages) == 1
    assert len(paper.frames) > 3
    assert all(
        later.text.startswith(earlier.text)
        for (_, _, earlier), (_, _, later) in pairwise(paper.frames)
    )


def test_only_one_request_is_under_way_at_a_time():
    paper = Paper()
    tell(paper, words(200), gap=0.001)

    assert paper.most_under_way == 1


def test_a_long_answer_is_several_messages_and_finished_ones_never_change():
    paper = Paper(size=200)
    tell(paper, words(100))

    assert read(paper) == [word.strip() for word in words(100)]
    order = [message for _, message, _ in paper.frames]
    assert order == sorted(order, key=list(paper.messages).index)


def test_the_first_text_is_shown_at_once():
    paper = Paper()
    tell(paper, words(20), gap=1.0)

    assert paper.frames[0][0] == pytest.approx(paper.latency)


def second_frame(others):
    """What the first edit shows while a word has come that was not read, and others grow, too."""
    paper = Paper(size=2000, edit_budgets=(Budget("edits", rate=1, window=5, burst=5, fixed=True),))

    async def main():
        governor = Governor(clock)
        for _ in range(others):
            governor.go_on(Growth(), paper.plain)
        reply = Reply(paper, governor, nonce="r", clock=clock, posted=lambda number, message: None)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await asyncio.sleep(1.0)
            reply.write("word1 ")
            await reply.nap.sleep(3.0)
            reply.write("word2 ")
            await asyncio.sleep(1.0)
            reply.finish()

    virtually(main())
    return paper.frames[1][2].text.split()


def test_an_edit_shows_what_has_come_of_the_model_by_then():
    """With many answers, the model is read at times only; an edit that is due does not miss it."""
    assert second_frame(0) == ["word0", "word1", "word2"]


def test_a_first_text_that_had_to_wait_shows_what_has_come_by_then():
    posts = Budget("posts", rate=1, window=5, burst=1, fixed=True)
    paper = Paper(size=2000, post_budgets=(posts,))

    async def main():
        governor = Governor(clock)
        await governor.turn((posts,), Urgency.FIRST)
        reply = Reply(paper, governor, nonce="r", clock=clock, posted=lambda number, message: None)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await reply.nap.sleep(100.0)
            reply.write("word1 ")
            await asyncio.sleep(1.0)
            reply.finish()

    virtually(main())
    assert paper.frames[0][2].text.split() == ["word0", "word1"]


def test_where_very_many_share_a_limit_an_edit_that_is_due_is_sent_at_once():
    assert second_frame(FEW) == ["word0", "word1"]


def test_the_end_is_told_under_the_last_page_only():
    paper = Paper(size=200)
    tell(paper, words(100), notice="Cut off.")

    assert [page.notice for page in paper.messages.values()][-1] == "Cut off."
    assert sum(bool(page.notice) for page in paper.messages.values()) == 1


def test_an_answer_without_text_is_its_notice():
    paper = Paper()
    tell(paper, [], notice="The model is gone.")

    assert list(paper.messages.values()) == [Page("", "The model is gone.")]


def test_no_budget_is_exceeded_and_the_last_edit_waits_for_no_interim_one():
    paper = Paper(size=20_000, edit_budgets=(EDITS,))
    _, late = tell(paper, words(400), gap=0.05)

    assert late < LAST_MOMENT + 2 * EDGE + 2 * paper.latency + 0.01
    platform = FixedWindow(5, 5.0)
    assert [platform.take(time) for time, _, _ in paper.frames[1:]] == [0] * (len(paper.frames) - 1)


def test_the_pause_between_edits_counts_from_the_end_of_an_edit_and_not_for_the_last_one():
    paper = Paper(size=2000, pause=1.0, latency=0.3)
    _, late = tell(paper, words(100), gap=0.05)

    times = [time for time, _, _ in paper.frames]
    gaps = [later - earlier for earlier, later in pairwise(times[:-1])]
    assert min(gaps) >= 1.3 - 1e-6
    assert late <= 2 * 0.3 + 1e-6


def test_interim_edits_may_fail_and_cost_nothing():
    paper = Paper(size=2000)
    paper.answers.extend([None, RefusedForNow(1.0), None, Unknown("reset"), None])
    tell(paper, words(60))

    assert read(paper) == [word.strip() for word in words(60)]


def test_the_last_edit_is_repeated_until_it_is_delivered():
    paper = Paper(size=2000)
    _, late = tell(paper, ["word0 "], gap=1.0, notice="Done.")
    assert late < 1

    paper = Paper(size=2000)
    paper.answers.extend([None, *[RefusedForNow(30.0)] * 10, Unknown("502")])
    tell(paper, ["word0 "], gap=1.0, notice="Done.")

    assert list(paper.messages.values()) == [Page("word0", "Done.")]


def test_a_post_whose_answer_was_lost_makes_no_second_message():
    paper = Paper(size=2000)
    paper.answers.extend([LOST, LOST])
    tell(paper, words(10))

    assert len(paper.messages) == 1


@dataclass
class Lossy(Paper):
    """The answer to the first post is lost, and what it has made takes no edits."""

    async def post(self, page, nonce, way=None):
        if (message := f"m-{nonce}") in self.messages:
            return Delivered(message, self.messages[message])
        outcome = await super().post(page, nonce, way)
        return LOST if nonce.endswith(".0") else outcome

    async def edit(self, message, page):
        if message.endswith(".0"):
            return RefusedForGood("cant_update_message")
        return await super().edit(message, page)


def test_a_post_that_was_lost_and_takes_no_edits_stands_and_the_rest_is_below_it():
    paper = Lossy(size=2000)
    tell(paper, words(50))

    assert read(paper) == [word.strip() for word in words(50)]
    assert len(paper.messages) == 2


def test_a_lost_post_that_somebody_has_deleted_is_posted_anew():
    answers = [RefusedForGood("message_not_found", gone=True), Unknown("reset")]

    class Deleted(Paper):
        async def post(self, page, nonce, way=None):
            if answers:
                return answers.pop()
            return await super().post(page, nonce, way)

    paper = Deleted()
    tell(paper, words(10))

    assert read(paper) == [word.strip() for word in words(10)]


def test_a_page_that_nobody_needs_is_taken_away_in_several_tries():
    answers = [Unknown("reset"), RefusedForNow(1.0), Unknown("503")]

    class Busy(Paper):
        async def remove(self, message):
            return answers.pop() if answers else await super().remove(message)

    paper = Busy(size=200)

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("".join(words(60)))
            await asyncio.sleep(2)
            reply.restart()
            reply.write("Short.")
            reply.finish()

    virtually(main())
    assert paper.text == "Short."


def test_when_a_message_cannot_be_edited_any_more_the_rest_is_posted_below_it():
    paper = Paper(size=2000)
    paper.answers.extend([None, None, GONE])
    tell(paper, words(40), notice="The end.")

    assert read(paper) == [word.strip() for word in words(40)]
    assert len(paper.messages) == 2
    assert [page.notice for page in paper.messages.values()] == ["", "The end."]


def test_a_message_that_somebody_deletes_is_posted_anew_and_whole():
    paper = Paper(size=2000)
    edit = paper.edit

    async def deleted_once(message, page):
        if len(paper.frames) == 3:
            del paper.messages[message]
            paper.edit = edit
            return RefusedForGood("message_not_found", gone=True)
        return await edit(message, page)

    paper.edit = deleted_once
    tell(paper, words(60), notice="The end.")

    assert read(paper) == [word.strip() for word in words(60)]
    assert len(paper.messages) == 1


def test_a_platform_that_takes_no_edits_is_not_flooded_with_messages():
    paper = Paper(size=2000)

    async def no_edits(message, page):
        return GONE

    paper.edit = no_edits
    tell(paper, words(200), notice="The end.")

    assert read(paper) == [word.strip() for word in words(200)]
    assert len(paper.messages) <= 4


def test_code_goes_on_as_code_below_a_message_that_died():
    paper = Paper(size=2000)
    paper.answers.extend([None, None, GONE])
    tell(paper, ["```python\n", *(f"line{n}()\n" for n in range(30)), "```\n"])

    for page in paper.messages.values():
        assert page.text.startswith("```python\n")
        assert page.text.endswith("```")
    assert re.findall(r"line\d+", paper.text) == [f"line{n}" for n in range(30)]


def test_a_platform_that_takes_no_message_at_all_ends_the_answer():
    paper = Paper()
    paper.answers.append(RefusedForGood("is_archived"))

    with pytest.raises(ExceptionGroup) as caught:
        tell(paper, words(5))
    assert caught.group_contains(PlatformFailed, match="is_archived")


def test_a_platform_that_never_answers_is_given_up_after_its_time():
    paper = Paper()
    paper.answers.extend([Unknown("timeout")] * 1000)

    async def main():
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as tasks:
                reply = reply_on(paper)
                reply.write("word0")
                reply.finish()
                tasks.create_task(reply.show())
        assert caught.group_contains(PlatformFailed)
        assert clock() == pytest.approx(DELIVERY_TIMEOUT, rel=0.1)

    virtually(main())


def test_limits_that_never_let_an_answer_through_end_it_after_its_time():
    spent = Budget("spent", rate=0, window=60, burst=1)
    paper = Paper(post_budgets=(spent,))

    async def main():
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as tasks:
                reply = reply_on(paper)
                reply._governor.ask([spent], Urgency.LAST)
                reply.write("word0")
                tasks.create_task(reply.show())
                await asyncio.sleep(5)
                reply.finish()
        assert caught.group_contains(PlatformFailed)
        assert clock() == pytest.approx(5 + DELIVERY_TIMEOUT)

    virtually(main())


def test_an_end_that_no_edit_may_show_in_time_is_posted_below():
    """A process that is being stopped cannot wait until the platform takes an edit again."""
    edits = Budget("edits", rate=0, window=60, burst=1)
    paper = Paper(size=2000, edit_budgets=(edits,))

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await asyncio.sleep(1)
            reply._governor.ask([edits], Urgency.LAST)  # somebody else's
            reply.write("word1")
            await asyncio.sleep(1)
            reply.interrupt("Stopped.", 1.0)
        assert clock() < 3.2

    virtually(main())
    assert list(paper.messages.values()) == [Page("word0"), Page("word1", "Stopped.")]


def test_an_interrupted_answer_begins_no_further_message_and_says_that_something_is_missing():
    paper = Paper(size=200)

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await asyncio.sleep(1)
            for word in words(400):
                reply.write(word)
            reply.finish("Done.")
            reply.interrupt("Stopped.", 1.0)
        assert reply.screen.cut

    virtually(main())
    (page,) = paper.messages.values()
    assert page.notice == "Stopped."
    assert len(page.text) > 150


def test_a_further_message_of_which_nobody_knows_says_as_well_that_the_answer_was_interrupted():
    paper = Paper(size=200, answers=deque([None, LOST]))

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            for word in words(40):
                reply.write(word)
            while len(paper.messages) < 2:
                await asyncio.sleep(0.01)
            reply.interrupt("Stopped.", 5.0)

    virtually(main())
    first, second = paper.messages.values()
    assert (first.notice, second.notice) == ("", "Stopped.")
    assert read(paper) == [word.strip() for word in words(40)]


def withdrawn_after_one_post(paper):
    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0")
            while not paper.messages:
                await asyncio.sleep(0.01)
            await asyncio.sleep(2 * paper.latency)
            reply.withdraw()

    virtually(main())


def test_of_a_withdrawn_answer_nothing_stays_also_if_nobody_knows_whether_it_was_posted():
    paper = Paper(answers=deque([LOST]))
    withdrawn_after_one_post(paper)

    assert paper.frames
    assert not paper.messages


def test_of_a_withdrawn_answer_what_takes_no_edits_goes_too():
    paper = Paper(size=2000, answers=deque([None, None, GONE]))

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            for word in words(40):
                reply.write(word)
                await asyncio.sleep(0.1)
            assert len(paper.messages) == 2
            reply.withdraw()

    virtually(main())
    assert not paper.messages


@pytest.mark.parametrize("outcome", [Unknown("500"), RefusedForNow(1.0)])
def test_a_message_that_could_not_be_taken_away_is_tried_again(outcome):
    paper = Paper(removals=deque([outcome, outcome]))
    withdrawn_after_one_post(paper)

    assert not paper.messages


def test_an_answer_that_is_all_there_when_it_is_interrupted_ends_as_it_was_to_end():
    paper = Paper(size=2000)

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await asyncio.sleep(1)
            reply.write("word1")
            reply.finish("Done.")
            reply.interrupt("Stopped.", 1.0)
        assert not reply.screen.cut

    virtually(main())
    assert list(paper.messages.values()) == [Page("word0 word1", "Done.")]


def test_an_interrupted_answer_that_may_not_be_posted_stays_invisible():
    """Its asker is told in another way; half of it would say less than nothing."""
    posts = Budget("posts", rate=0, window=60, burst=1)
    paper = Paper(size=2000, post_budgets=(posts,))

    async def main():
        reply = reply_on(paper)
        reply._governor.ask([posts], Urgency.LAST)  # somebody else's
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await asyncio.sleep(1)
            reply.interrupt("Stopped.", 1.0)
        assert clock() < 2.7
        assert reply.gave_up
        assert not paper.messages

    virtually(main())


def test_an_interruption_while_a_further_message_waits_is_told_in_the_one_that_stands():
    posts = Budget("posts", rate=0, window=60, burst=1)
    paper = Paper(size=200, post_budgets=(posts,))

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            for word in words(100):
                reply.write(word)
                await asyncio.sleep(0.02)
            await asyncio.sleep(1)  # the second message waits: nothing more may be posted
            reply.interrupt("Stopped.", 1.0)
        assert clock() < 3.3

    virtually(main())
    (page,) = paper.messages.values()
    assert page.notice == "Stopped."


def test_what_is_interrupted_cannot_be_stopped_any_more():
    paper = Paper(size=2000)

    async def main():
        reply = reply_on(paper, offers=(Control.STOP,))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await asyncio.sleep(1)
            reply.interrupt("Interrupted.", 1.0)

    virtually(main())
    (page,) = paper.messages.values()
    assert (page.notice, page.controls) == ("Interrupted.", None)


def test_an_interrupted_answer_that_lacks_no_word_is_not_told_of_twice():
    """The last edit was to add what can be pressed, which nobody misses."""
    edits = Budget("edits", rate=0, window=60, burst=2)
    paper = Paper(size=2000, edit_budgets=(edits,))

    async def main():
        reply = reply_on(paper)
        reply._governor.ask([edits], Urgency.LAST)  # somebody else's
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await asyncio.sleep(1)
            reply.interrupt("Interrupted.", 1.0)
            await asyncio.sleep(paper.latency / 2)
            reply.finish("", (Control.RETRY,))
        assert not reply.left_growing

    virtually(main())
    assert [(page.text, page.notice) for page in paper.messages.values()] == [
        ("word0", "Interrupted.")
    ]


def test_an_answer_whose_message_may_not_be_edited_in_time_is_left_as_if_it_went_on():
    edits = Budget("edits", rate=0, window=60, burst=1)
    paper = Paper(size=2000, edit_budgets=(edits,))

    async def main():
        reply = reply_on(paper)
        reply._governor.ask([edits], Urgency.LAST)  # somebody else's
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await asyncio.sleep(1)
            reply.interrupt("Interrupted.", 1.0)
        assert reply.left_growing

    virtually(main())
    assert [(page.text, page.notice) for page in paper.messages.values()] == [
        ("word0", ""),
        ("", "Interrupted."),
    ]


def test_where_a_message_is_gone_those_below_it_move_up():
    paper = Paper(size=200)
    paper.messages = {name: Page("former") for name in ("a", "c")}

    async def main():
        reply = reply_on(paper, takes=("a", "b", "c"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            for word in words(70):
                reply.write(word)
            reply.finish()

    virtually(main())
    assert read(paper) == [word.strip() for word in words(70)]


def test_an_interruption_does_not_wait_for_a_back_off():
    paper = Paper(size=2000)
    paper.answers.extend([None, RefusedForNow(8.0)])

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.write("word0 ")
            await asyncio.sleep(1)
            reply.write("word1")
            await asyncio.sleep(1)
            reply.interrupt("Stopped.", 1.0)
        assert clock() < 3

    virtually(main())
    assert list(paper.messages.values()) == [Page("word0 word1", "Stopped.")]


def test_each_message_is_told_of_once_when_it_exists():
    paper, told = Paper(size=200), []

    def posted(number, message):
        told.append((number, message))

    async def main():
        reply = reply_on(paper, posted)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            for word in words(80):
                reply.write(word)
                await asyncio.sleep(0.01)
            reply.finish()
        assert reply.screen.messages == tuple(paper.messages)

    virtually(main())
    assert told == list(enumerate(paper.messages))


outcomes = st.one_of(
    st.none(),
    st.none(),
    st.just(LOST),
    st.just(Unknown("reset")),
    st.just(RefusedForNow(2.0)),
    st.just(GONE),
)


@settings(deadline=None)
@given(st.lists(outcomes, max_size=30), st.integers(1, 150), st.floats(0, 0.2))
def test_under_any_faults_every_word_is_read_once_and_in_order(answers, count, gap):
    paper = Paper(size=300, edit_budgets=(EDITS,))
    paper.answers.extend(answers)

    tell(paper, words(count), gap=gap, notice="End.")

    assert re.findall(r"word\d+", paper.text) == [word.strip() for word in words(count)]
    assert [page.notice for page in paper.messages.values() if page.notice] == ["End."]


@dataclass
class Fickle(Paper):
    """A platform that gives an older message back for a name it knows, and has bad days.

    With these odds a request is refused for now, its answer is lost (half of the time
    after it was done), or a message stops taking edits.
    """

    size: int = 200
    dice: random.Random = field(default_factory=random.Random)
    busy: float = 0.0
    lost: float = 0.0
    frozen: float = 0.0
    made: dict[str, str] = field(default_factory=dict)
    icy: set[str] = field(default_factory=set)

    async def post(self, page, nonce, way=None):
        await asyncio.sleep(self.latency)
        if self.dice.random() < self.busy:
            return RefusedForNow(0.5)
        lost, done = self.dice.random() < self.lost, self.dice.random() < 0.5
        if lost and not done:
            return Unknown("lost")
        message = self.made.setdefault(nonce, f"m{len(self.made)}")
        if message not in self.messages or message in self.unsure:
            self.messages[message] = page
        if lost:
            self.unsure.add(message)
        return Unknown("lost") if lost else Delivered(message)

    async def edit(self, message, page):
        await asyncio.sleep(self.latency)
        if message not in self.messages:
            return RefusedForGood("10008", gone=True)
        if self.dice.random() < self.busy:
            return RefusedForNow(0.5)
        if message not in self.unsure and self.dice.random() < self.frozen:
            self.icy.add(message)
        if message in self.icy:
            return GONE
        lost, done = self.dice.random() < self.lost, self.dice.random() < 0.5
        if done or not lost:
            self.messages[message] = page
            self.unsure.discard(message)
        if lost:
            self.unsure.add(message)
        return Unknown("lost") if lost else Delivered(message)


@pytest.mark.parametrize(
    "odds",
    [{"busy": 0.1}, {"lost": 0.15}, {"frozen": 0.05}, {"busy": 0.1, "lost": 0.1, "frozen": 0.02}],
    ids=str,
)
@pytest.mark.parametrize("seed", range(25))
def test_however_fickle_the_platform_is_nothing_is_lost_and_nothing_read_twice(odds, seed):
    dice = random.Random(seed)
    paper = Fickle(dice=dice, **odds)
    pieces = [word + ".\n\n" * (dice.random() < 0.1) for word in words(80)]

    tell(paper, pieces, gap=dice.random() * 0.1, notice="End.")

    assert read(paper) == [word.strip() for word in words(80)]
    assert [page.notice for page in paper.messages.values() if page.notice] == ["End."]


@pytest.mark.parametrize("seed", range(25))
def test_a_message_that_is_deleted_while_it_grows_takes_no_other_with_it(seed):
    """A name that was used is never used again: the platform would give the old message back."""
    dice = random.Random(seed)
    paper = Fickle(dice=dice)

    async def main():
        reply = reply_on(paper)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            for number, word in enumerate(words(80)):
                reply.write(word)
                await asyncio.sleep(0.05)
                if paper.messages and number % 25 == seed:
                    del paper.messages[list(paper.messages)[-1]]
            reply.finish("End.")

    virtually(main())
    seen = read(paper)
    assert seen == sorted(set(seen), key=seen.index)
    assert seen[-1] == "word79"
    assert [page.notice for page in paper.messages.values() if page.notice] == ["End."]


def test_a_page_that_breaks_before_what_was_shown_is_not_repeated_below_a_dead_message():
    paper = Paper(size=200)
    paper.answers.extend([None] * 8)
    first = " ".join(f"word{n}" for n in range(24)) + ".\n\n"
    paper.answers.append(GONE)
    tell(paper, [first, *(f"word{n} " for n in range(24, 60))], gap=0.06)

    assert read(paper) == [f"word{n}" for n in range(60)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The query:\n\n```SELECT", "The query:\n\n```SELECT\n```"),
        ("```\ncode\n``", "```\ncode\n``\n```"),
        ("> quoted\n>", "> quoted\n>"),
    ],
)
def test_what_could_have_become_a_fence_is_shown_once_nothing_more_comes(text, shown):
    paper = Paper(size=2000)
    tell(paper, list(text))

    assert [page.text for page in paper.messages.values()] == [shown]


def test_a_list_item_that_becomes_a_fence_on_a_page_of_its_own_does_not_end_the_answer():
    """What was a dash is hidden again while it may yet be a code block."""
    paper = Paper(size=200)
    line = " ".join(f"word{n}" for n in range(26))
    tell(paper, [line, "\n\n-", " ", "`", "`", "`", "python\n", "x = 1\n", "```"], gap=0.3)

    assert read(paper) == [f"word{n}" for n in range(26)]
    assert "x = 1" in paper.text


class Held(Paper):
    """A platform that shows nothing of an answer before it is complete."""

    def dress(self):
        return Holding()


class Holding:
    held = ""

    def feed(self, text):
        self.held += text
        return ""

    def flush(self):
        return self.held.upper()


def test_what_is_held_back_is_shown_at_the_end_and_is_an_answer_before():
    paper = Held()

    async def main():
        reply = reply_on(paper)
        reply.write("some words")
        assert not reply.screen.blank
        reply.finish()
        await reply.show()

    virtually(main())
    assert [page.text for page in paper.messages.values()] == ["SOME WORDS"]


def test_what_was_held_back_of_a_text_that_begins_anew_is_never_shown():
    paper = Held()

    async def main():
        reply = reply_on(paper)
        reply.write("the old words")
        reply.restart()
        reply.write("the new words")
        reply.finish()
        await reply.show()

    virtually(main())
    assert [page.text for page in paper.messages.values()] == ["THE NEW WORDS"]


def test_half_open_markup_is_seen_closed_while_it_grows_and_as_it_is_at_the_end():
    paper = Paper(size=2000)
    tell(paper, ["So **bo", "ld", " [li", "nk](http://x", ".y) and `co", "de` and *left"], gap=0.2)

    assert [page.text for _, _, page in paper.frames] == [
        "So **bo**",
        "So **bold**",
        "So **bold [link](http://x.y) and `co`**",
        "So **bold [link](http://x.y) and `code` and *left***",
        "So **bold [link](http://x.y) and `code` and *left",
    ]


MARKED = [
    "{}",
    "**{}**",
    "*{}*",
    "`{}`",
    "[{}](http://a.b/c)",
    "~~{}~~",
    "\n\n- {}",
    "\n```\n{}\n```\n",
]


class Frail(Paper):
    """A platform whose messages stop taking edits, as it is told to; posts come through."""

    async def post(self, page, nonce, way=None):
        while self.answers and self.answers[0] is not None:
            self.answers.popleft()
        return await super().post(page, nonce, way)


@settings(deadline=None, max_examples=60)
@given(
    parts=st.lists(st.tuples(st.sampled_from(MARKED), st.integers(100, 999)), max_size=25),
    dies=st.lists(st.booleans(), max_size=10),
)
def test_messages_that_die_while_markup_is_half_open_neither_lose_nor_double_a_letter(parts, dies):
    text = " ".join(mark.format(f"some word{number}") for mark, number in parts)
    paper = Frail(size=200, latency=0.03)
    paper.answers += [None, *(RefusedForGood("too old") if dead else None for dead in dies)]
    tell(paper, ["Well: ", *(text[start : start + 3] for start in range(0, len(text), 3))])

    def letters(written):
        return re.sub(r"[^a-zA-Z0-9]", "", written)

    assert letters(paper.text) == letters(f"Well: {text}")


# What an answer waits for.


def waiting(script, paper, *, takes=(), posted=None):
    """Let an answer wait and come as the script does: steps, with the seconds after each."""

    async def main():
        reply = Reply(
            paper,
            Governor(clock),
            nonce="r",
            clock=clock,
            posted=posted or (lambda number, message: None),
            takes=takes,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            for step, seconds in script:
                step(reply)
                await asyncio.sleep(seconds)
        return reply

    return virtually(main())


def place(words):
    return lambda reply: reply.announce(words, place=True)


def write(words):
    return lambda reply: reply.write(words)


def finish(notice=""):
    return lambda reply: reply.finish(notice)


def test_what_an_answer_waits_for_stands_where_the_answer_takes_its_place():
    paper = Paper(size=2000)
    reply = waiting([(place("3rd in line"), 3), (write("word0 "), 3), (finish(), 0)], paper)

    assert [page for _, _, page in paper.frames] == [Page("", "3rd in line"), Page("word0")]
    assert len(paper.messages) == 1
    assert reply.figures["first_text"] == pytest.approx(3.0 + paper.latency, abs=0.02)


def test_it_changes_seldom_and_the_first_text_does_not_wait_for_that():
    paper = Paper(size=2000)
    steps = [(place(f"{9 - n}th in line"), 1.0) for n in range(8)]
    waiting([*steps, (write("word0 "), 1), (finish(), 0)], paper)

    *places, first = [time for time, _, _ in paper.frames]
    assert all(later - earlier >= RARELY for earlier, later in pairwise(places))
    assert len(places) == 2
    assert first == pytest.approx(8.0 + paper.latency, abs=0.02)


def test_the_first_text_does_not_wait_behind_other_peoples_edits_either():
    """A place in the line may have stood in line for an edit itself."""
    edits = Budget("edits", rate=1, window=5, burst=5, reserve=3, fixed=True)
    paper = Paper(size=2000, edit_budgets=(edits,))

    async def main():
        governor = Governor(clock)
        reply = Reply(paper, governor, nonce="r", clock=clock, posted=lambda number, message: None)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            reply.announce("2nd in line", place=True)
            await asyncio.sleep(RARELY + 1)
            for _ in range(3):
                await governor.turn((edits,), Urgency.LAST)
            reply.announce("1st in line", place=True)
            await asyncio.sleep(0.5)
            assert len(paper.frames) == 1
            reply.write("word0 ")
            await asyncio.sleep(0.5)
            assert paper.text == "word0"
            reply.finish()

    virtually(main())


def test_once_there_was_a_place_everything_else_is_told_there_too_and_before_that_nothing():
    paper, told = Paper(size=2000), []

    def say(words, *, place=False):
        return lambda reply: told.append(reply.announce(words, place=place))

    steps = [say("thinks"), say("1st in line", place=True), say("thinks"), write("word0")]
    waiting([*((step, 6) for step in steps), (say("reasons"), 1), (finish(), 0)], paper)

    assert told == [False, True, True, False]
    assert [page.notice or page.text for _, _, page in paper.frames] == [
        "1st in line",
        "thinks",
        "word0",
    ]


def test_an_answer_that_stands_there_already_makes_no_room_for_it():
    paper = Paper(size=2000)
    paper.messages["m"] = Page("The former answer.")
    steps = [(place("1st in line"), 9), (write("The new one."), 1), (finish(), 0)]
    waiting(steps, paper, takes=["m"])

    assert [page.text for _, _, page in paper.frames] == ["The new one."]


def test_when_it_ends_before_it_began_the_message_says_how_or_is_gone():
    stopped, withdrawn = Paper(size=2000), Paper(size=2000)
    waiting([(place("1st in line"), 1), (finish("Stopped."), 0)], stopped)
    waiting([(place("1st in line"), 1), (lambda reply: reply.withdraw(), 0)], withdrawn)
    drained = Paper(size=2000)
    interrupt = (lambda reply: reply.interrupt("Starting again.", 1.0), 0)
    waiting([(place("1st in line"), 1), interrupt], drained)

    assert list(stopped.messages.values()) == [Page("", "Stopped.")]
    assert list(withdrawn.messages.values()) == []
    assert list(drained.messages.values()) == [Page("", "Starting again.")]


def test_a_question_that_changes_while_it_waits_keeps_its_one_message():
    paper = Paper(size=2000)
    steps = [place("2nd in line"), lambda reply: reply.restart(), place("1st in line")]
    waiting([*((one, 6) for one in steps), (write("word0"), 1), (finish(), 0)], paper)

    assert list(paper.messages.values()) == [Page("word0")]


trouble = st.lists(
    st.sampled_from([None, LOST, RefusedForNow(0.5), Unknown("reset"), GONE]), max_size=12
)


@given(trouble, st.lists(st.floats(0.0, 7.0), min_size=4, max_size=4))
@settings(deadline=None)
def test_whatever_the_platform_does_while_it_waits_the_answer_is_read_once(answers, pauses):
    paper = Paper(size=2000)
    paper.answers.extend(answers)
    steps = [place("2nd in line"), place("1st in line"), write("word0 "), write("word1")]
    timed = list(zip(steps, pauses, strict=True))
    posted = []
    waiting([*timed, (finish(), 0)], paper, posted=lambda number, message: posted.append(number))

    assert read(paper).count("word1") == 1
    assert set(read(paper)) == {"word0", "word1"}
    if GONE not in answers:
        assert len(paper.messages) == 1
        assert list(paper.messages.values()) == [Page("word0 word1")]
    assert posted == sorted(set(posted))
