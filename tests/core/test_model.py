"""What the model's endpoint does, and what a question sees of it."""

import asyncio
import gzip
import json
import time
from contextlib import aclosing

import pytest

from core import reading
from core.errors import (
    BadRequest,
    EmptyAnswer,
    Interrupted,
    KeyRejected,
    Misdirected,
    ModelFailed,
    NotReached,
    QuotaSpent,
    RateLimited,
    ServerFailed,
    TooSlow,
)
from core.messages import Image, Role, Text, Turn
from core.model import TICK, Model, Timeouts
from core.nap import Nap
from core.wire import Finish, Parameters, Reasoning, Refusal, Request, Usage
from sandbox.model import ModelServer
from tests.core.wire_server import (
    DONE,
    STOP,
    USAGE,
    WireServer,
    answering,
    event,
    refusing,
    text,
)

GOOD = answering(text("Yes"), STOP, USAGE, DONE)
SOON = 2.0
"""Seconds in which anything on loopback has happened."""


@pytest.fixture
async def server():
    server = WireServer([GOOD])
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def models():
    """Makes models and closes them."""
    made = []

    def make(server, **settings):
        base_url = settings.pop("base_url", server and server.base_url)
        made.append(Model(api_key=settings.pop("api_key", "sk-1"), base_url=base_url, **settings))
        return made[-1]

    yield make
    for model in made:
        await model.close()


def request(question="Hi", model="m", **parameters):
    turn = Turn(Role.USER, (Text(question),))
    return Request((turn,), Parameters(model, **parameters))


async def all_of(model, asked=None):
    """Every event of an answer."""
    async with aclosing(model.stream(asked or request())) as answer:
        return [event async for events in answer for event in events]


async def failure_of(model, asked=None):
    """What an answer showed before it failed, and how it failed."""
    shown = []
    try:
        async with aclosing(model.stream(asked or request())) as answer:
            async for events in answer:
                shown += events
    except ModelFailed as error:
        return shown, error
    raise AssertionError(shown)


def texts(events):
    return "".join(event.text for event in events if isinstance(event, Text))


# Answers


async def test_an_answer_ends_with_its_reason_usage_and_request_id(server, models):
    async def script(exchange):
        exchange.begin("x-ratelimit-remaining-requests: 9", "x-other: 1")
        exchange.send(text("Yes"))
        exchange.send(STOP + USAGE + DONE)
        exchange.end()

    server.scripts = [script]

    events = await all_of(models(server))

    usage = Usage(prompt=5, completion=2)
    assert texts(events) == "Yes"
    assert events[-1] == Finish("stop", usage, "req_1", {"remaining-requests": "9"})


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_an_answer_is_the_same_however_it_is_sent(server, models, newline, size):
    stream = b": hello\n\n" + text("Grüße") + b": wait\n\n" + text(" 😀") + STOP + USAGE + DONE
    stream = stream.replace(b"\n", newline.encode())
    server.scripts = [answering(*(stream[n : n + size] for n in range(0, len(stream), size)))]

    events = await all_of(models(server))

    assert texts(events) == "Grüße 😀"
    assert events[-1].usage == Usage(prompt=5, completion=2)


@pytest.mark.parametrize(
    "stream",
    [
        [text("Yes"), STOP, USAGE],
        [text("Yes"), STOP, DONE],
        [text("Yes"), STOP],
        [text("Yes", "stop")],
        [text("Yes"), STOP.rstrip()],
        [b'data:{"choices":[{"delta":{"content":"Yes"},"finish_reason":"stop"}]}\n\ndata:[DONE]'],
        [text("Yes"), STOP, b'data: {"usage": {"prom'],
        [text("Yes"), STOP, b'data: {"error": {"code": "server_error"}}\n\n'],
        [text("Yes"), STOP, b"data: nonsense\n\n"],
    ],
)
async def test_with_a_finish_reason_it_is_complete_whatever_follows(server, models, stream):
    server.scripts = [answering(*stream)]

    events = await all_of(models(server))

    assert texts(events) == "Yes"
    assert events[-1].reason == "stop"


