"""Files come from where they may come from, with the token, and from nowhere else."""

import asyncio
import gzip

import pytest
from aiohttp import web

from bots.downloads import Downloads, origin
from core.errors import FileUnread, Why
from sandbox.listener import HOST, Listener


class Host:
    """A web server that answers as it is told, and notes who asked."""

    def __init__(self):
        self.answer = web.Response
        self.asked = []
        app = web.Application()
        app.router.add_get("/{path:.*}", self._get)
        self._listener = Listener(app, shutdown_timeout=0.1)

    async def _get(self, request):
        self.asked.append((request.path, request.headers.get("Authorization", "")))
        return self.answer()

    @property
    def url(self):
        return f"http://{HOST}:{self._listener.port}"

    async def start(self):
        await self._listener.start(0)
        return self

    async def stop(self):
        await self._listener.stop()


@pytest.fixture
async def ours():
    host = await Host().start()
    yield host
    await host.stop()


@pytest.fixture
async def theirs():
    host = await Host().start()
    yield host
    await host.stop()


@pytest.fixture
async def downloads(ours):
    found = Downloads(
        [ours.url], {"Authorization": "Bearer xoxb"}, lambda address: "login" in address
    )
    yield found
    await found.close()


async def why(downloads, address, most=1000):
    with pytest.raises(FileUnread) as failed:
        await downloads.fetch(address, most)
    return failed.value.why


async def test_a_file_comes_with_the_token(ours, downloads):
    ours.answer = lambda: web.Response(body=b"hello", content_type="text/x-thing")

    assert await downloads.fetch(f"{ours.url}/file", 5) == (b"hello", "text/x-thing")
    assert ours.asked == [("/file", "Bearer xoxb")]


async def test_no_other_host_is_asked(theirs, downloads):
    for address in (theirs.url, "https://files.slack.com.evil.test/a", "file:///etc/passwd", ""):
        assert await why(downloads, address) is Why.ELSEWHERE
    assert theirs.asked == []


async def test_a_name_before_the_host_does_not_make_it_another(ours, theirs, downloads):
    host = ours.url.removeprefix("http://")

    assert await why(downloads, theirs.url.replace("://", f"://{host}@")) is Why.ELSEWHERE
    assert theirs.asked == []


async def test_a_redirect_elsewhere_is_not_followed(ours, theirs, downloads):
    ours.answer = lambda: web.Response(status=302, headers={"Location": f"{theirs.url}/file"})

    assert await why(downloads, f"{ours.url}/file") is Why.ELSEWHERE
    assert theirs.asked == []


async def test_a_redirect_on_the_same_host_is_followed(ours, downloads):
    def answer():
        if len(ours.asked) == 1:
            return web.Response(status=302, headers={"Location": "/there"})
        return web.Response(body=b"hello")

    ours.answer = answer

    assert (await downloads.fetch(f"{ours.url}/file", 5))[0] == b"hello"
    assert [path for path, _ in ours.asked] == ["/file", "/there"]


async def test_redirects_in_a_circle_end(ours, downloads):
    ours.answer = lambda: web.Response(status=302, headers={"Location": "/file"})

    assert await why(downloads, f"{ours.url}/file") is Why.NOT_REACHED
    assert len(ours.asked) == 3


async def test_a_redirect_to_a_login_is_told_apart(ours, downloads):
    ours.answer = lambda: web.Response(status=302, headers={"Location": "https://x.test/login"})

    assert await why(downloads, f"{ours.url}/file") is Why.LOCKED


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Why.LOCKED),
        (403, Why.LOCKED),
        (404, Why.GONE),
        (429, Why.NOT_REACHED),
        (500, Why.NOT_REACHED),
    ],
)
async def test_each_refusal_has_its_reason(ours, downloads, status, reason):
    ours.answer = lambda: web.Response(status=status)

    assert await why(downloads, f"{ours.url}/file") is reason


async def test_what_is_too_large_is_not_read_to_its_end(ours, downloads):
    ours.answer = lambda: web.Response(body=b"x" * 1001)

    assert await why(downloads, f"{ours.url}/file") is Why.TOO_LARGE


async def test_nothing_is_unpacked_on_its_way(ours, downloads):
    packed = gzip.compress(bytes(10_000_000))
    ours.answer = lambda: web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    assert (await downloads.fetch(f"{ours.url}/file", 20_000))[0] == packed


async def test_a_host_that_is_not_there_is_not_reached(downloads, ours):
    await ours.stop()

    assert await why(downloads, f"{ours.url}/file") is Why.NOT_REACHED


async def test_whoever_stops_waiting_hangs_up(ours, downloads):
    ours.answer = lambda: web.Response(body=b"x")
    task = asyncio.create_task(downloads.fetch(f"{ours.url}/file", 5))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_an_origin_is_scheme_host_and_port():
    assert origin("https://u:p@Files.Slack.com/a?b") == "https://files.slack.com"
    assert origin("http://127.0.0.1:9200/api/") == "http://127.0.0.1:9200"
