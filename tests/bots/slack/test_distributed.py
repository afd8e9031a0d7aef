"""Several workspaces: people install the bot, and it is in each as if there were no other."""

import asyncio
import re
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bots.slack import Address, DistributedBot, Parts
from bots.slack.install import LIFETIME, States
from core.access import Access
from core.catch_up import CatchUp
from core.errors import PlatformFailed, StartError
from core.languages import Languages
from core.messages import Author, Conversation, Question
from core.pace import Governor
from core.recall import Recall
from core.store import Installation, Store
from core.vault import Vault
from sandbox.faults import Fault
from sandbox.slack import SIGNING_SECRET
from sandbox.slack.app import App
from sandbox.slack.oauth import OAuth
from sandbox.world import Channel, Kind, Person, Space, World, slack_ids
from tests.bots.slack.conftest import Notes, WatchedSlack
from tests.panels import make_panel
from tests.ports import free_port
from tests.records import looking_back_never, make_forgetting

KEY, OTHER = "A" * 43 + "=", "B" * 42 + "A="
FIRST, SECOND = "T0SANDBOX", "T0SECOND"
PATIENCE = 10


def second_space():
    space = Space("slack", slack_ids())
    for person in (
        Person("U0DORA", "Dora", "dora", manages=True),
        Person("U0PARLEY2", "Parley", "parley", is_bot=True),
    ):
        space.add_person(person)
    space.add_channel(Channel("C0PLACE", "place", Kind.PUBLIC, set(space.people)))
    return space


def second_app():
    return App(
        bot_token="xoxb-never-given",
        app_token="xapp-sandbox",
        user="U0PARLEY2",
        bot="B0PARLEY2",
        team=SECOND,
        team_name="Second",
        team_domain="second",
    )


class Browser:
    """Somebody with a browser who installs the bot."""

    def __init__(self, server, port):
        self.home = f"http://127.0.0.1:{port}"
        self._server = server
        jar = aiohttp.CookieJar(unsafe=True)
        self.session = aiohttp.ClientSession(cookie_jar=jar)

    async def get(self, url):
        async with self.session.get(url) as response:
            return response.status, await response.text()

    async def begin(self):
        """Open the page; where its button leads."""
        status, page = await self.get(f"{self.home}/slack/install")
        assert status == 200
        return re.search(r'class="button" href="([^"]+)"', page)[1].replace("&amp;", "&")

    async def decide(self, asked, team, decision="allow"):
        """Answer Slack's question; where that leads back to."""
        fields = {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}
        url = asked.partition("?")[0]
        data = fields | {"team": team, "decision": decision}
        async with self.session.post(url, data=data, allow_redirects=False) as response:
            assert response.status == 302, await response.text()
            return response.headers["Location"]

    async def install(self, team, decision="allow"):
        return await self.get(await self.decide(await self.begin(), team, decision))


class House:
    """One app of Slack's, its workspaces, and the bot."""

    def __init__(self, slack, second, notes, store, port):
        self.slack, self.second, self.notes, self.store = slack, second, notes, store
        self.port = port
        self.keys = KEY
        self.catch_up = looking_back_never

    def looking_back(self):
        return self.catch_up()

    def make_bot(self):
        parts = Parts(
            api_url=self.slack.api_url,
            streaming="edit",
            bursts={},
            chat=self.notes,
            presses=self.notes.press,
            governor=Governor(time.monotonic),
            recall=Recall(),
            panel=make_panel(),
            reports=None,
            forgetting=make_forgetting(),
            languages=Languages(),
            access=Access(),
            catch_up=self.looking_back,
        )
        return DistributedBot(
            parts,
            address=Address("127.0.0.1", self.port, SIGNING_SECRET),
            client_id=OAuth.client_id,
            client_secret=OAuth.client_secret,
            installations=self.store.installations,
            vault=Vault(self.keys),
        )

    @asynccontextmanager
    async def working(self):
        bot = self.make_bot()
        await bot.start()
        running = asyncio.create_task(bot.run())
        try:
            yield bot
        finally:
            await bot.stop()
            async with asyncio.timeout(PATIENCE):
                await running

    async def tokens(self):
        return {one.workspace: one.token for one in await self.store.installations.all()}

    async def until_gone(self, team):
        async with asyncio.timeout(PATIENCE):
            while f"slack/{team}" in await self.tokens():
                await asyncio.sleep(0.01)


@pytest.fixture
async def house(tmp_path):
    port = free_port()
    slack = WatchedSlack(World(), events_url=f"http://127.0.0.1:{port}/slack/events")
    slack.deliveries.redelivery = (0.05,) * 40
    slack.oauth.redirect_url = f"http://127.0.0.1:{port}/slack/oauth_redirect"
    slack.workspace.installed = False
    second = slack.add_workspace(second_space(), second_app())
    await slack.start()
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", time.time)
    yield House(slack, second, Notes(), store, port)
    await store.close()
    await slack.stop()


