"""The menus, forms and `/parley` of both platforms, in the same few words."""

import asyncio

from sandbox.discord import DiscordServer
from sandbox.slack import SlackServer
from tests.e2e.places import DiscordPlace, SlackPlace

Place = SlackPlace | DiscordPlace

ENTRIES = {
    "ask_about_message": "Ask Parley about this",
    "summarise_thread": "Summarise this thread",
}
"""The entries of a message's menu, by their ids in Slack."""


async def parley(place: Place, person: str, room: str, words: str) -> None:
    """Use `/parley`."""
    if isinstance(place, SlackPlace):
        await place.server.command(person, room, "/parley", words)
        return
    name, _, more = words.partition(" ")
    options = {"messages": int(more)} if more.isdecimal() else {}
    if name == "usage" and more:
        options = {"of": more}
    await place.server.command(person, room, f"parley {name}", options)


async def choose(place: Place, person: str, room: str, message: str, entry: str) -> str:
    """Choose an entry of a message's menu; the interaction, where it has an id."""
    if isinstance(place, SlackPlace):
        await place.server.shortcut(person, room, message, entry)
        return ""
    return await place.server.context_menu(person, room, ENTRIES[entry], message)


async def ask_about(place: Place, person: str, room: str, message: str, wish: str) -> None:
    """Ask about a message with the form that its menu opens."""
    if isinstance(place, SlackPlace):
        await _ask_about_in_slack(place.server, person, room, message, wish)
        return
    opened = await place.server.context_menu(person, room, ENTRIES["ask_about_message"], message)
    await place.server.submit(person, room, opened, {"wish": wish})


async def _ask_about_in_slack(
    server: SlackServer, person: str, room: str, message: str, wish: str
) -> None:
    before = _shown(server, person)
    await server.shortcut(person, room, message, "ask_about_message")
    async with asyncio.timeout(5):
        while _shown(server, person) == before:
            await asyncio.sleep(0.02)
    await server.submit(person, _shown(server, person), {"wish": wish} if wish else {})


def _shown(server: SlackServer, person: str) -> str:
    view = server.workspace.views.before(person)
    return view.id if view else ""


def invite(place: Place, room: str, *, away: bool = False) -> None:
    """Let the bot into a room, or keep it out."""
    bot = "U0PARLEY" if isinstance(place, SlackPlace) else "1009"
    members = place.space.channels[room].members
    (members.discard if away else members.add)(bot)


def talk_in(place: Place, room: str, thread: str | None = None):
    """All that the bot says in a room, or in a thread of it."""
    if isinstance(place, SlackPlace):
        talk = place._talk(room, thread or "")
        talk.thread = thread
        return talk
    return place._talk(thread or room)


def say(place: Place, person: str, room: str, words: str, thread: str = "") -> str:
    """Say something in a room, or in a thread of it."""
    if isinstance(place, SlackPlace):
        return place.server.say(person, room, words, thread).id
    assert isinstance(place.server, DiscordServer)
    return place.server.say(person, thread or room, words).id


async def direct_parley(place: Place, person: str, words: str) -> None:
    """Use `/parley` in one's direct messages with the bot."""
    room = f"D0{person[2:]}" if isinstance(place, SlackPlace) else f"3{person[1:]}"
    await parley(place, person, room, words)
