"""What is kept in memory of a conversation is what the platform holds, or nothing."""

import asyncio

import pytest

from core.messages import Author, Conversation, Role, Text, Turn
from core.recall import Recall

HERE = Conversation("slack", "T1", "C1", "1.0")
ELSEWHERE = Conversation("discord", "G1", "C1", "9")


def turn(id, words="words"):
    return Turn(Role.USER, (Text(words),), Author("U1", "Ada"), id)


class Platform:
    def __init__(self, *turns):
        self.turns = turns
        self.calls = 0

    async def __call__(self):
        self.calls += 1
        await asyncio.sleep(0)
        return self.turns


async def test_a_conversation_is_fetched_once():
    recall, platform = Recall(), Platform(turn("1"), turn("2"))

    assert await recall.turns(HERE, platform) == await recall.turns(HERE, platform)
    assert platform.calls == 1


async def test_events_keep_it_true():
    recall, platform = Recall(), Platform(turn("1"), turn("2"))
    await recall.turns(HERE, platform)
    recall.posted(HERE, turn("3"))
    recall.posted(HERE, turn("1", "edited"))
    recall.deleted(HERE, "2")

    held = await recall.turns(HERE, platform)
    assert [(t.id, t.text) for t in held] == [("1", "edited"), ("3", "words")]


async def test_what_is_said_or_taken_back_while_it_is_fetched_is_not_missed():
    recall = Recall()

    async def fetch():
        recall.posted(HERE, turn("3"))
        recall.deleted(HERE, "1")
        return (turn("1"), turn("2"))

    assert [t.id for t in await recall.turns(HERE, fetch)] == ["2", "3"]


async def test_a_conversation_that_begins_now_needs_no_call():
    recall, platform = Recall(), Platform()
    recall.begin(HERE)
    recall.posted(HERE, turn("1"))

    assert [t.id for t in await recall.turns(HERE, platform)] == ["1"]
    assert platform.calls == 0


async def test_conversations_that_are_not_held_are_left_so():
    recall, platform = Recall(), Platform(turn("1"))
    recall.posted(HERE, turn("2"))

    assert [t.id for t in await recall.turns(HERE, platform)] == ["1"]


async def test_after_a_gap_in_events_a_platform_is_read_again_and_the_other_is_not():
    recall, here, there = Recall(), Platform(turn("1")), Platform(turn("1"))
    await recall.turns(HERE, here)
    await recall.turns(ELSEWHERE, there)
    recall.drop("slack")
    await recall.turns(HERE, here)
    await recall.turns(ELSEWHERE, there)

    assert (here.calls, there.calls) == (2, 1)


async def test_a_gap_while_it_is_fetched_makes_the_next_answer_read_again():
    recall, platform = Recall(), Platform(turn("1"))

    async def fetch():
        recall.drop("slack")
        return (turn("1"),)

    assert [t.id for t in await recall.turns(HERE, fetch)] == ["1"]
    await recall.turns(HERE, platform)
    assert platform.calls == 1


async def test_a_fetch_that_fails_leaves_nothing_behind():
    recall, platform = Recall(), Platform(turn("1"))

    async def fetch():
        raise OSError

    with pytest.raises(OSError):
        await recall.turns(HERE, fetch)
    assert [t.id for t in await recall.turns(HERE, platform)] == ["1"]


async def test_two_who_fetch_at_once_both_get_all():
    recall, platform = Recall(), Platform(turn("1"), turn("2"))

    one, other = await asyncio.gather(recall.turns(HERE, platform), recall.turns(HERE, platform))
    assert one == other


async def test_memory_is_bounded():
    recall, platform = Recall(conversations=10, turns=20), Platform()
    for n in range(50):
        await recall.turns(Conversation("slack", "T1", "C1", str(n)), platform)
    for n in range(100):
        recall.posted(Conversation("slack", "T1", "C1", "49"), turn(str(n)))

    assert len(recall._held) == 10
    assert 10 <= len(await recall.turns(Conversation("slack", "T1", "C1", "49"), platform)) <= 20


async def test_long_conversations_leave_room_for_fewer():
    """Whatever becomes of their messages, no more than so many characters are held."""
    recall, platform = Recall(characters=100), Platform(turn("0", "." * 30))
    talks = [Conversation("slack", "T1", "C1", str(n)) for n in range(4)]
    for talk in talks:
        await recall.turns(talk, platform)
    held = [talk for talk in talks if talk in recall._held]
    recall.posted(held[0], turn("0", "." * 10))
    recall.posted(held[0], turn("1", "." * 15))
    recall.deleted(held[1], "0")
    recall.posted(held[1], turn("2", "." * 45))

    assert [*recall._held] == held == talks[1:]

    recall.reworded(held[2], turn("0", "." * 31))

    assert [*recall._held] == held[1:]


async def test_one_conversation_is_held_however_long_it_is():
    recall, platform = Recall(characters=100), Platform(turn("1", "." * 200))
    await recall.turns(ELSEWHERE, platform)
    await recall.turns(HERE, platform)

    await recall.turns(HERE, platform)

    assert platform.calls == 2


async def test_a_message_that_is_only_put_better_has_not_changed():
    """What was made of it, such as a former answer to it, need not be erased."""
    changes = []
    recall, platform = Recall(changed=lambda *what: changes.append(what)), Platform(turn("1"))
    await recall.turns(HERE, platform)

    recall.reworded(HERE, turn("1", "who is @Eve?"))

    (held,) = await recall.turns(HERE, platform)
    assert (held.text, changes) == ("who is @Eve?", [])


async def test_a_message_that_is_emptied_says_nothing_and_is_not_taken_for_gone():
    heard = []
    recall, platform = Recall(changed=lambda *what: heard.append(what)), Platform(turn("1"))
    await recall.turns(HERE, platform)
    empty = Turn(Role.USER, (), None, "1")

    recall.emptied(HERE, empty)

    assert await recall.turns(HERE, platform) == ()
    assert heard == [(HERE, "1", empty)]
