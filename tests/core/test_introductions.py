"""The bot says once in each channel what it is."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.introductions import Introductions
from core.messages import Author, Conversation, Question
from core.store import Store

HERE = Conversation("slack", "T", "C1", "1.0")
ASKED = Question(HERE, "1.0", Author("U1", "Ada"), "Why?", datetime.now(UTC), "#general")
WORDS = "I am a bot."


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", lambda: 7.0)
    yield store
    await store.close()


async def test_of_two_first_answers_at_once_one_says_it(store):
    both = [Introductions(store.introductions, WORDS) for _ in range(2)]
    said = await asyncio.gather(*(one.words(ASKED, f"r{n}") for n, one in enumerate(both)))

    assert sorted(said) == ["", WORDS]


async def test_an_answer_that_begins_anew_after_a_crash_says_it_again(store):
    assert await Introductions(store.introductions, WORDS).words(ASKED, "r") == WORDS
    assert await Introductions(store.introductions, WORDS).words(ASKED, "r") == WORDS
    assert await Introductions(store.introductions, WORDS).words(ASKED, "other") == ""


async def test_what_was_not_delivered_is_said_below_the_next_answer(store):
    introductions = Introductions(store.introductions, WORDS)
    assert await introductions.words(ASKED, "lost") == WORDS
    await introductions.unsaid(ASKED, "another")
    assert await introductions.words(ASKED, "next") == ""
    await introductions.unsaid(ASKED, "lost")
    assert await introductions.words(ASKED, "next") == WORDS


async def test_what_takes_the_place_of_the_first_answer_says_it_too(store):
    introductions = Introductions(store.introductions, WORDS)
    assert await introductions.words(ASKED, "first") == WORDS
    assert await introductions.words(ASKED, "other") == ""

    assert await introductions.passed_on(ASKED, "first", "again") == WORDS
    assert await introductions.passed_on(ASKED, "other", "other again") == ""
    restarted = Introductions(store.introductions, WORDS)
    assert await restarted.passed_on(ASKED, "again", "once more") == WORDS
    assert await restarted.words(ASKED, "next") == ""


@pytest.mark.parametrize("change", [{"direct": True}, {"cause": "command:7"}])
async def test_neither_direct_messages_nor_commands_need_it(store, change):
    introductions = Introductions(store.introductions, WORDS)
    assert await introductions.words(replace(ASKED, **change), "r1") == ""
    assert await introductions.words(ASKED, "r2") == WORDS


async def test_without_words_nothing_is_said_nor_kept(store):
    assert await Introductions(store.introductions, "").words(ASKED, "r1") == ""
    assert await Introductions(store.introductions, WORDS).words(ASKED, "r2") == WORDS
