"""The bot behaves in threads and channels as a colleague would, on either platform."""

import asyncio

import pytest

from core import notices
from core.controls import Control
from core.notices import PAUSED
from sandbox.model import Answer, Pause
from tests.e2e.places import DiscordPlace, SlackPlace, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def place_in(town, platform):
    """A platform of a town of one's own."""
    if platform == "slack":
        return SlackPlace(town.slack, town.world.slack)
    return DiscordPlace(town.discord, town.world.discord)


def texts(seen):
    return [one.text for one in seen]


def asked(model, since):
    """What the model was asked since so many requests, newest message of each."""
    return [str(one.body["messages"][-1]["content"]) for one in list(model.requests)[since:]]


async def test_two_people_who_ask_by_turns_are_both_answered(place, model):
    model.enqueue(*(Answer((f"Answer {n}.",)) for n in range(5)))
    talk = place.mention(place.ada, "first")
    for number, person in enumerate([place.ben, place.ada, place.ben, place.ada], start=1):
        await talk.until(lambda seen, number=number: len(seen) == number)
        talk.say(person, f"question {number}")

    await talk.until(lambda seen: texts(seen) == [f"Answer {n}." for n in range(5)])


async def test_once_somebody_else_is_mentioned_it_is_quiet_until_it_is_mentioned(place, model):
    model.enqueue(Answer(("Hello.",)), Answer(("Yes?",)), Answer(("Again.",)))
    since = len(model.requests)
    talk = place.mention(place.ada, "hello")
    await talk.until(lambda seen: texts(seen) == ["Hello."])
    talk.say(place.ada, "@Ben what do you think?")
    talk.say(place.ben, "I would not do it")
    talk.say(place.ada, "neither would I")
    talk.say(place.ben, "@Parley and you?")
    await talk.until(lambda seen: texts(seen) == ["Hello.", "Yes?"])
    talk.say(place.ada, "now it listens")
    await talk.until(lambda seen: texts(seen) == ["Hello.", "Yes?", "Again."])

    questions = asked(model, since)
    assert len(questions) == 3
    assert "and you?" in questions[1]
    history = str(list(model.requests)[since + 1].body["messages"][:-1])
    assert "I would not do it" in history
    assert "neither would I" in history


async def test_whoever_calls_everybody_in_a_thread_speaks_past_it_too(place, model):
    model.enqueue(Answer(("Hello.",)), Answer(("Yes?",)))
    since = len(model.requests)
    talk = place.mention(place.ada, "hello")
    await talk.until(lambda seen: texts(seen) == ["Hello."])
    talk.say(place.ada, "@everyone what do you think?")
    talk.say(place.ben, "I would not do it")
    talk.say(place.ada, "@Parley and you?")
    await talk.until(lambda seen: texts(seen) == ["Hello.", "Yes?"])

    assert "and you?" in asked(model, since)[1]


async def test_people_who_go_back_and_forth_while_it_writes_are_left_to_themselves(place, model):
    model.enqueue(Answer(("Long ", Pause(1.5), "answer.")), *(Answer((f"{n}.",)) for n in range(9)))
    since = len(model.requests)
    talk = place.mention(place.ada, "hello")
    await talk.until(lambda seen: texts(seen) == ["Long"] or texts(seen) == ["Long "])
    for person, words in (
        (place.ben, "I think it is the cache"),
        (place.ada, "more likely the disk"),
        (place.ben, "right, the disk"),
        (place.ada, "let us replace it"),
    ):
        talk.say(person, words)
        await asyncio.sleep(0)
    await talk.until(lambda seen: len(seen) >= 3)
    talk.say(place.ben, "@Parley done?")
    await talk.until(lambda seen: len(seen) == 4)

    questions = " ".join(asked(model, since))
    assert "done?" in questions
    assert "the disk, " not in questions
    assert "replace it" not in questions


async def test_stop_is_heard_also_where_people_talk_to_each_other(place, model):
    model.enqueue(Answer(("Long ", Pause(20), "answer.")))
    talk = place.mention(place.ada, "hello")
    await talk.until(lambda seen: [one.text.strip() for one in seen] == ["Long"])
    talk.say(place.ben, "@Ada is this right?")
    talk.say(place.ada, "Stop.")

    await talk.until(lambda seen: bool(seen) and notices.STOPPED in seen[0].notice)


