import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack.events import Addressed, Changed, Gone, Said, addressed, hear
from bots.slack.identity import Identity
from bots.slack.messages import Scribe
from bots.slack.names import Names
from core.messages import Conversation

US = Identity("T0", "U0BOT", "B0BOT", "parley")


def event(**parts) -> dict:
    base = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U0ADA"}
    return base | {"ts": "1700000000.000100", "text": "hello"} | parts


def heard(**parts):
    return hear(event(**parts))


@pytest.mark.parametrize("subtype", [None, "file_share", "thread_broadcast", "me_message"])
def test_what_people_say_is_heard(subtype):
    assert isinstance(heard(subtype=subtype), Said)


@pytest.mark.parametrize(
    "subtype", ["channel_join", "channel_topic", "bot_add", "huddle_thread", "message_replied", "x"]
)
def test_joins_and_the_like_are_not_heard(subtype):
    assert heard(subtype=subtype) is None


def test_a_changed_message_is_heard_as_it_now_stands():
    message = {"user": "U0ADA", "ts": "1700000000.000100", "text": "new"}

    assert heard(subtype="message_changed", message=message).message.text == "new"
    assert isinstance(heard(subtype="message_changed", message=message), Changed)


def test_replies_that_are_counted_anew_change_nothing():
    message = {"user": "U0BOT", "ts": "1700000000.000100", "text": "an answer", "blocks": []}
    counted = message | {"thread_ts": message["ts"], "reply_count": 1, "latest_reply": "x"}
    changed = counted | {"blocks": [{"type": "divider"}]}

    def change(now):
        return heard(subtype="message_changed", message=now, previous_message=message)

    assert change(counted) is None
    assert isinstance(change(changed), Changed)


def test_a_deleted_message_is_gone_also_when_its_thread_leaves_a_tombstone():
    message = {"user": "U0ADA", "ts": "1700000000.000100", "text": "x"}
    tombstone = message | {"subtype": "tombstone"}

    assert isinstance(heard(subtype="message_deleted", previous_message=message), Gone)
    assert isinstance(heard(subtype="message_changed", message=tombstone), Gone)


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ({"text": "<@U0BOT> hi"}, Addressed.YES),
        ({"text": "hi <@U0BOT> and <@U0BEN>"}, Addressed.YES),
        ({"text": "hi"}, Addressed.NO),
        ({"text": "hi", "thread_ts": "1600000000.000100"}, Addressed.IN_ITS_THREADS),
        ({"text": "<@U0BEN> hi", "thread_ts": "1600000000.000100"}, Addressed.PAST_IT),
        ({"text": "<!here> hi", "thread_ts": "1600000000.000100"}, Addressed.PAST_IT),
        ({"text": "<@U0BOT> hi", "thread_ts": "1600000000.000100"}, Addressed.YES),
        ({"channel": "D1", "channel_type": "im"}, Addressed.YES),
        ({"channel": "D1", "channel_type": "im", "text": "<@U0BEN>?"}, Addressed.YES),
        ({"channel": "G1", "channel_type": "mpim"}, Addressed.NO),
        ({"text": "<@U0BOT> hi", "bot_id": "B1"}, Addressed.NO),
        ({"text": "<@U0BOT> hi", "subtype": "bot_message", "user": None}, Addressed.NO),
        ({"channel": "D1", "channel_type": "im", "user": "U0BOT"}, Addressed.NO),
        ({"channel": "D1", "channel_type": "im", "user": "USLACKBOT"}, Addressed.NO),
    ],
)
def test_who_is_answered(parts, verdict):
    assert addressed(heard(**parts), US) is verdict


def test_slack_knows_best_who_was_mentioned():
    assert addressed(heard(text="hi"), US, mention=True) is Addressed.YES


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        ({}, ["1700000000.000100"]),
        ({"thread_ts": "1600000000.000100"}, ["1600000000.000100"]),
        ({"thread_ts": "1700000000.000100"}, ["1700000000.000100"]),
        ({"channel_type": "im"}, ["", "1700000000.000100"]),
        ({"channel_type": "im", "thread_ts": "1600000000.000100"}, ["1600000000.000100"]),
    ],
)
def test_where_a_message_belongs(parts, places):
    found = heard(**parts).message.conversations("T0")

    assert found == tuple(Conversation("slack", "T0", "C1", thread) for thread in places)


def test_files_hang_on_the_question():
    file = {"id": "F1", "name": "a.png", "mimetype": "image/png", "size": 7, "url_private": "u"}
    gone = {"id": "F2", "mode": "tombstone"}

    (found,) = heard(subtype="file_share", files=[file, gone]).message.files

    assert (found.name, found.media_type, found.size, found.url) == ("a.png", "image/png", 7, "u")


def scribe() -> Scribe:
    async def look_up(_: str) -> str:
        return ""

    people, channels = Names(look_up, lambda: 0.0), Names(look_up, lambda: 0.0)
    people.learn("U0BEN", "Ben")
    return Scribe(US, people, channels)


def test_a_mention_alone_asks_nothing():
    assert scribe().question(heard(text="<@U0BOT>").message) == ""


