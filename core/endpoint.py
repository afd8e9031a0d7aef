"""One OpenAI-compatible endpoint; the only module that imports openai.

The SDK knows the address, the key and the errors. Answers are read as bytes, because
its typed stream costs thirty times as much for each token (see `tests/bench`).

Importing this takes a second: `core.model` does it when it is needed, in a thread.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import parse_qsl

import httpx2
import openai
import orjson

from core.complaint import Refused, answered, complaint
from core.errors import NotReached, TooSlow
from core.nap import Nap
from core.transport import BODY, Body, Transport

LIMITS = "x-ratelimit-"
"""What the names of the headers begin with that tell how many requests are left."""

WINDOWS = ("max_model_len", "context_length", "context_window", "max_context_length")
"""What vLLM, OpenRouter, Groq and LM Studio call the size of a model's context in their lists."""


class Response:
    """The answer to one request: its headers are there, its body may follow.

    `request_id` is what the endpoint's operators ask for, `limits` the rate-limit headers by
    the end of their names ("remaining-requests"), `media_type` the kind of the body, such
    as `text/event-stream`. Nothing else is kept of the SDK's response, which holds the request
    and its text for as long as the answer takes.
    """

    def __init__(self, response: httpx2.Response) -> None:
        headers = response.headers
        self.request_id: str = headers.get("x-request-id", "")
        self.media_type: str = headers.get("content-type", "").partition(";")[0].strip().lower()
        self.limits = _limits(headers)
        self._body: Body = response.extensions[BODY]

    async def read(self) -> bytes:
        """All bytes that have arrived, b"" after the last; `NotReached` if cut."""
        try:
            return await self._body.read()
        except (httpx2.TransportError, RuntimeError) as error:  # the latter if we hung up
            raise NotReached(str(error), request_id=self.request_id) from error

    async def rest(self, seconds: float, nap: Nap) -> None:
        """Let bytes accumulate while that nap lasts."""
        await self._body.rest(seconds, nap)

    async def gather(self, seconds: float, nap: Nap) -> None:
        """The same while they come in; the end of the answer ends the nap."""
        await self._body.gather(seconds, nap)

    async def close(self) -> None:
        """Hang up, unless everything was read."""
        await self._body.aclose()


class Endpoint:
    """A client for the life of the process; without a key it sends none.

    What stands behind a `?` in the address goes with every request, such as an `api-version`.
    Raises `Refused` for an error that the endpoint answers with, and `NotReached` or
    `TooSlow` (no connection in time) when no answer comes.
    """

    def __init__(
        self, *, api_key: str, base_url: str, extra_headers: Mapping[str, str], connect: float
    ) -> None:
        # A proxy that compresses a stream holds tokens back until it has enough of them.
        self._headers: dict[str, str | openai.Omit] = {"Accept-Encoding": "identity"}
        if not api_key:
            self._headers["Authorization"] = openai.Omit()
        self._headers |= extra_headers
        address, _, query = base_url.partition("?")
        self._client = openai.AsyncOpenAI(
            api_key=api_key or "none",
            base_url=address,
            default_query=dict(parse_qsl(query)),
            http_client=openai.DefaultAsyncHttpxClient(
                # A question must go where the operator said, and nowhere else.
                transport=Transport(connect=connect),
                follow_redirects=False,
            ),
            max_retries=0,
            timeout=None,
        )

    async def ask(self, body: bytes) -> Response:
        """Ask for a completion; the caller closes the response."""
        with _our_errors():
            response = cast(
                httpx2.Response,
                await self._client.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    content=body,
                    options={"headers": self._headers},
                    stream=True,
                    stream_cls=openai.AsyncStream[Any],
                ),
            )
        return Response(response)

    async def listing(self) -> dict[str, int | None]:
        """The models that it offers, with the size of their context where it tells it, in tokens.

        Empty where it does not say so in JSON.
        """
        with _our_errors():
            response = await self._client.get(
                "/models", cast_to=httpx2.Response, options={"headers": self._headers}
            )
        return dict(_listed(response.content))

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except openai.APIStatusError as error:
        said = complaint(error.body)
        headers = error.response.headers
        refusal = answered(said, error.status_code, headers, now=time.time())
        raise Refused(refusal, _limits(headers)) from error
    except openai.APITimeoutError as error:
        raise TooSlow(_reason(error), code="connect") from error
    except openai.APIConnectionError as error:
        raise NotReached(_reason(error)) from error
    except RuntimeError as error:  # we are stopping, and every connection is closed
        raise NotReached(str(error), code="closed") from error


def _limits(headers: httpx2.Headers) -> dict[str, str]:
    return {
        name[len(LIMITS) :]: value for name, value in headers.items() if name.startswith(LIMITS)
    }


def _reason(error: Exception) -> str:
    """What lies behind the SDK's "Connection error."."""
    return str(error.__cause__ or error)


def _listed(body: bytes) -> Iterator[tuple[str, int | None]]:
    try:
        listing = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    models = listing.get("data") if isinstance(listing, dict) else listing
    for model in models if isinstance(models, list) else ():
        if isinstance(model, dict) and isinstance(model.get("id"), str):
            sizes = (model.get(name) for name in WINDOWS)
            yield model["id"], next((one for one in sizes if isinstance(one, int)), None)
