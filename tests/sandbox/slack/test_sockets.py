"""Events through Socket Mode, to a real Bolt app."""

import asyncio

import aiohttp
import pytest

from sandbox.faults import Fault
from sandbox.slack import Upload
from sandbox.slack.app import SCOPES
from tests.sandbox.slack.conftest import connected, refusal

GENERAL = "C0GENERAL"


def sorts(events):
    return sorted((event["type"], event.get("subtype", "")) for event in events)


async def test_one_mention_is_two_events_with_one_time_stamp(slack, bot):
    message = slack.say("ada", "general", "@Parley 1 < 2")
    first, second = await bot.next(), await bot.next()

    assert sorts([first["event"], second["event"]]) == [("app_mention", ""), ("message", "")]
    assert first["event"]["ts"] == second["event"]["ts"] == message.id
    assert first["event_id"] != second["event_id"]
    assert first["event"]["text"] == "<@U0PARLEY> 1 &lt; 2"
    assert first["authorizations"][0]["user_id"] == "U0PARLEY"


async def test_a_direct_message_is_one_event(slack, bot):
    slack.say("ada", "D0ADA", "@Parley hi")
    slack.say("ben", "D0BEN", "end")
    events = await bot.events(2)

    assert sorts(events) == [("message", ""), ("message", "")]
    assert {event["channel_type"] for event in events} == {"im"}


async def test_nothing_is_heard_of_channels_without_the_bot(slack, bot):
    slack.say("ada", "without-the-bot", "@Parley hi")
    slack.say("ada", "general", "hi")

    assert (await bot.event())["channel"] == GENERAL


async def test_only_what_was_subscribed_is_heard(serve, connect):
    slack = await serve(events=frozenset({"app_mention"}))
    async with connected(connect(slack)) as bot:
        slack.say("ada", "general", "no mention")
        slack.say("ada", "general", "@Parley hi")

        assert (await bot.event())["type"] == "app_mention"


async def test_an_event_needs_its_scope(serve, connect):
    slack = await serve(scopes=frozenset({"app_mentions:read", "im:history"}))
    async with connected(connect(slack)) as bot:
        slack.say("ada", "general", "@Parley hi")
        slack.say("ada", "D0ADA", "hi")

        assert sorts(await bot.events(2)) == [("app_mention", ""), ("message", "")]


async def test_edits_and_deletions_come_as_hidden_messages(slack, bot):
    message = slack.say("ada", "general", "one")
    slack.edit("ada", "general", message.id, "two")
    slack.delete("ada", "general", message.id)
    said, changed, deleted = await bot.events(3)

    assert changed["subtype"] == "message_changed"
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("one", "two")
    assert changed["message"]["edited"]["user"] == "U0ADA"
    assert changed["ts"] not in (said["ts"], deleted["ts"])
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", message.id)


async def test_the_deleted_root_of_a_thread_is_a_change_to_a_tombstone(slack, bot):
    root = slack.say("ada", "general", "root")
    slack.say("ben", "general", "reply", thread=root.id)
    slack.delete("ada", "general", root.id)
    changed = (await bot.events(4))[3]

    assert changed["subtype"] == "message_changed"
    assert changed["message"]["subtype"] == "tombstone"
    assert changed["previous_message"]["user"] == "U0ADA"


async def test_a_reply_changes_the_root_of_its_thread(slack, bot):
    root = slack.say("ada", "general", "root")
    one = slack.say("ben", "general", "one", thread=root.id)
    two = slack.say("cho", "general", "two", thread=root.id)
    events = await bot.events(5)

    changes = [event for event in events if event.get("subtype") == "message_changed"]
    assert [change["message"]["latest_reply"] for change in changes] == [one.id, two.id]
    assert [change["previous_message"].get("reply_count") for change in changes] == [None, 1]
    assert {change["message"]["text"] for change in changes} == {"root"}


async def test_each_edit_of_a_mention_is_heard_as_a_mention_again(slack, bot):
    message = slack.say("ada", "general", "hi")
    slack.edit("ada", "general", message.id, "@Parley hi")
    slack.edit("ada", "general", message.id, "@Parley hi!")
    events = await bot.events(4)

    mentions = [event for event in events if event["type"] == "app_mention"]
    assert [event["ts"] for event in mentions] == [message.id, message.id]
    assert all(event["edited"]["user"] == "U0ADA" for event in mentions)