@pytest.fixture
async def bot(house):
    async with house.working() as bot:
        yield bot


@pytest.fixture
async def browser(house):
    browser = Browser(house.slack, house.port)
    yield browser
    await browser.session.close()


async def test_a_workspace_that_installs_the_bot_is_answered_at_once(house, bot, browser):
    status, page = await browser.install(SECOND)
    house.second.say("U0DORA", "place", "@Parley hello")

    assert status == 200
    assert "Parley is in Second" in page
    question, _ = await house.notes.question()
    assert (question.text, question.conversation.workspace) == ("hello", SECOND)


async def test_each_workspace_has_its_own_identity_and_its_own_calls(house, bot, browser):
    await browser.install(FIRST)
    await browser.install(SECOND)
    house.slack.say("U0ADA", "general", "@Parley one")
    house.second.say("U0DORA", "place", "@Parley two")
    await house.notes.question(2)

    workspaces = {one.text: surface._workspace for one, surface in house.notes.taken}
    assert [workspaces[one].us.user for one in ("one", "two")] == ["U0PARLEY", "U0PARLEY2"]
    assert workspaces["one"].budgets.edit != workspaces["two"].budgets.edit
    assert workspaces["one"].memory is not workspaces["two"].memory


async def test_the_token_is_kept_encrypted(house, bot, browser):
    await browser.install(SECOND)

    (kept,) = (await house.tokens()).values()
    token = house.slack.teams.by_id(SECOND).app.bot_token
    assert token not in kept
    assert Vault(KEY).open(kept) == token


async def test_after_a_restart_it_is_in_all_its_workspaces(house, browser):
    async with house.working():
        await browser.install(FIRST)
        await browser.install(SECOND)
    async with house.working():
        house.slack.say("U0ADA", "general", "@Parley one")
        house.second.say("U0DORA", "place", "@Parley two")
        await house.notes.question(2)


async def test_one_whose_token_has_died_meanwhile_keeps_no_other_from_the_start(house, browser):
    async with house.working():
        await browser.install(FIRST)
        await browser.install(SECOND)
    house.slack.teams.by_id(FIRST).remove("token_revoked")
    async with house.working():
        house.second.say("U0DORA", "place", "@Parley two")
        await house.notes.question()

        await house.until_gone(FIRST)
        assert list(await house.tokens()) == [f"slack/{SECOND}"]


async def test_one_that_slack_does_not_tell_of_is_there_as_soon_as_it_does(house, browser):
    async with house.working():
        await browser.install(SECOND)
    house.slack.faults.add(Fault("auth.test", "status", status=503))
    async with house.working():
        house.second.say("U0DORA", "place", "@Parley two")
        await house.notes.question()


async def test_whoever_takes_the_bot_away_has_its_token_erased_and_the_others_go_on(
    house, bot, browser
):
    await browser.install(FIRST)
    await browser.install(SECOND)
    house.second.uninstall()

    await house.until_gone(SECOND)
    house.slack.say("U0ADA", "general", "@Parley still there?")
    await house.notes.question()
    assert bot.ready


async def test_to_a_workspace_in_which_something_unforeseen_happens_it_comes_again(
    house, bot, browser
):
    broken = []

    class Unforeseen(CatchUp):
        async def run(self, look):
            if not broken:
                broken.append(self)
                raise ZeroDivisionError
            await super().run(look)

    house.catch_up = lambda: Unforeseen(None, None, 0, time.time)
    await browser.install(SECOND)
    async with asyncio.timeout(PATIENCE):
        while not broken or not bot._presences:
            await asyncio.sleep(0.05)

    house.second.say("U0DORA", "place", "@Parley still there?")
    await house.notes.question()


async def test_a_token_that_is_refused_is_erased_without_an_event(house, bot, browser):
    await browser.install(SECOND)
    house.slack.teams.by_id(SECOND).remove("account_inactive")
    await bot.announce("C0PLACE", "hello")

    await house.until_gone(SECOND)


async def test_it_can_be_installed_again_after_it_was_taken_away(house, bot, browser):
    await browser.install(SECOND)
    house.second.uninstall()
    await house.until_gone(SECOND)
    status, _ = await browser.install(SECOND)
    house.second.say("U0DORA", "place", "@Parley again")

    assert status == 200
    question, _ = await house.notes.question()
    assert question.text == "again"


async def test_to_be_told_late_of_an_earlier_removal_takes_nothing_away(house, bot, browser):
    await browser.install(SECOND)
    house.second._tell("app_uninstalled", {"type": "app_uninstalled", "event_ts": "1.0"})
    await house.slack.post.until(1)
    house.second.say("U0DORA", "place", "@Parley hello")

    await house.notes.question()
    assert list(await house.tokens()) == [f"slack/{SECOND}"]