async def test_a_connection_that_breaks_after_the_finish_reason_breaks_nothing(server, models):
    async def script(exchange):
        exchange.begin()
        exchange.send(text("Yes") + STOP)
        await exchange.break_off()

    server.scripts = [script]

    assert (await all_of(models(server)))[-1] == Finish("stop", None, "req_1")


async def test_a_server_that_never_ends_the_stream_does_not_delay_the_end(
    server, models, monkeypatch
):
    monkeypatch.setattr(reading, "LINGER", 0.05)

    async def script(exchange):
        exchange.begin()
        exchange.send(text("Yes"))
        exchange.send(STOP)
        await exchange.gone.wait()

    server.scripts = [script]

    async with asyncio.timeout(SOON):
        assert (await all_of(models(server)))[-1] == Finish("stop", None, "req_1")


async def test_what_could_have_become_a_tag_is_text_in_the_end(server, models):
    server.scripts = [answering(text(" <th"), STOP)]

    assert texts(await all_of(models(server))) == " <th"


async def test_reasoning_and_refusals_are_told_apart_from_text(server, models):
    reasoning, refusal = event({"reasoning_content": "hm"}), event({"refusal": "No."})
    server.scripts = [answering(reasoning + refusal + STOP)]

    events = await all_of(models(server))

    assert events == [Reasoning("hm"), Refusal("No."), Finish("stop", None, "req_1")]


async def test_reasoning_that_the_prompt_opens_is_recognised_from_the_second_answer_on(
    server, models
):
    """The first cannot be told apart in time; when the habit ends, nothing is lost."""
    aloud, plain = answering(text("hm\n</think>\n\nYes"), STOP), answering(text("Yes"), STOP)
    cut = answering(text("hm"), event(finish="length"))
    server.scripts = [aloud, aloud, cut, aloud, plain, plain]
    model = models(server)
    answers = [await all_of(model) for _ in range(6)]

    assert [texts(answer) for answer in answers] == [
        "hm\n</think>\n\nYes",
        "Yes",
        "hm",
        "Yes",
        "Yes",
        "Yes",
    ]
    assert answers[1][0] == Reasoning("hm\n")
    assert answers[5][0] == Text("Yes")


async def test_reasoning_that_the_prompt_opens_does_not_spoil_a_retry_when_it_is_cut(
    server, models
):
    server.scripts = [answering(text("hm</think>Yes"), STOP), answering(text("hm"))]
    model = models(server)
    await all_of(model)

    shown, error = await failure_of(model)

    assert not texts(shown)
    assert type(error) is NotReached


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_nothing_but_a_reason_for_it_is_an_answer(server, models, reason):
    server.scripts = [answering(event(finish=reason))]

    assert await all_of(models(server)) == [Finish(reason, None, "req_1")]


@pytest.mark.parametrize("encoding", [None, "gzip"])
async def test_a_server_that_does_not_stream_or_compresses_all_the_same(server, models, encoding):
    choice = {"message": {"content": "Yes " * 500}, "finish_reason": "stop"}
    body = json.dumps({"choices": [choice]}).encode()
    headers = ["content-type: application/json"]
    if encoding:
        body = gzip.compress(body)
        headers.append("content-encoding: gzip")
    server.scripts = [refusing(200, body, *headers)]

    assert texts(await all_of(models(server))) == "Yes " * 500


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
@pytest.mark.parametrize("beginning", [b"", b": hello\n\n", b"event: x\n", b"\r\n"])
@pytest.mark.parametrize("size", [1, 10_000])
async def test_a_stream_under_a_wrong_name_is_read_as_it_grows(
    server, models, kind, beginning, size
):
    stream = beginning + text("Ye")

    async def script(exchange):
        exchange.begin(kind=kind)
        for n in range(0, len(stream), size):
            exchange.send(stream[n : n + size])
            await asyncio.sleep(0)
        await exchange.gone.wait()

    server.scripts = [script]

    async with asyncio.timeout(SOON), aclosing(models(server).stream(request())) as answer:
        assert texts(await anext(answer)) == "Ye"


