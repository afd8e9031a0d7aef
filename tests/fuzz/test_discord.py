"""What comes through Discord's gateway, spoilt: in discord.py's parsers and in all behind them."""

import json
import secrets
from dataclasses import dataclass
from functools import cached_property

import pytest

from sandbox.discord.events import Event
from tests.e2e.menus import ask_about, choose, parley, say
from tests.e2e.places import DiscordPlace
from tests.fuzz.doors import assert_answers, assert_calm, renamed, town_with_a_bot
from tests.fuzz.mutation import BATCH, SECONDS, mutated, rounds

pytestmark = pytest.mark.timeout(SECONDS + 90)

SESSION = ("READY", "RESUMED", "GUILD_CREATE", "GUILD_DELETE", "GUILD_UPDATE")
"""Without these there is no session, no server, or nothing that the bot may do in it."""


@dataclass(frozen=True)
class Spoilt(Event):
    """An event whose data may hold anything that JSON can."""

    @cached_property
    def _open(self):
        return json.dumps(self.data)


async def test_no_spoilt_event_harms_the_bot_or_loses_a_question(tmp_path, record_property):
    async with town_with_a_bot(tmp_path, SLACK_BOT_TOKEN=None, SLACK_APP_TOKEN=None) as (town, bot):
        place = DiscordPlace(town.discord, town.world.discord)
        recorded = await record(place)
        gateway = town.discord._gateway
        (session,) = gateway._sessions._alive.values()
        wire = session._wire
        tried = 0
        for chance in rounds():
            tried += BATCH
            for _ in range(BATCH):
                event = chance.choice(recorded)
                data = mutated(chance, fresh(chance, event.data))
                name = event.name if chance.random() < 0.9 else chance.choice(recorded).name
                gateway.dispatch(Spoilt(name, data, event.intents))
            await assert_answers(place)

            assert_calm(bot)
            assert session._wire is wire, "it has connected anew"
        record_property("bad inputs", tried)


def fresh(chance, data):
    """The data of something that has not happened before."""
    names = {}
    if isinstance(data.get("id"), str) and chance.random() < 0.2:
        names[data["id"]] = str(int(data["id"]) + secrets.randbelow(10**9))
    if "token" in data and names:
        names[data["token"]] = secrets.token_urlsafe(120)
    return renamed(data, names)


async def record(place):
    """What Discord sends while people do everything that can be done."""
    found = []
    gateway = place.server._gateway
    dispatch = gateway._sessions.dispatch

    def watched(event, now):
        if event.name not in SESSION:
            found.append(event)
        dispatch(event, now)

    gateway._sessions.dispatch = watched
    room = place.room()
    talk = place.mention(place.ada, "a question with **words** and https://example.com", room)
    await talk.until(lambda seen: bool(seen and seen[0].text))
    talk.edit("@Parley a question that was edited")
    say(place, place.ada, room, "and more?", talk.asked.id)
    place.direct(place.ada, "a question in private")
    gone = say(place, place.ada, room, "@Parley soon gone")
    place.server.delete(place.ada, room, gone)
    for words in ("help", "usage", "summary 3", "new", "settings", "forget"):
        await parley(place, place.ada, room, words)
    await place.server.command(place.ada, room, "ask", {"question": "why?", "private": True})
    await place.server.autocomplete(place.ada, room, "parley model", {"name": "g"}, "name")
    await ask_about(place, place.ada, room, talk.asked.id, "what is it?")
    await choose(place, place.ada, room, talk.asked.id, "summarise_thread")
    await talk.until(lambda seen: "retry" in seen[0].controls)
    for control in ("why", "good", "retry"):
        await place.press(place.ada, talk.messages()[0], control)
    await assert_answers(place)
    gateway._sessions.dispatch = dispatch
    return found
