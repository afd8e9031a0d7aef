"""What an endpoint says is understood by its words and its status, and its prose seldom."""

from dataclasses import replace

import pytest

from core.complaint import LONGEST_DETAIL, Complaint, answered, complaint, retry_after
from core.errors import (
    BadRequest,
    ContextExceeded,
    KeyRejected,
    Misdirected,
    ModelGone,
    QuotaSpent,
    RateLimited,
    ServerFailed,
    TooSlow,
)

NOON = 1_800_000_000.0  # 2027-01-15, 08:00:00 GMT

NESTED: list = []
for _ in range(100_000):
    NESTED = [NESTED]


def openai_says(code=None, kind=None, param=None):
    return {"error": {"message": "…", "code": code, "type": kind, "param": param}}


def says(code, message):
    return {"error": {"message": message, "code": code, "type": "None", "param": None}}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, openai_says("context_length_exceeded", "invalid_request_error"), ContextExceeded),
        (400, openai_says(400, "exceed_context_size_error"), ContextExceeded),  # llama.cpp
        (400, openai_says(400, "BadRequestError", "input_tokens"), ContextExceeded),  # vLLM
        (413, "Payload Too Large", ContextExceeded),
        (400, openai_says("unsupported_value", "invalid_request_error", "stop"), BadRequest),
        (422, {"detail": [{"loc": ["body", "stop"], "msg": "…"}]}, BadRequest),
        (409, None, BadRequest),
        (401, openai_says("invalid_api_key", "invalid_request_error"), KeyRejected),
        (403, {"message": "no"}, KeyRejected),
        (402, openai_says(402), QuotaSpent),
        (429, openai_says("insufficient_quota", "insufficient_quota"), QuotaSpent),
        (429, openai_says("project_spend_limit_exceeded", "insufficient_quota"), QuotaSpent),
        (429, openai_says("something_new", "insufficient_quota"), QuotaSpent),
        (429, openai_says("rate_limit_exceeded", "tokens"), RateLimited),
        (429, "", RateLimited),
        (404, openai_says("model_not_found", "invalid_request_error"), ModelGone),
        (403, openai_says("model_not_found", "invalid_request_error"), ModelGone),
        (404, "<html>", Misdirected),
        (307, "", Misdirected),
        (408, None, TooSlow),
        (500, openai_says(None, "invalid_request_error"), ServerFailed),
        (503, "Slow Down", ServerFailed),
        (529, openai_says(None, "overloaded_error"), ServerFailed),
        # Error events: there is no status, unless the code is one.
        (0, openai_says("rate_limit_exceeded", "requests"), RateLimited),
        (0, openai_says(429), RateLimited),
        (0, openai_says("502"), ServerFailed),
        (0, openai_says("insufficient_quota"), QuotaSpent),
        (0, openai_says(None, "invalid_request_error"), BadRequest),
        (0, openai_says("server_error", "server_error"), ServerFailed),
        (0, {"object": "error", "message": "…", "code": 400}, BadRequest),
        (0, {"error": "out of memory"}, ServerFailed),
    ],
)
def test_each_complaint_is_the_error_that_fits_it(status, body, error):
    said = answered(complaint(body), status, {"x-request-id": "req_1"}, now=NOON)

    assert type(said.error()) is error
    assert said.error().status == status
    assert said.error().request_id == "req_1"


@pytest.mark.parametrize(
    "body",
    [
        {"object": "error", "message": "The model `m` does not exist.", "code": 404},  # vLLM
        {"error": {"message": 'model "m" not found, try pulling it', "type": "api_error"}},
        {"error": "model 'm' not found"},  # Ollama, too
        {"type": "error", "error": {"type": "not_found_error", "message": "model: m"}},
        {"error": {"code": 404, "message": "models/m is not found for API version v1main"}},
        {"error": {"code": 404, "message": "No endpoints found for m."}},  # OpenRouter
        openai_says("model_not_available"),
        openai_says("NotFoundError", param="model"),
        openai_says(kind="ModelNotFoundError"),
    ],
)
def test_a_404_that_speaks_of_a_model_means_that_it_is_gone(body):
    assert type(answered(complaint(body), 404, {}, now=NOON).error()) is ModelGone


@pytest.mark.parametrize(
    "message",
    [
        "Invalid URL (POST /chat/completions)",
        "Invalid URL (GET /v1/models)",
        "Unknown request URL: POST /openai/v1/models/completions.",
        "File Not Found",
        "<html>Our new model is not found here</html>",
    ],
)
@pytest.mark.parametrize("kind", ["invalid_request_error", "not_found_error", None])
def test_any_other_404_means_that_the_address_is_wrong(message, kind):
    body = {"error": {"message": message, "type": kind}}

    assert type(answered(complaint(body), 404, {}, now=NOON).error()) is Misdirected


LONG = "This model's maximum context length is 4096 tokens. However, you requested 5000."