async def test_what_happens_where_it_is_not_installed_is_none_of_its_business(house, bot):
    house.slack.teams.by_id(SECOND).installed = True
    house.second.say("U0DORA", "place", "@Parley hello")

    assert await house.slack.post.until(1)
    assert not house.notes.taken


async def test_a_workspace_that_another_process_has_let_in_is_answered(house, bot):
    slack = house.slack.teams.by_id(SECOND)
    slack.installed = True
    sealed = Vault(KEY).seal(slack.app.bot_token)
    await house.store.installations.save(Installation(f"slack/{SECOND}", "Second", sealed))
    house.second.say("U0DORA", "place", "@Parley hello")

    await house.notes.question()


async def test_a_question_of_a_workspace_that_is_gone_is_not_resumed(house, bot):
    where = Conversation("slack", SECOND, "C0PLACE", "1.0")
    question = Question(where, "1.0", Author("U0DORA", "Dora"), "?", None, "#place")

    with pytest.raises(PlatformFailed, match=SECOND):
        await bot.revive(question, ())


async def test_who_said_no_is_told_that_nothing_has_changed(house, bot, browser):
    status, page = await browser.install(SECOND, "deny")

    assert status == 400
    assert "Nothing has changed" in page
    assert not await house.tokens()


async def test_the_way_back_is_of_the_browser_that_went_there(house, bot, browser):
    back = await browser.decide(await browser.begin(), SECOND)
    other = Browser(house.slack, house.port)
    status, page = await other.get(back)
    await other.session.close()

    assert status == 400
    assert "not begun in this browser" in page
    assert not await house.tokens()


async def test_the_way_back_can_be_gone_once(house, bot, browser):
    back = await browser.decide(await browser.begin(), SECOND)
    kept = next(iter(browser.session.cookie_jar))
    assert (await browser.get(back))[0] == 200
    browser.session.cookie_jar.update_cookies({kept.key: kept.value})

    status, page = await browser.get(back)
    assert status == 400
    assert "not begun in this browser" in page


async def test_a_code_that_slack_did_not_give_installs_nothing(house, bot, browser):
    back = await browser.decide(await browser.begin(), SECOND)

    status, page = await browser.get(re.sub("code=[^&]+", "code=guessed", back))
    assert status == 400
    assert "invalid_code" in page


def test_a_state_is_good_for_ten_minutes(monkeypatch):
    states = States(Vault(KEY))
    state, kept = states.new()
    began = time.time()

    monkeypatch.setattr(time, "time", lambda: began + LIFETIME + 2)
    assert not states.redeem(state, kept)
    monkeypatch.setattr(time, "time", lambda: began + LIFETIME - 2)
    assert states.redeem(state, kept)
    assert not states.redeem(state, kept)


def test_a_token_at_rest_is_no_state():
    vault = Vault(KEY)

    assert not States(vault).redeem(vault.seal("xoxb-1"), "xoxb-1")


async def test_a_whole_organisation_is_refused_and_the_token_is_given_back(house, bot, browser):
    house.slack.oauth.organisation = True
    status, page = await browser.install(SECOND)

    assert status == 400
    assert "Choose one of its workspaces" in page
    assert not await house.tokens()
    assert house.slack.teams.by_id(SECOND).void


async def test_a_wrong_client_secret_is_named_in_the_log_and_not_to_the_visitor(
    house, bot, browser, capsys, monkeypatch
):
    monkeypatch.setattr(house.slack.oauth, "client_secret", "another")
    status, page = await browser.install(SECOND)

    assert status == 400
    assert "SECRET" not in page
    assert "SLACK_CLIENT_SECRET" in capsys.readouterr().out


async def test_a_workspaces_name_is_no_markup(house, bot, browser):
    slack = house.slack.teams.by_id(SECOND)
    slack.app = replace(slack.app, team_name="<script>alert(1)</script>")
    status, page = await browser.install(SECOND)

    assert status == 200
    assert "<script" not in page


async def test_another_key_behind_the_new_one_is_enough_and_is_not_needed_again(house, browser):
    async with house.working():
        await browser.install(SECOND)
    house.keys = f"{OTHER}, {KEY}"
    async with house.working():
        pass
    house.keys = OTHER
    async with house.working():
        house.second.say("U0DORA", "place", "@Parley hello")
        await house.notes.question()


async def test_without_the_key_it_does_not_start_and_says_which_setting_it_is(house, browser):
    async with house.working():
        await browser.install(SECOND)
    house.keys = OTHER

    with pytest.raises(
        StartError, match="TOKEN_KEY does not open the token of the workspace Second"
    ):
        await house.make_bot().start()
