"""One bot in two workspaces of Slack's, let in from a browser: each is as if it were alone."""

import asyncio
import re

import pytest

from sandbox.model import Pause
from sandbox.slack.oauth import OAuth
from tests.bots.slack.test_distributed import SECOND, Browser, second_app, second_space
from tests.e2e.conftest import opened
from tests.e2e.places import read_slack, until

KEY = "c2FuZGJveCBzYW5kYm94IHNhbmRib3ggc2FuZGJveCE="
FIRST = "T0SANDBOX"

LIMITS = """
[[budget]]
for = "workspace"
tokens = 2000
"""


def distributed(town):
    return {
        "SLACK_BOT_TOKEN": None,
        "DISCORD_TOKEN": None,
        "SLACK_CLIENT_ID": OAuth.client_id,
        "SLACK_CLIENT_SECRET": OAuth.client_secret,
        "TOKEN_KEY": KEY,
    }


class Workspace:
    """A workspace in which people talk with the bot."""

    def __init__(self, people, space, bot, person, channel):
        self.people, self.space, self.bot = people, space, bot
        self.person, self.channel = person, channel

    def ask(self, words):
        return self.people.say(self.person, self.channel, f"@Parley {words}")

    def seen(self, asked):
        return [
            read_slack(one)
            for one in self.space.messages(asked.channel, asked.id)
            if one.author == self.bot
        ]

    async def told(self, asked, words):
        await until(
            self.space,
            lambda: any(words in one.text + one.notice for one in self.seen(asked)),
        )

    async def whispered(self, words):
        await until(
            self.space,
            lambda: any(
                one.only_for == self.person and words in read_slack(one).notice
                for one in self.space.messages(self.channel)
            ),
        )


@pytest.fixture
async def city(tmp_path):
    async with opened(tmp_path, over_http=True) as town:
        home = f"http://127.0.0.1:{town.http_port}"
        town.slack.oauth.redirect_url = f"{home}/slack/oauth_redirect"
        town.slack.workspace.installed = False
        town.slack.deliveries.redelivery = (0.1,) * 50
        space = second_space()
        people = town.slack.add_workspace(space, second_app())
        town.one = Workspace(town.slack, town.world.slack, "U0PARLEY", "U0ADA", "C0GENERAL")
        town.two = Workspace(people, space, "U0PARLEY2", "U0DORA", "C0PLACE")
        town.browser = Browser(town.slack, town.http_port)
        yield town
        await town.browser.session.close()


async def test_two_workspaces_converse_at_once_and_one_that_leaves_takes_nothing_along(city):
    async with city.bot(**distributed(city)) as bot:
        for team in (FIRST, SECOND):
            status, _ = await city.browser.install(team)
            assert status == 200
        city.model.enqueue("One. ", Pause(1.0), "And on.")
        asked_one = city.one.ask("first?")
        await city.one.told(asked_one, "One.")
        city.model.enqueue("Two. ", Pause(0.5), "And on.")
        asked_two = city.two.ask("second?")
        await city.two.told(asked_two, "Two.")
        await city.one.told(asked_one, "One. And on.")
        await city.two.told(asked_two, "Two. And on.")

        city.two.people.uninstall()
        async with asyncio.timeout(20):
            while "gone from a workspace" not in bot.said:
                await asyncio.sleep(0.05)
        city.model.enqueue("Still here.")
        again = city.one.ask("and now?")
        await city.one.told(again, "Still here.")
    assert "Traceback" not in bot.said
    assert not re.search(r"xoxb-[0-9a-f]{8}", bot.said)
    assert KEY not in bot.said


async def test_what_one_workspace_has_spent_is_not_the_others(city):
    limits = city.folder / "limits.toml"
    limits.write_text(LIMITS)
    async with city.bot(**distributed(city), LIMITS_FILE=str(limits)):
        for team in (FIRST, SECOND):
            await city.browser.install(team)
        city.model.enqueue("It costs. " * 400)
        first = city.one.ask("write much")
        await city.one.told(first, "It costs.")
        city.one.ask("and more")
        await city.one.whispered("too little left")
        city.model.enqueue("Yes.")
        other = city.two.ask("is there something left?")
        await city.two.told(other, "Yes.")
