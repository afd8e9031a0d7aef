"""Reading channels and threads."""

import pytest

from sandbox.slack.app import SCOPES
from tests.sandbox.slack.conftest import refusal

GENERAL = "C0GENERAL"


@pytest.fixture
def thread(slack):
    root = slack.say("ada", "general", "root")
    replies = [slack.say("ben", "general", f"r{n}", thread=root.id) for n in range(5)]
    return [root, *replies]


def texts(answer):
    return [message["text"] for message in answer["messages"]]


async def test_a_thread_is_read_oldest_first_with_its_root(client, thread):
    answer = await client.conversations_replies(channel=GENERAL, ts=thread[0].id)

    assert texts(answer) == ["root", "r0", "r1", "r2", "r3", "r4"]
    root, reply = answer["messages"][:2]
    assert (root["thread_ts"], root["reply_count"], root["latest_reply"]) == (
        thread[0].id,
        5,
        thread[5].id,
    )
    assert (reply["thread_ts"], reply["parent_user_id"]) == (thread[0].id, "U0ADA")


async def test_later_pages_of_a_thread_have_no_root(client, thread):
    seen = []
    cursor = None
    while cursor != "":
        page = await client.conversations_replies(
            channel=GENERAL, ts=thread[0].id, limit=2, cursor=cursor
        )
        seen.append(texts(page))
        cursor = page.get("response_metadata", {}).get("next_cursor", "")

    assert seen == [["root", "r0"], ["r1", "r2"], ["r3", "r4"]]


async def test_bounds_never_take_the_root_away(client, thread):
    async def read(**bounds):
        answer = await client.conversations_replies(channel=GENERAL, ts=thread[0].id, **bounds)
        return texts(answer)

    r1, r3 = thread[2].id, thread[4].id
    assert await read(oldest=r1, latest=r3) == ["root", "r2"]
    assert await read(oldest=r1, latest=r3, inclusive=True) == ["root", "r1", "r2", "r3"]
    assert await read(oldest=r3) == ["root", "r4"]


async def test_a_reply_alone_is_read_by_its_own_time_stamp(client, thread):
    answer = await client.conversations_replies(channel=GENERAL, ts=thread[3].id)
    assert texts(answer) == ["r2"]


async def test_a_channel_is_read_newest_first_without_replies(slack, client, thread):
    slack.say("cho", "general", "later")

    assert texts(await client.conversations_history(channel=GENERAL)) == ["later", "root"]


async def test_what_is_said_meanwhile_does_not_shift_the_pages(slack, client):
    for n in range(5):
        slack.say("ada", "general", str(n))
    first = await client.conversations_history(channel=GENERAL, limit=2)
    slack.say("ada", "general", "new")
    second = await client.conversations_history(
        channel=GENERAL, limit=10, cursor=first["response_metadata"]["next_cursor"]
    )

    assert (texts(first), texts(second)) == (["4", "3"], ["2", "1", "0"])
    assert (first["has_more"], second["has_more"]) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": "C0QUIET"}, "not_in_channel"),
        ({"channel": GENERAL, "limit": 1001}, "invalid_limit"),
        ({"channel": GENERAL, "limit": 0}, "invalid_limit"),
        ({"channel": GENERAL, "cursor": "no"}, "invalid_cursor"),
        ({"channel": GENERAL, "oldest": "yesterday"}, "invalid_ts_oldest"),
    ],
)
async def test_a_reading_that_breaks_a_rule_is_refused(client, arguments, code):
    assert await refusal(client.conversations_history(**arguments)) == code


async def test_a_thread_that_is_none_is_not_found(client):
    nothing = client.conversations_replies(channel=GENERAL, ts="1.000000")
    assert await refusal(nothing) == "thread_not_found"


async def test_a_private_channel_of_others_does_not_exist(client, world):
    from sandbox.world import Channel, Kind

    world.slack.add_channel(Channel("C0SECRET", "secret", Kind.PRIVATE, {"U0ADA"}))

    assert await refusal(client.conversations_info(channel="C0SECRET")) == "channel_not_found"


