"""Faults that are pressed on the page, and the budgets that it shows, with requests as a bot's."""

import asyncio
import json

import aiohttp
import pytest

from sandbox.discord import DiscordServer
from sandbox.limits import Standing
from sandbox.model import ModelServer
from sandbox.page import Acts, Backstage, Model, PageServer, Wish, troubles
from sandbox.page.gauges import KEPT, Gauges
from sandbox.page.troubles import KINDS, MODEL_KINDS, MOST
from sandbox.slack import SlackServer
from sandbox.world import World


class House:
    """The sandbox without a bot, and a browser that listens."""

    def __init__(self):
        self.world = World()
        self.slack, self.discord = SlackServer(self.world), DiscordServer(self.world)
        self.model = ModelServer(rate=10_000, first_token=0)
        backstage = Backstage(self.world, self.slack, self.discord, self.model)
        acts = Acts(self.slack, self.discord)
        self.page = PageServer(self.world, acts, Model(), backstage)
        self.servers = (self.slack, self.discord, self.model, self.page)

    async def press(self, act, **values):
        async with self.http.post(f"{self.page.url}/do/{act}", json=values) as response:
            return response.status, (await response.json()).get("sentence", "")

    async def call_slack(self, method="auth.test", **values):
        headers = {"Authorization": "Bearer xoxb-sandbox"}
        url = f"{self.slack.api_url}{method}"
        async with self.http.post(url, json=values, headers=headers) as response:
            return response.status

    async def call_discord(self, path="/channels/2001/typing"):
        headers = {"Authorization": "Bot discord-sandbox-token"}
        async with self.http.post(f"{self.discord.api_url}{path}", headers=headers) as response:
            return response.status

    async def ask(self):
        body = {"model": self.model.models[0], "stream": True}
        body["messages"] = [{"role": "user", "content": "code"}]
        headers = {"Authorization": f"Bearer {self.model.key}"}
        url = f"{self.model.base_url}/chat/completions"
        async with self.http.post(url, json=body, headers=headers) as response:
            return response.status, await response.text()

    async def world_told(self):
        """What a page is told that is opened now."""
        async with self.http.get(f"{self.page.url}/live") as response:
            return json.loads((await response.content.readline()).removeprefix(b"data: "))

    async def backstage(self):
        return (await self.world_told())["backstage"]


@pytest.fixture
async def house():
    house = House()
    for server in house.servers:
        await server.start()
    async with aiohttp.ClientSession() as house.http:
        yield house
    for server in reversed(house.servers):
        await server.stop()


TYPING = {"where": "discord", "call": "POST typing", "kind": "rate_limit"}
POSTING = {"where": "slack", "call": "chat.postMessage", "kind": "status", "span": "1"}


async def test_a_fault_strikes_as_often_as_was_chosen_and_is_off_then(house):
    await house.press("faults/add", **TYPING, span="3")
    assert [await house.call_discord() for _ in range(2)] == [429, 429]
    (on,) = (await house.backstage())["faults"]
    assert (on["struck"], on["left"], on["ends"]) == (2, 1, None)
    assert [await house.call_discord() for _ in range(2)] == [429, 204]

    assert (await house.backstage())["faults"] == []


async def test_a_fault_for_some_seconds_tells_how_many_are_left_and_can_be_switched_off(house):
    await house.press("faults/add", **TYPING, span="60s")
    assert await house.call_discord() == 429
    (on,) = (await house.backstage())["faults"]
    assert 50 < on["ends"] <= 60
    await house.press("faults/remove", id=on["id"])

    assert await house.call_discord() == 204
    assert (await house.backstage())["faults"] == []


async def test_each_of_the_calls_of_a_platform_can_fail_at_once(house):
    await house.press("faults/add", **POSTING | {"call": "*"})

    assert await house.call_slack("chat.update") == 503
    assert await house.call_slack("chat.postMessage") == 503
    assert await house.call_slack("auth.test") == 200


