"""What people say while the bot is away is answered once it is back, on both platforms."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from core.notices import PAUSED
from sandbox.model import Answer
from sandbox.world import Person
from tests.e2e.conftest import opened, through_sockets
from tests.e2e.figures import Figures, fetched
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.ports import free_port

PLATFORMS = ("slack", "discord")
SLACK_ONLY = {"DISCORD_TOKEN": None}


def places_in(town):
    """Both platforms, with a model that repeats what it was asked last."""
    town.model.script = echo
    slack = SlackPlace(town.slack, town.world.slack)
    # Whatever Slack would deliver again does not hide what is found.
    town.slack.deliveries.redelivery = ()
    return slack, DiscordPlace(town.discord, town.world.discord)


@pytest.fixture
def places(town):
    return places_in(town)


def echo(body):
    content = body["messages"][-1]["content"]
    words = content if isinstance(content, str) else " ".join(part["text"] for part in content)
    return Answer((f"You said: {words[words.index('«') : words.rindex('»') + 1]}",))


def texts(seen):
    return [one.text for one in seen]


def answers(*words):
    return [f"You said: «{one}»" for one in words]


async def answered(talk, *words):
    """Wait until these, and nothing else, were answered in this order."""
    await talk.until(lambda seen: texts(seen) == answers(*words))


async def caught_up(bot, *where, times=1):
    """Wait until the bot has looked back there; the line in which it says so."""
    lines = []
    async with asyncio.timeout(40):
        for one in where:
            while not lines or f"where={one}" not in lines[-1]:
                said = [line for line in bot.said.splitlines() if "caught up" in line]
                lines = [line for line in said if f"where={one}" in line][times - 1 :]
                await asyncio.sleep(0.05)
    return lines[-1] if lines else ""


@dataclass
class Story:
    """What happened on one platform while the bot was stopped, as it stands once it is back."""

    place: SlackPlace | DiscordPlace
    line: str = ""
    counted: float = -1

    async def before(self, town):
        """The bot is there."""
        place = self.place
        self.room, self.paused = place.room(), place.room()
        self.thread = place.mention(place.ada, "«before»", self.room)
        self.talk = place.mention(place.ada, "«talk»", self.room)
        await answered(self.thread, "before")
        await answered(self.talk, "talk")
        self.direct = place.direct(place.ben, "«directly»")
        await answered(self.direct, "directly")
        await place.parley(place.ada, self.paused, "pause")

    def meanwhile(self):
        """It is not."""
        place, room = self.place, self.room
        self.thread.say(place.ada, "«followed up»")
        self.thread.say(place.ben, "«me too»")
        self.thread.say(place.cho, "«and me»")
        self.direct.say(place.ben, "«again»")
        self.mention = place.mention(place.cho, "«mentioned»", room)
        self.edited = place.mention(place.ada, "«one»", room)
        self.edited.edit("@Parley «another»")
        self.deleted = place.mention(place.ada, "«taken back»", room)
        self.deleted.delete()
        self.talk.say(place.ada, "@Ben «what do you think?»")
        self.talk.say(place.ben, "«no idea»")
        self.talk.say(place.ada, "«nor have I»")
        self.talk.say(place.ben, "@Parley «and you?»")
        self.silent = place.mention(place.ada, "«there»", self.paused)
        robot = Person(
            "U0ROBOT" if place.name == "slack" else "1077", "Robot", "robot", is_bot=True
        )
        place.space.add_person(robot)
        place.space.channels[room].members.add(robot.id)
        self.robot = place.mention(robot.id, "«beep»", room)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stories(tmp_path_factory):
    """The bot was stopped, people went on, and it has been started again."""
    async with opened(tmp_path_factory.mktemp("town")) as town:
        found = {place.name: Story(place) for place in places_in(town)}
        async with town.bot():
            for story in found.values():
                await story.before(town)
        for story in found.values():
            story.meanwhile()
        port = free_port()
        async with town.bot(ADMIN_PORT=str(port)) as bot:
            for name, story in found.items():
                story.line = await caught_up(bot, name)
                await answered(story.thread, "before", "followed up", "me too", "and me")
                await answered(story.talk, "talk", "and you?")
                await answered(story.direct, "directly", "again")
                await answered(story.mention, "mentioned")
            text = await asyncio.to_thread(fetched, f"http://127.0.0.1:{port}/metrics")
            for name, story in found.items():
                story.counted = Figures(text)["caught_up_questions_total", {"platform": name}]
            yield found
        assert "Traceback" not in bot.said, bot.said


@pytest.fixture(params=PLATFORMS)
def story(stories, request):
    return stories[request.param]


async def test_follow_ups_without_a_mention_are_answered_in_their_order(story):
    wanted = answers("before", "followed up", "me too", "and me")
    assert texts(story.thread.seen()) == wanted


async def test_a_direct_message_is_answered(story):
    assert texts(story.direct.seen()) == answers("directly", "again")


async def test_a_mention_is_answered(story):
    assert texts(story.mention.seen()) == answers("mentioned")


async def test_an_edited_question_counts_as_it_stands_once(story):
    assert texts(story.edited.seen()) == answers("another")


async def test_a_question_that_was_taken_back_is_not_answered(story):
    assert story.deleted.seen() == []


async def test_what_people_say_to_each_other_is_theirs(story):
    assert texts(story.talk.seen()) == answers("talk", "and you?")


async def test_programs_are_not_answered(story):
    assert story.robot.seen() == []


async def test_where_it_is_paused_only_that_is_said(story):
    assert story.silent.seen() == []
    told = [one for one in story.place.whispers(story.paused, story.place.ada) if one]
    assert [one.split(".")[0] for one in told] == [str(PAUSED).split(".")[0]]


async def test_the_log_says_in_a_line_what_was_read_and_found(story):
    """The paused one is one of them: its asker was told."""
    assert "questions=8" in story.line
    assert "read=" in story.line


async def test_operators_can_count_what_was_found(story):
    assert story.counted == 8


async def test_reading_stays_within_the_platforms_limits(story):
    assert not [request for request in story.place.requests if request[1] == 429]


async def recorded(town, number):
    """Wait until so many questions have ended on record, too."""
    query = "SELECT count(*) FROM questions WHERE state = 'settled'"
    with closing(sqlite3.connect(town.folder / "data" / "parley.db")) as database:
        async with asyncio.timeout(20):
            while database.execute(query).fetchone()[0] < number:
                await asyncio.sleep(0.05)


async def test_after_a_kill_nothing_is_answered_twice_and_nothing_lost(town, places):
    async with town.bot() as bot:
        threads = [place.mention(place.ada, "«before»") for place in places]
        for thread in threads:
            await answered(thread, "before")
        await recorded(town, 2)
        bot.process.kill()
        await bot.ended()
    missed = [place.mention(place.ben, "«missed»") for place in places]
    for place, thread in zip(places, threads, strict=True):
        thread.say(place.ada, "«followed up»")

    async with town.bot() as bot:
        await caught_up(bot, *PLATFORMS)
        for thread, mention in zip(threads, missed, strict=True):
            await answered(thread, "before", "followed up")
            await answered(mention, "missed")
    assert len(town.model.requests) == 6


@through_sockets
async def test_what_is_asked_while_the_connection_is_lost_is_answered_once(town, places):
    """Sockets of Slack's that are cut, and a session of Discord's that cannot be resumed."""
    async with town.bot() as bot:
        threads = [place.mention(place.ada, "«before»") for place in places]
        for thread in threads:
            await answered(thread, "before")
        await town.slack.drop(refuse=2)
        await town.discord.drop(resumable=False)
        for place, thread in zip(places, threads, strict=True):
            thread.say(place.ada, "«followed up»")
        missed = [place.mention(place.ben, "«missed»") for place in places]
        for thread, mention in zip(threads, missed, strict=True):
            await answered(thread, "before", "followed up")
            await answered(mention, "missed")
        await caught_up(bot, *PLATFORMS)
        last = [place.mention(place.ben, "«last»") for place in places]
        for mention in last:
            await answered(mention, "last")
    assert len(town.model.requests) == 8


@through_sockets
async def test_two_processes_that_start_at_once_answer_each_question_once(town, places):
    async with town.bot():
        threads = [place.mention(place.ada, "«before»") for place in places]
        for thread in threads:
            await answered(thread, "before")
    for place, thread in zip(places, threads, strict=True):
        thread.say(place.ada, "«followed up»")
    missed = [place.mention(place.ben, f"«{n}»") for n in range(4) for place in places]

    async with town.bot() as one, town.bot() as other:
        await caught_up(one, *PLATFORMS)
        await caught_up(other, *PLATFORMS)
        for thread in threads:
            await answered(thread, "before", "followed up")
        for n, mention in enumerate(missed):
            await answered(mention, str(n // 2))
    assert len(town.model.requests) == 12


async def test_what_was_said_too_long_ago_is_left_alone(town, places):
    async with town.bot():
        for place in places:
            await answered(place.mention(place.ada, "«before»"), "before")
    old = [place.mention(place.ada, "«long ago»") for place in places]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    for place in places:
        place.space._clock = lambda: tomorrow
    recent = [place.mention(place.ada, "«just now»") for place in places]

    # A start takes longer than half a second.
    async with town.bot(CATCH_UP_MINUTES="0.008") as bot:
        await caught_up(bot, *PLATFORMS)
        for mention in recent:
            await answered(mention, "just now")
    assert [talk.seen() for talk in old] == [[], []]


async def test_whoever_asks_now_does_not_wait_for_what_was_said_before(town):
    """Of thirty channels a few are read at once, and the rest one in a second."""
    place, _ = places_in(town)
    rooms = [place.room() for _ in range(30)]
    async with town.bot(**SLACK_ONLY):
        thread = place.mention(place.ada, "«before»", rooms[0])
        await answered(thread, "before")
    missed = place.mention(place.ben, "«missed»", rooms[0])

    async with town.bot(**SLACK_ONLY) as bot:
        thread.say(place.ada, "«now»")
        await answered(thread, "before", "now")
        await answered(missed, "missed")
        assert "caught up" not in bot.said
    assert not [request for request in place.requests if request[1] == 429]
