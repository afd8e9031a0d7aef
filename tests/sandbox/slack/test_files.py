"""Files: uploads in three steps, downloads with the token."""

import pytest

from sandbox.slack import Upload
from tests.sandbox.slack.conftest import refusal

GENERAL = "C0GENERAL"
TOKEN = {"Authorization": "Bearer xoxb-sandbox"}


async def test_slack_sdks_upload_puts_a_file_into_a_thread(slack, client, world):
    question = slack.say("ada", "general", "@Parley code, please")
    await client.files_upload_v2(
        channel=GENERAL, thread_ts=question.id, filename="a.py", content="x = 1", title="A"
    )
    *_, message = world.slack.messages(GENERAL)

    (file,) = message.payload["files"]
    assert (file["name"], file["title"], file["size"]) == ("a.py", "A", 5)
    assert message.thread == question.id
    assert (await client.files_info(file=file["id"]))["file"]["mimetype"] == "text/x-python"


@pytest.fixture
def shared(slack):
    message = slack.say("ada", "general", "look", files=[Upload("a.txt", "text/plain", b"hello")])
    return message.payload["files"][0]


async def test_a_file_is_read_with_the_token(session, shared):
    async with session.get(shared["url_private"], headers=TOKEN) as response:
        assert (response.status, await response.read()) == (200, b"hello")
        assert response.content_type == "text/plain"


async def test_without_the_token_there_is_a_page_to_sign_in(session, shared):
    async with session.get(shared["url_private_download"]) as response:
        assert (response.status, response.content_type) == (200, "text/html")


async def test_without_the_scope_too(serve, session):
    slack = await serve(scopes=frozenset({"chat:write"}))
    message = slack.say("ada", "general", "look", files=[Upload("a.txt", "text/plain", b"x")])
    async with session.get(message.payload["files"][0]["url_private"], headers=TOKEN) as response:
        assert response.content_type == "text/html"


async def test_a_file_is_not_there_before_its_bytes(client):
    awaited = await client.files_getUploadURLExternal(filename="a.txt", length=5)
    assert await refusal(client.files_info(file=awaited["file_id"])) == "file_not_found"
    early = client.files_completeUploadExternal(files=[{"id": awaited["file_id"]}])
    assert await refusal(early) == "file_not_found"


async def test_an_upload_that_nobody_announced_is_refused(slack, session):
    async with session.post(slack.api_url.replace("/api/", "/upload/x"), data=b"x") as response:
        assert response.status == 400


async def test_what_is_too_large_is_refused_before_it_travels(client):
    large = client.files_getUploadURLExternal(filename="a.bin", length=10**9)
    assert await refusal(large) == "file_upload_size_restricted"
    empty = client.files_getUploadURLExternal(filename="a.bin", length=0)
    assert await refusal(empty) == "invalid_arguments"


async def test_a_file_knows_its_messages_and_one_that_is_deleted_leaves_them_without_it(
    slack, client, world
):
    question = slack.say("ada", "general", "@Parley code, please")
    await client.files_upload_v2(
        channel=GENERAL, thread_ts=question.id, filename="a.py", content="x = 1"
    )
    *_, message = world.slack.messages(GENERAL)
    (file,) = message.payload["files"]
    found = await client.files_info(file=file["id"])
    await client.files_delete(file=file["id"])

    assert found["file"]["shares"]["public"] == {
        GENERAL: [{"ts": message.id, "thread_ts": question.id}]
    }
    *_, message = world.slack.messages(GENERAL)
    assert message.payload["files"] == [{"id": file["id"], "mode": "tombstone"}]
    assert await refusal(client.files_info(file=file["id"])) == "file_not_found"


async def test_a_file_of_somebody_elses_cannot_be_deleted(client, shared):
    assert await refusal(client.files_delete(file=shared["id"])) == "cant_delete_file"
