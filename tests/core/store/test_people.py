"""Somebody who is forgotten is named nowhere any more; what they have used still counts."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.etiquette import Saying
from core.messages import Conversation
from core.store import Store
from core.store.ledger import Line, Taken, Unit
from tests.records import (
    ADA,
    BEN,
    CHANNEL,
    NOW,
    asked,
    call,
    channel,
    make_forgetting,
    somebody,
    used,
)

HOUR, DAY = 3600.0, 86_400.0
DIRECT = Conversation("slack", "T1", "D1ADA")


@pytest.fixture
def forgetting(store, clock):
    return make_forgetting(store.people, clock)


def everything(tmp_path):
    """All that stands in the database, as text."""
    with sqlite3.connect(tmp_path / "parley.db") as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return "\n".join(
            f"{name}: {row}"
            for (name,) in names.fetchall()
            for row in connection.execute(f"SELECT * FROM {name}")
        )


def without_erasures(text):
    return "\n".join(line for line in text.splitlines() if not line.startswith("erasures:"))


async def answered(store, clock, name, asker=ADA, *, talk=CHANNEL, ago=0.0):
    """Somebody asked something so many seconds ago, and it was answered."""
    clock.now = NOW - ago
    one = await asked(store, name, asker, talk, "a secret")
    await store.replies.end(name, [one.key], "answered", about={"files": [f"{asker.id}.pdf"]})
    day = datetime.fromtimestamp(clock.now, UTC).date().isoformat()
    place = f"slack/{talk.workspace}/{talk.channel}"
    took = call(name, f"slack/{asker.id}", place, begun_at=clock.now)
    await store.ledger.settle(took, day, None, ())
    clock.now = NOW
    return one


async def filled(store, clock):
    """Rows of every kind that name Ada, and some that name Ben."""
    for name, asker, talk, ago in (
        ("old", ADA, CHANNEL, 2 * HOUR),
        ("new", ADA, CHANNEL, 60.0),
        ("direct", ADA, DIRECT, 2 * HOUR),
        ("his", BEN, CHANNEL, 2 * HOUR),
    ):
        await answered(store, clock, name, asker, talk=talk, ago=ago)
    await store.ratings.rate("his", ADA.id, good=True)
    await store.ratings.rate("his", BEN.id, good=False)
    await store.texts.keep("summary", "slack/T1/C1", "Ada wants more money.", [("9.0", "x")])
    await store.texts.keep("former", "slack/T1/C1", "An older answer.", [("new", ""), ("new", "")])
    await store.texts.keep("asked", "slack/T1/C1", "What Ada asked.", [("new", "")])
    for who in (ADA, BEN):
        await store.threads.heard(CHANNEL, Saying(who.id, NOW, to_bot=False, to_others=False))
    await store.pauses.pause("slack/T1/C1", ADA.id)
    await store.channel_settings.change("slack/T1/C1", {"model": "gpt-4o"}, ADA.id)
    listed = {"who": "listed", "people": [ADA.id, BEN.id], "groups": []}
    await store.channel_settings.change("slack/T1/C1", {"audience": listed}, BEN.id)
    await store.channel_settings.change("slack/T1/C1", {"audience": None}, BEN.id)
    ended = Line(f"day|2026-11-27|usd|person|slack/{ADA.id}", Unit.USD, 10**9, NOW - HOUR)
    held = await store.ledger.reserve([ended], call("new"), lambda _: Taken(10, 10, 10))
    await store.ledger.free(held)


async def test_somebody_who_is_forgotten_is_named_nowhere(store, clock, forgetting, tmp_path):
    await filled(store, clock)
    assert ADA.id in everything(tmp_path)

    await forgetting.forget("slack", ADA.id)
    clock.now += HOUR + 1
    await forgetting.follow()

    left = everything(tmp_path)
    assert ADA.id not in left
    assert "D1ADA" not in left
    assert BEN.id in left
    for words in ("a secret", "more money", "older answer"):
        assert words not in left


async def test_nothing_of_them_is_left_in_the_files_of_the_database(
    store, clock, forgetting, tmp_path
):
    await filled(store, clock)

    def files():
        return b"".join(path.read_bytes() for path in tmp_path.glob("parley.db*"))

    await forgetting.forget("slack", ADA.id)
    for words in (b"a secret", b"more money", b"older answer"):
        assert words not in files()

    clock.now += HOUR + 1
    await forgetting.follow()
    assert BEN.id.encode() in files()
    for name in (ADA.id, "D1ADA"):
        assert name.encode() not in files()


async def test_what_they_have_used_still_counts_under_a_name_that_says_nothing(
    store, clock, forgetting
):
    await filled(store, clock)
    before = await used(store, channel("slack/T1/C1"), clock)

    await forgetting.forget("slack", ADA.id)

    now = await used(store, channel("slack/T1/C1"), clock)
    assert now.month.cost == before.month.cost == 3000
    assert now.month.models == before.month.models
    assert (await used(store, somebody(f"slack/{ADA.id}"), clock)).month.cost == 0
    assert (await used(store, somebody("slack/erased-1"), clock)).month.cost == 3000


async def test_each_erasure_has_a_name_of_its_own(store, clock, forgetting, tmp_path):
    await answered(store, clock, "first")
    await forgetting.forget("slack", ADA.id)
    clock.now += DAY
    await forgetting.follow()
    await answered(store, clock, "second", ago=-DAY)
    clock.now += DAY
    await forgetting.forget("slack", ADA.id)

    for name in ("slack/erased-1", "slack/erased-2"):
        assert (await used(store, somebody(name), clock)).month.cost == 1000
    assert f"slack/{ADA.id}" not in without_erasures(everything(tmp_path))


async def test_others_keep_what_is_theirs(store, clock, forgetting):
    await filled(store, clock)

    await forgetting.forget("slack", ADA.id)

    assert await store.replies.known("his")
    his = (await used(store, somebody(f"slack/{BEN.id}"), clock)).month
    assert (his.questions, his.cost, his.bad, his.good) == (1, 1000, 1, 0)


async def test_somebody_of_the_same_id_elsewhere_is_not_forgotten(store, clock, forgetting):
    await filled(store, clock)

    await forgetting.forget("discord", ADA.id)

    assert (await used(store, somebody(f"slack/{ADA.id}"), clock)).month.questions == 3


async def test_a_question_that_is_delivered_again_is_not_answered_again(store, clock, forgetting):
    one = await answered(store, clock, "new", ago=60.0)

    await forgetting.forget("slack", ADA.id)

    assert not await store.questions.claim(one)


async def test_a_call_that_was_under_way_is_forgotten_when_it_is_written_down(
    store, clock, forgetting, tmp_path
):
    one = await asked(store, "open", words="a secret")
    line = Line("day|2026-11-28|usd|deployment|", Unit.USD, 10**9, NOW + DAY)
    held = await store.ledger.reserve([line], call("open"), lambda _: Taken(10, 10, 10))
    await forgetting.forget("slack", ADA.id)
    assert f'"slack/{ADA.id}"' not in without_erasures(everything(tmp_path))

    clock.now += 5
    await store.ledger.settle(call("open"), "2026-11-28", held, ())
    await store.replies.end("open", [one.key], "answered")
    await forgetting.follow()

    assert (await used(store, somebody("slack/erased-1"), clock)).month.cost == 1000
    clock.now += HOUR
    await forgetting.follow()
    assert ADA.id not in everything(tmp_path)


async def test_what_they_ask_afterwards_is_theirs_again(store, clock, forgetting):
    await answered(store, clock, "old", ago=60.0)
    await forgetting.forget("slack", ADA.id)
    await answered(store, clock, "later", ago=-60.0)
    clock.now = NOW + 2 * HOUR
    await forgetting.follow()
    await forgetting.follow()

    assert (await used(store, somebody(f"slack/{ADA.id}"), clock)).month.questions == 1


async def test_forgetting_is_no_way_around_a_budget(store, clock, forgetting):
    line = Line(f"day|2026-11-28|usd|person|slack/{ADA.id}", Unit.USD, 1000, NOW + HOUR)
    await asked(store, "x")
    held = await store.ledger.reserve([line], call("x"), lambda _: Taken(10, 900, 10))
    await store.ledger.settle(call("x", cost=600), "2026-11-28", held, ())

    await forgetting.forget("slack", ADA.id)

    assert await store.ledger.left([line]) == [(line, 400)]


async def test_another_process_follows_within_a_minute(store, clock, tmp_path):
    """Each looks three times a minute; what it looks for is in the database."""
    other = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", clock)
    heard = []
    there = make_forgetting(other.people, clock)
    there.heard.append(lambda *who: heard.append(who))

    await make_forgetting(store.people, clock).forget("slack", ADA.id)
    await there.follow()

    assert heard == [("slack", ADA.id)]
    await there.follow()
    assert len(heard) == 1
    await other.close()


# Retention.


async def test_names_are_kept_as_long_as_is_set_and_no_longer(store, clock, forgetting, tmp_path):
    await filled(store, clock)
    clock.now = NOW + 10 * DAY
    await forgetting.expire(11 * DAY)
    assert ADA.id in everything(tmp_path)

    await store.ledger.forget(clock.now - DAY)  # as the running bot does all the time
    await forgetting.expire(9 * DAY)

    left = everything(tmp_path)
    for words in (ADA.id, "D1ADA", "a secret"):
        assert words not in left, words


async def test_old_figures_are_kept_under_names_of_their_own(store, clock, forgetting):
    for name, asker in (("one", ADA), ("two", ADA), ("three", BEN)):
        await answered(store, clock, name, asker)
    clock.now = NOW + 2 * DAY
    before = await used(store, channel("slack/T1/C1"), clock)

    await forgetting.expire(DAY)

    now = await used(store, channel("slack/T1/C1"), clock)
    assert now.month.cost == before.month.cost == 3000
    assert now.month.questions == 0
    assert (await used(store, somebody("slack/U1ADA"), clock)).month.cost == 0
    by_person = await store.usage.by_day(channel("slack/T1/C1"), ["2026-11-28"], 1000)
    assert [share.cost for share in by_person.shares] == [2000, 1000]


async def test_more_than_one_step_takes_is_taken_away_in_several(store, clock, forgetting):
    day = replace(call("r"), reply="new")
    await answered(store, clock, "new")
    for number in range(450):
        other = replace(day, person=f"slack/U{number}")
        await store.ledger.settle(other, "2026-11-28", None, ())
    clock.now = NOW + 2 * DAY

    await forgetting.expire(DAY)

    by_person = await store.usage.by_day(channel("slack/T1/C1"), ["2026-11-28"], 1000)
    assert all("erased-" in share.name for share in by_person.shares)
    assert len(by_person.shares) == 451


async def test_the_settings_of_a_channel_stay_and_other_processes_see_new_ones(
    store, clock, forgetting
):
    await store.channel_settings.change("slack/T1/C1", {"model": "gpt-4o"}, ADA.id)
    newest = await store.channel_settings.newest()
    clock.now = NOW + 2 * DAY

    await forgetting.expire(DAY)

    assert await store.channel_settings.at("slack/T1/C1") == {"model": "gpt-4o"}
    await store.channel_settings.change("slack/T1/C1", {"model": "gpt-4o-mini"}, BEN.id)
    assert await store.channel_settings.newest() > newest