async def test_the_bots_own_edits_are_heard_too(bot, client):
    message = await client.chat_postMessage(channel=GENERAL, text="x")
    await client.chat_update(channel=GENERAL, ts=message["ts"], text="y")
    posted, changed = await bot.events(2)

    assert (posted["bot_id"], posted["user"]) == ("B0PARLEY", "U0PARLEY")
    assert changed["message"]["text"] == "y"


async def test_reactions_are_heard_when_subscribed(serve, connect, world):
    slack = await serve(
        events=frozenset({"reaction_added", "reaction_removed"}),
        scopes=SCOPES | {"reactions:read"},
    )
    async with connected(connect(slack)) as bot:
        message = slack.say("ada", "general", "x")
        world.slack.react(GENERAL, message.id, "U0BEN", "tada")
        world.slack.react(GENERAL, message.id, "U0BEN", "tada", on=False)
        added, removed = await bot.events(2)

    assert (added["type"], added["reaction"], added["user"]) == ("reaction_added", "tada", "U0BEN")
    assert (removed["type"], removed["item"]["ts"]) == ("reaction_removed", message.id)


async def test_a_file_comes_with_its_message(slack, bot):
    slack.say("ada", "general", "look", files=[Upload("a.txt", "text/plain", b"hi")])
    event = await bot.event()

    assert event["subtype"] == "file_share"
    assert (event["files"][0]["name"], event["files"][0]["size"]) == ("a.txt", 2)


async def test_an_event_without_acknowledgement_comes_again(slack, bot):
    slack.sockets.ack_deadline = 0.1
    slack.deliveries.redelivery = (0.0, 0.01, 0.01)
    bot.mute = 2
    slack.say("ada", "general", "hi")
    tries = [await bot.next_with_headers() for _ in range(3)]

    assert len({body["event_id"] for body, _ in tries}) == 1
    numbers = [headers.get("x-slack-retry-num", ["0"])[0] for _, headers in tries]
    assert numbers == ["0", "1", "2"]
    assert tries[1][1]["x-slack-retry-reason"] == ["timeout"]


async def test_after_four_tries_slack_gives_up(slack, bot):
    slack.sockets.ack_deadline = 0.05
    slack.deliveries.redelivery = (0.0, 0.0, 0.0)
    bot.mute = 4
    slack.say("ada", "general", "lost")
    lost = [await bot.next() for _ in range(4)]
    slack.sockets.ack_deadline = 3
    slack.say("ada", "general", "next")

    assert {body["event"]["text"] for body in lost} == {"lost"}
    assert (await bot.event())["text"] == "next"


async def test_what_a_cut_socket_did_not_acknowledge_comes_again(slack, bot):
    slack.deliveries.redelivery = (0.0, 0.5, 0.5, 0.5)
    slack.faults.add(Fault("deliver", "reset"))
    slack.say("ada", "general", "hi")

    assert (await bot.event())["text"] == "hi"


@pytest.mark.parametrize("kind", ["after", "reset_after"])
async def test_an_acknowledgement_that_is_lost_brings_the_event_twice(slack, bot, kind):
    slack.deliveries.redelivery = (0.0, 0.5, 0.5)
    slack.faults.add(Fault("deliver", kind, only_if=lambda about: about["type"] == "events_api"))
    slack.say("ada", "general", "hi")
    first, second = await bot.next(), await bot.next()

    assert first["event_id"] == second["event_id"]


async def test_dropped_sockets_come_back(slack, bot):
    await slack.drop()
    assert slack.connections == 0
    await slack.wait_connected(5)

    slack.say("ada", "general", "hi")
    assert (await bot.event())["text"] == "hi"


async def test_a_refresh_is_survived(slack, bot):
    await slack.refresh()
    await slack.wait_connected(5)

    slack.say("ada", "general", "hi")
    assert (await bot.event())["text"] == "hi"


async def dial(session, client):
    opened = await client.apps_connections_open(app_token="xapp-sandbox")
    socket = await session.ws_connect(opened["url"])
    return socket, await socket.receive_json(timeout=5)


async def test_a_socket_says_hello_and_its_address_is_good_once(session, client):
    opened = await client.apps_connections_open(app_token="xapp-sandbox")
    async with session.ws_connect(opened["url"]) as socket:
        hello = await socket.receive_json(timeout=5)
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)

        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])


