"""Modals and the home tab, with a real Bolt app."""

import asyncio

import pytest

from tests.sandbox.slack.conftest import refusal

MODAL = {
    "type": "modal",
    "callback_id": "settings",
    "title": {"type": "plain_text", "text": "Settings"},
    "submit": {"type": "plain_text", "text": "Save"},
    "blocks": [
        {
            "type": "input",
            "block_id": "prompt",
            "label": {"type": "plain_text", "text": "Prompt"},
            "element": {
                "type": "plain_text_input",
                "action_id": "text",
                "initial_value": "Be kind.",
            },
        }
    ],
}


@pytest.fixture
async def trigger(slack, on):
    taken = asyncio.Queue()

    async def parley(ack, command):
        await ack()
        await taken.put(command["trigger_id"])

    on("command", "/parley", parley)
    await slack.command("ada", "general", "/parley", "settings")
    return await taken.get()


async def test_a_modal_is_opened_filled_in_and_closed(slack, client, on, trigger):
    taken = asyncio.Queue()

    async def settings(ack, view):
        await taken.put(view["state"]["values"])
        bad = view["state"]["values"]["prompt"]["text"]["value"] == "bad"
        await (ack(response_action="errors", errors={"prompt": "No."}) if bad else ack())

    on("view", "settings", settings)
    opened = await client.views_open(trigger_id=trigger, view=MODAL)
    view = opened["view"]["id"]

    refused = await slack.submit("ada", view, {"prompt": "bad"})
    assert refused == {"response_action": "errors", "errors": {"prompt": "No."}}
    assert await slack.submit("ada", view) == {}
    entered = [await taken.get(), await taken.get()]
    assert [values["prompt"]["text"]["value"] for values in entered] == ["bad", "Be kind."]
    with pytest.raises(LookupError):
        await slack.submit("ada", view)


async def test_a_trigger_opens_one_modal_within_three_seconds(slack, client, clock, trigger):
    assert await client.views_open(trigger_id=trigger, view=MODAL)
    again = client.views_open(trigger_id=trigger, view=MODAL)
    assert await refusal(again) == "exchanged_trigger_id"
    assert await refusal(client.views_open(trigger_id="1.2.x", view=MODAL)) == "invalid_trigger_id"


async def test_a_trigger_grows_old(client, clock, trigger):
    clock.tick(3.1)
    late = client.views_open(trigger_id=trigger, view=MODAL)
    assert await refusal(late) == "expired_trigger_id"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "home"},
        {"blocks": "none"},
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"title": None},
        {"submit": None},
        {"callback_id": "x" * 256},
        {"private_metadata": "x" * 3001},
        {"blocks": [{"type": "divider"}] * 101},
    ],
)
async def test_a_modal_that_breaks_a_rule_is_refused(client, trigger, change):
    view = {name: value for name, value in (MODAL | change).items() if value is not None}
    code = await refusal(client.views_open(trigger_id=trigger, view=view))
    assert code in ("invalid_arguments", "invalid_blocks")


async def test_a_view_is_updated_unless_it_changed_since(client, trigger):
    view = (await client.views_open(trigger_id=trigger, view=MODAL))["view"]
    await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)

    old = client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    assert await refusal(old) == "hash_conflict"
    assert await refusal(client.views_update(view_id="V0NONE", view=MODAL)) == "not_found"


async def test_a_home_tab_is_published_and_opened(slack, client, bot):
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    first = await client.views_publish(user_id="U0ADA", view=home)
    second = await client.views_publish(user_id="U0ADA", view=home)
    assert first["view"]["id"] == second["view"]["id"]

    slack.open_home("ada")
    event = await bot.event()
    assert (event["type"], event["user"], event["channel"]) == ("app_home_opened", "U0ADA", "D0ADA")
