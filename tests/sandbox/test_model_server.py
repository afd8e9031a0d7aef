"""The sandbox's model API, driven by the real openai client."""

import asyncio
import math

import aiohttp
import openai
import pytest

from sandbox.faults import Fault
from sandbox.model import (
    Allowance,
    Answer,
    Comment,
    Cut,
    Fail,
    ModelServer,
    NoChoices,
    Pause,
    Raw,
    Reasoning,
    Refusal,
    Stall,
)
from sandbox.model.allowance import duration

ASKED = [{"role": "user", "content": "What is a lease?"}]
LUNA = {"model": "gpt-6-luna", "messages": ASKED}


@pytest.fixture
async def server():
    server = ModelServer(rate=math.inf, first_token=0)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server):
    async with openai.AsyncOpenAI(
        api_key=server.key, base_url=server.base_url, max_retries=0
    ) as client:
        yield client


async def read(client, **parameters):
    """All chunks of one streamed answer."""
    stream = await client.chat.completions.create(
        **LUNA | {"stream": True, "stream_options": {"include_usage": True}} | parameters
    )
    return [chunk async for chunk in stream]


def text_of(chunks):
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def finish_of(chunks):
    return [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason]


async def test_the_next_request_is_answered_with_exactly_what_was_enqueued(server, client):
    server.enqueue("A lease ", None, NoChoices(), "is a promise.")

    chunks = await read(client)

    assert text_of(chunks) == "A lease is a promise."
    assert finish_of(chunks) == ["stop"]
    assert [c.choices[0].delta.content for c in chunks[1:3]] == ["A lease ", None]
    assert chunks[3].choices == []


async def test_usage_comes_last_without_choices_and_only_when_asked_for(server, client):
    server.enqueue("one two three")
    server.enqueue("one two three")

    asked = await read(client)
    not_asked = await read(client, stream_options=None)

    assert asked[-1].choices == []
    assert asked[-1].usage.completion_tokens == 3
    assert asked[-1].usage.prompt_tokens > 4
    assert all(chunk.usage is None for chunk in not_asked)
    assert server.requests[0].usage == server.requests[1].usage


async def test_a_request_that_does_not_stream_gets_the_whole_answer_at_once(server, client):
    server.enqueue(Reasoning("Hm."), "A ", "promise.")

    completion = await client.chat.completions.create(**LUNA)

    assert completion.choices[0].message.content == "A promise."
    assert completion.choices[0].message.model_extra["reasoning_content"] == "Hm."
    assert completion.usage.completion_tokens_details.reasoning_tokens == 2
    assert completion._request_id == server.requests[0].id


async def test_text_may_stand_in_the_chunk_that_carries_the_finish_reason(server, client):
    server.enqueue(Answer(("A ",), finish_text="promise."))

    chunks = await read(client)

    assert text_of(chunks) == "A promise."
    assert next(c for c in chunks if c.choices and c.choices[0].finish_reason).choices[
        0
    ].delta.content == ("promise.")


async def test_refusals_and_reasoning_are_deltas_of_their_own(server, client):
    server.enqueue(Reasoning("Hm."), Refusal("No."))

    deltas = [c.choices[0].delta for c in await read(client) if c.choices]

    assert deltas[1].model_extra["reasoning_content"] == "Hm."
    assert deltas[2].refusal == "No."


async def test_a_stream_may_end_without_a_finish_reason(server, client):
    server.enqueue(Answer(("A ",), finish=None, usage=False, done=False))

    chunks = await read(client)

    assert text_of(chunks) == "A "
    assert finish_of(chunks) == []


async def test_a_cut_breaks_the_connection_after_what_was_said(server, client):
    server.enqueue("A ", Pause(0.01), Cut(), "never")
    stream = await client.chat.completions.create(**LUNA, stream=True)
    seen = []

    with pytest.raises(openai.APIConnectionError):
        async for chunk in stream:
            seen.append(chunk)  # noqa: PERF401  # what came before the break counts

    assert text_of(seen) == "A "
    assert not server.requests[0].cancelled


async def test_an_error_can_arrive_inside_a_stream_that_began_well(server, client):
    server.enqueue("A ", Fail("rate_limit_exceeded"), "never")

    with pytest.raises(openai.APIError) as caught:
        await read(client)

    assert caught.value.code == "rate_limit_exceeded"


async def test_nothing_follows_an_error_event(server):
    server.enqueue("A ", Fail(), "never")
    headers = {"authorization": f"Bearer {server.key}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{server.base_url}/chat/completions", json=LUNA | {"stream": True}) as said,
    ):
        events = (await said.text()).strip().split("\n\n")

    assert '"error"' in events[-1]
    assert "never" not in "".join(events)


