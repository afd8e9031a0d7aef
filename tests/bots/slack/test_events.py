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
        ({"text": "<@U0BEN> hi", "thread_ts": "1600000000.000100"}, Addressed.NO),
        ({"text": "<!here> hi", "thread_ts": "1600000000.000100"}, Addressed.NO),
        ({"thread_ts": "1600000000.000100", "parent_user_id": "U0BOT"}, Addressed.YES),
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


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = ["type", "subtype", "channel", "channel_type", "user", "ts", "thread_ts", "text", "blocks"]
NAMES += ["files", "bot_id", "bot_profile", "message", "previous_message", "parent_user_id"]
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
