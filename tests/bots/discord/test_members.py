"""Who is a member of which server: learned from events, and seldom asked for."""

import asyncio

import pytest

from bots.discord.caller import DiscordCaller
from core.access import Kind
from core.errors import PlatformFailed
from core.presets import Audience, Scope, Who
from sandbox.faults import Fault
from sandbox.world import Channel, Person
from sandbox.world import Kind as Place
from tests.bots.discord.conftest import ADA, ADAS_DIRECT, BEN, BOT, GENERAL, GUILD

MODERATORS = f"discord/{GUILD}/roles/4002"


def asked_for(discord):
    return [one.route for one in discord.requests].count("GET member")


async def asking(discord, clerk, person, channel, words="<@1009> why?"):
    discord.say(person, channel, words)
    question, surface = await clerk.next()
    return surface.caller(question.asker)


def stranger(world):
    world.discord.add_person(Person("1004", "Dan", "dan", home="9999"))
    return world.discord.add_channel(Channel("3004", "Dan", Place.DIRECT, {"1004", BOT})).id


async def test_people_in_an_allowed_server_are_members_without_a_call(discord, clerk, bot):
    caller = await asking(discord, clerk, BEN, GENERAL)

    assert await caller.kind() is Kind.MEMBER
    assert asked_for(discord) == 0


async def test_directly_whoever_has_written_in_the_server_is_a_member(discord, clerk, bot):
    await asking(discord, clerk, ADA, GENERAL)
    caller = await asking(discord, clerk, ADA, ADAS_DIRECT)

    assert await caller.kind() is Kind.MEMBER
    assert asked_for(discord) == 0


async def test_directly_discord_is_asked_once_whether_somebody_is_a_member(discord, clerk, bot):
    caller = await asking(discord, clerk, ADA, ADAS_DIRECT)

    kinds = await asyncio.gather(*(caller.kind() for _ in range(5)))

    assert set(kinds) == {Kind.MEMBER}
    assert asked_for(discord) == 1


async def test_directly_nobodys_people_are_told_apart_with_one_call(discord, clerk, bot, world):
    caller = await asking(discord, clerk, "1004", stranger(world))

    assert [await caller.kind(), await caller.kind()] == [Kind.NO_MEMBER] * 2
    assert asked_for(discord) == 1


async def test_where_discord_does_not_tell_nobody_is_let_in_and_nobody_is_a_stranger(
    discord, clerk, bot
):
    discord.faults.add(Fault("GET member", "status", status=500, times=10))
    caller = await asking(discord, clerk, ADA, ADAS_DIRECT)

    with pytest.raises(PlatformFailed):
        await caller.kind()


async def test_roles_come_with_the_message_and_are_asked_for_where_there_is_none(
    discord, clerk, bot
):
    ada = await asking(discord, clerk, ADA, GENERAL)
    assert await ada.among([MODERATORS])
    assert not await (await asking(discord, clerk, BEN, GENERAL)).among([MODERATORS])
    assert asked_for(discord) == 0

    scope = Scope("discord", GUILD, GENERAL)
    cho = DiscordCaller(ada.desk, 1003, int(GUILD), scope, ada.where)
    assert [await cho.among([MODERATORS]), await cho.among([MODERATORS])] == [False, False]
    assert asked_for(discord) == 1


async def test_roles_of_one_server_admit_nobody_in_another(discord, clerk, bot):
    ada = await asking(discord, clerk, ADA, GENERAL)

    assert not await ada.among(["discord/9999/roles/4002"])


async def test_whoever_manages_the_channel_is_admitted_by_its_settings(discord, clerk, bot):
    managers = Audience(Who.MANAGERS)

    assert await (await asking(discord, clerk, ADA, GENERAL)).admitted(managers)
    assert not await (await asking(discord, clerk, BEN, GENERAL)).admitted(managers)
