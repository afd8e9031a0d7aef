"""Other bots and webhooks in Discord, where the operator lets them ask."""

import json
from dataclasses import dataclass
from functools import cached_property

import pytest

from core.access import Access, Kind
from core.programs import Programs
from sandbox.discord.events import Event
from sandbox.world import Person
from tests.bots.discord.conftest import ADA, BOT, GENERAL, GUILD
from tests.e2e.places import until

ROBOT, HOOK, APP = "1077", "881", "882"


@pytest.fixture
async def bot(build, discord):
    listed = Programs(frozenset(f"discord/{id_}" for id_ in (ROBOT, HOOK, APP, BOT)), 3)
    discord.world.discord.add_person(Person(ROBOT, "Robot", "robot", is_bot=True))
    discord.world.discord.channels[GENERAL].members.add(ROBOT)
    bot = build(access=Access(programs=listed))
    await bot.start()
    yield bot
    await bot.stop()


@dataclass(frozen=True)
class Changed(Event):
    """An event whose data is another's, with something in it changed."""

    @cached_property
    def _open(self):
        return json.dumps(self.data)


def say_as(discord, changes, author):
    """Ada's next message comes as if a program had written it."""
    gateway = discord._gateway
    dispatch = gateway.dispatch

    def changed(event):
        if event.name == "MESSAGE_CREATE":
            data = {**event.data, **changes}
            data["author"] = {**data["author"], **author}
            data.pop("member", None)
            event = Changed(event.name, data, event.intents)
        dispatch(event)

    gateway.dispatch = changed
    discord.say(ADA, GENERAL, "@Parley what is new?")
    gateway.dispatch = dispatch


async def test_a_bot_that_is_listed_asks_as_a_program(bot, discord, clerk):
    discord.say(ROBOT, GENERAL, "@Parley hello")

    question, surface = await clerk.asked.get()

    assert (question.text, question.asker.id, question.asker.is_bot) == ("hello", ROBOT, True)
    caller = surface.caller(question.asker)
    assert await caller.kind() is Kind.PROGRAM
    assert caller.kinds == {Kind.PROGRAM, Kind.OTHER_SERVER}
    assert not await caller.among([f"discord/{GUILD}/roles/1"])


async def test_a_reply_to_the_bot_calls_it_and_no_other_follow_up_does(bot, discord, clerk):
    asked = discord.say(ROBOT, GENERAL, "@Parley hello")
    await clerk.asked.get()
    discord.edit(ROBOT, GENERAL, asked.id, "@Parley hello again")
    discord.say(ROBOT, GENERAL, "are you there?")
    discord.say(ADA, GENERAL, "@Parley and me?")

    question, _ = await clerk.asked.get()

    assert question.asker.id == ADA
    assert clerk.edits == []


@pytest.mark.parametrize(
    ("changes", "author"),
    [
        ({"webhook_id": HOOK}, {"id": HOOK, "bot": True}),
        ({"webhook_id": HOOK}, {"id": HOOK, "bot": False}),
        ({"webhook_id": HOOK, "application_id": APP}, {"id": "883", "bot": True}),
        ({"webhook_id": "884", "application_id": APP, "type": 20}, {"id": "883", "bot": True}),
    ],
    ids=["webhook", "webhook that does not say so", "of an application", "answer to a command"],
)
async def test_a_webhook_is_known_by_its_id_and_by_its_application(
    bot, discord, clerk, changes, author
):
    say_as(discord, changes, author)

    question, _ = await clerk.asked.get()

    assert (question.text, question.asker.is_bot) == ("what is new?", True)


@pytest.mark.parametrize(
    ("changes", "author"),
    [
        ({}, {"id": "885", "bot": True}),
        ({"webhook_id": "886"}, {"id": "886", "bot": True}),
        ({}, {"id": BOT, "bot": True}),
        ({"webhook_id": BOT, "application_id": BOT}, {"id": BOT, "bot": True}),
        ({"webhook_id": HOOK, "application_id": BOT}, {"id": HOOK, "bot": True}),
    ],
    ids=["another bot", "another webhook", "ourselves", "our command", "a webhook of ours"],
)
async def test_nobody_else_is_answered_and_never_ourselves(bot, discord, clerk, changes, author):
    say_as(discord, changes, author)
    discord.say(ADA, GENERAL, "@Parley and me?")

    question, _ = await clerk.asked.get()

    assert question.asker.id == ADA


async def test_a_program_is_not_told_that_its_question_cannot_be_written_down(bot, discord, clerk):
    clerk.broken = True
    space = discord.world.discord
    discord.say(ROBOT, GENERAL, "@Parley hello")
    asked = discord.say(ADA, GENERAL, "@Parley hello")
    await until(space, lambda: any(one.author == BOT for one in space.messages(GENERAL)))
    await bot._client.idle(5)

    told = [one for one in space.messages(GENERAL) if one.author == BOT]
    assert [one.payload["reference"]["message_id"] for one in told] == [asked.id]
