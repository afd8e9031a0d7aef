"""What people can press below an answer, on both platforms."""

import asyncio
import re
from datetime import timedelta

import pytest

from core import notices
from core.controls import Control
from sandbox.model import Answer, Pause, Stall
from tests.e2e.places import DiscordPlace, SlackPlace, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def texts(seen):
    """What everybody can read."""
    return [one.text for one in seen if not one.only_for]


def offers(control):
    """The newest message is complete, and this can be pressed below it."""

    def holds(seen):
        return bool(seen) and control in seen[-1].controls and Control.STOP not in seen[-1].controls

    return holds


async def test_stop_hangs_up_on_the_model_and_leaves_what_was_shown(place, model):
    model.enqueue("First. ", Pause(0.8), "Second. ", Stall())
    talk = place.mention(place.ada, "count")
    await talk.until(lambda seen: texts(seen) == ["First. Second."])

    await talk.press(place.ada, Control.STOP)

    seen = await talk.until(offers(Control.RETRY))
    assert (texts(seen), seen[-1].notice) == (["First. Second."], notices.STOPPED)


async def test_the_word_stop_alone_stops_the_answer(place, model):
    model.enqueue("First. ", Stall())
    talk = place.mention(place.ada, "count")
    await talk.until(lambda seen: texts(seen) == ["First."])

    talk.say(place.ada, "Stop!")

    seen = await talk.until(offers(Control.RETRY))
    assert (texts(seen), seen[-1].notice) == (["First."], notices.STOPPED)


async def test_nobody_else_may_stop_an_answer(place, model):
    model.enqueue("First. ", Pause(1.5), "Second.")
    talk = place.mention(place.ada, "count")
    await talk.until(lambda seen: texts(seen) == ["First."])

    told = await talk.press(place.ben, Control.STOP)

    assert told == notices.NOT_YOURS
    await talk.until(lambda seen: texts(seen) == ["First. Second."])


async def test_try_again_answers_anew_in_the_same_place(place, model):
    model.enqueue(Answer(("The former answer.",)), Answer(("A newer one.",)))
    talk = place.mention(place.ada, "why?")
    await talk.until(offers(Control.RETRY))
    (before,) = talk.messages()

    await talk.press(place.ada, Control.RETRY)

    seen = await talk.until(
        lambda seen: seen[0].text == "A newer one." and offers(Control.RETRY)(seen)
    )
    assert [message.id for message in talk.messages()] == [before.id]
    assert Control.RESTORE in seen[0].controls
    said = [str(one["content"]) for one in model.requests[-1].body["messages"]]
    assert sum("why?" in words for words in said) == 1
    assert not any("The former answer." in words for words in said)

    await talk.press(place.ada, Control.RESTORE)

    await talk.until(lambda seen: texts(seen) == ["The former answer."])


async def test_whoever_manages_the_channel_may_stop_and_retry_what_others_asked(place, model):
    model.enqueue(Answer(("First. ", Stall())), Answer(("Anew.",)))
    talk = place.mention(place.ben, "count")
    await talk.until(lambda seen: texts(seen) == ["First."])
    talk.say(place.ada, "stop")
    await talk.until(offers(Control.RETRY))
    await talk.press(place.ada, Control.RETRY)

    await talk.until(lambda seen: texts(seen) == ["Anew."])


async def test_a_button_that_is_pressed_twice_is_obeyed_once(place, model):
    model.enqueue(Answer(("The former.",)), Answer(("Newer.", Pause(0.5))), Answer(("Next.",)))
    before = len(model.requests)
    talk = place.mention(place.ada, "why?")
    await talk.until(offers(Control.RETRY))
    (answer,) = talk.messages()
    await asyncio.gather(*(place.press(place.ada, answer, Control.RETRY) for _ in range(3)))
    await talk.until(lambda seen: texts(seen) == ["Newer."] and offers(Control.RETRY)(seen))
    talk.say(place.ada, "and next?")
    await talk.until(lambda seen: texts(seen) == ["Newer.", "Next."])

    assert len(model.requests) - before == 3


async def test_a_question_that_is_edited_late_is_not_answered_anew(place, model):
    """Five minutes after it was asked, others may have read the answer."""
    model.enqueue(Answer(("Four.",)), Answer(("Next.",)))
    before = len(model.requests)
    with place.space.backdated(timedelta(minutes=6)):
        talk = place.mention(place.ada, "what is 2 times 2?")
        await talk.until(offers(Control.RETRY))
    talk.edit("@Parley what is 3 times 3?")
    talk.say(place.ada, "@Parley and next?")

    await talk.until(lambda seen: texts(seen) == ["Four.", "Next."])
    assert len(model.requests) - before == 2