async def test_texts_that_came_together_are_one_event(server, models):
    server.scripts = [answering(b"".join(text(f"{n} ") for n in range(1000)) + STOP)]
    batches = [events async for events in models(server).stream(request())]

    assert texts(event for events in batches for event in events).split()[-1] == "999"
    assert len(batches) < 20


# Failures


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ([], "no_finish_reason"),
        ([b'data: {"error": {"code": "rate_limit_exceeded"}}\n\n'], "rate_limit_exceeded"),
        ([b"data: <html>\n\n"], "malformed"),
        ([b"data: {"], "malformed"),
    ],
)
async def test_text_without_an_end_is_interrupted_and_kept(server, models, rest, code):
    server.scripts = [answering(text("Ye"), *rest)]

    shown, error = await failure_of(models(server))

    assert texts(shown) == "Ye"
    assert type(error) is Interrupted
    assert (error.code, error.request_id) == (code, "req_1")


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        ([b'data: {"error": {"code": "rate_limit_exceeded"}}\n\n'], RateLimited),
        ([b'data: {"error": {"type": "insufficient_quota"}}\n\n'], QuotaSpent),
        ([b'data: {"error": {"message": "?"}}\n\n', text("never")], ServerFailed),
        ([event({"reasoning": "hm"}), b'data: {"error": {"code": 503}}\n\n'], ServerFailed),
        ([b"data: <html>\n\n"], ServerFailed),
        ([], NotReached),
        ([event({"role": "assistant", "content": ""})], NotReached),
        ([event({"reasoning": "hm"})], NotReached),
        ([STOP, DONE], EmptyAnswer),
        ([text(" \n"), STOP, DONE], EmptyAnswer),
        ([text("<think>hm</think>\n"), STOP, DONE], EmptyAnswer),
    ],
)
async def test_a_failure_before_any_text_is_what_it_is(server, models, stream, kind):
    server.scripts = [answering(*stream)]

    shown, error = await failure_of(models(server))

    assert not texts(shown).strip()
    assert type(error) is kind
    assert error.request_id == "req_1"


@pytest.mark.parametrize(("shown", "kind"), [("", NotReached), ("Ye", Interrupted)])
async def test_a_connection_that_breaks_in_the_middle(server, models, shown, kind):
    async def script(exchange):
        exchange.begin()
        exchange.send(text(shown))
        await exchange.break_off()

    server.scripts = [script]

    events, error = await failure_of(models(server))

    assert texts(events) == shown
    assert type(error) is kind
    assert error.code == "cut"


async def test_a_connection_that_breaks_before_an_answer_is_no_time_out(server, models):
    async def script(exchange):
        exchange.cut()

    server.scripts = [script]

    assert type((await failure_of(models(server)))[1]) is NotReached


async def test_a_server_that_does_not_speak_http_is_not_reached(server, models):
    async def script(exchange):
        exchange.writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")

    server.scripts = [script]

    assert type((await failure_of(models(server)))[1]) is NotReached


async def test_where_nobody_listens_nothing_is_reached(server, models):
    await server.stop()

    assert type((await failure_of(models(server)))[1]) is NotReached


async def test_an_error_answer_carries_all_that_the_log_and_the_retry_need(server, models):
    body = {"error": {"message": "Slow down.", "code": "rate_limit_exceeded", "type": "tokens"}}
    server.scripts = [refusing(429, body, "retry-after: 3")]

    _, error = await failure_of(models(server))

    assert type(error) is RateLimited
    assert (error.status, error.code, error.request_id) == (429, "rate_limit_exceeded", "req_1")
    assert (error.detail, error.retry_after) == ("Slow down.", 3.0)
    assert len(server.requests) == 1  # the SDK does not retry behind our back


