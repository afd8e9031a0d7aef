"""Who may use the bot: each way to want something, by each kind of person, with each setting."""

import asyncio
import itertools
import re

import pytest
import pytest_asyncio

from core import notices
from core.controls import Control
from sandbox.model import Answer
from sandbox.world import Channel, Kind, Person
from tests.e2e.conftest import opened
from tests.e2e.menus import ENTRIES, choose, parley, say
from tests.e2e.places import DiscordPlace, SlackPlace, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TABLE = """
platform  person    where    default  let in   no DMs  people  groups  channel  nobody  elsewhere
slack     ada       channel  yes      yes      yes     list    list    place    list    yes
slack     ada       direct   yes      yes      direct  list    list    place    list    yes
slack     ben       channel  yes      yes      yes     yes     yes     place    list    yes
slack     ben       direct   yes      yes      direct  yes     yes     place    list    yes
slack     guest     channel  guest    yes      guest   guest   guest   guest    guest   guest
slack     guest     direct   guest    yes      direct  guest   guest   guest    guest   guest
slack     connect   channel  connect  yes      connect connect connect connect  connect connect
slack     connect   direct   connect  yes      direct  connect connect connect  connect connect
discord   ada       channel  yes      yes      yes     list    yes     place    list    server
discord   ada       direct   yes      yes      direct  list    yes     place    list    member
discord   ben       channel  yes      yes      yes     yes     list    place    list    server
discord   ben       direct   yes      yes      direct  yes     list    place    list    member
discord   stranger  direct   member   member   direct  member  member  member   member  member
"""
"""Whether somebody is answered, else why not.

Ada manages on both platforms, and is a moderator in Discord; the list of people names Ben, the
groups Slack's crew (Ben) and Discord's moderators. A guest is one in Slack's workspace, `connect`
is somebody of another one in a shared channel, a stranger is in no server of the bot's.
"""

WHY = {
    "guest": notices.NO_GUESTS,
    "connect": notices.NO_CONNECT,
    "list": notices.NOT_ON_THE_LIST,
    "place": notices.NOT_IN_THIS_CHANNEL,
    "direct": notices.DIRECT_MESSAGES_OFF,
    "member": notices.NO_MEMBER,
    "server": notices.server_not_allowed("4000"),
}

LIMITS = {
    "people": 'people = ["slack/T0SANDBOX/U0BEN", "discord/1002"]',
    "groups": 'groups = ["slack/T0SANDBOX/groups/S0CREW"]\nroles = ["discord/4000/roles/4002"]',
    "channel": 'channels = ["slack/T0SANDBOX/C0ENGINE", "discord/4000/2002"]',
    "nobody": "people = []",
}
CHANGES = {
    "let in": {"SLACK_GUESTS": "on", "SLACK_CONNECT": "on"},
    "no DMs": {"DIRECT_MESSAGES": "off"},
    "elsewhere": {"DISCORD_GUILDS": "9999"},
}

HEAD, *ROWS = [re.split(r" +(?!DMs|in\b)", line) for line in TABLE.strip().splitlines()]
SETTINGS = HEAD[3:]
SLACK_PEOPLE = {"ada": "U0ADA", "ben": "U0BEN", "guest": "U0GUS", "connect": "U0CAT"}
DISCORD_PEOPLE = {"ada": "1001", "ben": "1002", "stranger": "1004"}
WAYS = ("mention", "follow_up", "command", "summary", "menu", "form", "button", "edit", "settings")
MANAGES = ("settings_form",)
"""What only those can want who manage a channel."""
tokens = itertools.count(1)


def furnish(world):
    """Let those in whom not everybody has in mind."""
    gus = Person("U0GUS", "Gus", "gus", guest=True)
    cat = Person("U0CAT", "Cat", "cat", home="T0OTHER")
    dan = Person("1004", "Dan", "dan", home="9999")
    for space, person, room in (
        (world.slack, gus, "D0GUS"),
        (world.slack, cat, "D0CAT"),
        (world.discord, dan, "3004"),
    ):
        space.add_person(person)
        bot = "U0PARLEY" if space is world.slack else "1009"
        space.add_channel(Channel(room, person.name, Kind.DIRECT, {person.id, bot}))


