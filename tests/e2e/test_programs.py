"""A second bot that answers every message by a mention: two bots never keep each other busy."""

import asyncio

import pytest

from sandbox.model import Answer
from sandbox.world import Person
from tests.e2e.places import DISCORD_BOT, SLACK_BOT, DiscordPlace, SlackPlace

ROBOTS = {SlackPlace: "U0ROBOT", DiscordPlace: "1077"}
LIMITS = """
[other_programs]
answered = ["slack/T0SANDBOX/A0ROBOT", "discord/1077"]
exchanges = 2
"""


class Robot:
    """Mentions Parley once for each of its messages: in its thread, or `anew` in the channel."""

    def __init__(self, place, *, anew):
        self.place = place
        self.id = ROBOTS[type(place)]
        place.space.add_person(Person(self.id, "Robot", "robot", is_bot=True))
        self.room = place.room()
        self.mentions = 0
        self._anew = anew
        self._answered = set()
        self._unwatch = place.space.watch(self._heard)

    def begin(self):
        self._mention(self.room, "")

    def stop(self):
        self._unwatch()

    def _heard(self, change):
        message = change.message
        if message is None or message.author not in (SLACK_BOT, DISCORD_BOT):
            return
        if message.only_for or message.id in self._answered or not self._is_here(message):
            return
        self._answered.add(message.id)
        where = (self.room, "") if self._anew else (message.channel, message.thread)
        asyncio.get_running_loop().call_soon(self._mention, *where)

    def _is_here(self, message):
        channel = self.place.space.channels[message.channel]
        return self.room in (channel.id, channel.parent)

    def _mention(self, channel, thread):
        self.mentions += 1
        words = f"@Parley number {self.mentions}"
        if isinstance(self.place, SlackPlace):
            self.place.server.say(self.id, channel, words, thread or None)
        else:
            self.place.server.say(self.id, channel, words)


@pytest.fixture(params=(SlackPlace, DiscordPlace))
def place(town, request):
    town.model.script = lambda body: Answer(("Well said.",), rate=1e6, first_token=0.0)
    if request.param is SlackPlace:
        return SlackPlace(town.slack, town.world.slack)
    return DiscordPlace(town.discord, town.world.discord)


async def answered(place, room=""):
    """A person asks and is answered."""
    talk = place.mention(place.ada, "and me?", room)
    await talk.until(lambda seen: [one.text for one in seen][-1:] == ["Well said."])


async def spent(bot, times=1):
    """The log says that the program gets no more answers."""
    async with asyncio.timeout(25):
        while bot.said.count("gets no more answers") < times:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("anew", [False, True], ids=["in its thread", "anew in the channel"])
async def test_two_bots_that_mention_each_other_end_and_a_person_opens_it_again(town, place, anew):
    limits = town.folder / "limits.toml"
    limits.write_text(LIMITS)
    async with town.bot(LIMITS_FILE=str(limits)) as bot:
        robot = Robot(place, anew=anew)
        robot.begin()
        await spent(bot)
        assert (robot.mentions, len(town.model.requests)) == (3, 2)

        # A person's question in the channel; the robot mentions Parley below the answer, too.
        await answered(place, robot.room)
        await spent(bot, 2)
        assert len(town.model.requests) == 5

        await answered(place)
    robot.stop()

    assert (robot.mentions, len(town.model.requests)) == (6, 6)


async def test_the_count_outlives_a_restart(town, place):
    limits = town.folder / "limits.toml"
    limits.write_text(LIMITS)
    async with town.bot(LIMITS_FILE=str(limits)) as bot:
        robot = Robot(place, anew=True)
        robot.begin()
        await spent(bot)
    async with town.bot(LIMITS_FILE=str(limits)):
        robot.begin()
        await answered(place)
    robot.stop()

    assert len(town.model.requests) == 3


async def test_by_default_another_bot_is_never_answered(town, place):
    async with town.bot():
        robot = Robot(place, anew=True)
        robot.begin()
        await answered(place)
    robot.stop()

    assert (robot.mentions, len(town.model.requests)) == (1, 1)
