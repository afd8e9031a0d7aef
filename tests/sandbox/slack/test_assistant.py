"""What the app says of itself in a thread: statuses, titles, prompts, sessions."""

import asyncio

import pytest

from tests.sandbox.slack.conftest import refusal

GENERAL = "C0GENERAL"


async def test_a_status_is_shown_until_the_bot_posts(slack, client, world):
    signs = []
    world.slack.watch(lambda change: signs.append((change.what, change.note)))
    message = slack.say("ada", "general", "@Parley hi")
    at = {"channel_id": GENERAL, "thread_ts": message.id}
    await client.assistant_threads_setStatus(**at, status="is thinking…")
    await client.chat_postMessage(channel=GENERAL, thread_ts=message.id, text="x")

    shown = [note["text"] for what, note in signs if what == "status"]
    assert shown == ["is thinking…", ""]


async def test_a_status_goes_with_time(slack, client, world):
    slack.workspace.statuses.lifetime = 0.05
    gone = asyncio.Event()
    message = slack.say("ada", "general", "@Parley hi")
    at = {"channel_id": GENERAL, "thread_ts": message.id}
    await client.assistant_threads_setStatus(**at, status="is thinking…")
    world.slack.watch(lambda change: gone.set() if change.note.get("text") == "" else None)

    async with asyncio.timeout(5):
        await gone.wait()


@pytest.fixture
def at(slack):
    """A thread that somebody has started."""
    message = slack.say("ada", "general", "@Parley hi")
    return {"channel_id": GENERAL, "thread_ts": message.id}


async def test_an_empty_status_takes_the_sign_away(client, world, at):
    signs = []
    world.slack.watch(lambda change: signs.append(change.note))
    await client.assistant_threads_setStatus(**at, status="is thinking…")
    await client.assistant_threads_setStatus(**at, status="")

    assert [sign["text"] for sign in signs] == ["is thinking…", ""]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"channel_id": "C0QUIET"}, "not_in_channel"),
        ({"channel_id": "C0NOWHERE"}, "channel_not_found"),
        ({"thread_ts": "1.000000"}, "invalid_thread_ts"),
        ({"loading_messages": ["…"] * 11}, "invalid_arguments"),
    ],
)
async def test_a_status_that_breaks_a_rule_is_refused(client, at, change, code):
    call = client.assistant_threads_setStatus(**{**at, "status": "x", **change})
    assert await refusal(call) == code


async def test_a_thread_gets_a_title_and_prompts(serve, connect, world):
    slack, notes = await serve(view="assistant"), []
    client, root = connect(slack), slack.open_assistant("ada")
    at = {"channel_id": root.channel, "thread_ts": root.id}
    world.slack.watch(lambda change: notes.append((change.what, change.note)))
    prompts = [{"title": "Sum up", "message": "Sum this up, please."}]
    await client.assistant_threads_setTitle(**at, title="Greetings")
    await client.assistant_threads_setSuggestedPrompts(**at, prompts=prompts)

    assert [what for what, _ in notes] == ["assistant", "assistant"]
    assert (notes[0][1]["title"], notes[1][1]["prompts"]) == ("Greetings", prompts)
    for wrong in ([], prompts * 5, [{"title": "no message"}]):
        call = client.assistant_threads_setSuggestedPrompts(**at, prompts=wrong)
        assert await refusal(call) == "invalid_arguments"


async def test_an_agent_offers_prompts_in_no_thread_or_nobody_sees_them(client, world, at):
    notes = []
    world.slack.watch(lambda change: notes.append(change.note))
    prompts = [{"title": "Sum up", "message": "Sum this up, please."}]
    await client.assistant_threads_setSuggestedPrompts(**at, prompts=prompts)
    assert notes == []
    channel = at["channel_id"]
    await client.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=prompts)
    assert notes == [{"thread": "", "prompts": prompts}]


async def test_a_session_has_one_of_four_statuses(client, at):
    for status in ("processing", "active", "suspended", "closed"):
        assert (await client.agents_sessions_setStatus(**at, status=status))["status"] == status
    wrong = client.agents_sessions_setStatus(**at, status="asleep")
    assert await refusal(wrong) == "invalid_arguments"


async def test_without_the_event_nobody_can_stop_a_session(serve, connect):
    slack = await serve(events=frozenset({"app_mention"}))
    message = slack.say("ada", "general", "@Parley hi")
    answer = await connect(slack).agents_sessions_setStatus(
        channel_id=GENERAL, thread_ts=message.id, status="processing"
    )

    assert answer["warning"] == "missing_agent_session_stopped_event_subscription"
