"""Messages of the app: what Slack takes, what it refuses, what it keeps."""

import pytest

from tests.sandbox.slack.conftest import refusal

GENERAL = "C0GENERAL"
STOP = {
    "type": "actions",
    "elements": [
        {"type": "button", "action_id": "stop", "text": {"type": "plain_text", "text": "Stop"}}
    ],
}


def markdown(words):
    return [{"type": "markdown", "text": words}]


async def test_a_post_stands_in_its_thread(slack, client, world):
    question = slack.say("ada", "general", "@Parley hi")
    answer = await client.chat_postMessage(channel=GENERAL, thread_ts=question.id, text="Hello.")

    message = world.slack.message(GENERAL, answer["ts"])
    assert (message.author, message.text, message.thread) == ("U0PARLEY", "Hello.", question.id)
    assert answer["message"]["bot_id"] == "B0PARLEY"
    assert answer["message"]["parent_user_id"] == "U0ADA"


async def test_markdown_blocks_come_back_translated(client, world):
    answer = await client.chat_postMessage(
        channel=GENERAL, text="short", blocks=[*markdown("**Hello**"), STOP]
    )

    kinds = [block["type"] for block in answer["message"]["blocks"]]
    assert kinds == ["rich_text", "actions"]
    kept = world.slack.message(GENERAL, answer["ts"])
    assert kept.payload["blocks"] == answer["message"]["blocks"]
    assert kept.text == "short"


async def test_blocks_alone_have_a_text_that_says_nothing(client):
    answer = await client.api_call(
        "chat.postMessage", json={"channel": GENERAL, "blocks": markdown("x")}
    )
    assert answer["message"]["text"] == "This content can't be displayed."


async def test_markdown_text_excludes_text_and_blocks(client):
    answer = await client.chat_postMessage(channel=GENERAL, markdown_text="**x**")
    assert answer["message"]["text"] == "x"

    both = client.chat_postMessage(channel=GENERAL, markdown_text="x", text="y")
    assert await refusal(both) == "markdown_text_conflict"
    long = client.chat_postMessage(channel=GENERAL, markdown_text="x" * 12_001)
    assert await refusal(long) == "msg_too_long"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"text": "x"}, "invalid_arguments"),
        ({"channel": GENERAL}, "no_text"),
        ({"channel": GENERAL, "text": ""}, "no_text"),
        ({"channel": GENERAL, "text": {"a": 1}}, "invalid_arguments"),
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": GENERAL, "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": GENERAL, "blocks": {}}, "invalid_blocks_format"),
        ({"channel": GENERAL, "blocks": [{"type": "banner"}]}, "invalid_blocks"),
        ({"channel": GENERAL, "text": "x", "thread_ts": "1.0"}, "thread_not_found"),
        ({"channel": GENERAL, "text": "x", "metadata": "no"}, "invalid_metadata_format"),
        ({"channel": GENERAL, "text": "x", "metadata": {"a": 1}}, "invalid_metadata_schema"),
    ],
)
async def test_a_post_that_breaks_a_rule_is_refused(client, world, arguments, code):
    assert await refusal(client.api_call("chat.postMessage", json=arguments)) == code
    assert list(world.slack.messages(GENERAL)) == []


async def test_replies_hang_on_the_root_and_nowhere_else(slack, client):
    root = slack.say("ada", "general", "root")
    reply = slack.say("ben", "general", "reply", thread=root.id)

    wrong = client.chat_postMessage(channel=GENERAL, thread_ts=reply.id, text="x")
    assert await refusal(wrong) == "cannot_reply_to_message"


async def test_an_archived_channel_takes_nothing(slack, client, world):
    message = await client.chat_postMessage(channel=GENERAL, text="x")
    world.slack.channels[GENERAL].archived = True

    assert await refusal(client.chat_postMessage(channel=GENERAL, text="x")) == "is_archived"
    late = client.chat_update(channel=GENERAL, ts=message["ts"], text="x")
    assert await refusal(late) == "is_archived"


async def test_public_channels_take_posts_of_strangers_only_with_the_scope_for_it(serve, connect):
    assert await connect(await serve()).chat_postMessage(channel="C0QUIET", text="x")

    client = connect(await serve(scopes=frozenset({"chat:write"})))
    assert await refusal(client.chat_postMessage(channel="C0QUIET", text="x")) == "not_in_channel"


async def test_a_persons_id_stands_for_the_direct_message(client):
    answer = await client.chat_postMessage(channel="U0BEN", text="x")
    assert answer["channel"] == "D0BEN"


async def test_a_long_text_is_split_and_the_first_piece_is_named(client, world):
    whole = await client.chat_postMessage(channel=GENERAL, text="x" * 4040)
    split = await client.chat_postMessage(channel=GENERAL, text="y" * 4041)

    sizes = [len(message.text) for message in world.slack.messages(GENERAL)]
    assert sizes == [4040, 4000, 41]
    assert split["ts"] == [m.id for m in world.slack.messages(GENERAL)][1]
    assert "warning" not in whole.data


