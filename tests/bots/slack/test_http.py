"""Slack over HTTP: what Slack has signed is taken as from a socket, and nothing else is."""

import asyncio
import io
import json
import socket
import time
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import aiohttp
import pytest

from bots.slack import Address
from bots.slack import http as over_http
from core.errors import ShuttingDown, StartError, StoreBusy
from sandbox.faults import Fault
from sandbox.slack import SIGNING_SECRET
from sandbox.slack.errors import CommandFailed
from sandbox.slack.events import heard
from sandbox.slack.posts import FORM, signed, written
from sandbox.world import Change, World
from tests.bots.slack.conftest import Notes, WatchedSlack, make_bot, working
from tests.ports import free_port

HOST = "127.0.0.1"


class Line:
    """What anybody can send to the bot's address."""

    def __init__(self, port, session):
        self.url = f"http://{HOST}:{port}/slack/events"
        self._session = session

    async def send(self, body, headers, *, kind="application/json"):
        """The status and the text of the answer."""
        headers = [("Content-Type", kind), *headers]
        async with self._session.post(self.url, data=body, headers=headers) as response:
            return response.status, await response.text()

    async def signed(self, body, at=None, secret=SIGNING_SECRET, more=(), **kind):
        headers = signed(secret, body, time.time() if at is None else at)
        return await self.send(body, [*headers.items(), *more], **kind)


class Office:
    def __init__(self, slack, notes, bot, line):
        self.slack, self.notes, self.bot, self.line = slack, notes, bot, line

    def say(self, words):
        """A message, and the body of the request that tells of it."""
        message = self.slack.say("U0ADA", "C0GENERAL", words)
        change = Change("posted", "slack", message.channel, message)
        return next(iter(heard(self.slack.workspace, change)))


@asynccontextmanager
async def opened(notes=None, **other):
    notes, port = notes or Notes(), free_port()
    slack = WatchedSlack(World(), events_url=f"http://{HOST}:{port}/slack/events")
    slack.deliveries.redelivery = (0.0, 0.05, 0.1)
    await slack.start()
    address = Address(HOST, port, SIGNING_SECRET)
    try:
        async with (
            working(slack, notes, app_token="", address=address, **other) as bot,
            aiohttp.ClientSession() as session,
        ):
            yield Office(slack, notes, bot, Line(port, session))
    finally:
        await slack.stop()


@pytest.fixture
async def office():
    async with opened() as office:
        yield office


def body(payload):
    return written("events_api", payload)[1]


CHALLENGE = b'{"type": "url_verification", "challenge": "abc"}'


async def test_a_mention_over_http_is_a_question(office):
    office.say("@Parley what is a lease?")

    question, _ = await office.notes.question()
    assert question.text == "what is a lease?"
    assert "apps.connections.open" not in [one.method for one in office.slack.requests]


async def test_slack_can_verify_the_address(office):
    status, text = await office.line.signed(CHALLENGE)

    assert (status, json.loads(text)) == (200, {"challenge": "abc"})


NOW, GOOD = "X-Slack-Request-Timestamp", "X-Slack-Signature"


def forged(**changes):
    """The headers of a good request, but for these; None: left out; a list: more than once."""
    at = changes.pop("at", time.time())
    good = signed(SIGNING_SECRET, CHALLENGE, at)
    named = {"timestamp": NOW, "signature": GOOD}
    for name, value in changes.items():
        good[named[name]] = value
    pairs = []
    for name, value in good.items():
        values = value if isinstance(value, list) else [value]
        pairs += [(name, one) for one in values if one is not None]
    return pairs


ZEROS = "v0=" + "0" * 64


FORGERIES = {
    "no signature": lambda: forged(signature=None),
    "no timestamp": lambda: forged(timestamp=None),
    "neither": lambda: forged(signature=None, timestamp=None),
    "another signature": lambda: forged(signature=ZEROS),
    "two signatures": lambda: forged(signature=[ZEROS, dict(forged())[GOOD]]),
    "the signature twice": lambda: forged(signature=[dict(forged())[GOOD]] * 2),
    "the timestamp twice": lambda: forged(timestamp=[str(int(time.time()))] * 2),
    "no version": lambda: forged(signature=dict(forged())[GOOD].removeprefix("v0=")),
    "upper case": lambda: forged(signature=dict(forged())[GOOD].upper()),
    "another version": lambda: forged(signature=dict(forged())[GOOD].replace("v0", "v1")),
    "an empty signature": lambda: forged(signature=""),
    "a signature that is no ASCII": lambda: forged(signature="v0=ä" + "0" * 63),
    "an empty timestamp": lambda: forged(timestamp=""),
    "a word": lambda: forged(timestamp="now"),
    "a power": lambda: forged(timestamp="1e9"),
    "before 1970": lambda: forged(timestamp="-1"),
    "digits of another script": lambda: forged(timestamp="٣٣٣٣٣٣٣٣٣٣"),
    "too many digits": lambda: forged(timestamp="9" * 400),
    "another second": lambda: forged(timestamp=str(int(time.time()) + 1)),
    "stale": lambda: forged(at=time.time() - 302),
    "from the future": lambda: forged(at=time.time() + 302),
}