async def test_what_a_channel_is(client):
    public = (await client.conversations_info(channel=GENERAL))["channel"]
    direct = (await client.conversations_info(channel="D0ADA"))["channel"]

    assert (public["name"], public["is_channel"], public["is_member"]) == ("general", True, True)
    assert (direct["user"], direct["is_im"]) == ("U0ADA", True)


async def test_who_is_in_a_channel_page_by_page(client):
    first = await client.conversations_members(channel=GENERAL, limit=3)
    second = await client.conversations_members(
        channel=GENERAL, limit=3, cursor=first["response_metadata"]["next_cursor"]
    )

    assert first["members"] + second["members"] == ["U0ADA", "U0BEN", "U0CHO", "U0PARLEY"]
    assert second["response_metadata"]["next_cursor"] == ""


async def test_a_direct_message_is_opened_once(client):
    assert (await client.conversations_open(users="U0ADA"))["channel"]["id"] == "D0ADA"
    assert await refusal(client.conversations_open(users="U0PARLEY")) == "cannot_dm_bot"
    assert await refusal(client.conversations_open(users="U0NOBODY")) == "user_not_found"


async def test_the_app_learns_which_channels_it_is_in(client):
    found = await client.users_conversations(types="public_channel,im", limit=2)
    cursor = found["response_metadata"]["next_cursor"]
    rest = await client.users_conversations(types="public_channel,im", cursor=cursor)

    assert [one["id"] for one in found["channels"]] == [GENERAL, "C0ENGINE"]
    assert {one["id"] for one in rest["channels"]} == {"D0ADA", "D0BEN", "D0CHO"}
    assert await refusal(client.users_conversations(types="forum")) == "invalid_types"


async def test_people_have_names(client):
    user = (await client.users_info(user="U0ADA"))["user"]
    assert (user["profile"]["display_name"], user["is_bot"], user["is_admin"]) == (
        "Ada",
        False,
        True,
    )

    everybody = (await client.users_list())["members"]
    assert [member["name"] for member in everybody] == ["ada", "ben", "cho", "parley"]
    assert await refusal(client.users_info(user="U0NOBODY")) == "user_not_found"


async def test_what_people_speak_is_told_to_whoever_asks_for_it(client):
    assert "locale" not in (await client.users_info(user="U0CHO"))["user"]
    assert (await client.users_info(user="U0CHO", include_locale=True))["user"]["locale"] == "de-DE"

    everybody = (await client.users_list(include_locale=True))["members"]
    assert [member["locale"] for member in everybody] == ["en-GB", "en-GB", "de-DE", "en-GB"]
    assert not any("locale" in member for member in (await client.users_list())["members"])


async def test_the_rest_of_the_directory(serve, connect):
    client = connect(await serve(scopes=SCOPES | {"team:read"}))
    assert (await client.bots_info(bot="B0PARLEY"))["bot"]["app_id"] == "A0PARLEY"
    assert await refusal(client.bots_info(bot="B0NONE")) == "bot_not_found"
    assert (await client.team_info())["team"]["domain"] == "sandbox"
    assert (await client.usergroups_list())["usergroups"] == []


async def test_a_reaction_is_given_once_and_taken_back_once(slack, client, world):
    message = slack.say("ada", "general", "x")
    at = {"channel": GENERAL, "timestamp": message.id, "name": "eyes"}

    await client.reactions_add(**at)
    assert await refusal(client.reactions_add(**at)) == "already_reacted"
    read = await client.conversations_history(channel=GENERAL)
    assert read["messages"][0]["reactions"] == [{"name": "eyes", "users": ["U0PARLEY"], "count": 1}]
    await client.reactions_remove(**at)
    assert await refusal(client.reactions_remove(**at)) == "no_reaction"
    assert await refusal(client.reactions_add(**at | {"name": "No!"})) == "invalid_name"
    gone = client.reactions_add(**at | {"timestamp": "1.000000"})
    assert await refusal(gone) == "message_not_found"
