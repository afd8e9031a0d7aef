"""A question asked on either platform is answered in front of whoever asked it.

Everything is real but the services themselves: one process of the bot, its libraries,
its database, sockets on loopback.
"""

import re

import pytest

from core import notices
from core.controls import Control
from sandbox.faults import Fault
from sandbox.model import Answer, Cut, Pause, Reasoning, pieces_of
from tests.e2e.places import SlackPlace, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODE = (
    "Here it is:\n\n```python\n" + "".join(f"line_{n} = {n}\n" for n in range(900)) + "```\n\nDone."
)


def texts(seen):
    return [one.text for one in seen]


async def test_a_mention_is_answered_in_a_thread_of_its_own(place, model):
    model.enqueue("Because ", "it is so.")
    talk = place.mention(place.ada, "why?")

    seen = await talk.until(lambda seen: texts(seen) == ["Because it is so."])
    assert seen[0].notice == ""
    asked = model.requests[-1].body["messages"][-1]["content"]
    assert "why?" in str(asked)
    assert "Ada" in str(asked)
    assert "Parley" not in str(asked)


async def test_the_answer_grows_while_it_is_written(place, model):
    model.enqueue("First. ", Pause(1.2), "Second. ", Pause(1.2), "Third.")
    talk = place.mention(place.ada, "count")

    await talk.until(lambda seen: texts(seen) == ["First."])
    await talk.until(lambda seen: texts(seen) == ["First. Second."])
    await talk.until(lambda seen: texts(seen) == ["First. Second. Third."])


async def test_a_follow_up_in_the_thread_needs_no_mention_and_is_remembered(place, model):
    model.enqueue(Answer(("Hello Ada.",)), Answer(("You are Ada.",)))
    talk = place.mention(place.ada, "my name is Ada")
    await talk.until(lambda seen: texts(seen) == ["Hello Ada."])
    talk.say(place.ada, "what is my name?")
    await talk.until(lambda seen: texts(seen) == ["Hello Ada.", "You are Ada."])

    said = [str(message["content"]) for message in model.requests[-1].body["messages"]]
    assert sum("my name is Ada" in words for words in said) == 1
    assert said[-2] == "Hello Ada."
    assert "what is my name?" in said[-1]


async def test_words_to_somebody_else_in_the_thread_are_not_answered(place, model):
    model.enqueue(Answer(("Hello.",)), Answer(("Yes, Ben?",)))
    talk = place.mention(place.ada, "hello")
    await talk.until(lambda seen: texts(seen) == ["Hello."])
    talk.say(place.ada, "@Ben what do you think?")
    talk.say(place.ben, "@Parley and you?")

    await talk.until(lambda seen: texts(seen) == ["Hello.", "Yes, Ben?"])
    said = [str(message["content"]) for message in model.requests[-1].body["messages"]]
    assert any("what do you think?" in words for words in said[:-1])


async def test_a_direct_message_needs_no_mention(place, model):
    model.enqueue("Just us.")
    talk = place.direct(place.ada, "hello there")

    await talk.until(lambda seen: texts(seen) == ["Just us."])


async def test_direct_messages_are_one_talk(place, model):
    model.enqueue(Answer(("Noted.",)), Answer(("Blue.",)))
    talk = place.direct(place.ben, "I like blue")
    await talk.until(lambda seen: texts(seen) == ["Noted."])
    talk.say(place.ben, "which colour?")
    await talk.until(lambda seen: texts(seen) == ["Noted.", "Blue."])

    said = [str(message["content"]) for message in model.requests[-1].body["messages"]]
    assert any("I like blue" in words for words in said)


async def test_a_command_in_private_is_answered_to_the_asker_alone(place, model):
    model.enqueue("Between us.")
    talk = await place.ask(place.ada, "a secret?")

    seen = await talk.until(lambda seen: texts(seen)[-1:] == ["Between us."])
    assert {one.only_for for one in seen} == {place.ada}


async def test_a_command_in_public_is_answered_for_all_to_see(place, model):
    model.enqueue("For all.")
    talk = await place.ask(place.ada, "what is public?", private=False)

    seen = await talk.until(lambda seen: any("For all." in text for text in texts(seen)))
    assert seen[-1].only_for == ""


async def test_a_long_answer_is_several_messages_with_whole_code_blocks(place, model):
    model.enqueue(*pieces_of(CODE))
    talk = place.mention(place.ada, "all of it")

    seen = await talk.until(lambda seen: any(one.text.endswith("Done.") for one in seen))
    assert len(seen) > 1
    lines = [int(n) for one in seen for n in re.findall(r"line_(\d+) =", "".join(one.code))]
    assert lines == list(range(900))
    if place.name == "discord":
        assert all(one.text.count("```") % 2 == 0 for one in seen)


async def test_a_cut_off_answer_to_a_command_names_no_button_that_it_does_not_have(place, model):
    model.enqueue(Answer(("Half",), finish="length"))
    talk = await place.ask(place.ada, "for how long?")

    seen = await talk.until(
        lambda seen: any(notices.CUT_OFF_FOR_GOOD in one.notice for one in seen)
    )
    assert Control.CONTINUE not in seen[-1].controls


