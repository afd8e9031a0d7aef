"""The log says what happened and never what is secret."""

import io
import json
import logging

import pytest
import structlog

from core import log

ODD = "with\"quotes'and\\"
"""A secret that is written in another way wherever it is quoted."""


@pytest.fixture
def written(request):
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    log.configure(
        form=request.param,
        level="info",
        secrets=["xoxb-123", "sk-9", ODD],
        words=False,
        stream=stream,
    )
    yield stream
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def as_json(written):
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_a_machine_reads_one_object_a_line(written):
    structlog.get_logger().info("answered", outcome="answered", characters=12)

    (line,) = as_json(written)
    assert line["message"] == "answered"
    assert line["level"] == "info"
    assert line["characters"] == 12
    assert line["timestamp"].endswith("Z")


def fail(text):
    local_text = "what somebody wrote"
    raise ValueError(text, len(local_text))


@pytest.mark.parametrize("written", ["json", "text"], indirect=True)
def test_a_traceback_shows_no_local_variables(written):
    try:
        fail("broken")
    except ValueError:
        structlog.get_logger().exception("failed")

    assert "ValueError" in written.getvalue()
    assert "what somebody wrote" not in written.getvalue().replace(
        'local_text = "what somebody wrote"', ""
    )


@pytest.mark.parametrize("written", ["json", "text"], indirect=True)
def test_no_secret_is_ever_written(written):
    structlog.get_logger().warning("with xoxb-123", token="sk-9", nested={"a": ["xoxb-123"]})
    logging.getLogger("discord").error("a library says %s", "xoxb-123")
    try:
        fail("sk-9 in a traceback")
    except ValueError:
        structlog.get_logger().exception("failed")

    assert "xoxb-123" not in written.getvalue()
    assert "sk-9" not in written.getvalue()
    assert written.getvalue().count("[secret]") >= 4


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_a_traceback_is_one_line_of_json(written):
    try:
        fail("broken")
    except ValueError:
        structlog.get_logger().exception("failed")

    (line,) = as_json(written)
    assert "ValueError: ('broken'" in line["exception"]


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_libraries_are_heard_from_warnings_on(written):
    logging.getLogger("slack_bolt").info("people's text")
    logging.getLogger("slack_bolt").warning("something odd")

    assert [line["message"] for line in as_json(written)] == ["something odd"]


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_what_people_wrote_is_left_out(written):
    structlog.get_logger().info("answered", said="a secret of Ada's", characters=12)

    assert "Ada" not in written.getvalue()
    assert as_json(written)[0]["characters"] == 12


@pytest.mark.parametrize("written", ["json", "text"], indirect=True)
def test_a_secret_is_found_however_it_is_quoted(written):
    logger, said = structlog.get_logger(), f"said {ODD}."
    logger.warning(said, plain=ODD, nested={"a": [ODD]}, body=json.dumps({"a": ODD}))
    try:
        fail(ODD)
    except ValueError:
        logger.exception("failed")

    assert written.getvalue().count("[secret]") == 5
    assert "quotes" not in written.getvalue()


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_a_line_without_its_secrets_is_still_json(written):
    said = f'"{ODD}"'
    structlog.get_logger().warning(said, plain=ODD, body=json.dumps([ODD, "\n"]))

    (line,) = as_json(written)
    assert line["message"] == '"[secret]"'
    assert line["plain"] == "[secret]"
    assert json.loads(line["body"]) == ["[secret]", "\n"]


@pytest.mark.parametrize("written", ["json", "text"], indirect=True)
def test_a_library_that_cannot_reach_somebody_takes_a_line(written):
    try:
        raise ConnectionRefusedError(111, "Connection refused")
    except OSError:
        logging.getLogger("discord.shard").exception("Failed to connect for shard %s.", 0)

    assert len(written.getvalue().splitlines()) == 1
    assert "Failed to connect for shard 0." in written.getvalue()
    assert "Connection refused" in written.getvalue()
    assert "Traceback" not in written.getvalue()
