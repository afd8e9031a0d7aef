"""Slack over HTTP in the sandbox: signed as Slack signs, and delivered again as Slack does."""

import hashlib
import hmac

import pytest
from aiohttp import web

from sandbox.listener import HOST, Listener
from sandbox.slack import SIGNING_SECRET, SlackServer
from sandbox.world import World


class App:
    """An app of Slack's that only keeps what it is sent; `answers` are its next statuses."""

    def __init__(self):
        self.sent = []
        self.answers = []
        self.more = {}

    async def take(self, request):
        self.sent.append((request.headers, await request.read()))
        return web.Response(status=self.answers.pop(0) if self.answers else 200, headers=self.more)


@pytest.fixture
async def app():
    app = App()
    application = web.Application()
    application.add_routes([web.post("/slack/events", app.take)])
    listener = Listener(application, shutdown_timeout=1)
    await listener.start(0)
    app.url = f"http://{HOST}:{listener.port}/slack/events"
    yield app
    await listener.stop()


@pytest.fixture
async def slack(app):
    server = SlackServer(World(), events_url=app.url)
    server.deliveries.redelivery = (0.0, 0.01, 0.01)
    await server.start()
    yield server
    await server.stop()


EVENT = {"type": "event_callback", "event": {"type": "message"}}


async def test_a_request_is_signed_over_its_time_and_its_body(app, slack):
    await slack.posts.exchange("events_api", EVENT)

    ((headers, body),) = app.sent
    base = f"v0:{headers['X-Slack-Request-Timestamp']}:".encode() + body
    digest = hmac.new(SIGNING_SECRET.encode(), base, hashlib.sha256).hexdigest()
    assert headers["X-Slack-Signature"] == f"v0={digest}"
    assert "X-Slack-Retry-Num" not in headers


async def test_what_is_refused_is_delivered_four_times_and_says_why(app, slack):
    app.answers = [503, 500, 401, 404]
    await slack.deliveries._deliver(EVENT)

    retries = [
        (one.get("X-Slack-Retry-Num"), one.get("X-Slack-Retry-Reason")) for one, _ in app.sent
    ]
    assert retries == [(None, None), *((str(n), "http_error") for n in (1, 2, 3))]


async def test_what_the_app_does_not_want_again_is_not_delivered_again(app, slack):
    app.answers, app.more = [500], {"X-Slack-No-Retry": "1"}
    await slack.deliveries._deliver(EVENT)

    assert len(app.sent) == 1
