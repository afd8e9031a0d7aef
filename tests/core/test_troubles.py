"""An operator sees the last warnings and errors without what is secret and what people wrote."""

import asyncio
import io
import logging

import pytest
import structlog

from core import log
from core.troubles import KEPT, Troubles


@pytest.fixture(params=["text", "json"])
def troubles(request):
    root = logging.getLogger()
    before = root.handlers[:], root.level
    troubles = Troubles()
    log.configure(
        form=request.param,
        level="info",
        secrets=["xoxb-secret"],
        words=True,
        stream=io.StringIO(),
        troubles=troubles,
    )
    yield troubles
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def test_warnings_and_errors_are_kept_newest_first_with_their_ids(troubles):
    structlog.get_logger().info("answered")
    structlog.get_logger().warning("failed", reply="a1", request_id="req_1")
    logging.getLogger("discord").error("gateway %s", "gone")

    newest, oldest = troubles.newest()
    assert (newest.event, newest.level) == ("gateway gone", "error")
    assert (oldest.event, oldest.level) == ("failed", "warning")
    assert oldest.fields == {"reply": "a1", "request_id": "req_1"}
    assert newest.number == oldest.number + 1


def test_no_secret_is_kept(troubles):
    structlog.get_logger().error("refused", token="xoxb-secret", error="with xoxb-secret in it")

    assert "xoxb-secret" not in repr(troubles.newest())


def test_what_people_wrote_is_not_kept_even_where_the_log_has_it(troubles):
    structlog.get_logger().error("failed", said="the words of somebody")

    assert "the words of somebody" not in repr(troubles.newest())


def test_of_an_exception_its_kind_and_place_are_kept_and_not_its_words(troubles):
    try:
        int("the words of somebody")
    except ValueError:
        structlog.get_logger().exception("unexpected")

    (trouble,) = troubles.newest()
    assert trouble.error.startswith("ValueError, core/test_troubles.py:")
    assert "the words of somebody" not in repr(trouble)


@pytest.mark.parametrize("words", ["cannot:\nPassword123", "no:\n  a quote\nPassword123: x"])
def test_of_words_in_many_lines_none_is_taken_for_a_kind(troubles, words):
    async def fails():
        raise ValueError(words)

    async def group():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fails())

    try:
        asyncio.run(group())
    except ExceptionGroup:
        structlog.get_logger().exception("unexpected")
    structlog.get_logger().error("never raised", exc_info=ExceptionGroup("x", [KeyError(words)]))

    bare, trouble = troubles.newest()
    assert trouble.error.startswith("ValueError, core/test_troubles.py:")
    assert bare.error == "KeyError"


def test_a_bounded_number_is_kept_each_of_bounded_length(troubles):
    for number in range(KEPT + 10):
        structlog.get_logger().warning("again", number=number, long="x" * 100_000)

    kept = troubles.newest()
    assert len(kept) == KEPT
    assert kept[0].fields["number"] == KEPT + 9
    assert troubles.number == KEPT + 10
    assert len(repr(kept)) < KEPT * 2000


def test_a_line_that_cannot_be_written_as_json_stops_nobody(troubles, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    structlog.get_logger().warning("odd", value=object())
    structlog.get_logger().warning("next")

    assert troubles.newest()[0].event == "next"