async def test_each_event_goes_to_one_of_the_sockets(slack, session, client):
    sockets = [(await dial(session, client))[0] for _ in range(2)]
    envelopes = []
    for n, socket in enumerate(sockets):
        slack.say("ada", "general", str(n))
        envelope = await socket.receive_json(timeout=5)
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        envelopes.append(envelope)

    assert [e["payload"]["event"]["text"] for e in envelopes] == ["0", "1"]
    assert [e["type"] for e in envelopes] == ["events_api"] * 2
    assert envelopes[0]["accepts_response_payload"] is False


async def test_ten_sockets_are_the_most(slack, session, client, clock):
    held = [await dial(session, client) for _ in range(10)]
    assert {frame["type"] for _, frame in held} == {"hello"}
    clock.tick(60)
    _, frame = await dial(session, client)

    assert (frame["type"], frame["reason"]) == ("disconnect", "too_many_websockets")
    assert slack.connections == 10


async def test_sockets_can_be_refused_for_a_while(slack, session, client, clock):
    await slack.drop(refuse=5)
    with pytest.raises(aiohttp.ClientError):
        await dial(session, client)
    clock.tick(5)

    assert (await dial(session, client))[1]["type"] == "hello"


async def test_a_refused_handshake_is_a_fault_to_switch_on(slack, session, client):
    slack.faults.add(Fault("socket", "status", 503))
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await dial(session, client)
    # aiohttp asks once more by itself when a kept connection breaks.
    slack.faults.add(Fault("socket", "reset", times=2))
    with pytest.raises(aiohttp.ClientError):
        await dial(session, client)


async def test_a_socket_that_was_asked_to_go_gets_nothing_more(slack, session, client):
    slack.sockets.grace = 0.2
    old, _ = await dial(session, client)
    refresh = asyncio.create_task(slack.refresh())
    assert (await old.receive_json(timeout=5))["reason"] == "refresh_requested"
    new, _ = await dial(session, client)
    slack.say("ada", "general", "hi")

    assert (await new.receive_json(timeout=5))["payload"]["event"]["text"] == "hi"
    await refresh
    assert (await old.receive(timeout=5)).type is not aiohttp.WSMsgType.TEXT


async def test_a_cut_is_noticed_before_the_deadline(slack, session, client):
    slack.sockets.ack_deadline = 60
    slack.deliveries.redelivery = (0.0, 0.05, 0.05, 0.05)
    socket, _ = await dial(session, client)
    slack.say("ada", "general", "hi")
    first = await socket.receive_json(timeout=5)
    await slack.drop()
    socket, _ = await dial(session, client)
    second = await socket.receive_json(timeout=5)

    assert second["payload"]["event_id"] == first["payload"]["event_id"]
    assert second["envelope_id"] != first["envelope_id"]


async def test_rubbish_on_a_socket_is_ignored(slack, session, client):
    socket, _ = await dial(session, client)
    for rubbish in ("no json", "[1]", '{"envelope_id": "unknown"}'):
        await socket.send_str(rubbish)
    slack.say("ada", "general", "hi")

    assert (await socket.receive_json(timeout=5))["payload"]["event"]["text"] == "hi"


async def test_nobody_connected_in_time_is_an_error(slack):
    with pytest.raises(TimeoutError):
        await slack.wait_connected(0.01)


async def test_events_wait_for_nobody(slack, session, client):
    """Without a socket the first two tries are lost at once; the third comes a minute later."""
    slack.deliveries.redelivery = (0.0, 0.05, 0.05)
    slack.say("ada", "general", "hi")
    await asyncio.sleep(0)
    socket, _ = await dial(session, client)
    envelope = await socket.receive_json(timeout=5)

    assert envelope["retry_attempt"] >= 2
    assert envelope["retry_reason"] == "no_connection"


async def test_an_app_that_was_removed_is_told_so_and_may_do_nothing_more(slack, bot, client):
    slack.uninstall()

    assert (await bot.event())["tokens"] == {"oauth": [], "bot": ["U0PARLEY"]}
    assert (await bot.event())["type"] == "app_uninstalled"
    assert await refusal(client.auth_test()) == "account_inactive"