async def test_what_slack_has_not_signed_just_now_gets_401_and_nothing_else(office):
    answers = {name: await office.line.send(CHALLENGE, make()) for name, make in FORGERIES.items()}

    assert answers == dict.fromkeys(FORGERIES, (401, ""))


async def test_a_body_that_was_changed_gets_401(office):
    headers = signed(SIGNING_SECRET, CHALLENGE, time.time()).items()

    assert await office.line.send(CHALLENGE + b" ", headers) == (401, "")


async def test_a_body_that_is_no_text_gets_401(office):
    assert await office.line.signed(b"\xff\xfe{}") == (401, "")


async def test_another_apps_signature_gets_401_and_a_hint_in_the_log(office, capsys):
    assert await office.line.signed(CHALLENGE, secret="another") == (401, "")
    assert "SLACK_SIGNING_SECRET" in capsys.readouterr().out


async def test_a_body_that_is_too_large_is_not_read(office):
    large = b" " * (over_http.LARGEST + 1)
    headers = signed(SIGNING_SECRET, large, time.time()).items()

    assert (await office.line.send(io.BytesIO(large), headers))[0] == 413
    assert await office.line.send(io.BytesIO(large), forged(signature=None)) == (401, "")


ODD = [
    (b"", "application/json"),
    (b"[]", "application/json"),
    (b"{", "application/json"),
    (b"[" * 100_000, "application/json"),
    (b"payload=[]", FORM),
    (b"payload=%7B%22type%22%3A7%7D", FORM),
    (b"", FORM),
    (b"a&" * 2000, FORM),
    (b"hello", "text/plain"),
    (b'{"type": 7, "event": {"type": []}}', "application/json"),
    (b'{"event": {"type": "message"}, "authorizations": 7}', "application/json"),
]


async def test_no_request_is_too_odd_to_be_survived(office):
    for data, kind in ODD:
        status, _ = await office.line.signed(data, kind=kind)
        assert status in (200, 400, 404), data
    office.say("@Parley still there?")
    await office.notes.question()


async def test_a_question_that_cannot_be_claimed_is_not_acknowledged_and_comes_again(office):
    office.notes.failures = [StoreBusy("locked")]
    office.say("@Parley hello")

    question, _ = await office.notes.question()
    assert question.text == "hello"


async def test_slack_is_told_only_after_the_claim(office):
    office.notes.gate = asyncio.Event()
    payload = office.say("@Parley hello")
    await office.notes.knocked.wait()

    sending = asyncio.create_task(office.line.signed(body(payload)))
    done, _ = await asyncio.wait({sending}, timeout=0.2)
    assert not done
    office.notes.gate.set()
    assert (await sending)[0] == 200


async def test_what_is_replayed_within_five_minutes_is_no_other_question(office):
    payload = office.say("@Parley hello")
    await office.notes.question()
    replayed = body(payload)

    for age in (0, 100, 290):
        assert (await office.line.signed(replayed, at=time.time() - age))[0] == 200

    assert len(office.notes.taken) == 1


async def test_a_command_that_is_replayed_is_no_other_question(office):
    sent = []

    async def watched(kind, payload, *more):
        sent.append(written(kind, payload))
        return await exchange(kind, payload, *more)

    exchange, office.slack.posts.exchange = office.slack.posts.exchange, watched
    await office.slack.command("U0ADA", "C0GENERAL", "/ask", "why?")
    ((kind, data),) = [one for one in sent if one[0] == FORM]
    status, text = await office.line.signed(data, kind=kind)

    assert (status, text) == (200, "")
    assert len(office.notes.taken) == 1