@pytest.mark.parametrize(
    ("answer", "text", "notice"),
    [
        (Answer(("Half",), finish="length"), "Half", notices.CUT_OFF),
        (Answer(("Half",), finish="content_filter"), "Half", notices.FILTERED),
        (Answer(("Half",), finish=None), "Half", "interrupted"),
        (Answer(("Half", Cut())), "Half", "interrupted"),
        (Answer(()), "", "empty answer"),
        (Answer(status=401, code="invalid_api_key"), "", "does not accept my key"),
        (Answer(status=429, code="insufficient_quota"), "", "no credit left"),
        (Answer(status=404, code="model_not_found"), "", "does not exist"),
        (Answer(status=400, code="invalid_request"), "", "does not accept this question"),
        (Answer(status=503, code="slow_down", headers={"retry-after": "90"}), "", "has a fault"),
    ],
    ids=lambda value: value.code or str(value.finish) if isinstance(value, Answer) else None,
)
async def test_every_failure_of_the_model_is_one_friendly_sentence(
    place, model, answer, text, notice
):
    model.enqueue(answer)
    talk = place.mention(place.ada, "go on")

    seen = await talk.until(lambda seen: bool(seen) and notice in seen[-1].notice)
    assert [(one.text, one.only_for) for one in seen] == [(text, "")]


async def test_a_notice_is_never_told_to_the_model(place, model):
    model.enqueue(Answer(("Half",), finish="length"), Answer(("Rest.",)))
    talk = place.mention(place.ada, "go on")
    await talk.until(lambda seen: bool(seen) and bool(seen[-1].notice))
    talk.say(place.ada, "continue")
    await talk.until(lambda seen: texts(seen)[-1:] == ["Rest."])

    assert "length limit" not in str(model.requests[-1].body["messages"])


async def test_reasoning_is_never_shown(place, model):
    model.enqueue(Reasoning("Let me think. "), "<think>More thoughts.</think>", "The answer.")
    talk = place.mention(place.ada, "think")

    await talk.until(lambda seen: texts(seen) == ["The answer."])


async def test_an_event_that_is_delivered_twice_is_answered_once(place, model):
    model.enqueue(Answer(("Once.",)), Answer(("Twice.",)))
    room = place.room()
    talk = place.mention(place.ada, "hello", room)
    await talk.until(lambda seen: texts(seen) == ["Once."])
    place.redeliver(next(place.space.messages(room)))
    other = place.mention(place.ada, "a later question")
    await other.until(lambda seen: texts(seen) == ["Twice."])

    assert texts(talk.seen()) == ["Once."]


async def test_an_empty_mention_is_told_how_to_ask(place, model):
    before = len(model.requests)
    room = place.room()
    place.mention(place.ada, "", room)

    def told():
        return any(
            notices.EMPTY_QUESTION[:30] in str((message.text, message.payload))
            for channel in list(place.space.channels)
            for message in place.space.messages(channel)
        )

    await until(place.space, told)
    assert len(model.requests) == before


async def test_a_question_of_forty_thousand_characters_is_answered(place, model):
    model.enqueue("That is long.")
    words = "blah " * (390 if place.name == "discord" else 8000)
    talk = place.mention(place.ada, words)

    await talk.until(lambda seen: texts(seen) == ["That is long."])


async def test_nothing_that_the_model_writes_can_ping_anybody(place, model):
    model.enqueue("Hey @everyone, @here, <!channel>, <@U0BEN>, <@1002>, <@&4000>!")
    talk = place.mention(place.ada, "ping all")
    await talk.until(lambda seen: bool(seen) and seen[-1].text.endswith("!"))

    (message,) = talk.messages()
    assert not message.payload.get("pings")
    for control in ("<!channel>", "@everyone,", "@here,") if place.name == "slack" else ():
        assert control not in str((message.text, message.payload))


async def test_many_questions_at_once_keep_every_limit_of_the_platform(place, model):
    model.enqueue(*(Answer(pieces_of(f"Answer {n}. " * 60), rate=60) for n in range(12)))
    before = len(place.requests)
    talks = [place.mention(place.ada, f"question {n}") for n in range(12)]
    for talk in talks:
        await talk.until(lambda seen: bool(seen) and seen[-1].text.count("Answer") == 60)

    assert [status for _, status in place.requests[before:] if status == 429] == []


async def test_a_response_url_that_fails_every_time_does_not_lose_the_answer(inhabited, model):
    place = SlackPlace(inhabited.slack, inhabited.world.slack)
    model.enqueue("Here it is.")
    inhabited.slack.faults.add(Fault("response_url", "status", status=500, times=-1))
    before = {message.id for message in place.space.messages("D0CHO")}
    try:
        await place.ask("U0CHO", "a secret?")
        await until(
            place.space,
            lambda: any(
                "Here it is." in str((message.text, message.payload))
                for message in place.space.messages("D0CHO")
                if message.id not in before
            ),
        )
    finally:
        inhabited.slack.faults.clear()
