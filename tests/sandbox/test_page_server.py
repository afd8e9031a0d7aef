"""The sandbox's page, spoken to as a browser would, without one."""

import asyncio
import json

import aiohttp
import pytest

from sandbox.discord import DiscordServer
from sandbox.model.words import WORDS
from sandbox.page import Acts, Backstage, Bot, Model, PageServer
from sandbox.page.assistant import Assistant
from sandbox.page.feed import Feed
from sandbox.slack import SlackServer
from sandbox.world import Change, Kind, World


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def page(world):
    slack, discord = SlackServer(world), DiscordServer(world)
    page = PageServer(world, Acts(slack, discord), Model(), Backstage(world, slack, discord, None))
    for server in (slack, discord, page):
        await server.start()
    yield page
    for server in (page, discord, slack):
        await server.stop()


@pytest.fixture
async def browser(page):
    async with aiohttp.ClientSession(page.url) as browser:
        yield browser


class Stream:
    """The page's stream of news, read event by event."""

    def __init__(self, response):
        self.response = response

    async def next(self):
        async with asyncio.timeout(5):
            while not (line := await self.response.content.readline()).startswith(b"data: "):
                assert line, "the stream has ended"
            return json.loads(line.removeprefix(b"data: "))


@pytest.fixture
async def live(browser):
    async with browser.get("/live") as response:
        yield Stream(response)


async def do(browser, act, **values):
    async with browser.post(f"/do/{act}", json=values) as response:
        return response.status, await response.json()


async def test_a_reader_gets_the_whole_world_first_and_then_what_changes(live, browser, world):
    first = await live.next()
    await do(browser, "slack/say", person="Ada", channel="general", text="Hello <world>")
    then = await live.next()

    assert {one["name"] for one in first["spaces"]["discord"]["people"]} >= {"Ada", "Parley"}
    assert first["bot"]["state"] == "starting"
    assert then["kind"] == "message"
    assert then["message"]["text"] == "Hello &lt;world&gt;"
    world.slack.delete(then["channel"], then["message"]["id"])
    assert (await live.next())["kind"] == "gone"


async def test_statuses_typing_and_new_channels_are_told(live, browser, world):
    await live.next()
    await do(browser, "discord/post", person="1001", channel="2003", title="Leases", text="What?")
    seen = [await live.next(), await live.next()]

    assert {news["kind"] for news in seen} == {"channel", "message"}
    thread = next(n["channel"] for n in seen if n["kind"] == "channel")
    assert (thread["name"], thread["kind"]) == ("Leases", Kind.THREAD)


async def test_the_bots_state_is_told_to_all_who_have_the_page_open(live, page):
    await live.next()
    page.show_bot(Bot("stopped", "The bot has stopped."))

    assert (await live.next())["bot"]["sentence"] == "The bot has stopped."


async def test_the_page_lists_the_words_of_the_stand_in_or_names_the_real_model(live):
    assert [w["name"] for w in (await live.next())["model"]["words"]] == [w.name for w in WORDS]
    assert Model("llama").as_json() == {"name": "llama", "words": []}


@pytest.mark.parametrize("name", ["", "page.js", "page.css", "icon.svg", "blocks.js"])
async def test_the_pages_files_are_served_and_may_run_nothing_foreign(browser, name):
    async with browser.get(f"/{name}") as response:
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/server.py", "/../run.py", "/nothing.js", "/__init__.py"])
async def test_nothing_but_the_page_is_served(browser, path):
    async with browser.get(path) as response:
        assert response.status == 404


async def test_other_sites_pages_can_neither_read_nor_act(browser, page, world):
    foreign = {"Origin": "https://example.com"}
    async with browser.post("/do/slack/say", json={}, headers=foreign) as response:
        assert response.status == 403
    async with browser.get("/live", headers={"Host": "example.com"}) as response:
        assert response.status == 403
    async with browser.post("/do/slack/say", data='{"person": "Ada"}') as response:
        assert response.status == 415
    assert list(world.slack.messages("C0GENERAL")) == []


