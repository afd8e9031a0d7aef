"""Nobody asks for more than the team allowed, and whoever meets a limit knows why."""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial

import pytest
import pytest_asyncio

from core.controls import Control
from core.prices import NANO
from core.tokens import Tokenizer
from sandbox.faults import Fault
from sandbox.model import Answer, Cut, Stall, pieces_of
from tests.e2e.conftest import opened
from tests.e2e.places import DiscordPlace, SlackPlace, read_discord, read_slack, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRICES = """
[models."gpt-4o-mini"]
input = 150
output = 600
"""

LIMITS = """
contact = "Ada in #help"

[[budget]]
for = "person"
id = "slack/T0SANDBOX/U0BEN"
usd = 0

[[budget]]
for = "person"
id = "discord/1002"
usd = 0
"""

OF_GROUPS = """
[[budget]]
for = "group"
id = "slack/T0SANDBOX/groups/S0CREW"
tokens = 1

[[budget]]
for = "group"
id = "slack/T0SANDBOX/groups/S0GONE"
tokens = 0

[[budget]]
for = "role"
id = "discord/4000/roles/4002"
tokens = 1
"""

SPENT = "Your budget for today is used up. It begins anew in "
ASK = "If you need more before that, ask Ada in #help."


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory):
    """A town where everybody may spend a lot, but Ben nothing."""
    folder = tmp_path_factory.mktemp("town")
    (folder / "prices.toml").write_text(PRICES)
    (folder / "limits.toml").write_text(LIMITS)
    tokenizer = await Tokenizer.load("gpt-4o-mini")
    async with opened(folder) as town:
        town.model.count = tokenizer.count
        town.model.models = ("gpt-4o-mini", "gpt-4o")
        settings = {
            "PRICES_FILE": str(folder / "prices.toml"),
            "LIMITS_FILE": str(folder / "limits.toml"),
            "BUDGET_USD_PER_DAY": "off",
            "BUDGET_USD_PER_PERSON_PER_DAY": "500",
            "OPENAI_FALLBACK_MODELS": "gpt-4o",
        }
        async with town.bot(**settings) as bot:
            yield town
    assert bot.process.returncode == 0
    assert "Traceback" not in bot.said, bot.said
    assert "person (slack/U0BEN): 0.00 USD a day" in bot.said
    assert "person (each): 500.00 USD a day" in bot.said


def texts(seen):
    return [one.text for one in seen]


def complete(seen):
    return bool(seen) and Control.WHY in seen[-1].controls and Control.STOP not in seen[-1].controls


def ledger(town, what):
    with closing(sqlite3.connect(town.folder / "data" / "parley.db")) as database:
        return database.execute(what).fetchall()


async def settled(town):
    """Once nothing is reserved any more, every call is written down."""
    async with asyncio.timeout(10):
        while ledger(town, "SELECT 1 FROM reservations"):
            await asyncio.sleep(0.02)


async def test_whose_budget_is_used_up_is_told_when_it_begins_anew_and_whom_to_ask(place, model):
    room, before = place.room(), len(model.requests)
    place.mention(place.ben, "may I?", room)
    await until(place.space, lambda: place.whispers(room, place.ben))

    (told,) = place.whispers(room, place.ben)
    assert told.startswith(SPENT)
    assert told.endswith(ASK)
    assert len(model.requests) == before


async def test_no_way_to_ask_goes_around_a_budget(place, model):
    before = len(model.requests)
    command = await place.ask(place.ben, "a secret?")
    seen = await command.until(lambda seen: any(SPENT in one.notice for one in seen))
    assert {one.only_for for one in seen} == {place.ben}
    await place.direct(place.ben, "here?").until(
        lambda seen: any(SPENT in one.notice for one in seen)
    )

    assert len(model.requests) == before


async def test_try_again_is_paid_for_by_whoever_asked(place, model, inhabited):
    model.enqueue(Answer(("One.",)), Answer(("Two.",)))
    talk = place.mention(place.ada, "why?")
    await talk.until(complete)
    await talk.press(place.ada, Control.RETRY)
    await talk.until(lambda seen: texts(seen) == ["Two."] and complete(seen))
    await settled(inhabited)

    paid = ledger(inhabited, "SELECT person FROM model_calls ORDER BY id DESC LIMIT 2")
    assert paid == [(f"{place.name}/{place.ada}",)] * 2


