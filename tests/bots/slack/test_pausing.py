"""Who may pause the bot in a channel of Slack, and what they are told."""

import time

import pytest

from core import notices
from core.pauses import Pauses
from core.store import Store
from core.words import told
from sandbox.faults import Fault
from tests.bots.slack.conftest import Notes, Office, working


@pytest.fixture
async def ruled(slack, tmp_path):
    """A bot with somebody listed as a manager, on a database."""
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", time.time)
    notes = Notes()
    notes.pauses = Pauses(store.pauses, time.monotonic)
    async with working(slack, notes, managers=("U0CHO",)) as bot:
        yield Office(
            slack, slack.workspace.space, notes, bot._parts.governor, bot._parts.recall, bot
        )
    await store.close()


async def use(office, person, words, channel="C0GENERAL"):
    shown = await office.slack.command(person, channel, "/parley", words)
    return office.space.message(channel, shown).text


async def test_admins_and_those_who_are_listed_may_pause_and_read_it_in_their_language(ruled):
    await ruled.until_named()

    assert await use(ruled, "U0ADA", "pause") == notices.PAUSED_NOW
    assert await use(ruled, "U0CHO", "Resume") == told(notices.RESUMED_NOW, "de")


async def test_whoever_has_made_the_channel_may_pause_it_and_nobody_else(ruled):
    ruled.space.channels["C0ENGINE"].extra["creator"] = "U0BEN"

    assert await use(ruled, "U0BEN", "pause", "C0ENGINE") == notices.PAUSED_NOW
    assert await use(ruled, "U0BEN", "pause", "C0GENERAL") == notices.MANAGERS_ONLY


async def test_where_slack_does_not_tell_nothing_is_paused(ruled):
    ruled.slack.faults.add(Fault("users.info", "status", status=500, times=-1))

    assert await use(ruled, "U0ADA", "pause") == notices.MANAGERS_ONLY
    ruled.slack.faults.clear()
    assert await use(ruled, "U0ADA", "resume") == notices.RESUMED_BEFORE


async def test_a_direct_message_is_not_paused(ruled):
    assert await use(ruled, "U0ADA", "pause", "D0ADA") == notices.CHANNELS_ONLY