async def test_alone_with_it_in_a_thread_one_may_say_as_much_as_one_likes(place, model):
    model.enqueue(Answer(("Slow ", Pause(1), "answer.")), Answer(("All of it.",)))
    talk = place.mention(place.ada, "hello")
    await talk.until(lambda seen: len(seen) == 1)
    for number in range(6):
        talk.say(place.ada, f"more {number}")

    await talk.until(lambda seen: bool(seen) and seen[-1].text == "All of it.")


async def test_in_discord_a_reply_to_somebody_else_is_not_for_it_either(inhabited, model):
    place = DiscordPlace(inhabited.discord, inhabited.world.discord)
    model.enqueue(Answer(("Hello.",)), Answer(("Sure?",)), Answer(("Back.",)))
    since = len(model.requests)
    talk = place.mention(place.ada, "hello")
    await talk.until(lambda seen: texts(seen) == ["Hello."])
    said = talk.say(place.ben, "I know that")
    await talk.until(lambda seen: texts(seen) == ["Hello.", "Sure?"])
    inhabited.discord.say(place.ada, talk.channel, "since when?", reply_to=said.id)
    talk.say(place.ben, "since Monday")
    inhabited.discord.say(place.ada, talk.channel, "and you?", reply_to=talk.messages()[-1].id)
    await talk.until(lambda seen: texts(seen) == ["Hello.", "Sure?", "Back."])

    assert "and you?" in asked(model, since)[2]


async def test_in_a_paused_channel_nothing_is_answered_and_who_asks_is_told_once(place, model):
    model.enqueue(Answer(("Hello.",)), Answer(("Back.",)), Answer(("Here.",)))
    since = len(model.requests)
    room = place.room()
    talk = place.mention(place.ada, "hello", room)
    await talk.until(lambda seen: texts(seen) == ["Hello."])

    assert await place.parley(place.ada, room, "pause") == notices.PAUSED_NOW
    talk.say(place.ada, "a follow-up without a mention")
    place.mention(place.ben, "are you there?", room)
    place.mention(place.ben, "hello?", room)
    await until(place.space, lambda: place.whispers(room, place.ben) != [])
    command = await place.ask(place.ada, "a secret?", room)
    shown = [one for one in command.messages() if one.only_for == place.ada][-1]
    assert PAUSED in str((shown.text, shown.payload))
    other = place.mention(place.ada, "elsewhere?")
    await other.until(lambda seen: texts(seen) == ["Back."])

    assert await place.parley(place.ada, room, "resume") == notices.RESUMED_NOW
    again = place.mention(place.ben, "and now?", room)
    await again.until(lambda seen: texts(seen) == ["Here."])
    assert place.whispers(room, place.ben) == [PAUSED]
    assert texts(talk.seen()) == ["Hello."]
    assert len(asked(model, since)) == 3


async def test_only_those_who_manage_a_channel_pause_it(place, model):
    model.enqueue(Answer(("Here.",)))
    room = place.room()

    assert await place.parley(place.ben, room, "pause") == notices.MANAGERS_ONLY
    assert await place.parley(place.ben, room, "resume") == notices.MANAGERS_ONLY
    assert await place.parley(place.ada, room, "resume") == notices.RESUMED_BEFORE
    talk = place.mention(place.ben, "are you there?", room)
    await talk.until(lambda seen: texts(seen) == ["Here."])


async def test_a_question_that_waits_is_acknowledged_at_once_and_answered_next(place, model):
    model.enqueue(Answer((Pause(1.5), "Slow ", Pause(1.5), "answer.")), Answer(("Next.",)))
    since = len(model.requests)
    refused = [status for _, status in place.requests if status == 429]
    talk = place.mention(place.ada, "hello")
    async with asyncio.timeout(10):
        while len(model.requests) == since:
            await asyncio.sleep(0.01)
    waiting = talk.say(place.ben, "and mine?")

    await until(place.space, lambda: place.acknowledged(waiting), seconds=1)
    await talk.until(lambda seen: bool(seen) and seen[0].text.strip() == "Slow")
    await until(place.space, lambda: place.acknowledged(waiting), seconds=1)
    await talk.until(lambda seen: texts(seen) == ["Slow answer.", "Next."])
    await until(place.space, lambda: not place.acknowledged(waiting), seconds=2)
    assert [status for _, status in place.requests if status == 429] == refused