async def test_an_error_answer_may_be_compressed(server, models):
    body = gzip.compress(b'{"error": {"code": "insufficient_quota"}}')
    server.scripts = [refusing(429, body, "content-encoding: gzip")]

    assert type((await failure_of(models(server)))[1]) is QuotaSpent


@pytest.mark.parametrize(
    ("status", "kind"), [(401, KeyRejected), (400, BadRequest), (500, ServerFailed)]
)
async def test_a_page_of_html_is_an_error_like_any_other(server, models, status, kind):
    server.scripts = [refusing(status, b"<html>" * 5000, "content-type: text/html")]

    assert type((await failure_of(models(server)))[1]) is kind


async def test_a_web_page_in_place_of_an_answer_is_not_worth_a_retry(server, models):
    page = b"<!doctype html><html><title>Welcome</title>" * 500
    server.scripts = [refusing(200, page, "content-type: text/html; charset=utf-8")]

    assert type((await failure_of(models(server)))[1]) is Misdirected


# Time


async def test_comments_and_empty_chunks_do_not_keep_a_silent_model_alive(server, models):
    async def script(exchange):
        exchange.begin()
        while not exchange.gone.is_set():
            exchange.send(b": keep-alive\n\n" + event({"content": ""}))
            await asyncio.sleep(0.01)

    server.scripts = [script]
    model = models(server, timeouts=Timeouts(first_token=0.2))

    async with asyncio.timeout(SOON):
        _, error = await failure_of(model)

    assert type(error) is TooSlow
    assert error.code == "first_token"


async def test_a_server_that_does_not_even_send_headers_is_too_slow(server, models):
    async def script(exchange):
        await exchange.gone.wait()

    server.scripts = [script]

    _, error = await failure_of(models(server, timeouts=Timeouts(first_token=0.1)))

    assert (type(error), error.code) == (TooSlow, "first_token")


async def test_a_model_that_falls_silent_is_too_slow(server, models):
    async def script(exchange):
        exchange.begin()
        exchange.send(text("Ye"))
        while not exchange.gone.is_set():
            exchange.send(b": keep-alive\n\n")
            await asyncio.sleep(0.01)

    server.scripts = [script]

    shown, error = await failure_of(models(server, timeouts=Timeouts(idle=0.1)))

    assert texts(shown) == "Ye"
    assert (type(error), error.code) == (TooSlow, "idle")


async def test_reasoning_is_a_sign_of_life(server, models):
    async def script(exchange):
        exchange.begin()
        for _ in range(8):
            exchange.send(event({"reasoning_content": "hm"}))
            await asyncio.sleep(0.1)
        exchange.send(text("Yes") + STOP)
        exchange.end()

    server.scripts = [script]

    events = await all_of(models(server, timeouts=Timeouts(first_token=0.6, idle=0.6)))

    assert texts(events) == "Yes"


async def test_a_reader_that_takes_its_time_is_no_silence_of_the_model(server, models):
    async def script(exchange):
        exchange.begin()
        exchange.send(text("Y"))
        await exchange.writer.drain()
        for piece in ("e", "s"):
            exchange.send(text(piece))
        exchange.send(STOP)
        exchange.end()

    server.scripts = [script]
    shown = []

    async for events in models(server, timeouts=Timeouts(idle=0.05)).stream(request()):
        shown += events
        await asyncio.sleep(0.2)

    assert texts(shown) == "Yes"


async def test_a_host_that_accepts_and_says_nothing_is_too_slow_to_connect(server, models):
    async def script(exchange):
        await exchange.gone.wait()

    server.scripts = [script]
    address = server.base_url.replace("http:", "https:")

    _, error = await failure_of(models(None, base_url=address, timeouts=Timeouts(connect=0.1)))

    assert (type(error), error.code) == (TooSlow, "connect")


# Hanging up


