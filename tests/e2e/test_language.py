"""What the bot says besides answers is said in the language of whoever reads it.

In the sandbox Cho speaks German, everybody else English.
"""

import pytest

from core import notices
from core.words import Notice, told
from sandbox.model import Answer, Pause
from tests.e2e.menus import parley, talk_in
from tests.e2e.places import DiscordPlace, SlackPlace, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
FRESH = pytest.mark.asyncio(loop_scope="function")

IN_ENGLISH = str(notices.CUT_OFF)
IN_GERMAN = told(notices.CUT_OFF, "de")
A_COMMAND = {
    "en": str(notices.CUT_OFF_FOR_GOOD),
    "de": told(notices.CUT_OFF_FOR_GOOD, "de"),
}


def texts(seen):
    return [one.text for one in seen]


def everything(place):
    """All that stands on a platform, as text."""
    return str(
        [
            (message.text, message.payload)
            for channel in list(place.space.channels)
            for message in place.space.messages(channel)
        ]
    )


async def told_below(talk, notice):
    """Wait until this stands below half an answer."""
    await talk.until(lambda seen: texts(seen)[-1:] == ["Half"] and notice in seen[-1].notice)


async def acquainted(place, model, person):
    """Let the bot learn what somebody speaks: on Discord, only commands tell it."""
    model.enqueue("Hello.")
    talk = await place.ask(person, "hello?")
    await talk.until(lambda seen: texts(seen)[-1:] == ["Hello."])


async def test_below_an_answer_it_is_the_language_of_whoever_asked(place, model):
    for person, notice in ((place.cho, IN_GERMAN), (place.ada, IN_ENGLISH)):
        await acquainted(place, model, person)
        model.enqueue(Answer(("Half",), finish="length"))

        await told_below(place.mention(person, "go on"), notice)


async def test_a_command_is_answered_in_the_language_of_whoever_gives_it(place, model):
    for person, notice in ((place.cho, A_COMMAND["de"]), (place.ada, A_COMMAND["en"])):
        model.enqueue(Answer(("Half",), finish="length"))
        await told_below(await place.ask(person, "go on"), notice)


async def test_a_refusal_is_in_the_language_of_whoever_it_is_for(place, model):
    for person, refusal in (
        (place.cho, told(notices.EMPTY_QUESTION, "de")),
        (place.ada, str(notices.EMPTY_QUESTION)),
    ):
        await acquainted(place, model, person)
        place.mention(person, "")

        await until(place.space, lambda refusal=refusal: refusal in everything(place))


async def test_a_failure_of_the_model_is_told_in_german_with_all_that_stands_in_it(place, model):
    await acquainted(place, model, place.cho)
    model.enqueue(Answer(status=503, code="slow_down", headers={"retry-after": "90"}))
    talk = place.direct(place.cho, "go on")

    seen = await talk.until(lambda seen: bool(seen) and bool(seen[-1].notice))
    assert seen[-1].notice == (
        "Der Server des Modells hat gerade eine Störung. Bitte versuch es in 2 Minuten noch einmal."
    )


async def test_help_is_in_the_language_of_whoever_asks_for_it(place):
    name = f"{place.name}_help"
    for person, language in ((place.cho, "de"), (place.ada, "en")):
        help_ = told(HELPS[name], language)
        talk = await place.help(person)

        await until(
            place.space,
            lambda talk=talk, help_=help_: help_ in [one.text for one in talk.messages()],
        )


async def test_above_a_summary_it_is_the_language_of_whoever_asks_for_it(place, model):
    if place.name == "discord":
        pytest.skip("Discord says itself who asked for what.")
    for person, headline in (
        (place.cho, "Du hast gefragt: eine Zus"),
        (place.ada, "You asked: a sum"),
    ):
        await acquainted(place, model, person)
        model.enqueue("In short.")
        room = place.room()
        place.server.say(person, room, "Much was said.")
        await parley(place, person, room, "summary 5")
        talk = talk_in(place, room)

        seen = await talk.until(lambda seen: texts(seen)[-1:] == ["In short."])
        assert seen[-1].notice.startswith(headline)


async def test_a_status_that_others_read_is_in_the_language_of_the_answer_above_it(place, model):
    if place.name == "discord":
        pytest.skip("Discord shows no words there, but 👀 on the question.")
    await acquainted(place, model, place.cho)
    model.enqueue(Answer(("One.", Pause(1.5))), Answer(("Zwei.",)))
    talk = place.mention(place.ada, "first")
    await talk.until(lambda seen: texts(seen) == ["One."])
    talk.say(place.cho, "@Parley und dann?")
    await until(place.space, lambda: bool(place.statuses.get((talk.channel, talk.thread))))

    assert place.statuses[talk.channel, talk.thread] == notices.WAITING_ITS_TURN
    await talk.until(lambda seen: texts(seen) == ["One.", "Zwei."])


HELPS = {"slack_help": Notice("slack_help"), "discord_help": Notice("discord_help")}


@FRESH
async def test_a_question_in_a_german_headline_is_read_back_after_a_restart(town):
    place = DiscordPlace(town.discord, town.world.discord)
    async with town.bot():
        town.model.enqueue("Because.")
        talk = await place.ask(place.cho, "warum?", private=False)
        seen = await talk.until(lambda seen: texts(seen) == ["Because."])
        assert seen[0].notice == "Cho hat gefragt: warum?"
        (answer,) = talk.messages()
    async with town.bot():
        town.model.enqueue("Again.")
        room = talk.channel
        town.discord.say(place.cho, room, "@Parley and?", reply_to=answer.id)
        await talk.until(lambda seen: texts(seen)[-1:] == ["Again."])

    said = [str(message["content"]) for message in town.model.requests[-1].body["messages"]]
    assert any("warum?" in words and "hat gefragt" not in words for words in said)


@FRESH
async def test_a_language_that_is_set_is_spoken_to_everybody(town):
    places = (
        SlackPlace(town.slack, town.world.slack),
        DiscordPlace(town.discord, town.world.discord),
    )
    for language, notice in A_COMMAND.items():
        async with town.bot(LANGUAGE=language):
            for place in places:
                for person in (place.cho, place.ada):
                    town.model.enqueue(Answer(("Half",), finish="length"))
                    await told_below(await place.ask(person, "go on"), notice)


@FRESH
async def test_a_guild_that_has_chosen_a_language_reads_it_whoever_asks(town):
    place = DiscordPlace(town.discord, town.world.discord)
    async with town.bot():
        town.discord.choose_language("de")
        town.model.enqueue(Answer(("Half",), finish="length"))

        await told_below(place.mention(place.ada, "go on"), IN_GERMAN)


@FRESH
async def test_discords_menu_describes_commands_in_every_language(town):
    async with town.bot():
        (ask,) = (one for one in town.discord.commands.all() if one["name"] == "ask")

    assert ask["description"] == "Ask a one-off question"
    assert ask["description_localizations"] == {"de": "Eine einzelne Frage stellen"}
    assert ask["options"][0]["description_localizations"] == {"de": "Was möchtest du wissen?"}
