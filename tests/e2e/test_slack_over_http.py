"""Slack over HTTP is Slack: the most important of what holds through Socket Mode, held again.

`make test-http` plays all that this folder has for Slack.
"""

import asyncio

import pytest
import pytest_asyncio

from sandbox.model import Pause
from tests.e2e.conftest import opened
from tests.e2e.places import SlackPlace
from tests.e2e.test_answers import (
    test_a_follow_up_in_the_thread_needs_no_mention_and_is_remembered,
    test_a_mention_is_answered_in_a_thread_of_its_own,
    test_the_answer_grows_while_it_is_written,
)
from tests.e2e.test_commands import (
    test_a_message_can_be_asked_about,
    test_help_is_ten_lines_for_the_asker_alone,
)
from tests.e2e.test_controls import (
    test_a_button_that_is_pressed_twice_is_obeyed_once,
    test_an_edited_question_is_answered_as_it_now_stands,
    test_the_word_stop_alone_stops_the_answer,
    test_try_again_answers_anew_in_the_same_place,
)

__all__ = [
    "test_a_button_that_is_pressed_twice_is_obeyed_once",
    "test_a_follow_up_in_the_thread_needs_no_mention_and_is_remembered",
    "test_a_mention_is_answered_in_a_thread_of_its_own",
    "test_a_message_can_be_asked_about",
    "test_an_edited_question_is_answered_as_it_now_stands",
    "test_help_is_ten_lines_for_the_asker_alone",
    "test_the_answer_grows_while_it_is_written",
    "test_the_word_stop_alone_stops_the_answer",
    "test_try_again_answers_anew_in_the_same_place",
]

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONLY_SLACK = {"DISCORD_TOKEN": None}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    async with opened(folder, over_http=True) as town, town.bot(**ONLY_SLACK) as bot:
        yield town
    assert bot.process.returncode == 0
    assert "Traceback" not in bot.said, bot.said


@pytest_asyncio.fixture(loop_scope="module", params=["slack"])
async def place(inhabited):
    return SlackPlace(inhabited.slack, inhabited.world.slack)


@pytest.mark.asyncio(loop_scope="function")
async def test_what_is_asked_while_the_bot_restarts_is_answered_by_the_next_one(tmp_path):
    async with opened(tmp_path, over_http=True) as town:
        town.slack.deliveries.redelivery = (0.2,) * 300
        place = SlackPlace(town.slack, town.world.slack)
        async with town.bot(**ONLY_SLACK) as bot:
            town.model.enqueue("One. ", Pause(1.5), "Two.")
            first = place.mention(place.ada, "first?")
            await first.until(lambda seen: [one.text for one in seen] == ["One."])
            bot.process.terminate()
            async with asyncio.timeout(10):
                while "stopping" not in bot.said:
                    await asyncio.sleep(0.01)
            town.model.enqueue("The second.")
            second = place.mention(place.ben, "second?")
            assert await bot.ended() == 0
        async with town.bot(**ONLY_SLACK):
            await second.until(lambda seen: [one.text for one in seen] == ["The second."])
        assert [one.text for one in first.seen()] == ["One. Two."]


@pytest.mark.asyncio(loop_scope="function")
async def test_a_port_in_use_ends_the_start_with_one_line(tmp_path):
    async with opened(tmp_path, over_http=True) as town, town.bot(**ONLY_SLACK):
        second = await town.start(**ONLY_SLACK)

        assert await second.ended() == 3
        assert f"HTTP_PORT: cannot listen on 127.0.0.1:{town.http_port}" in second.said
        assert "Traceback" not in second.said
