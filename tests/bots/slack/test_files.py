"""Files of a Slack workspace are read with the token, or it is known why not."""

import pytest

from bots.slack.files import is_login
from core.errors import FileUnread, Why
from sandbox.slack import Upload

PAGE = b"<!DOCTYPE html><p>Mine.</p>"


async def attached(office, *, raw=None, **upload):
    """The file on a question to the bot, and the surface of that question."""
    file = Upload(**{"name": "a.txt", "media_type": "text/plain", "data": b"hello"} | upload)
    before = len(office.notes.taken)
    if raw is None:
        office.slack.say("U0ADA", "D0ADA", "read this", files=[file])
    else:
        office.space.post("D0ADA", "U0ADA", "read this", payload={"files": [raw]})
    question, surface = await office.notes.question(before + 1)
    return question.attachments[0], surface


async def why(surface, file):
    with pytest.raises(FileUnread) as failed:
        await surface.read(file, "", 1000)
    return failed.value.why


async def test_a_file_is_read(office):
    file, surface = await attached(office)

    assert await surface.read(file, "", 1000) == b"hello"


async def test_a_file_of_which_the_event_tells_only_the_id_is_looked_up(office):
    whole, _ = await attached(office)
    raw = {"id": whole.id, "mode": "file_access", "file_access": "check_file_info"}
    file, surface = await attached(office, raw=raw)

    assert file.url == ""
    assert await surface.read(file, "", 1000) == b"hello"


async def test_one_that_is_gone_is_gone(office):
    file, surface = await attached(office, raw={"id": "F0GONE", "mode": "file_access"})

    assert await why(surface, file) is Why.GONE


async def test_one_that_is_stored_elsewhere_is_left_alone(office):
    raw = {"id": "F0EXT", "mode": "external", "url_private": "https://docs.google.com/x"}
    file, surface = await attached(office, raw=raw)

    assert await why(surface, file) is Why.ELSEWHERE


async def test_without_the_scope_there_is_a_login(office):
    file, surface = await attached(office)
    app = office.slack.workspace.app
    object.__setattr__(app, "scopes", app.scopes - {"files:read"})

    assert await why(surface, file) is Why.LOCKED


async def test_a_page_that_somebody_attached_is_not_a_login(office):
    file, surface = await attached(office, name="a.html", media_type="text/html", data=PAGE)

    assert await surface.read(file, "", 1000) == PAGE


@pytest.mark.parametrize(
    ("address", "asks"),
    [
        ("https://acme.slack.com/?redir=%2Ffiles-pri%2FT-F%2Fa.txt", True),
        ("https://acme.slack.com/signin", True),
        ("http://127.0.0.1:9200/login?redir=x", True),
        ("https://files.slack.com/files-pri/T1-F1/login.txt", False),
    ],
)
def test_a_login_is_known_by_its_address(address, asks):
    assert is_login(address) is asks
