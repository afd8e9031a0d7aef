"""One conversation in trouble delays no other."""

import asyncio

import pytest

from sandbox.faults import Fault
from sandbox.model import Answer, Stall
from tests.e2e.places import DiscordPlace, SlackPlace

OTHERS = 12

SLACK = (
    "chat.postMessage",
    "chat.update",
    "chat.startStream",
    "chat.appendStream",
    "assistant.threads.setStatus",
    "conversations.replies",
    "conversations.history",
    "reactions.add",
    "reactions.remove",
)
DISCORD = ("POST message", "PATCH message", "GET messages", "POST typing", "POST thread")


@pytest.fixture(params=["slack", "discord"])
def place(town, request):
    if request.param == "slack":
        return SlackPlace(town.slack, town.world.slack)
    return DiscordPlace(town.discord, town.world.discord)


def hang(place, room):
    """Whatever the bot asks of its platform about this room is answered after a minute."""
    for on in SLACK if place.name == "slack" else DISCORD:
        about = lambda arguments: arguments.get("channel") == room  # noqa: E731
        place.server.faults.add(Fault(on, "slow", seconds=60, times=-1, only_if=about))


async def test_others_are_answered_while_the_platform_hangs_in_one_conversation(town, place):
    async with town.bot(DRAIN_SECONDS="1"):
        stuck = place.room()
        hang(place, stuck)
        trouble = [place.mention(person, "anybody?", stuck) for person in (place.ada, place.ben)]
        talks = [place.mention(place.cho, f"question {n}") for n in range(OTHERS)]
        for talk in talks:
            await talk.until(lambda seen: bool(seen) and bool(seen[0].controls - {"stop"}))

        assert [talk.seen() for talk in trouble] == [[], []]


async def test_others_are_answered_while_the_model_says_nothing_in_one(town, place):
    def script(body):
        words = str(body["messages"][-1]["content"])
        return Answer((Stall(),)) if "never" in words else Answer(("Here.",))

    town.model.script = script
    async with town.bot(DRAIN_SECONDS="1"):
        trouble = place.mention(place.ada, "never")
        async with asyncio.timeout(20):
            while not town.model.requests:
                await asyncio.sleep(0.02)
        talks = [place.mention(place.cho, f"question {n}") for n in range(OTHERS)]
        for talk in talks:
            await talk.until(lambda seen: [one.text for one in seen] == ["Here."])

        assert trouble.seen() == []