async def test_an_old_answer_is_not_changed_where_old_messages_take_few_edits(place, model):
    """Discord: the new one comes below, and the old one points to it. Slack: it is replaced."""
    model.enqueue(Answer(("The former.",), finish="length"), Answer(("Newer.",)))
    with place.space.backdated(timedelta(minutes=55)):
        talk = place.mention(place.ada, "why?")
        await talk.until(offers(Control.RETRY))
    await talk.press(place.ada, Control.RETRY)
    if place.name == "slack":
        await talk.until(lambda seen: texts(seen) == ["Newer."])
        return

    seen = await talk.until(
        lambda seen: len(seen) == 2 and seen[0].notice == notices.NEWER_BELOW and all(texts(seen))
    )
    assert texts(seen) == ["The former.", "Newer."]
    assert seen[0].controls == frozenset()


async def test_the_rest_of_an_old_answer_comes_below_it_on_discord(inhabited, model):
    place = DiscordPlace(inhabited.discord, inhabited.world.discord)
    model.enqueue(Answer(("The beginning",), finish="length"), Answer((" and the rest.",)))
    with place.space.backdated(timedelta(minutes=55)):
        talk = place.mention(place.ada, "why?")
        await talk.until(offers(Control.CONTINUE))
    await talk.press(place.ada, Control.CONTINUE)

    seen = await talk.until(
        lambda seen: len(seen) == 2 and seen[0].notice == notices.NEWER_BELOW and all(texts(seen))
    )
    assert texts(seen) == ["The beginning", "and the rest."]


async def test_an_answer_that_was_cut_off_goes_on_in_the_same_place(place, model):
    model.enqueue(
        Answer(("```python\nfirst = 1\nsec",), finish="length"),
        Answer(("```python\nond = 2\n```\n\nDone.",)),
    )
    talk = place.mention(place.ada, "write a program")
    await talk.until(offers(Control.CONTINUE))

    await talk.press(place.ada, Control.CONTINUE)

    seen, *_ = await talk.until(
        lambda seen: "Done." in seen[0].text and offers(Control.RETRY)(seen)
    )
    assert "".join(seen.code).strip() == "first = 1\nsecond = 2"
    told = await talk.press(place.ben, Control.WHY)
    assert "Shown to the model: the question and the answer so far\n" in told


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ("1. Apples\n", "2. Pears"),
        ("one ", "two"),
        ("One.\n\n", "Two."),
        ("```python\nx = 1\n", "y = 2\n```"),
    ],
)
async def test_what_stood_between_the_two_parts_of_an_answer_is_kept(place, model, first, rest):
    model.enqueue(Answer((first,), finish="length"), Answer((rest,)))
    talk = place.mention(place.ada, "tell me more")
    await talk.until(offers(Control.CONTINUE))

    await talk.press(place.ada, Control.CONTINUE)

    whole = re.sub(r"```\w*|\s+|\d\. ", "", first + rest)
    (seen,) = await talk.until(lambda seen: re.sub(r"```\w*|\s+|\d\. ", "", seen[0].text) == whole)
    glued = first.split()[-1] + rest.split()[0]
    assert glued not in seen.text


async def test_a_rating_is_kept_and_can_be_changed(place, model):
    model.enqueue("Good.")
    talk = place.mention(place.ada, "how are you?")
    await talk.until(offers(Control.GOOD))

    assert await talk.press(place.ben, Control.GOOD) == notices.THANKS
    assert await talk.press(place.ben, Control.GOOD) == notices.NOTED_BEFORE
    assert await talk.press(place.ben, Control.BAD) == notices.NOTED_INSTEAD
    assert await talk.press(place.ada, Control.BAD) == notices.THANKS


async def test_why_this_answer_tells_what_the_model_was_shown(place, model):
    model.enqueue("Because.")
    talk = place.mention(place.ada, "why?")
    await talk.until(offers(Control.WHY))

    told = await talk.press(place.ben, Control.WHY)

    assert "gpt-4o-mini" in told
    assert "the question alone" in told
    assert "Tokens" in told


