"""To whom people speak in a thread, and when a colleague keeps out of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.attention import Attention
from core.etiquette import LISTENING, Saying, Standing, after, is_for_bot
from core.messages import Conversation
from core.store import Store
from core.store.threads import spoke

THREAD = Conversation("paper", "W", "C", "T")

CASES = [
    ("one person and the bot", "Ada: ok | Ada: ok | Ada: ok | Ada: ok | Ada: ok | Ada: ok"),
    ("who says thanks", "Ada: ok | bot | Ada: ok"),
    ("two people who ask by turns", "Ada: ok | bot | Ben: ok | bot | Ada: ok | bot | Ben: ok"),
    ("several people ask while it answers", "Ada @bot: ok | Ben: ok | Cho: ok | Ada: ok"),
    ("somebody else is mentioned", "Ada: ok | bot | Ada @Ben: no | Ben: no | Ada: no | Cho: no"),
    ("it is mentioned again", "Ada @Ben: no | Ben: no | Ada @bot: ok | Ben: ok | bot | Ada: ok"),
    ("both are mentioned", "Ada @bot @Ben: ok | Ben: ok"),
    ("people go back and forth", "Ada: ok | bot | Ben: ok | Ada: ok | Ben: no | Ada: no | Ben: no"),
    ("back and forth by several words each", "Ben: ok | Ben: ok | Ada: ok | Ada: ok | Ben: no"),
    ("an answer comes between", "Ben: ok | Ada: ok | bot | Ben: ok | bot | Ada: ok"),
    ("a mention comes between", "Ben: ok | Ada: ok | Cho @bot: ok | Ben: ok | Ada: ok"),
    ("somebody joins in long after it spoke", "bot | Ben: ok | Ben: ok | Ben: ok | Ada: no"),
    ("a fourth person joins in", "bot | Ben: ok | Cho: ok | Dan: ok | Ada: no | Ben: no"),
    ("it stays quiet though it still answers", "Ada @Ben: no | bot | Ben: no | Ada: no"),
]


def turns(dialogue):
    """What is said, each with whether the bot is to answer; the bot's own are None."""
    for at, turn in enumerate(dialogue.split(" | "), start=1):
        who, _, verdict = turn.partition(": ")
        name, *mentions = who.split()
        others = any(one != "@bot" for one in mentions)
        saying = Saying(name, float(at), to_bot="@bot" in mentions, to_others=others)
        yield (None if name == "bot" else saying), verdict == "ok"


@pytest.mark.parametrize(("law", "dialogue"), CASES)
def test_who_is_answered(law, dialogue):
    standing = LISTENING
    for saying, answered in turns(dialogue):
        if saying is None:
            standing = Standing(standing.quiet_since, (), standing.at)
            continue
        standing = after(standing, saying)
        assert is_for_bot(saying, standing) is answered, (law, saying)


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", lambda: 0.0)
    yield store
    await store.close()


@pytest.mark.parametrize(("law", "dialogue"), CASES)
async def test_it_is_so_after_each_restart_and_in_every_process(store, tmp_path, law, dialogue):
    await store.replies.begin("r", str(THREAD), [])

    for number, (saying, answered) in enumerate(turns(dialogue)):
        if saying is None:
            async with store._database.write() as connection:
                await spoke(connection, "r")
            continue
        listens = await Attention(store.threads).listens(THREAD, saying, invited=True)
        assert listens is answered, (law, number)


async def test_where_it_takes_no_part_only_a_mention_counts_and_nothing_is_kept(store):

    attention = Attention(store.threads)
    for saying, answered in turns("Ada: no | Ada @Ben: no | Ada @bot: ok"):
        assert await attention.listens(THREAD, saying) is answered
    assert await store.threads.standing(THREAD) is None


people = st.sampled_from(["Ada", "Ben", "Cho"])
sayings = st.lists(
    st.builds(Saying, who=people, at=st.just(0.0), to_bot=st.booleans(), to_others=st.booleans()),
    max_size=12,
)


def fold(said):
    standing = LISTENING
    for at, one in enumerate(said, start=1):
        standing = after(standing, Saying(one.who, float(at), one.to_bot, one.to_others))
    return standing


@given(sayings, people)
def test_whoever_mentions_the_bot_is_answered_and_so_is_what_they_say_next(said, who):
    mention = Saying(who, 100.0, to_bot=True)
    standing = after(fold(said), mention)
    assert is_for_bot(mention, standing)

    following = Saying(who, 101.0)
    assert is_for_bot(following, after(standing, following))


@given(sayings, people)
def test_whoever_mentions_only_others_is_never_answered(said, who):
    past = Saying(who, 100.0, to_others=True)
    standing = after(fold(said), past)
    assert not is_for_bot(past, standing)
    assert standing.quiet_since is not None


@given(sayings, sayings)
def test_what_was_said_before_the_last_change_and_comes_late_changes_nothing(said, late):
    standing = fold(said)
    for one in late:
        assert after(standing, Saying(one.who, standing.at - 1, one.to_bot, one.to_others)) == (
            standing
        )


@given(sayings, st.integers(0, 2))
def test_what_is_heard_twice_in_a_row_changes_nothing_the_second_time(said, number):
    standing, who = fold(said), "Ada"
    saying = Saying(who, 100.0, to_bot=number == 1, to_others=number == 2)
    once = after(standing, saying)
    assert after(once, saying) == once


def test_what_people_said_to_each_other_is_left_alone_when_it_is_read_again():
    """They talked, mentioned the bot, and then it was away and read all of it."""
    standing = fold(turn for turn, _ in turns("Ada @Ben: no | Ben: no | Ada @bot: ok"))
    again = Saying("Ben", standing.at - 1, back_at=standing.at + 60)
    assert not is_for_bot(again, after(standing, again))


def test_what_was_said_while_it_was_away_is_answered_also_when_people_write_on_before():
    standing = fold([Saying("Ada", 1.0, to_bot=True)])
    missed = Saying("Ada", standing.at + 1, back_at=standing.at + 2)
    live = Saying("Ada", standing.at + 3)
    assert is_for_bot(missed, after(after(standing, live), missed))


def test_what_was_said_before_they_fell_to_talking_is_answered_also_when_it_comes_late():
    quiet = fold([Saying("Ada", 0.0, to_others=True)])
    assert is_for_bot(Saying("Ben", 0.5), quiet)
