"""What people can do in the sandbox's Discord, and what its client would not let them do."""

import pytest

from sandbox.discord import CommandFailed
from sandbox.discord.composer import composed
from tests.sandbox.discord_client import ADA, BEN, ENGINEERING, FORUM, GENERAL, TALK, serving


@pytest.fixture
async def server():
    async with serving() as server:
        yield server


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("@Parley hi", "<@1009> hi"),
        ("hi @parley, and @ben!", "hi <@1009>, and <@1002>!"),
        ("ada@parley.example", "ada@parley.example"),
        ("@Parleys", "@Parleys"),
        ("see #general", "see <#2001>"),
        ("<@1009>", "<@1009>"),
        ("@everyone", "@everyone"),
    ],
)
async def test_names_become_mentions_as_the_client_sends_them(server, typed, sent):
    assert composed(server._realm, typed) == sent


async def test_a_message_knows_whom_it_pings(server):
    message = server.say(ADA, GENERAL, "@Parley and @Ben, `@Cho`")

    assert message.payload["pings"] == ["1009", "1002"]


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001])
async def test_the_client_does_not_send_nothing_or_too_much(server, text):
    with pytest.raises(ValueError, match=r"."):
        server.say(ADA, GENERAL, text)


async def test_a_message_that_is_too_long_is_told_by_how_much(server):
    with pytest.raises(ValueError, match=r"at most 4,000 characters, .* 4,001\. Shorten it"):
        server.say(ADA, GENERAL, "x" * 4001)


async def test_nobody_writes_into_other_peoples_direct_messages(server):
    with pytest.raises(PermissionError):
        server.say(BEN, TALK, "Let me in")


async def test_places_and_messages_that_do_not_exist_are_not_found(server):
    with pytest.raises(LookupError):
        server.say(ADA, "77", "Hello")
    with pytest.raises(LookupError):
        server.say(ADA, GENERAL, "Hello", reply_to="77")
    with pytest.raises(LookupError):
        server.edit(ADA, GENERAL, "77", "Hello")
    with pytest.raises(LookupError):
        server.delete(ADA, GENERAL, "77")


async def test_a_forum_wants_a_title_and_a_channel_wants_none(server):
    with pytest.raises(ValueError, match="title"):
        server.say(ADA, FORUM, "Hello")
    with pytest.raises(ValueError, match="no forum"):
        server.open_post(ADA, GENERAL, "Title", "Hello")
    with pytest.raises(ValueError, match="characters"):
        server.open_post(ADA, FORUM, "", "Hello")


async def test_people_edit_and_delete_only_what_is_theirs(server):
    adas, bots = (
        server.say(ADA, GENERAL, "Mine"),
        server.world.discord.post(GENERAL, "1009", "Mine"),
    )
    with pytest.raises(PermissionError):
        server.edit(BEN, GENERAL, adas.id, "Yours")
    with pytest.raises(PermissionError):
        server.edit(ADA, GENERAL, bots.id, "Yours")
    with pytest.raises(PermissionError):
        server.delete(BEN, GENERAL, adas.id)
    server.delete(ADA, GENERAL, bots.id)  # She manages the guild.


async def test_an_edit_pings_nobody(server):
    message = server.say(ADA, GENERAL, "Hello")
    edited = server.edit(ADA, GENERAL, message.id, "Hello @Ben")

    assert edited.payload["mentions"] == [BEN]
    assert edited.payload["pings"] == []


async def test_a_button_of_somebody_elses_private_message_is_out_of_reach(server):
    row = {"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "a", "id": 2}]}
    message = server.world.discord.post(
        ENGINEERING, "1009", "Psst", payload={"components": [row]}, only_for=ADA
    )
    with pytest.raises(LookupError):
        await server.press(BEN, ENGINEERING, message.id, "a")


async def test_without_a_bot_no_command_is_answered():
    async with serving(patience=0.02) as server:
        server.commands.replace([{"name": "ask", "description": "Ask", "options": []}])
        with pytest.raises(CommandFailed, match="did not respond"):
            await server.command(ADA, GENERAL, "ask")


async def test_a_command_of_a_menu_is_no_slash_command(server):
    server.commands.replace([{"name": "ask", "type": 3}])
    with pytest.raises(CommandFailed, match="no command"):
        await server.command(ADA, GENERAL, "ask")
