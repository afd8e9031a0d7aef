"""A service that is restarted while people ask: nothing is lost, and nothing is said twice."""

import asyncio
import itertools
import time
from dataclasses import dataclass, field

import pytest

from core.tokens import Tokenizer
from sandbox.model import Answer, pieces_of
from sandbox.model.tokens import text_of
from tests.deploy.manager import managed
from tests.e2e.conftest import opened
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.faults.real.law import Asked, breaches
from tests.faults.real.played import TROUBLE
from tests.faults.real.records import Records
from tests.faults.real.screen import Screen
from tests.faults.real.texts import QUESTION, answer, question
from tests.faults.real.town import SETTINGS

RESTARTS = 3
PATIENCE = 60.0
"""Seconds after the last restart within which all is answered."""

NUMBERS = itertools.count(1)


@dataclass
class People:
    """Those of one platform, who ask one question after the other, each in a room of its own."""

    place: SlackPlace | DiscordPlace
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self):
        self.screen = Screen(self.place)

    def ask(self, many):
        for number in itertools.islice(NUMBERS, many):
            words = f"@Parley {question(number, 'prose')}"
            said = self.place.server.say(self.place.ada, self.place.room(), words)
            answers = {number: text_to(number)}
            self.asked.append(
                Asked(number, said.channel, said.id, self.place.ada, answers, "", said.id)
            )

    def broken(self, path):
        """The breaches of the law, as it stands."""
        screen = self.screen
        return breaches(self.asked, screen.messages(), screen.signs(), Records.read(path))


def text_to(number):
    return answer(number, "prose", 60 + 40 * (number % 5))


def answered(body):
    """What the model says to a request: the answer to the last question in it."""
    said = [text_of(one.get("content")) for one in body["messages"] if one["role"] == "user"]
    number = int(QUESTION.findall(said[-1])[-1])
    return Answer(pieces_of(text_to(number)), rate=200.0, first_token=0.05)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_service_that_is_restarted_under_load_loses_and_doubles_nothing(tmp_path):
    tokenizer = await Tokenizer.load("gpt-4o-mini")
    async with (
        opened(tmp_path) as town,
        managed(town, tmp_path, **SETTINGS | {"DRAIN_SECONDS": "2"}) as manager,
    ):
        town.slack.deliveries.redelivery = (0.0, 2.0, 5.0)
        town.model.count, town.model.script = tokenizer.count, answered
        people = [
            People(SlackPlace(town.slack, town.world.slack)),
            People(DiscordPlace(town.discord, town.world.discord)),
        ]

        def ask(many):
            for one in people:
                one.ask(many)

        def seen():
            return sum(len(one.screen.messages()) for one in people)

        def broken():
            return [breach for one in people for breach in one.broken(manager.records)]

        await manager.start()
        for _ in range(RESTARTS):
            before = seen()
            ask(3)
            await manager.until(lambda before=before: seen() > before)
            manager.process.terminate()
            ask(1)  # while it ends
            assert await manager.ended() == 0
            ask(1)  # while it is away
            await manager.start()
        end = time.monotonic() + PATIENCE
        while broken() and time.monotonic() < end:
            await asyncio.sleep(0.1)
        assert await manager.stop() == 0

        assert broken() == []
        assert not TROUBLE.search(manager.said), manager.said