async def test_an_edited_question_is_answered_as_it_now_stands(place, model):
    model.enqueue(Answer(("Four.",)), Answer(("Nine.",)))
    talk = place.mention(place.ada, "what is 2 times 2?")
    await talk.until(offers(Control.RETRY))

    talk.edit("@Parley what is 3 times 3?")

    await talk.until(lambda seen: texts(seen) == ["Nine."])
    said = [str(one["content"]) for one in model.requests[-1].body["messages"]]
    assert "3 times 3" in said[-1]


async def test_a_question_edited_while_it_is_answered_starts_the_answer_over(place, model):
    model.enqueue(Answer(("Four, ", Stall())), Answer(("Nine.",)))
    talk = place.mention(place.ada, "what is 2 times 2?")
    await talk.until(lambda seen: texts(seen) == ["Four,"])

    talk.edit("@Parley what is 3 times 3?")

    await talk.until(lambda seen: texts(seen) == ["Nine."])


async def test_a_question_deleted_while_it_is_answered_takes_its_answer_along(place, model):
    model.enqueue("Four, ", Stall())
    talk = place.mention(place.ada, "what is 2 times 2?")
    await talk.until(lambda seen: texts(seen) == ["Four,"])

    talk.delete()

    await talk.until(lambda seen: seen == [])


async def test_a_complete_answer_stays_when_its_question_is_deleted(place, model):
    model.enqueue("Four.")
    talk = place.mention(place.ada, "what is 2 times 2?")
    await talk.until(offers(Control.RETRY))

    talk.delete()
    told = await talk.press(place.ada, Control.RETRY)

    assert told == notices.QUESTION_GONE
    assert texts(talk.seen()) == ["Four."]


async def test_questions_answered_together_are_answered_together_again(place, model):
    """Whether somebody asks for it, or edits one of them."""
    earlier = len(model.requests)
    model.enqueue(
        Answer(("Ben's.", Pause(1.0))),
        Answer(("Of dogs and birds.",)),
        Answer(("Of dogs and birds anew.",)),
        Answer(("Of cats and birds.",)),
    )
    talk = place.mention(place.ben, "first")
    await talk.until(lambda seen: texts(seen) == ["Ben's."])
    talk.asked = talk.say(place.ada, "@Parley what are dogs?")
    talk.say(place.ada, "@Parley what are birds?")
    await talk.until(lambda seen: len(seen) == 2 and offers(Control.RETRY)(seen))
    before = [message.id for message in talk.messages()]

    await talk.press(place.ada, Control.RETRY)
    await talk.until(
        lambda seen: texts(seen)[1] == "Of dogs and birds anew." and offers(Control.RETRY)(seen)
    )
    talk.edit("@Parley what are cats?")

    await talk.until(lambda seen: texts(seen) == ["Ben's.", "Of cats and birds."])
    assert [message.id for message in talk.messages()] == before
    asked = str(model.requests[-1].body["messages"])
    assert asked.index("what are cats") < asked.index("what are birds")
    assert len(model.requests) - earlier == 4


async def test_slacks_agent_suggests_what_to_ask_and_names_the_thread(inhabited, model):
    """As an agent app; the older sort is tried in tests/bots/slack."""
    place, notes = SlackPlace(inhabited.slack, inhabited.world.slack), []
    unwatch = place.space.watch(lambda change: notes.append(change.note))
    place.server.open_home(place.cho, "messages")
    await until(place.space, lambda: any(note.get("prompts") for note in notes))
    model.enqueue("A contract.")
    talk = place.direct(place.cho, "what is a lease?")
    await talk.until(offers(Control.RETRY))
    unwatch()

    assert "what is a lease?" in [note.get("title") for note in notes]
    assert any("…" in note.get("text", "") for note in notes), "a status"


async def test_slacks_own_button_stops_an_answer_in_its_direct_messages(inhabited, model):
    """Slack shows it while the session is processing, and not any more when it is active."""
    place, sessions = SlackPlace(inhabited.slack, inhabited.world.slack), []

    def changed(change):
        if change.what == "assistant" and "session" in change.note and change.channel == "D0BEN":
            sessions.append(change.note["session"])

    unwatch = place.space.watch(changed)
    model.enqueue("First. ", Stall())
    talk = place.direct(place.ben, "count")
    await talk.until(lambda seen: texts(seen) == ["First."])
    (asked,) = [one for one in place.space.messages("D0BEN") if one.text == "count"]

    place.server.stop_session(place.ben, "D0BEN", asked.id)

    seen = await talk.until(offers(Control.RETRY))
    assert (texts(seen), seen[-1].notice) == (["First."], notices.STOPPED)
    await until(place.space, lambda: sessions == ["processing", "active"])
    unwatch()
