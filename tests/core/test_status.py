"""The sign that the bot is at work: the newest words, never after there is something to read."""

import asyncio

from core.status import REFRESH, Status
from tests.virtual import virtually


def shown(script, latency=0.1):
    """What a reader sees of a status that goes through a script of (seconds, words)."""
    seen = []

    async def show(words, *, waits):
        await asyncio.sleep(latency)
        seen.append(words)

    async def main():
        status = Status(show)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(status.run())
            for pause, words in script:
                await asyncio.sleep(pause)
                if words is None:
                    status.clear()
                else:
                    status.say(words)

    virtually(main())
    return seen


def test_words_that_stand_for_long_are_shown_again_before_the_platform_drops_them():
    assert shown([(0, "thinks"), (2 * REFRESH + 20, None)]) == ["thinks"] * 3 + [""]


def test_it_is_shown_and_taken_away():
    assert shown([(0, "thinks"), (1, None)]) == ["thinks", ""]


def test_of_words_that_come_faster_than_they_are_shown_the_newest_win():
    assert shown([(0, "a"), (0.01, "b"), (0.01, "c"), (1, None)]) == ["a", "c", ""]


def test_a_sign_that_is_on_its_way_when_there_is_text_is_taken_away_behind_it():
    assert shown([(0, "a"), (0.01, None)]) == ["a", ""]


def test_nothing_is_shown_once_it_was_cleared():
    assert shown([(0, "a"), (1, None), (0, "late")]) == ["a", ""]


def test_what_was_never_shown_needs_no_taking_away():
    assert shown([(0, None)]) == []
