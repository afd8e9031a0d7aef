"""What Discord sends and nobody can read harms nothing that comes next."""

from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from sandbox.discord.events import Event
from sandbox.discord.intents import Intent
from sandbox.discord.objects import messages

from .conftest import ADA, GENERAL

pytestmark = pytest.mark.usefixtures("at_once")


def said(discord, text="@Parley why?"):
    """What Discord tells of a message that Ada writes; the bot has heard it by then."""
    message = discord.say(ADA, GENERAL, text)
    return messages.message(discord._realm, message) | {"guild_id": "4000"}


def send(discord, name, data):
    discord._gateway.dispatch(Event(name, data, Intent.GUILD_MESSAGES))


NEW_COMPONENT = [{"type": 1, "id": 1, "components": ["?"]}]


@pytest.mark.parametrize(
    "changed",
    [
        {"components": NEW_COMPONENT},
        {"content": None},
        {"author": {"id": ADA}},
        {"author": None},
        {"mentions": {}},
        {"id": "abc"},
        {"attachments": [{"id": "1", "filename": None}]},
    ],
)
async def test_a_message_that_cannot_be_read_is_left_out_and_the_session_goes_on(
    bot, discord, clerk, changed
):
    message = said(discord, "no question")
    (session,) = discord._gateway._sessions._alive.values()
    wire = session._wire

    with capture_logs() as lines:
        send(discord, "MESSAGE_CREATE", message | {"id": "77"} | changed)
        discord.say(ADA, GENERAL, "@Parley still there?")
        question, _ = await clerk.next()

    assert question.text == "still there?"
    assert session._wire is wire
    assert [one["event"] for one in lines if one["log_level"] in ("warning", "error")] == [
        "event not understood"
    ]


@dataclass(frozen=True)
class Torn(Event):
    _open = "{"


async def test_a_frame_that_is_no_json_does_not_end_the_session(bot, discord, clerk):
    (session,) = discord._gateway._sessions._alive.values()
    wire = session._wire
    discord._gateway.dispatch(Torn("MESSAGE_CREATE", {}))

    discord.say(ADA, GENERAL, "@Parley still there?")

    await clerk.next()
    assert session._wire is wire


async def test_a_message_of_a_server_that_is_not_known_is_no_harm(bot, discord, clerk):
    message = said(discord, "no question") | {"id": "77", "guild_id": "999", "channel_id": "998"}

    with capture_logs() as lines:
        send(discord, "MESSAGE_CREATE", message)
        discord.say(ADA, GENERAL, "@Parley still there?")
        await clerk.next()

    assert not [one for one in lines if one["log_level"] == "error"]


async def test_what_fails_in_a_handler_is_told_with_its_name(bot):
    with capture_logs() as lines:
        await bot._client.on_error("on_message")

    assert lines[0]["event"] == "unexpected"
    assert lines[0]["handler"] == "on_message"


@pytest.mark.parametrize(
    "options",
    [
        [{"name": "question", "type": 3, "value": 7}],
        [{"name": "question", "type": 3}],
        [{"name": "x", "type": 1, "options": [{"name": "messages", "type": 4, "value": "9"}]}],
        [{"name": None, "type": 3}],
        "why?",
    ],
)
async def test_a_command_whose_options_are_none_is_left_out(bot, discord, clerk, options):
    data = {"id": "1", "name": "ask", "type": 1, "options": options}
    interaction = {
        "id": "78",
        "application_id": "1009",
        "type": 2,
        "version": 1,
        "token": "t",
        "channel_id": GENERAL,
        "guild_id": "4000",
        "attachment_size_limit": 0,
        "data": data,
        "member": {
            "roles": [],
            "permissions": "0",
            "flags": 0,
            "joined_at": None,
            "user": messages.message(discord._realm, discord.say(ADA, GENERAL, "no question"))[
                "author"
            ],
        },
    }
    with capture_logs() as lines:
        send(discord, "INTERACTION_CREATE", interaction)
        discord.say(ADA, GENERAL, "@Parley still there?")
        await clerk.next()

    assert [one["kind"] for one in lines if one["event"] == "event not understood"][:1] == [
        "INTERACTION_CREATE"
    ]
    assert not [one for one in lines if one["log_level"] == "error"]