class Wishes:
    """Everything that one person may want of the bot, in a room of its own each.

    What needs something that was there before (a thread, an answer, a question) is made
    by `prepare`, while everybody is let in.
    """

    def __init__(self, town, platform, name):
        slack = platform == "slack"
        self.place = (
            SlackPlace(town.slack, town.world.slack)
            if slack
            else DiscordPlace(town.discord, town.world.discord)
        )
        self.person = (SLACK_PEOPLE if slack else DISCORD_PEOPLE)[name]
        self.model = town.model
        self.refused = []

    def room(self):
        room = self.place.room()
        if self.place.name == "discord":
            self.place.space.channels[room].members.discard("1004")
        return room

    async def prepare(self):
        ada = self.place.ada
        self.thread, self.answer = (self.place.mention(ada, "something") for _ in range(2))
        self.question = self.place.mention(self.person, "something")
        for talk in (self.thread, self.answer, self.question):
            await talk.until(
                lambda seen: (
                    bool(seen) and Control.WHY in seen[-1].controls and "Served" in str(seen)
                )
            )

        if self.person == ada:
            await self._open_settings()

    async def _open_settings(self):
        """A form that is open since before."""
        room, server = self.room(), self.place.server
        if self.place.name == "slack":
            await server.command(self.person, room, "/parley", "settings")
            self.form = server.workspace.views.before(self.person).id
        else:
            used = await server.command(self.person, room, "parley settings", {})
            self.form = self.place.space.message(room, server.interaction(used).original)

    async def want(self, way):
        """Want something; what comes of it: "yes", or the sentence that says why not."""
        self.before = {
            m.id for c in self.place.space.channels for m in self.place.space.messages(c)
        }
        return await getattr(self, f"_{way}")()

    async def _mention(self):
        token, room = self._token(), self.room()
        self.place.mention(self.person, token, room)
        return await self._comes(token, room)

    async def _follow_up(self):
        token = self._token()
        self.thread.say(self.person, token)
        return await self._comes(token, self.thread.channel)

    async def _direct(self):
        token = self._token()
        talk = self.place.direct(self.person, token)
        return await self._comes(token, talk.channel)

    async def _command(self):
        token, room = self._token(), self.room()
        await self.place.ask(self.person, token, room)
        return await self._comes(token, room, alone=True)

    async def _summary(self):
        token, room = self._token(), self.room()
        say(self.place, self.place.ada, room, token)
        await parley(self.place, self.person, room, "summary 5")
        return await self._comes(token, room, alone=True)

    async def _menu(self):
        token, room = self._token(), self.room()
        message = say(self.place, self.place.ada, room, token)
        await choose(self.place, self.person, room, message, "summarise_thread")
        return await self._comes(token, room, alone=True)

    async def _form(self):
        room, place = self.room(), self.place
        message = say(place, place.ada, room, "read this")
        if place.name == "slack":
            views = place.server.workspace.views
            before = views.before(self.person)
            await place.server.shortcut(self.person, room, message, "ask_about_message")
            opened = lambda: views.before(self.person) != before  # noqa: E731
        else:
            entry = ENTRIES["ask_about_message"]
            used = await place.server.context_menu(self.person, room, entry, message)
            opened = lambda: place.server.interaction(used).modal  # noqa: E731
        return await self._until(opened, room, alone=True)

    async def _button(self):
        told = await self.answer.press(self.person, Control.WHY)
        return why_not(told) or "yes"

    async def _edit(self):
        token = self._token()
        mention = "<@U0PARLEY>" if self.place.name == "slack" else "@Parley"
        self.question.edit(f"{mention} {token}")
        return await self._comes(token, self.question.asked.channel)

    async def _settings(self):
        room, place = self.room(), self.place
        if place.name == "slack":
            shown = await place.server.command(self.person, room, "/parley", "model")
        else:
            used = await place.server.command(self.person, room, "parley model", {})
            shown = place.server.interaction(used).original
        message = place.space.message(room, shown)
        assert message.only_for == self.person
        return why_not(str((message.text, message.payload))) or "yes"

    async def _settings_form(self):
        place, form = self.place, self.form
        if place.name == "slack":
            answer = await place.server.submit(self.person, form, {})
            return why_not(str(answer)) or "yes"
        button = form.payload["components"][0]["components"][0]["custom_id"]
        used = await place.server.press(self.person, form.channel, form.id, button)
        if place.server.interaction(used).modal:
            return "yes"
        told = place.space.message(form.channel, place.server.interaction(used).original)
        assert told.only_for == self.person
        return why_not(str(told.payload))

    def _token(self):
        return f"token{next(tokens)}x"

    async def _comes(self, token, room, *, alone=False):
        def asked():
            return any(token in str(request.body) for request in self.model.requests)

        return await self._until(asked, room, alone=alone, token=token)

    async def _until(self, served, room, *, alone=False, token=""):
        """Wait until something is served or refused, to this person alone where that can be."""
        alone = alone or (self.place.name == "slack" and not room.startswith("D"))
        await until(self.place.space, lambda: served() or self._refusal(room, alone=alone))
        if served():
            return "yes"
        self.refused.append(token or "no token")
        return self._refusal(room, alone=alone)

    def _refusal(self, room, *, alone):
        for message in self.place.space.messages(room):
            new = message.id not in self.before and message.author in ("U0PARLEY", "1009")
            theirs = new and message.only_for == (self.person if alone else "")
            if theirs and (why := why_not(str((message.text, message.payload)))):
                return why
        return ""