async def test_what_a_person_may_not_do_is_refused_in_a_sentence(browser, world):
    for name, values in {
        "slack/say": {"person": "Ada", "channel": "nowhere", "text": "x"},
        "slack/edit": {"person": "Ada", "channel": "general", "message": "1.2", "text": "x"},
        "discord/say": {"person": "1001", "channel": "2003", "text": "x"},
        "discord/command": {"person": "1001", "channel": "2001", "name": "/nothing"},
        "slack/command": {"person": "Ada", "channel": "general", "name": "/nothing"},
        "slack/dance": {"person": "Ada"},
        "discord/delete": {"person": "1001", "channel": "2001", "message": "1"},
        "slack/press": {"person": ["Ada"]},
    }.items():
        status, body = await do(browser, name, **values)

        assert status == 409, name
        assert body["sentence"].endswith((".", "”.")), body


async def test_people_change_only_what_is_their_own(browser, world):
    said = world.discord.post("2001", "1002", "mine")

    status, _ = await do(
        browser, "discord/edit", person="1001", channel="2001", message=said.id, text="yours"
    )

    assert status == 409
    assert world.discord.message("2001", said.id).text == "mine"


async def test_what_is_not_json_is_refused(browser):
    headers = {"Content-Type": "application/json"}
    async with browser.post("/do/slack/say", data="{", headers=headers) as response:
        assert response.status == 400
    async with browser.post("/do/slack/say", data="[]", headers=headers) as response:
        assert response.status == 409


async def test_commands_can_be_completed_before_any_bot_is_there(browser):
    async with browser.get("/commands") as response:
        found = await response.json()

    assert found["slack"][0]["name"] == "/ask"
    assert found["discord"] == []


async def test_a_slow_reader_gets_the_latest_of_each_thing_where_the_first_stood():
    feed = Feed()
    feed.add("a", {"n": 1})
    feed.add("b", {"n": 2})
    feed.add("a", {"n": 3})

    assert await feed.take() == [{"n": 3}, {"n": 2}]


async def test_a_reader_who_leaves_is_forgotten(browser, page):
    async with browser.get("/live") as response:
        await Stream(response).next()
        assert len(page._feeds) == 1
        response.close()
        async with asyncio.timeout(5):
            while page._feeds:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(("side", "channel"), [("slack", "general"), ("discord", "2001")])
async def test_files_can_be_sent_without_a_word(browser, world, side, channel):
    file = {"name": "a.txt", "type": "text/plain", "data": "aGVsbG8="}
    person = "Ada" if side == "slack" else "1001"
    done = await do(browser, f"{side}/say", person=person, channel=channel, text="", files=[file])
    space = getattr(world, side)
    (said,) = [
        one for place in space.channels for one in space.messages(place) if one.id == done[1]["id"]
    ]

    (sent,) = said.payload["files" if side == "slack" else "attachments"]
    assert sent["size"] == 5


async def test_a_file_that_did_not_come_whole_is_refused(browser):
    file = {"name": "a.txt", "type": "text/plain", "data": "aGVsb"}
    status, told = await do(
        browser, "slack/say", person="Ada", channel="general", text="x", files=[file]
    )

    assert (status, told["sentence"]) == (409, "a.txt did not come whole.")


async def test_what_slack_shows_of_an_agent_is_told_to_pages_that_come_later(world):
    def tell(**note):
        world.slack.tell(Change("assistant", "slack", "D0ADA", note=note))

    assistant = Assistant()
    heard = []
    world.slack.watch(lambda change: heard.append(assistant.heard(change)))
    tell(thread="", prompts=[{"title": "Help", "message": "What can you do?"}])
    tell(thread="1.0", title="A lease")
    tell(thread="1.0", session="processing", title="")
    (stands,) = assistant.all()

    assert heard[-1] == stands
    assert stands["prompts"] == [{"title": "Help", "message": "What can you do?"}]
    assert (stands["titles"], stands["working"]) == ({"1.0": "A lease"}, ["1.0"])
    tell(thread="1.0", session="active", title="")
    assert assistant.all()[0]["working"] == []