async def test_lines_may_end_as_they_do_on_windows_with_comments_between_them(server, client):
    server.enqueue(Answer(("A ", Comment(), Raw(b": by hand\r\n\r\n"), "B"), newline="\r\n"))

    assert text_of(await read(client)) == "A B"


@pytest.mark.parametrize("streams", [True, False])
async def test_a_client_that_goes_away_is_noticed_at_once(server, client, streams):
    server.enqueue("A ", Stall())
    asking = asyncio.create_task(
        read(client) if streams else client.chat.completions.create(**LUNA)
    )
    while not server.requests or (streams and not server.requests[0].status):
        await asyncio.sleep(0.01)

    asking.cancel()
    gone = asyncio.get_running_loop().time()
    await server.requests[0].wait_ended(2)

    assert server.requests[0].cancelled
    assert server.requests[0].finished - gone < 0.5
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_an_answer_can_be_an_error_of_the_api_or_of_a_proxy(server, client):
    server.enqueue(Answer(status=429, code="insufficient_quota", headers={"retry-after": "7"}))
    server.enqueue(Answer((Raw(b"<h1>Bad gateway</h1>"),), status=502))

    with pytest.raises(openai.RateLimitError) as spent:
        await read(client)
    with pytest.raises(openai.InternalServerError) as proxy:
        await read(client)

    assert spent.value.type == "insufficient_quota"
    assert spent.value.response.headers["retry-after"] == "7"
    assert spent.value.request_id == server.requests[0].id
    assert proxy.value.response.text == "<h1>Bad gateway</h1>"


async def test_a_wrong_key_is_refused_and_none_is_asked_for(server):
    async with openai.AsyncOpenAI(
        api_key="sk-wrong", base_url=server.base_url, max_retries=0
    ) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.models.list()

    assert caught.value.code == "invalid_api_key"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.base_url}/models") as response:
            assert response.status == 401
        async with session.get(f"{server.base_url}/nothing") as response:
            assert response.status == 401


async def test_the_models_are_listed_and_an_unknown_one_is_not_found(server, client):
    assert [model.id async for model in client.models.list()] == list(server.models)
    assert (await client.models.retrieve("gpt-6-luna")).id == "gpt-6-luna"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("gpt-3")
    with pytest.raises(openai.NotFoundError) as caught:
        await read(client, model="gpt-3")

    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("parameters", "param", "code"),
    [
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": [{"role": "bot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content", "invalid_type"),
        (
            {"messages": [{"role": "user", "content": "x", "name": "two words"}]},
            "messages[0].name",
            "invalid_value",
        ),
        ({"temperature": 3}, "temperature", "decimal_above_max_value"),
        ({"temperature": 0.5}, "temperature", "unsupported_value"),
        ({"top_p": 0.5}, "top_p", "unsupported_value"),
        ({"max_tokens": 5}, "max_tokens", "unsupported_parameter"),
        (
            {"max_tokens": 5, "max_completion_tokens": 5},
            "max_tokens",
            "invalid_parameter_combination",
        ),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "integer_below_min_value"),
        ({"stop": list("abcde")}, "stop", "array_above_max_length"),
        ({"n": 2}, "n", "unsupported_value"),
        ({"reasoning_effort": "most"}, "reasoning_effort", "unsupported_value"),
        ({"extra_body": {"colour": "red"}}, "colour", "unknown_parameter"),
        ({"stream": False}, "stream_options", "invalid_request"),
    ],
)
async def test_what_openai_refuses_is_refused_with_its_code(client, parameters, param, code):
    with pytest.raises(openai.BadRequestError) as caught:
        await read(client, **parameters)

    assert (caught.value.param, caught.value.code) == (param, code)


async def test_models_that_do_not_reason_take_a_temperature_and_max_tokens(client):
    chunks = await read(client, model="gpt-4o-mini", temperature=0.2, max_tokens=4)
    with pytest.raises(openai.BadRequestError) as caught:
        await read(client, model="gpt-4o-mini", reasoning_effort="low")

    assert finish_of(chunks) == ["length"]
    assert caught.value.param == "reasoning_effort"


async def test_a_body_that_is_not_json_is_refused_in_the_same_shape(server):
    headers = {"authorization": f"Bearer {server.key}"}
    url = f"{server.base_url}/chat/completions"
    async with aiohttp.ClientSession(headers=headers) as session:
        for body in (b"{", b"[]", b"null"):
            async with session.post(url, data=body) as response:
                assert response.status == 400
                assert (await response.json())["error"]["type"] == "invalid_request_error"


async def test_more_than_the_window_is_refused(server, client):
    server.window = 20
    with pytest.raises(openai.BadRequestError) as caught:
        await read(client, max_completion_tokens=20)

    assert caught.value.code == "context_length_exceeded"