async def test_why_this_answer_tells_what_it_cost(place, model, inhabited):
    model.enqueue("It depends.")
    talk = place.mention(place.ada, "why?")
    await talk.until(complete)
    await settled(inhabited)
    ((cost, prompt, answer),) = ledger(
        inhabited,
        "SELECT cost, prompt_tokens, completion_tokens FROM model_calls ORDER BY id DESC LIMIT 1",
    )
    told = await talk.press(place.ada, Control.WHY)

    assert cost == prompt * 150_000 + answer * 600_000
    assert f"Cost: {cost / NANO:.2f}"[:8] in told


async def test_the_ledger_says_what_the_model_has_counted(place, model, inhabited):
    """Over retries, stops, broken streams, stand-ins, and answers without figures."""
    await settled(inhabited)
    before, row = (
        len(model.requests),
        ledger(inhabited, "SELECT coalesce(max(id), 0) FROM model_calls")[0][0],
    )
    words = pieces_of("So many words, and then some more of them. " * 20)
    model.enqueue(
        Answer(words),
        Answer(status=500, code="server_error"),
        Answer(words),
        Answer((*words, Cut())),
        Answer(words, usage=False),
        Answer((*words, Stall())),
    )
    for number in range(4):
        talk = place.mention(place.ada, f"question {number}? " + "Think well. " * 50)
        await talk.until(complete)
    gone = Fault(
        "chat.completions",
        "status",
        status=503,
        times=-1,
        only_if=lambda body: body["model"] == "gpt-4o-mini",
    )
    inhabited.model.faults.add(gone)
    talk = place.mention(place.ada, "the last one")
    await talk.until(lambda seen: any(one.text.endswith("of them.") for one in seen))
    talk.say(place.ada, "stop")  # with many answers in a row there may be no button
    await model.requests[-1].wait_ended()
    await settled(inhabited)
    inhabited.model.faults.clear()

    asked = list(model.requests)[before:]
    counted = [one.usage for one in asked if one.usage]
    prompt, answer, exact = ledger(
        inhabited,
        "SELECT sum(prompt_tokens), sum(completion_tokens), sum(estimated = 0) FROM model_calls"
        f" WHERE id > {row}",
    )[0]
    assert len(counted) == 5
    assert exact == 2 + sum(one.status >= 400 for one in asked)  # those that ended well, or cost 0
    assert prompt == pytest.approx(sum(one.prompt for one in counted), rel=0.03)
    assert answer == pytest.approx(sum(one.completion for one in counted), rel=0.03)


def places(town):
    return [
        SlackPlace(town.slack, town.world.slack),
        DiscordPlace(town.discord, town.world.discord),
    ]


async def test_a_groups_budget_holds_for_its_members_alone(tmp_path):
    """Also where another group that has a budget does not exist any more."""
    (tmp_path / "limits.toml").write_text(OF_GROUPS)
    limits = {"LIMITS_FILE": str(tmp_path / "limits.toml")}
    async with opened(tmp_path) as town, town.bot(**limits):
        town.slack.workspace.groups["S0CREW"] = ("crew", frozenset({SlackPlace.ada}))
        for place, whose in zip(places(town), ("group", "role"), strict=True):
            room = place.room()
            place.mention(place.ada, "may we?", room)
            await until(place.space, partial(place.whispers, room, place.ada))
            (told,) = place.whispers(room, place.ada)
            assert f"The budget of your {whose} for today" in told
            town.model.enqueue("You may.")
            talk = place.mention(place.ben, "may I?", room)
            await talk.until(lambda seen: texts(seen) == ["You may."])

        assert len(town.model.requests) == 2


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_the_operator_is_told_in_the_channel_of_their_choice(tmp_path, platform):
    (tmp_path / "prices.toml").write_text(PRICES)
    read = {"slack": read_slack, "discord": read_discord}[platform]

    def told():
        return [read(one).notice for one in place.space.messages(room)]

    async with opened(tmp_path) as town:
        (place,) = (one for one in places(town) if one.name == platform)
        room = place.room()
        settings = {
            "PRICES_FILE": str(tmp_path / "prices.toml"),
            "BUDGET_USD_PER_DAY": "2.7",
            "BUDGET_USD_PER_PERSON_PER_DAY": "off",
            "ALERT_CHANNEL": f"{platform}/{room}",
        }
        async with town.bot(**settings):
            town.model.enqueue(Answer(pieces_of("word " * 3600)))
            place.mention(place.ada, "much?")
            await until(place.space, lambda: len(told()) == 1)
            place.mention(place.ada, "more?")
            await until(place.space, lambda: len(told()) == 2)

    assert told()[0].startswith("80 % of a budget are used")
    assert told()[1].startswith("A budget has too little left")
    assert "deployment, for the day that began on" in told()[0]