async def test_all_faults_that_are_offered_can_be_switched_on(house):
    offered = (await house.backstage())["choices"]
    assert list(offered["kinds"]["slack"]) == list(KINDS)
    assert list(offered["kinds"]["model"]) == list(MODEL_KINDS)
    for where, kinds in offered["kinds"].items():
        for kind in kinds:
            call = next(iter(offered["calls"][where]), "")
            add = {"where": where, "call": call, "kind": kind, "span": "1"}
            assert await house.press("faults/add", **add) == (200, ""), (where, kind)


@pytest.mark.parametrize("kind", ["status", "rate_limit"])
async def test_the_model_refuses_when_it_is_made_to(house, kind):
    await house.press("faults/add", where="model", kind=kind, span="1")

    assert (await house.ask())[0] in (429, 500)
    assert (await house.ask())[0] == 200


async def test_the_models_stream_ends_in_the_middle_when_it_is_made_to(house):
    await house.press("faults/add", where="model", kind="end", span="1")

    assert "[DONE]" not in (await house.ask())[1]
    assert "[DONE]" in (await house.ask())[1]


async def test_what_cannot_go_wrong_is_refused_in_a_sentence(house):
    for act, values in {
        "faults/add": POSTING | {"kind": "fire"},
        "faults/break": {"line": "slack/burn"},
        "faults/dance": {},
        "bot/praise": {},
    }.items():
        status, sentence = await house.press(act, **values)

        assert status == 409, act
        assert sentence.endswith(".")
    for _ in range(MOST):
        await house.press("faults/add", **POSTING)
    assert (await house.press("faults/add", **POSTING))[0] == 409


async def test_what_is_wanted_of_the_bot_is_passed_on(house):
    for wish in Wish:
        await house.press(f"bot/{wish}")

    assert [house.page.wishes.get_nowait() for _ in Wish] == list(Wish)


async def test_the_gauges_show_what_is_left_and_what_was_refused(house):
    for _ in range(6):
        await house.call_discord()
    for _ in range(2):
        await house.call_slack("users.info", user="U0ADA")
    gauges = {(one["space"], one["call"]): one for one in (await house.backstage())["gauges"]}

    typing, info = gauges["discord", "typing"], gauges["slack", "users.info"]
    assert (typing["left"], typing["of"], typing["refused"]) == (0, 5, 1)
    assert typing["place"] == "#general"
    assert 0 < typing["resets"] <= 5
    assert 58 <= info["left"] < 59
    assert info["of"] == 60
    assert info["refused"] == 0
    assert gauges["discord", "all together"]["of"] == 50


async def test_a_refusal_that_was_made_up_counts_too(house):
    await house.press("faults/add", **POSTING | {"kind": "rate_limit"})
    await house.call_slack("chat.postMessage", channel="C0GENERAL", text="x")
    (gauge,) = (await house.backstage())["gauges"]

    assert (gauge["call"], gauge["refused"]) == ("chat.postMessage", 1)


async def test_an_answer_of_the_models_is_measured_from_its_first_word(house):
    await house.ask()
    (answer,) = (await house.backstage())["lag"]

    assert answer["state"] == "sent"
    assert answer["behind"] == answer["sent"] > 100


async def test_of_all_budgets_those_used_last_are_kept():
    gauges = Gauges(World().slack, lambda _: None)
    for number in range(KEPT + 5):
        gauges.counted(Standing("chat.update", (str(number),), 1, 1))

    assert len(gauges.all()) == KEPT
    assert gauges.all()[-1]["id"] == f"chat.update {KEPT + 4}"


async def test_where_a_real_model_answers_its_lag_cannot_be_measured_nor_can_it_fail():
    world = World()
    slack, discord = SlackServer(world), DiscordServer(world)
    shown = Backstage(world, slack, discord, None).all()

    assert not shown["measured"]
    assert "model" not in shown["choices"]["kinds"]


async def test_a_fault_ends_by_itself_when_its_time_is_over(house, monkeypatch):
    monkeypatch.setitem(troubles.SPANS, "5s", ("a moment", -1, 0.05))
    await house.press("faults/add", **TYPING, span="5s")
    async with asyncio.timeout(5):
        while (await house.backstage())["faults"]:
            await asyncio.sleep(0.01)

    assert await house.call_discord() == 204