@pytest.mark.parametrize(
    "message",
    [
        LONG,  # vLLM before it had a code for it
        f"litellm.BadRequestError: OpenAIException - {LONG}",
        f"litellm.BadRequestError: OpenAIException - Error code: 400 - {{'message': \"{LONG}\"}}",
        "litellm.ContextWindowExceededError: litellm.BadRequestError: too much",
        "'max_tokens' or 'max_completion_tokens' is too large: 5000. " + LONG,
        "This endpoint's maximum context length is 200000 tokens. However, you asked for more.",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens",
        "the request exceeds the available context size. try increasing it",
        "request (9000 tokens) exceeds the available context size (8192 tokens)",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
        "Requested token count exceeds the model's maximum context length of 8192 tokens.",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768",
    ],
)
def test_a_context_that_is_exceeded_in_words_alone_is_exceeded(message):
    said = complaint({"error": {"message": message, "code": 400, "type": "BadRequestError"}})
    said = answered(said, 400, {}, now=NOON)

    assert type(said.error()) is ContextExceeded
    assert not said.names_nothing  # so that no parameter is blamed for it
    assert type(replace(said, status=500, code="").error()) is ServerFailed


@pytest.mark.parametrize(
    "message",
    [
        "Refused by the filter (prompt is too long: 1 tokens > 2 maximum)",
        "Jailbreak in “My bot says This model's maximum context length is 5 tokens”",
        "The context is fine",
    ],
)
def test_the_words_of_an_exceeded_context_in_the_middle_of_others_mean_nothing(message):
    body = {"error": {"message": message, "code": 400}}

    assert type(answered(complaint(body), 400, {}, now=NOON).error()) is BadRequest


def test_a_none_in_words_is_none():
    """LiteLLM sends them so."""
    body = {"error": {"message": "…", "code": "None", "type": "None", "param": "None"}}

    assert complaint(body) == Complaint(message="…")
    assert answered(complaint(body), 400, {}, now=NOON).names_nothing


def test_prose_decides_nothing_that_words_are_there_for():
    body = {"error": {"message": "context_length_exceeded insufficient_quota"}}

    assert type(answered(complaint(body), 400, {}, now=NOON).error()) is BadRequest


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (openai_says(param="temperature"), "temperature"),
        ({"detail": [{"type": "extra_forbidden", "loc": ["body", "stop"]}]}, "stop"),
        ({"message": {"detail": [{"loc": ["body", "top_p", 0]}]}, "type": "x"}, "top_p"),
        (says("unsupported_value", "Unsupported value: 'temperature' is not 1."), "temperature"),
        (says("unsupported_parameter", "'max_tokens'? Use 'max_completion_tokens'."), "max_tokens"),
        (says("unsupported_value", "Unsupported: 'messages[0].role'"), "messages[0].role"),
        (says("unsupported_value", "Something else is not supported: 'A B', 5"), ""),
        (says("content_filter", "Your 'temperature' is offensive."), ""),
        ({"detail": "Not Found"}, ""),
        ({"detail": [{"loc": ["body"]}]}, ""),
        ({"detail": ["?"]}, ""),
        ("nonsense", ""),
        (None, ""),
        ([1], ""),
    ],
)
def test_the_refused_field_is_found_in_every_shape(body, parameter):
    assert complaint(body).parameter == parameter


def test_a_page_of_html_is_not_kept_whole():
    assert len(complaint("<p>" * 10_000).error().detail) == LONGEST_DETAIL


@pytest.mark.parametrize("body", [NESTED, {"error": NESTED}, {"error": {"message": NESTED}}])
def test_a_body_that_is_nested_without_end_says_nothing(body):
    assert answered(complaint(body), 500, {}, now=NOON) == Complaint(status=500)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": "Fri, 15 Jan 99999999999 08:00:30 GMT"}, None),
        ({"retry-after": "Fri, 15 Jan 2027 99999999999:00:00 GMT"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers, seconds):
    assert retry_after(headers, now=NOON) == seconds


def test_only_a_complaint_without_words_and_field_names_nothing():
    assert Complaint(status=400, code="400", kind="BadRequestError").names_nothing
    assert not Complaint(status=400, code="content_filter").names_nothing
    assert not Complaint(status=400, parameter="stop").names_nothing


@pytest.mark.parametrize(
    ("status", "message", "most"),
    [
        (400, "Invalid content type. image_url is only supported by certain models.", 0),
        (400, "this model does not support image input (ref: b8bd630e)", 0),  # Ollama
        (400, "Model does not support images. Please use a model that does.", 0),  # LM Studio
        (500, "image input is not supported - hint: you may need to provide the mmproj", 0),
        (404, "No endpoints found that support image input", 0),  # OpenRouter
        (400, "qwen is not a multimodal model", 0),  # vLLM
        (400, "Image input is not enabled for this model", 0),  # Mistral
        (400, "messages[0]: unknown variant `image_url`, expected `text`", 0),  # DeepSeek
        (400, "messages[0].content must be a string", 0),  # Groq
        (400, "At most 4 image(s) may be provided in one prompt.", 4),  # vLLM
        (400, "You uploaded an unsupported image. Please make sure it is valid.", None),
        (400, "This model does not support images of this size", None),
        (400, "unsupported image format", None),
        (400, "The image was filtered", None),
        (429, "this model does not support image input", None),
        (200, "", None),
    ],
)
def test_whether_a_model_takes_pictures_is_known_by_its_words(status, message, most):
    assert Complaint(status=status, message=message).most_pictures == most