async def test_an_account_has_so_many_tokens_a_minute_and_says_how_many_are_left(server, client):
    server.allowance = Allowance(requests=10, tokens=30)
    raw = await client.chat.completions.with_raw_response.create(**LUNA, max_completion_tokens=15)

    with pytest.raises(openai.RateLimitError) as caught:
        await read(client, max_completion_tokens=15)

    assert raw.headers["x-ratelimit-limit-tokens"] == "30"
    assert int(raw.headers["x-ratelimit-remaining-requests"]) == 9
    assert caught.value.code == "rate_limit_exceeded"
    assert 0 < int(caught.value.response.headers["retry-after"]) <= 60
    assert caught.value.type == "tokens"
    assert "(TPM): Limit 30" in caught.value.message


async def test_each_model_has_an_allowance_of_its_own(server, client):
    server.allowance = Allowance(requests=1)
    for model in ("gpt-6-luna", "gpt-4o-mini"):
        await read(client, model=model)

    with pytest.raises(openai.RateLimitError) as caught:
        await read(client)
    assert caught.value.type == "requests"
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"


async def test_a_request_larger_than_a_whole_minutes_tokens_is_told_so(server, client):
    server.allowance = Allowance(tokens=30)
    with pytest.raises(openai.RateLimitError, match="Request too large") as caught:
        await read(client, max_completion_tokens=30)

    assert "retry-after" not in caught.value.response.headers


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.02, "20ms"), (1, "1s"), (8.64, "8.64s"), (59.728, "59.728s"), (360, "6m0s")],
)
def test_times_are_written_as_openai_writes_them(seconds, written):
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("chat.completions", "status", status=503), openai.InternalServerError),
        (Fault("chat.completions", "rate_limit", seconds=3), openai.RateLimitError),
        (Fault("chat.completions", "code", code="model_not_found"), openai.NotFoundError),
        (Fault("chat.completions", "reset"), openai.APIConnectionError),
        (Fault("chat.completions", "reset_after"), openai.APIConnectionError),
        (Fault("chunk", "reset", skip=2), openai.APIConnectionError),
        (Fault("chunk", "code", code="slow_down"), openai.APIError),
    ],
)
async def test_faults_strike_once_and_the_next_request_is_answered(server, client, fault, error):
    server.faults.add(fault)

    with pytest.raises(error):
        await read(client)

    assert finish_of(await read(client)) == ["stop"]


async def test_a_script_sees_the_request_and_decides(server, client):
    server.script = lambda body: Answer((body["messages"][0]["content"].upper(),))

    assert text_of(await read(client)) == "WHAT IS A LEASE?"


async def test_answers_come_at_the_pace_that_was_set():
    server = ModelServer(rate=50, first_token=0.05, script=lambda _: Answer(("a",) * 6))
    await server.start()
    try:
        async with openai.AsyncOpenAI(api_key=server.key, base_url=server.base_url) as client:
            await read(client)
    finally:
        await server.stop()

    assert server.requests[0].finished - server.requests[0].started >= 0.05 + 6 / 50 - 0.01


async def test_a_second_server_on_the_same_port_is_refused_by_the_machine(server):
    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    second = ModelServer()
    with pytest.raises(OSError, match="in use"):
        await second.start(port)
    await second.stop()


async def test_a_fault_at_a_chunk_strikes_the_very_chunk_of_the_very_answer(server, client):
    def third_of_the_second(about):
        return about["number"] == 3 and "second" in str(about["body"]["messages"])

    server.script = lambda body: Answer(("one ", "two ", "three ", "four"))
    server.faults.add(Fault("chunk", "reset", only_if=third_of_the_second))

    assert text_of(await read(client)) == "one two three four"
    with pytest.raises(openai.APIConnectionError):
        await read(client, messages=[{"role": "user", "content": "the second"}])


async def test_a_stream_can_end_early_in_order_and_without_a_reason(server, client):
    server.enqueue("one ", "two ", "three")
    server.faults.add(Fault("chunk", "end", skip=2))
    chunks = await read(client)

    assert text_of(chunks) == "one two "
    assert finish_of(chunks) == []


async def test_a_stream_can_fall_silent_until_the_client_goes_away(server, client):
    server.enqueue("one ", "two")
    server.faults.add(Fault("chunk", "stall", skip=1))
    stream = await client.chat.completions.create(**LUNA | {"stream": True})
    seen = ""
    async for chunk in stream:
        seen += chunk.choices[0].delta.content or ""
        if seen:
            break
    await stream.close()
    await server.requests[-1].wait_ended()

    assert seen == "one "
    assert server.requests[-1].cancelled