async def test_a_very_long_text_is_cut(client, world):
    answer = await client.chat_postMessage(channel=GENERAL, text="x" * 40_001)

    assert answer["warning"] == "message_truncated"
    assert sum(len(message.text) for message in world.slack.messages(GENERAL)) == 40_000


async def test_an_update_replaces_what_is_shown(client, world):
    message = await client.chat_postMessage(channel=GENERAL, text="x", blocks=markdown("one"))
    answer = await client.chat_update(
        channel=GENERAL, ts=message["ts"], text="y", blocks=markdown("two")
    )

    assert answer["message"]["blocks"][0]["elements"][0]["elements"][0]["text"] == "two"
    assert "edited" not in answer["message"]


async def test_an_update_by_text_takes_the_blocks_away_and_shows(client, world):
    message = await client.chat_postMessage(channel=GENERAL, text="x", blocks=markdown("one"))
    answer = await client.chat_update(channel=GENERAL, ts=message["ts"], text="y")

    assert "blocks" not in answer["message"]
    assert answer["message"]["edited"]["user"] == "U0PARLEY"


async def test_an_updates_text_is_counted_in_bytes(client):
    message = await client.chat_postMessage(channel=GENERAL, text="x")
    update = {"channel": GENERAL, "ts": message["ts"]}

    assert await client.chat_update(**update, text="x" * 4000)
    assert await refusal(client.chat_update(**update, text="ö" * 2001)) == "msg_too_long"
    long = client.chat_update(**update, text="ö" * 2001, blocks=markdown("x"))
    assert await refusal(long) == "msg_too_long"
    assert await client.chat_update(**update, text="x", blocks=markdown("x" * 12_000))


async def test_only_ones_own_messages_can_be_changed(slack, client):
    theirs = slack.say("ada", "general", "mine")
    unseen = await client.chat_postEphemeral(channel=GENERAL, user="U0ADA", text="x")

    async def codes(ts):
        update = client.chat_update(channel=GENERAL, ts=ts, text="x")
        delete = client.chat_delete(channel=GENERAL, ts=ts)
        return await refusal(update), await refusal(delete)

    assert await codes(theirs.id) == ("cant_update_message", "cant_delete_message")
    assert await codes(unseen["message_ts"]) == ("cant_update_message", "cant_delete_message")
    assert await codes("1.000000") == ("message_not_found", "message_not_found")


async def test_metadata_stays_until_it_is_replaced(client):
    about = {"event_type": "parley_reply", "event_payload": {"nonce": "n1"}}
    message = await client.chat_postMessage(channel=GENERAL, text="x", metadata=about)

    async def kept():
        read = await client.conversations_history(channel=GENERAL, include_all_metadata=True)
        return read["messages"][0].get("metadata")

    await client.chat_update(channel=GENERAL, ts=message["ts"], text="y")
    assert await kept() == about
    without = await client.conversations_history(channel=GENERAL)
    assert "metadata" not in without["messages"][0]
    await client.chat_update(channel=GENERAL, ts=message["ts"], text="y", metadata={})
    assert await kept() is None


async def test_an_ephemeral_is_for_one_persons_eyes(client, world):
    sent = await client.chat_postEphemeral(channel=GENERAL, user="U0ADA", text="psst")

    assert world.slack.message(GENERAL, sent["message_ts"]).only_for == "U0ADA"
    read = await client.conversations_history(channel=GENERAL)
    assert read["messages"] == []
    nobody = client.chat_postEphemeral(channel=GENERAL, user="U0NOBODY", text="psst")
    assert await refusal(nobody) == "user_not_in_channel"
    long = client.chat_postEphemeral(channel=GENERAL, user="U0ADA", text="x" * 3001)
    assert await refusal(long) == "msg_too_long"


async def test_an_ephemeral_reply_does_not_count(slack, client):
    root = slack.say("ada", "general", "root")
    await client.chat_postEphemeral(channel=GENERAL, user="U0ADA", thread_ts=root.id, text="psst")
    (message,) = (await client.conversations_replies(channel=GENERAL, ts=root.id))["messages"]

    assert "reply_count" not in message


async def test_a_deleted_root_leaves_a_tombstone(client, world):
    root = await client.chat_postMessage(channel=GENERAL, text="x")
    reply = await client.chat_postMessage(channel=GENERAL, thread_ts=root["ts"], text="y")

    await client.chat_delete(channel=GENERAL, ts=root["ts"])
    thread = await client.conversations_replies(channel=GENERAL, ts=root["ts"])
    assert [m.get("subtype") for m in thread["messages"]] == ["tombstone", None]
    await client.chat_delete(channel=GENERAL, ts=reply["ts"])
    assert world.slack.message(GENERAL, reply["ts"]) is None
    assert await refusal(client.chat_delete(channel=GENERAL, ts=root["ts"])) == "message_not_found"


async def test_a_permalink_leads_to_the_message(slack, client):
    message = slack.say("ada", "general", "x")
    link = await client.chat_getPermalink(channel=GENERAL, message_ts=message.id)

    number = message.id.replace(".", "")
    assert link["permalink"] == f"https://sandbox.slack.com/archives/C0GENERAL/p{number}"