async def test_in_a_drain_slack_is_asked_to_deliver_again(office):
    office.notes.failures = [ShuttingDown()]
    payload = office.say("@Parley hello")
    office.slack.deliveries.redelivery = ()
    await office.notes.knocked.wait()
    office.notes.failures = [ShuttingDown()]

    assert (await office.line.signed(body(payload)))[0] == 503


async def test_a_number_of_retries_that_slack_does_not_send_counts_as_none(office):
    payload = office.say("@Parley hello")

    for number in ("x", "-1", "9" * 30, "1.5", "4"):
        more = [("X-Slack-Retry-Num", number)]
        assert (await office.line.signed(body(payload), more=more))[0] == 200


async def test_the_last_time_that_slack_tells_of_it_the_asker_is_told_that_it_failed(office):
    office.notes.failures = [StoreBusy("locked") for _ in range(8)]
    office.say("@Parley hello")

    def is_told():
        return [
            one
            for one in office.slack.workspace.space.messages("C0GENERAL")
            if one.only_for == "U0ADA"
        ]

    async with asyncio.timeout(10):
        while not is_told():
            await asyncio.sleep(0.01)
    assert not office.notes.taken


async def test_half_an_emoji_is_no_harm(office):
    payload = office.say("@Parley hello")
    payload["event"]["text"] += " \ud83d"
    office.notes.taken.clear()

    assert (await office.line.signed(json.dumps(payload).encode()))[0] == 200
    question, _ = await office.notes.question()
    assert question.text.encode()


async def test_commands_and_clicks_are_answered_in_the_same_breath(office):
    shown = await office.slack.command("U0ADA", "C0GENERAL", "/parley", "help")

    message = office.slack.workspace.space.message("C0GENERAL", shown)
    assert "/ask" in str(message)


async def test_legacy_checks_of_the_certificate_are_answered(office):
    data = urlencode({"ssl_check": "1", "token": "old"}).encode()

    assert await office.line.signed(data, kind=FORM) == (200, "")


async def test_slack_says_when_it_holds_events_back(office, capsys):
    data = json.dumps({"type": "app_rate_limited", "team_id": "T0SANDBOX"}).encode()

    assert (await office.line.signed(data))[0] == 200
    assert "holds events back" in capsys.readouterr().out


async def test_nothing_else_is_served(office):
    url = office.line.url
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/slack/install", "/slack/oauth_redirect", "/healthz"):
            async with session.get(url.replace("/slack/events", path)) as response:
                assert response.status == 404
        async with session.get(url) as response:
            assert response.status == 405


async def test_a_port_in_use_is_named_with_what_to_do():
    slack = WatchedSlack(World())
    await slack.start()
    try:
        with socket.create_server((HOST, 0)) as taken:
            port = taken.getsockname()[1]
            bot = make_bot(slack, Notes(), app_token="", address=Address(HOST, port, "secret"))
            with pytest.raises(StartError, match=f"HTTP_PORT: cannot listen on {HOST}:{port}"):
                await bot.start()
            assert not bot.ready
            assert bot._session.closed
    finally:
        await slack.stop()


async def test_it_is_ready_as_long_as_it_listens(office):
    assert office.bot.ready
    await office.bot.stop()

    assert not office.bot.ready
    with pytest.raises(aiohttp.ClientConnectionError):
        await office.line.signed(CHALLENGE)


async def test_what_is_under_way_when_the_bot_stops_is_answered(office):
    office.notes.gate = asyncio.Event()
    payload = office.say("@Parley hello")
    office.slack.deliveries.redelivery = ()
    await office.notes.knocked.wait()
    office.notes.knocked.clear()
    sending = asyncio.create_task(office.line.signed(body(payload)))
    await office.notes.knocked.wait()
    stopping = asyncio.create_task(office.bot.stop())
    await asyncio.sleep(0)
    office.notes.gate.set()

    assert (await sending)[0] == 200
    await stopping


async def test_an_outage_between_slack_and_the_bot_loses_no_question(office):
    office.slack.deliveries.redelivery = (0.1, 0.3, 0.5)
    await office.slack.drop(refuse=0.2)
    office.say("@Parley after the outage")

    question, _ = await office.notes.question()
    assert question.text == "after the outage"


async def test_a_command_that_slack_cannot_deliver_is_said_to_have_failed(office):
    office.slack.faults.add(Fault("deliver", "reset"))

    with pytest.raises(CommandFailed, match="dispatch_failed"):
        await office.slack.command("U0ADA", "C0GENERAL", "/ask", "why?")