async def silent_after_text(exchange):
    exchange.begin()
    exchange.send(text("Ye"))
    await exchange.writer.drain()
    await exchange.gone.wait()


async def silent(exchange):
    await exchange.gone.wait()


@pytest.mark.parametrize("script", [silent, silent_after_text])
async def test_cancelling_a_question_hangs_up_at_once(server, models, script):
    server.scripts = [script]
    asking = asyncio.create_task(all_of(models(server)))
    exchange = await server.request(1)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    async with asyncio.timeout(0.5):
        await exchange.gone.wait()


async def test_leaving_an_answer_early_hangs_up_at_once(server, models):
    server.scripts = [silent_after_text]
    async with aclosing(models(server).stream(request())) as answer:
        await anext(answer)

    async with asyncio.timeout(0.5):
        await (await server.request(1)).gone.wait()


async def test_a_connection_is_used_again_after_a_complete_answer(server, models):
    async def script(exchange):
        exchange.begin()
        exchange.send(text("Yes") + STOP + DONE)
        await exchange.writer.drain()
        await asyncio.sleep(0.02)
        exchange.end()

    server.scripts = [script]
    model = models(server)
    for _ in range(3):
        await all_of(model)

    assert server.connections == 1


async def test_hundreds_of_answers_run_at_once(server, models):
    """None waits for another: the server answers none before it has seen all."""
    many = 250

    async def script(exchange):
        await server.request(many)
        await GOOD(exchange)

    server.scripts = [script]
    model = models(server)

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(all_of(model)) for _ in range(many)]

    assert {texts(task.result()) for task in asked} == {"Yes"}


@pytest.mark.parametrize("size", [8, 100])
async def test_crowded_answers_are_read_in_fewer_and_larger_pieces(server, models, size):
    """Those of a crowd are read at the same moments; alone, an answer pauses never."""

    async def script(exchange):
        exchange.begin()
        for n in range(30):
            exchange.send(text(f"{n} "))
            await asyncio.sleep(0.015)
        exchange.send(STOP)
        exchange.end()

    async def batches(model):
        """How often an answer is read, and how often it would be at the common moments alone."""
        begun = time.monotonic()
        read = len([events async for events in model.stream(request())])
        return read, (time.monotonic() - begun) / TICK

    server.scripts = [script]
    model = models(server)

    alone, moments = await batches(model)
    assert alone > moments
    async with asyncio.TaskGroup() as group:
        crowd = [group.create_task(batches(model)) for _ in range(size)]

    assert all(read <= moments + 3 for read, moments in (task.result() for task in crowd))


async def test_a_server_that_hangs_up_during_a_pause_has_said_everything(server, models):
    async def script(exchange):
        exchange.begin("connection: close")
        for n in range(200):
            exchange.send(text(f"{n} "))
            await exchange.writer.drain()
            await asyncio.sleep(0)
        exchange.send(STOP)
        exchange.end()
        await exchange.break_off()

    server.scripts = [script]
    model = models(server)

    async with asyncio.TaskGroup() as group:
        crowd = [group.create_task(all_of(model)) for _ in range(60)]

    everything = "".join(f"{n} " for n in range(200))
    assert all(texts(task.result()) == everything for task in crowd)


@pytest.mark.parametrize("others", [10, 100_000])
async def test_cancelling_during_a_pause_hangs_up_at_once(server, models, others):
    server.scripts = [silent_after_text]
    model = models(server, read_pause=60.0)
    model._streams = others  # as if so many were being read
    async with aclosing(model.stream(request())) as answer:
        await anext(answer)
        pausing = asyncio.create_task(anext(answer))
        await asyncio.sleep(0)

        pausing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pausing

        async with asyncio.timeout(0.5):
            await (await server.request(1)).gone.wait()