def why_not(words):
    """The sentence of a refusal in some words; empty: there is none."""
    return next((sentence for sentence in WHY.values() if str(sentence) in words), "")


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=SETTINGS)
async def settled(tmp_path_factory, request):
    """A town in which everybody has used the bot before it was started with a setting."""
    folder = tmp_path_factory.mktemp("town")
    changes = dict(CHANGES.get(request.param, {}))
    if table := LIMITS.get(request.param):
        changes["LIMITS_FILE"] = str(folder / "limits.toml")
        (folder / "limits.toml").write_text(f"[access]\n{table}\n")
    # Two bots in a minute do more than Slack takes of one, and this is not about pace.
    async with opened(folder, limited=False) as town:
        furnish(town.world)
        town.slack.workspace.groups["S0CREW"] = ("crew", frozenset({"U0BEN"}))
        town.model.script = lambda _: Answer(("Served.",))
        people = dict.fromkeys((row[0], row[1]) for row in ROWS)
        wishes = {one: Wishes(town, *one) for one in people}
        async with town.bot(**CHANGES["let in"]):
            able = [one for (_, name), one in wishes.items() if name != "stranger"]
            await asyncio.gather(*(one.prepare() for one in able))
        async with town.bot(**changes) as bot:
            yield request.param, wishes, bot
    assert bot.process.returncode == 0
    assert "Traceback" not in bot.said, bot.said
    assert "unexpected" not in bot.said, bot.said


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row[:3]))
async def test_whoever_may_use_the_bot_can_in_every_way_and_nobody_else_in_any(settled, row):
    setting, wishes, _ = settled
    platform, name, where, *cells = row
    wish, cell = wishes[platform, name], cells[SETTINGS.index(setting)]
    # People of other workspaces have no commands here.
    no_commands = ("command", "summary", "settings") if name == "connect" else ()
    manages = MANAGES if name == "ada" else ()
    ways = (
        ("direct",) if where == "direct" else [w for w in (*WAYS, *manages) if w not in no_commands]
    )

    came = {way: await wish.want(way) for way in ways}

    assert came == dict.fromkeys(ways, "yes" if cell == "yes" else WHY[cell])
    said = str([request.body for request in wish.model.requests])
    assert not [token for token in wish.refused if token in said]


SLACK_SAYS = "members of workspace T0SANDBOX, {}; guests: {}, people of other workspaces: {}"
DISCORD_SAYS = "members of Parley Sandbox (4000), {}"
BOTH = "in channels and directly"
LISTED = "; of these only who is in LIMITS_FILE: {}"
NOBODY = "nobody: [access] people, roles and groups in LIMITS_FILE name nothing at all"
SAYS = {
    "default": (SLACK_SAYS.format(BOTH, "no", "no"), DISCORD_SAYS.format(BOTH)),
    "let in": (SLACK_SAYS.format(BOTH, "yes", "yes"), DISCORD_SAYS.format(BOTH)),
    "no DMs": (
        SLACK_SAYS.format("in channels only", "no", "no"),
        DISCORD_SAYS.format("in channels only"),
    ),
    "people": (
        SLACK_SAYS.format(BOTH, "no", "no") + LISTED.format("1 people"),
        DISCORD_SAYS.format(BOTH) + LISTED.format("1 people"),
    ),
    "groups": (
        SLACK_SAYS.format(BOTH, "no", "no") + LISTED.format("1 groups"),
        DISCORD_SAYS.format(BOTH) + LISTED.format("1 roles"),
    ),
    "channel": (
        SLACK_SAYS.format("only in slack/T0SANDBOX/C0ENGINE", "no", "no"),
        DISCORD_SAYS.format("only in discord/4000/2002"),
    ),
    "nobody": (NOBODY, NOBODY),
    "elsewhere": (
        SLACK_SAYS.format(BOTH, "no", "no"),
        "nobody: no server is allowed (see parley guilds list)",
    ),
}


async def test_the_log_says_in_one_line_who_may_use_the_bot(settled):
    setting, _, bot = settled
    lines = [line for line in bot.said.splitlines() if "who may use the bot" in line]

    assert len(lines) == 2
    for platform, who in zip(("slack", "discord"), SAYS[setting], strict=True):
        assert any(f"platform={platform}" in line and f"'{who}'" in line for line in lines), lines
    if setting == "elsewhere":
        assert "DISCORD_GUILDS names no server in which the bot is" in bot.said
