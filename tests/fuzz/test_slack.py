"""What comes through Slack's socket, spoilt: in Bolt, in the door and in all that is behind it."""

import asyncio
import json
import secrets

import pytest

from sandbox.slack.sockets import _envelope
from tests.e2e.menus import ask_about, invite, say
from tests.e2e.places import SlackPlace
from tests.fuzz.doors import assert_answers, assert_calm, renamed, town_with_a_bot
from tests.fuzz.mutation import BATCH, SECONDS, mutated, rounds

pytestmark = pytest.mark.timeout(SECONDS + 90)

FRAMES = (
    *("", "x", "[", "{", "null", "[]", '{"type": "events_api"}', '{"envelope_id": 1}', "\x00"),
    *("[" * 100_000, '{"a":' * 100_000, "9" * 10_000, '{"type": NaN}', '"\\ud800"'),
    '{"type": "disconnect_soon"}',
)
"""What is no envelope at all."""


async def test_no_spoilt_envelope_harms_the_bot_or_loses_a_question(tmp_path, record_property):
    async with town_with_a_bot(tmp_path, DISCORD_TOKEN=None, DISCORD_API_URL=None) as (town, bot):
        place = SlackPlace(town.slack, town.world.slack)
        recorded = await record(place)
        (connection,) = town.slack.sockets._open
        tried = 0
        for chance in rounds():
            events = {}
            tried += BATCH
            for _ in range(BATCH):
                kind, payload = chance.choice(recorded)
                payload = mutated(chance, fresh(chance, payload))
                envelope = _envelope(kind, payload, chance.choice((0, 1)), "")
                if kind == "events_api" and isinstance(payload, dict):
                    task = asyncio.create_task(connection.acknowledged(envelope))
                    events[task] = envelope
                else:
                    if chance.random() < 0.3:
                        envelope = mutated(chance, envelope)
                    await connection.send(envelope)
            await connection._socket.send_str(chance.choice(FRAMES))
            await assert_answers(place)

            _, unacknowledged = await asyncio.wait(events, timeout=5)
            assert_calm(bot)
            assert not unacknowledged, json.dumps([events[one] for one in unacknowledged])[:4000]
            assert town.slack.sockets._open == [connection]
        record_property("bad inputs", tried)


def fresh(chance, payload):
    """A payload of something that has not happened before."""
    event = payload.get("event", {})
    names = {}
    if isinstance(event, dict) and chance.random() < 0.2:
        ts = event.get("ts") or event.get("event_ts")
        names = {ts: f"17{secrets.randbelow(10**8):08}.{secrets.randbelow(10**6):06}"} if ts else {}
    return renamed(payload, names)


async def record(place):
    """What Slack sends while people do everything that can be done."""
    found = []
    exchange = place.server.sockets.exchange

    async def watched(kind, payload, *more):
        found.append((kind, json.loads(json.dumps(payload))))
        return await exchange(kind, payload, *more)

    place.server.sockets.exchange = watched
    room = place.room()
    invite(place, room)
    talk = place.mention(place.ada, "a question with *words* and <https://example.com|links>", room)
    await talk.until(lambda seen: bool(seen and seen[0].text))
    talk.edit("@Parley a question that was edited")
    say(place, place.ada, room, "and more?", talk.asked.id)
    place.direct(place.ada, "a question in private")
    gone = say(place, place.ada, room, "@Parley soon gone")
    place.server.delete(place.ada, room, gone)
    for words in ("help", "usage", "summary", "new", "settings", "forget"):
        await place.server.command(place.ada, room, "/parley", words)
    await place.server.command(place.ada, room, "/ask", "public why?")
    await ask_about(place, place.ada, room, talk.asked.id, "what is it?")
    await place.server.shortcut(place.ada, room, talk.asked.id, "summarise_thread")
    await talk.until(lambda seen: "retry" in seen[0].controls)
    for control in ("why", "good", "retry"):
        await place.press(place.ada, talk.messages()[0], control)
    place.server.open_home(place.ada)
    place.server.open_home(place.ada, "messages")
    place.server.stop_session(place.ada, room, talk.asked.id)
    await assert_answers(place)
    place.server.sockets.exchange = exchange
    return found