@pytest.mark.parametrize("others", [10, 100_000])
async def test_what_is_wanted_during_a_pause_is_read_at_once(server, models, others):
    async def two_words(exchange):
        exchange.begin()
        exchange.send(text("Ye"))
        await exchange.writer.drain()
        await said.wait()
        exchange.send(text("s."))
        await exchange.writer.drain()
        await exchange.gone.wait()

    server.scripts, said, nap = [two_words], asyncio.Event(), Nap()
    model = models(server, read_pause=60.0)
    model._streams = others  # as if so many were being read
    async with asyncio.timeout(SOON), aclosing(model.stream(request(), nap=nap)) as answer:
        await anext(answer)
        waiting = asyncio.create_task(anext(answer))
        await asyncio.sleep(0)
        said.set()

        assert nap.wake()
        assert await waiting == (Text("s."),)


async def test_the_end_of_an_answer_ends_the_pause_before_it_is_read(server, models):
    async def in_pieces(exchange):
        exchange.begin()
        for word in ("So ", "be ", "it."):
            exchange.send(text(word))
            await exchange.writer.drain()
            await said.wait()
        exchange.send(STOP)
        exchange.end()

    server.scripts, said = [in_pieces], asyncio.Event()
    model = models(server, read_pause=60.0)
    model._streams = 10  # as if so many were being read
    async with asyncio.timeout(SOON), aclosing(model.stream(request())) as answer:
        first = await anext(answer)
        said.set()

        rest = [event async for events in answer for event in events]

    assert texts([*first, *rest]) == "So be it."
    assert rest[-1].reason == "stop"


async def test_closing_the_model_interrupts_its_answers_and_lets_nobody_ask_again(server, models):
    server.scripts = [silent_after_text]
    model = models(server)
    asking = asyncio.create_task(failure_of(model))
    await server.request(1)
    while not model._streams:
        await asyncio.sleep(0.01)

    await model.close()

    async with asyncio.timeout(SOON):
        shown, error = await asking
        assert type(error) is (Interrupted if texts(shown) else NotReached)
        assert type((await failure_of(model))[1]) is NotReached
        with pytest.raises(NotReached):
            await model.names()


# What is sent


async def test_the_key_and_the_extra_headers_are_sent(server, models):
    await all_of(models(server, extra_headers={"X-Team": "blue"}))

    (exchange,) = server.requests
    assert exchange.line == "POST /v1/chat/completions HTTP/1.1"
    assert exchange.headers["authorization"] == "Bearer sk-1"
    assert exchange.headers["content-type"] == "application/json"
    assert exchange.headers["accept-encoding"] == "identity"
    assert exchange.headers["x-team"] == "blue"


async def test_without_a_key_no_key_is_sent_whatever_the_environment_holds(
    server, models, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-you")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-not-for-you")
    await all_of(models(server, api_key=""))
    await all_of(models(server, api_key="", extra_headers={"authorization": "Basic x"}))

    assert "authorization" not in server.requests[0].headers
    assert server.requests[1].headers["authorization"] == "Basic x"


async def test_pictures_are_sent_as_they_are(server, models):
    turn = Turn(Role.USER, (Text("What?"), Image(b"\x89P", "image/png", 1, 1)))

    await all_of(models(server), Request((turn,), Parameters("m")))

    picture = server.requests[0].body["messages"][0]["content"][1]
    assert picture["image_url"]["url"] == "data:image/png;base64,iVA="


async def test_the_proxy_of_the_environment_is_used(server, models, monkeypatch):
    monkeypatch.setenv("http_proxy", server.base_url.removesuffix("/v1"))

    await all_of(models(None, base_url="http://model.invalid/v1"))

    assert server.requests[0].line.startswith("POST http://model.invalid/v1/chat/completions ")


async def test_what_the_address_asks_goes_with_every_request(server, models):
    await all_of(models(None, base_url=f"{server.base_url}/gpt?api-version=2026-06&x=%26"))

    path = "/v1/gpt/chat/completions?api-version=2026-06&x=%26"
    assert server.requests[0].line == f"POST {path} HTTP/1.1"


