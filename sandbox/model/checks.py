"""What a request for a completion must look like: everything else is refused.

The codes and rules are those of OpenAI's endpoint (platform facts C1 and C2).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sandbox.model.errors import Refused
from sandbox.model.tokens import count_prompt

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
BLIND = ("gpt-3.5", "o1-mini", "o3-mini", "text-")
"""How the names of models begin that take no pictures."""

PARTS = ("text", "image_url", "input_audio", "file", "refusal")

_NAMES = """
    audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
    max_tokens messages metadata modalities model moderation n parallel_tool_calls prediction
    presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention
    reasoning_effort response_format safety_identifier seed service_tier stop store stream
    stream_options temperature tool_choice tools top_logprobs top_p user verbosity
    web_search_options
"""
PARAMETERS = frozenset(_NAMES.split())
RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
DEFAULTS = {"temperature": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}
MOST_OUTPUT = 128_000


def check(body: Any, models: Sequence[str], window: int) -> dict[str, Any]:
    """The body, if the endpoint would take it; raises `Refused`."""
    if not isinstance(body, dict):
        raise Refused(None, "We could not parse the JSON body of your request.")
    for name in body:
        if name not in PARAMETERS:
            raise Refused("unknown_parameter", f"Unknown parameter: '{name}'.", param=name)
    _check_model(body, models)
    _check_messages(body.get("messages"))
    _check_sight(body)
    _check_numbers(body)
    _check_stop(body)
    _check_stream(body)
    if reasons(body["model"]):
        _check_reasoning(body)
    elif "reasoning_effort" in body:
        _unsupported("reasoning_effort", "It is not supported with this model.")
    _check_window(body, window)
    return body


def sees(model: str) -> bool:
    """Whether a model of this name takes pictures."""
    return not model.startswith(BLIND)


def reasons(model: str) -> bool:
    """Whether a model of this name thinks first, and so refuses sampling parameters."""
    return model.startswith(("gpt-5", "gpt-6", "o1", "o3", "o4"))


def _check_model(body: Mapping[str, Any], models: Sequence[str]) -> None:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused(None, "you must provide a model parameter")
    if model not in models:
        raise Refused(
            "model_not_found",
            f"The model `{model}` does not exist or you do not have access to it.",
        )


def _check_messages(messages: Any) -> None:
    if messages is None:
        _wrong("missing_required_parameter", "messages", "Missing required parameter: 'messages'.")
    if not isinstance(messages, list):
        _wrong("invalid_type", "messages", "Invalid type for 'messages': expected an array.")
    if not messages:
        _wrong("empty_array", "messages", "Invalid 'messages': empty array.")
    for number, message in enumerate(messages):
        _check_message(message, f"messages[{number}]")


def _check_message(message: Any, at: str) -> None:
    if not isinstance(message, dict):
        _wrong("invalid_type", at, f"Invalid type for '{at}': expected an object.")
    role = message.get("role")
    if role not in ROLES:
        _wrong("invalid_value", f"{at}.role", f"Invalid value: {role!r}. Supported: {ROLES}.")
    _check_name(message.get("name"), f"{at}.name")
    content = message.get("content")
    if content is None and role == "assistant" and message.get("tool_calls"):
        return
    if not isinstance(content, str | list):
        _wrong("invalid_type", f"{at}.content", f"Invalid value for 'content': {at}.")
    for number, part in enumerate(content if isinstance(content, list) else ()):
        _check_part(part, str(role), f"{at}.content[{number}]")


def _check_name(name: Any, at: str) -> None:
    if name is None:
        return
    forbidden = set("<|\\/>")
    if not isinstance(name, str) or not 1 <= len(name) <= 64:
        _wrong("invalid_value", at, f"Invalid '{at}': expected 1 to 64 characters.")
    if any(letter.isspace() or letter in forbidden for letter in name):
        _wrong("invalid_value", at, f"Invalid '{at}': string does not match pattern.")


def _check_part(part: Any, role: str, at: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in PARTS:
        _wrong("invalid_value", f"{at}.type", f"Invalid value: {kind!r}. Supported: {PARTS}.")
    if kind == "text" and not isinstance(part.get("text"), str):
        _wrong("missing_required_parameter", f"{at}.text", f"Missing parameter: '{at}.text'.")
    if kind == "image_url":
        if role != "user":
            _wrong("invalid_value", f"{at}.type", "Image URLs are only allowed for 'user'.")
        image = part.get("image_url")
        if not isinstance(image, dict) or not _is_image(image.get("url")):
            _wrong("invalid_image_url", f"{at}.image_url", "The image URL is not valid.")


def _check_sight(body: Mapping[str, Any]) -> None:
    if sees(body["model"]):
        return
    for number, message in enumerate(body["messages"]):
        content = message.get("content")
        for place, part in enumerate(content if isinstance(content, list) else ()):
            if part["type"] == "image_url":
                raise Refused(
                    None,
                    "Invalid content type. image_url is only supported by certain models.",
                    param=f"messages.[{number}].content.[{place}].type",
                )


def _is_image(url: Any) -> bool:
    return isinstance(url, str) and url.startswith(("https://", "http://", "data:image/"))


def _check_numbers(body: Mapping[str, Any]) -> None:
    for name, (least, most) in RANGES.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            _wrong("invalid_type", name, f"Invalid type for '{name}': expected a number.")
        if not least <= value <= most:
            side = "below_min" if value < least else "above_max"
            _wrong(f"decimal_{side}_value", name, f"Invalid '{name}': {least} to {most}.")
    for name in ("max_tokens", "max_completion_tokens", "n"):
        _check_whole(body.get(name), name)
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        raise Refused(
            "invalid_parameter_combination",
            "Setting 'max_tokens' and 'max_completion_tokens' together is not supported.",
            param="max_tokens",
        )
    if body.get("n") not in (None, 1):
        _wrong("unsupported_value", "n", "The sandbox writes one choice: 'n' must be 1.")


def _check_whole(value: Any, name: str) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        _wrong("invalid_type", name, f"Invalid type for '{name}': expected an integer.")
    if value < 1:
        _wrong("integer_below_min_value", name, f"Invalid '{name}': expected at least 1.")
    if value > MOST_OUTPUT:
        _wrong("invalid_value", name, f"{name} is too large: at most {MOST_OUTPUT}.")


def _check_stop(body: Mapping[str, Any]) -> None:
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(stops, list) or not all(isinstance(one, str) for one in stops):
        _wrong("invalid_type", "stop", "Invalid type for 'stop': expected strings.")
    if len(stops) > 4:
        _wrong("array_above_max_length", "stop", "Invalid 'stop': at most 4 sequences.")


def _check_stream(body: Mapping[str, Any]) -> None:
    if not isinstance(body.get("stream") or False, bool):
        _wrong("invalid_type", "stream", "Invalid type for 'stream': expected a boolean.")
    if body.get("stream_options") is not None and not body.get("stream"):
        _wrong(
            "invalid_request",
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        )


def _check_reasoning(body: Mapping[str, Any]) -> None:
    if body.get("max_tokens") is not None:
        _unsupported("max_tokens", "Use 'max_completion_tokens' instead.")
    effort = body.get("reasoning_effort", "medium")
    if effort not in EFFORTS:
        _wrong("unsupported_value", "reasoning_effort", f"Supported values: {EFFORTS}.")
    if effort == "none":
        return
    for name, default in DEFAULTS.items():
        if body.get(name) not in (None, default):
            _wrong(
                "unsupported_value",
                name,
                f"Unsupported value: '{name}' does not support {body[name]} with this model. "
                f"Only the default ({default}) value is supported.",
            )


def _check_window(body: Mapping[str, Any], window: int) -> None:
    wanted = body.get("max_completion_tokens") or body.get("max_tokens") or 0
    prompt = count_prompt(body["messages"])
    if prompt + wanted > window:
        raise Refused(
            "context_length_exceeded",
            f"This model's maximum context length is {window} tokens. However, you requested "
            f"{prompt + wanted} tokens ({prompt} in the messages, {wanted} in the completion).",
            param="messages",
        )


def _wrong(code: str, param: str, message: str) -> NoReturn:
    raise Refused(code, message, param=param)


def _unsupported(param: str, advice: str) -> NoReturn:
    raise Refused(
        "unsupported_parameter", f"Unsupported parameter: '{param}'. {advice}", param=param
    )
