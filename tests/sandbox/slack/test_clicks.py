"""Buttons, menus and shortcuts, with a real Bolt app."""

import asyncio

import pytest

GENERAL = "C0GENERAL"


def button(action_id="stop", value="v1"):
    label = {"type": "plain_text", "text": "Stop"}
    return {"type": "button", "action_id": action_id, "text": label, "value": value}


def with_buttons(*elements):
    return [
        {"type": "markdown", "text": "An **answer**."},
        {"type": "actions", "block_id": "controls", "elements": list(elements)},
    ]


@pytest.fixture
def clicks(on):
    """The clicks that the app acknowledged."""
    taken = asyncio.Queue()

    async def stop(ack, body, respond):
        await ack()
        await taken.put((body, respond))

    on("action", "stop", stop)
    return taken


async def test_a_button_tells_who_pressed_what_where(slack, client, clicks):
    question = slack.say("ada", "general", "@Parley hi")
    answer = await client.chat_postMessage(
        channel=GENERAL, thread_ts=question.id, text="x", blocks=with_buttons(button())
    )
    await slack.press("ben", "general", answer["ts"], "stop")
    body, _ = await clicks.get()

    (action,) = body["actions"]
    assert (action["value"], action["block_id"]) == ("v1", "controls")
    assert body["user"]["id"] == "U0BEN"
    assert body["container"]["thread_ts"] == question.id
    assert body["message"]["ts"] == answer["ts"]


async def test_a_click_can_replace_its_message(slack, client, clicks, world):
    answer = await client.chat_postMessage(channel=GENERAL, text="x", blocks=with_buttons(button()))
    await slack.press("ben", "general", answer["ts"], "stop")
    _, respond = await clicks.get()
    await respond("Stopped.", replace_original=True)

    message = world.slack.message(GENERAL, answer["ts"])
    assert (message.text, message.payload.get("blocks")) == ("Stopped.", None)


async def test_an_ephemeral_message_has_buttons_but_is_not_shown_to_the_app(slack, client, clicks):
    sent = await client.chat_postEphemeral(
        channel=GENERAL, user="U0ADA", text="x", blocks=with_buttons(button())
    )
    await slack.press("ada", "general", sent["message_ts"], "stop")
    body, _ = await clicks.get()

    assert body["container"]["is_ephemeral"] is True
    assert "message" not in body
    with pytest.raises(PermissionError):
        await slack.press("ben", "general", sent["message_ts"], "stop")


async def test_menus_and_feedback_say_what_was_chosen(slack, client, clicks):
    def label(words):
        return {"type": "plain_text", "text": words}

    options = [{"text": label(n), "value": n} for n in ("one", "two")]
    menu = {"type": "static_select", "action_id": "stop", "options": options}
    thumbs = {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "stop",
                "positive_button": {"text": label("Good"), "value": "up"},
                "negative_button": {"text": label("Bad"), "value": "down"},
            }
        ],
    }
    chosen = []
    for blocks, value in ((with_buttons(menu), "two"), ([thumbs], "down")):
        sent = await client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks)
        await slack.press("ada", "general", sent["ts"], "stop", value)
        chosen.append((await clicks.get())[0]["actions"][0])

    assert chosen[0]["selected_option"]["value"] == "two"
    assert (chosen[1]["type"], chosen[1]["value"]) == ("feedback_buttons", "down")


async def test_a_button_that_is_not_there_cannot_be_pressed(slack, client, bot):
    sent = await client.chat_postMessage(channel=GENERAL, text="x", blocks=with_buttons(button()))
    with pytest.raises(LookupError):
        await slack.press("ada", "general", sent["ts"], "go")


async def test_a_shortcut_brings_its_message(slack, on):
    taken = asyncio.Queue()

    async def about(ack, shortcut):
        await ack()
        await taken.put(shortcut)

    on("shortcut", "ask_about", about)
    message = slack.say("ada", "general", "what is this?")
    await slack.shortcut("ben", "general", message.id, "ask_about")
    shortcut = await taken.get()

    assert (shortcut["user"]["id"], shortcut["message"]["text"]) == ("U0BEN", "what is this?")