async def test_the_proxy_of_the_environment_is_not_used_where_it_says_so(
    server, models, monkeypatch
):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    assert texts(await all_of(models(server))) == "Yes"


async def test_certificates_that_cannot_be_read_are_told(models, monkeypatch, tmp_path):
    (tmp_path / "ours.pem").write_text("no certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ours.pem"))

    with pytest.raises(NotReached, match="certificates"):
        await models(None, base_url="https://model.invalid/v1").open()


# Parameters that a model refuses


def refusal_of(parameter, code="unsupported_parameter"):
    return refusing(400, {"error": {"message": "…", "param": parameter, "code": code}})


async def test_refused_parameters_are_left_out_and_never_sent_again(server, models):
    server.scripts = [refusal_of("max_tokens"), refusal_of("temperature"), GOOD]
    model, asked = models(server), request(answer_tokens=9, temperature=0.5)

    assert texts(await all_of(model, asked)) == "Yes"
    assert texts(await all_of(model, asked)) == "Yes"

    last_two = [exchange.body for exchange in server.requests[2:]]
    assert len(last_two) == 2
    for body in last_two:
        assert body["max_completion_tokens"] == 9
        assert not {"max_tokens", "temperature"} & body.keys()


async def test_a_parameter_that_is_refused_in_words_alone_is_left_out_too(server, models):
    message = "Unsupported value: 'temperature' does not support 0.5 with this model."
    said = {"error": {"message": message, "param": "None", "code": "unsupported_value"}}
    server.scripts = [refusing(400, said), GOOD]

    assert texts(await all_of(models(server), request(temperature=0.5))) == "Yes"
    assert "temperature" not in server.requests[1].body


async def test_what_one_model_refuses_another_still_gets(server, models):
    server.scripts = [refusal_of("temperature"), GOOD]
    model = models(server)
    await all_of(model, request(temperature=0.5))

    await all_of(model, request(model="other", temperature=0.5))

    assert server.requests[-1].body["temperature"] == 0.5


async def test_a_server_that_refuses_everything_is_asked_a_bounded_number_of_times(server, models):
    async def script(exchange):
        sent = [name for name in exchange.body if name not in ("model", "messages")]
        await refusal_of(sent[-1])(exchange)

    server.scripts = [script]
    parameters = {"answer_tokens": 9, "temperature": 1.0, "top_p": 1.0, "stop": ("a",)}

    _, error = await failure_of(models(server), request(**parameters))

    assert type(error) is BadRequest
    assert len(server.requests) < 10


async def test_a_refusal_that_led_to_no_answer_is_not_remembered(server, models):
    server.scripts = [refusal_of("temperature"), refusing(500), GOOD]
    model, asked = models(server), request(temperature=0.5)

    _, error = await failure_of(model, asked)
    await all_of(model, asked)

    assert type(error) is ServerFailed
    assert server.requests[2].body["temperature"] == 0.5


# The names of models


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}, ("a", "b")),
        ([{"id": "a"}], ("a",)),
        ({"data": None}, ()),
        ({"data": [1, {"id": 2}]}, ()),
        (b"<html>", ()),
    ],
)
async def test_models_are_listed_as_far_as_the_server_tells(server, models, body, names):
    server.scripts = [refusing(200, body)]

    assert await models(server).names() == names


async def test_a_server_without_a_list_says_so(server, models):
    server.scripts = [refusing(401, {"error": {"code": "invalid_api_key"}})]

    with pytest.raises(KeyRejected):
        await models(server).names()


# The sandbox


async def test_it_talks_with_the_sandbox(models):
    sandbox = ModelServer(first_token=0, rate=10_000)
    await sandbox.start()
    try:
        model = models(sandbox, api_key="sk-sandbox")
        asked = request(model="gpt-6-luna", temperature=0.5, answer_tokens=500)

        events = await all_of(model, asked)

        assert "gpt-6-luna" in await model.names()
        assert texts(events)
        assert events[-1].usage.completion > 0
    finally:
        await sandbox.stop()