def test_others_in_a_question_go_by_name():
    assert scribe().question(heard(text="<@U0BOT> who is <@U0BEN>?").message) == "who is @Ben?"


def rich(*elements) -> list[dict]:
    return [{"type": "rich_text", "elements": list(elements)}]


def section(*words) -> dict:
    return {"type": "rich_text_section", "elements": list(words)}


def word(text, **style) -> dict:
    return {"type": "text", "text": text} | ({"style": style} if style else {})


PARLEY, BEN = {"type": "user", "user_id": "U0BOT"}, {"type": "user", "user_id": "U0BEN"}


@pytest.mark.parametrize(
    ("blocks", "asked"),
    [
        (rich(section(PARLEY, word(" do "), word("not", bold=True))), "do **not**"),
        (rich(section(PARLEY, word(", "), BEN, word(" says so"))), "@Ben says so"),
        (rich(section(word("what, "), PARLEY)), "what,"),
        (rich(section(word("is "), PARLEY, word(" here?"))), "is @parley here?"),
        (rich(section(word("a < b & c"))), "a < b & c"),
        (
            rich(
                section(PARLEY, word(" sort:\n")),
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [section(word("one")), section(word("two"))],
                },
                {"type": "rich_text_preformatted", "elements": [word("x = '<b>'")]},
            ),
            "sort:\n\n- one\n- two\n\n```\nx = '<b>'\n```",
        ),
        (
            rich(section({"type": "link", "url": "https://a.example", "text": "this"})),
            "[this](https://a.example)",
        ),
        (rich(section(PARLEY)), ""),
        ([], "the text"),
        (rich(), "the text"),
        ([{"type": "unheard_of"}], "the text"),
    ],
)
def test_people_are_read_as_they_formatted_it_and_by_the_text_where_there_is_no_format(
    blocks, asked
):
    said = heard(text="<@U0BOT> the text", blocks=blocks).message

    assert scribe().question(said) == asked
    assert [turn.text for turn in scribe().turns(said)] == ([asked] if asked else [])


def test_whom_only_the_blocks_mention_is_mentioned():
    thread = {"thread_ts": "1600000000.000100", "text": "…"}
    here = {"type": "broadcast", "range": "here"}

    assert addressed(heard(blocks=rich(section(PARLEY)), **thread), US) is Addressed.YES
    assert addressed(heard(blocks=rich(section(BEN)), **thread), US) is Addressed.PAST_IT
    assert addressed(heard(blocks=rich(section(here)), **thread), US) is Addressed.PAST_IT
    assert scribe().people_in(heard(blocks=rich(section(BEN, here))).message) == {"U0ADA", "U0BEN"}


def test_a_reply_that_is_also_sent_to_the_channel_answers_whom_it_replies_to():
    root = {"type": "message", "user": "U0BOT", "ts": "1600000000.000100", "text": "Ada asked"}
    said = heard(subtype="thread_broadcast", thread_ts=root["ts"], root=root)

    assert said.message.parent == US.user
    assert addressed(said, US) is Addressed.IN_ITS_THREADS


SHARED = {"is_share": True, "author_name": "Ben", "text": "see &lt;b&gt;\nand <@U0BEN>"}


@pytest.mark.parametrize(
    ("text", "attachment", "asked"),
    [
        ("<@U0BOT> why?", SHARED, "why?\n\nBen wrote:\n> see <b>\n> and @Ben"),
        ("", SHARED, "Ben wrote:\n> see <b>\n> and @Ben"),
        (
            "<@U0BOT> <https://t.slack.com/x>",
            {"is_msg_unfurl": True, "text": "seen"},
            "https://t.slack.com/x\n\nSomebody wrote:\n> seen",
        ),
        (
            "so?",
            SHARED
            | {"message_blocks": [{"message": {"blocks": rich(section(word("b", bold=1)))}}]},
            "so?\n\nBen wrote:\n> **b**",
        ),
        ("so?", {"text": "a preview of a page"}, "so?"),
        ("so?", {"is_share": True}, "so?"),
    ],
)
def test_a_forwarded_message_is_read_after_the_words(text, attachment, asked):
    said = heard(text=text, attachments=[attachment]).message

    assert scribe().question(said) == asked
    assert [turn.text for turn in scribe().turns(said)] == [asked]


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = ["type", "subtype", "channel", "channel_type", "user", "ts", "thread_ts", "text", "blocks"]
NAMES += ["files", "bot_id", "bot_profile", "message", "previous_message", "parent_user_id"]
NAMES += ["attachments", "root", "edited"]
known = st.sampled_from(
    ["message", "app_mention", "message_changed", "C1", "im", "1700000000.0001"]
)
events = st.dictionaries(st.sampled_from(NAMES), known | odd, max_size=12)


@given(events, events)
def test_no_event_is_too_odd_to_be_heard(outer, inner):
    found = hear(outer | {"type": "message", "channel": "C1", "message": inner})
    if found is None:
        return

    reader = scribe()
    reader.author(found.message)
    reader.question(found.message)
    assert isinstance(tuple(reader.turns(found.message)), tuple)
    assert found.message.sent_at