def introduced(*talks):
    """The notices that say what the bot is."""
    return [one.notice for talk in talks for one in talk.seen() if "I am a bot" in one.notice]


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_below_its_first_answer_in_a_channel_it_says_once_what_it_is(town, platform):
    place = place_in(town, platform)
    room, other = place.room(), place.room()
    town.model.enqueue(Answer((), status=401, code="invalid_api_key"))
    async with town.bot(FIRST_CONTACT=None):
        failed = place.mention(place.ada, "hello", room)
        await failed.until(lambda seen: bool(seen) and bool(seen[-1].notice))
        town.model.enqueue(*(Answer(("Half ", Pause(0.5), "done."), finish="length"),) * 2)
        town.model.enqueue(*(Answer((f"Answer {n}.",)) for n in range(9)))
        first = [place.mention(who, "both at once", room) for who in (place.ada, place.ben)]
        for talk in first:
            await talk.until(lambda seen: bool(seen) and "length limit" in seen[-1].notice)
        assert len(introduced(*first)) == 1
        assert introduced(failed) == []
        assert "127.0.0.1" in introduced(*first)[0]
        asker, said = next(
            (who, talk)
            for who, talk in zip((place.ada, place.ben), first, strict=True)
            if introduced(talk)
        )
        await said.press(asker, Control.RETRY)
        await said.until(lambda seen: texts(seen) == ["Answer 0."] and len(introduced(said)) == 1)

        elsewhere = place.mention(place.ada, "and here?", other)
        await elsewhere.until(lambda seen: len(introduced(elsewhere)) == 1)
        direct = place.direct(place.ada, "just us")
        await direct.until(lambda seen: bool(seen) and "Answer" in seen[-1].text)
        assert introduced(direct) == []
    async with town.bot(FIRST_CONTACT=None):
        again = place.mention(place.ben, "after a restart", room)
        await again.until(lambda seen: bool(seen) and "Answer" in seen[-1].text)
        follow = place.mention(place.ben, "a last one", room)
        await follow.until(lambda seen: bool(seen) and "Answer" in seen[-1].text)

    assert introduced(again, follow) == []
    assert not any("I am a bot" in str(one.body) for one in town.model.requests)


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.parametrize("words", ["off", "Ask Ada about me."])
async def test_a_deployment_says_it_in_its_own_words_or_not_at_all(town, words):
    town.model.enqueue(Answer(("One.",)), Answer(("Two.",)))
    async with town.bot(FIRST_CONTACT=words):
        for platform in ("slack", "discord"):
            place = place_in(town, platform)
            talk = place.mention(place.ada, "hello")
            notice = "" if words == "off" else words
            await talk.until(lambda seen, it=notice: [one.notice for one in seen] == [it])


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_a_pause_outlives_a_restart(town, platform):
    place = place_in(town, platform)
    room = place.room()
    async with town.bot():
        await place.parley(place.ada, room, "pause")
    async with town.bot():
        place.mention(place.ben, "are you there?", room)
        await until(place.space, lambda: place.whispers(room, place.ben) == [PAUSED])
        assert await place.parley(place.ada, room, "pause") == notices.PAUSED_BEFORE
    assert len(town.model.requests) == 0


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_it_is_still_quiet_after_a_restart(town, platform):
    place = place_in(town, platform)
    town.model.enqueue(Answer(("Hello.",)), Answer(("Yes?",)))
    async with town.bot():
        talk = place.mention(place.ada, "hello")
        await talk.until(lambda seen: texts(seen) == ["Hello."])
        talk.say(place.ada, "@Ben what do you think?")
        other = place.mention(place.ada, "anybody there?")
        await other.until(lambda seen: len(seen) == 1)
    town.model.enqueue(Answer(("Yes, Ada.",)))
    since = len(place.requests)
    async with town.bot(CATCH_UP_MINUTES="0"):
        talk.say(place.ben, "I would not do it")
        talk.say(place.ada, "@Parley and you?")
        await talk.until(lambda seen: texts(seen) == ["Hello.", "Yes, Ada."])

    calls = [call for call, _ in place.requests][since:]
    assert "and you?" in asked(town.model, 2)[0]
    reads = [call for call in calls if call in ("conversations.replies", "GET messages")]
    assert len(reads) <= 1
