"""Each server gets the request in the words that it accepts."""

import json
from dataclasses import replace

import pytest

from core.complaint import Complaint
from core.dialect import Dialect, dialect_at
from core.messages import Image, Role, Text, Turn
from core.wire import Parameters, Request

EVERYTHING = Parameters(
    "m",
    answer_tokens=9,
    temperature=0.0,
    top_p=0.5,
    stop=("END",),
    frequency_penalty=1.0,
    presence_penalty=-1.0,
    reasoning_effort="low",
)
TURN = Turn(Role.USER, (Text("Hi"),))
REQUEST = Request((TURN,), EVERYTHING, cache_key="c", person="p")
OPTIONAL = [
    "temperature",
    "top_p",
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
    "stream_options",
    "prompt_cache_key",
]


def sent(dialect, request=REQUEST):
    return json.loads(dialect.body(request))


def refused(parameter, code="unsupported_parameter"):
    return Complaint(status=400, code=code, parameter=parameter)


def test_everything_that_is_set_is_sent_and_nothing_else():
    assert sent(dialect_at("api.openai.com")) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop": ["END"],
        "frequency_penalty": 1.0,
        "presence_penalty": -1.0,
        "reasoning_effort": "low",
        "prompt_cache_key": "c",
        "safety_identifier": "p",
    }
    assert sent(Dialect(), Request((TURN,), Parameters("m"))).keys() == {
        "model",
        "messages",
        "stream",
        "stream_options",
    }


@pytest.mark.parametrize("host", ["", "localhost", "openai.com.example", "notapi.openai.com"])
def test_elsewhere_the_older_name_is_tried_first_and_the_asker_is_not_told(host):
    body = sent(dialect_at(host))

    assert body["max_tokens"] == 9
    assert "max_completion_tokens" not in body
    assert "safety_identifier" not in body


def test_a_regional_address_of_openai_is_openai():
    assert dialect_at("eu.api.openai.com") == dialect_at("api.openai.com")


def test_the_extra_body_wins():
    parameters = replace(EVERYTHING, extra_body={"temperature": 2, "provider": {"zdr": True}})

    body = sent(Dialect(), replace(REQUEST, parameters=parameters))

    assert (body["temperature"], body["provider"]) == (2, {"zdr": True})


@pytest.mark.parametrize("parameter", OPTIONAL)
def test_a_parameter_that_is_refused_is_left_out(parameter):
    narrower = Dialect().without_refused(refused(parameter), REQUEST)

    assert sent(narrower).keys() == sent(Dialect()).keys() - {parameter}


def test_a_field_inside_of_a_parameter_stands_for_it():
    said = refused("stream_options.include_usage", code="unknown_parameter")

    assert "stream_options" not in sent(Dialect().without_refused(said, REQUEST))


def test_the_token_limit_is_renamed_once_and_never_left_out():
    """Money is reserved for it: without the limit an answer could cost more."""
    renamed = Dialect().without_refused(refused("max_tokens"), REQUEST)

    assert "max_tokens" not in sent(renamed)
    assert sent(renamed)["max_completion_tokens"] == 9
    assert renamed.without_refused(refused("max_completion_tokens"), REQUEST) is None
    assert renamed.without_refused(refused("max_tokens"), REQUEST) is None


@pytest.mark.parametrize("parameter", ["model", "messages", "messages[0].content", "stream", "n"])
def test_what_cannot_be_left_out_is_the_callers_fault(parameter):
    assert Dialect().without_refused(refused(parameter), REQUEST) is None


def test_a_refusal_without_a_name_takes_away_what_nobody_asked_for():
    said = Complaint(status=400, message="Unrecognized request argument")

    narrower = Dialect().without_refused(said, REQUEST)

    assert sent(narrower).keys() == sent(Dialect()).keys() - {"stream_options", "prompt_cache_key"}
    assert narrower.without_refused(said, REQUEST) is None


@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        (Dialect(proven=True), Complaint(status=400)),
        (Dialect(), Complaint(status=400, code="content_filter")),
        (Dialect(), Complaint(status=401)),
        (Dialect(), Complaint(status=500, parameter="stop")),
    ],
)
def test_other_refusals_change_nothing(dialect, said):
    assert dialect.without_refused(said, REQUEST) is None


def test_pictures_go_as_data_urls_between_the_texts():
    parts = (Text("What is"), Image(b"\x89P", "image/png", 1, 1), Text("this?"))

    body = sent(Dialect(), replace(REQUEST, turns=(Turn(Role.USER, parts),)))

    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "What is"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVA="}},
        {"type": "text", "text": "this?"},
    ]


def test_half_an_emoji_in_a_question_does_not_stop_it():
    body = sent(Dialect(), replace(REQUEST, turns=(Turn(Role.USER, (Text("a\ud83d"),)),)))

    assert body["messages"][0]["content"] == "a?"


def test_a_template_that_wants_turns_to_alternate_gets_successive_ones_as_one():
    turns = tuple(
        Turn(role, (Text(words),))
        for role, words in (
            (Role.SYSTEM, "Be kind."),
            (Role.USER, "One."),
            (Role.USER, "Two."),
            (Role.ASSISTANT, "A."),
        )
    )
    request = replace(REQUEST, turns=turns)
    proven = Dialect(proven=True)
    tried = proven.without_refused(Complaint(status=400), request)

    assert [message["role"] for message in sent(tried, request)["messages"]] == [
        "system",
        "user",
        "assistant",
    ]
    assert sent(tried, request)["messages"][1]["content"] == "One.\n\nTwo."
    assert tried.without_refused(Complaint(status=400), request) is None


def test_a_request_whose_turns_alternate_is_not_sent_again_for_that():
    assert Dialect(proven=True).without_refused(Complaint(status=400), REQUEST) is None


SHOTS = Turn(Role.USER, (Text("Look"), *(Image(b"x", "image/png", 1, n) for n in (1, 2, 3))))
WITH_PICTURES = Request((TURN, SHOTS), Parameters("m"))
BLIND = Complaint(
    status=400,
    parameter="messages.[1].content.[1].type",
    message="Invalid content type. image_url is only supported by certain models.",
)


def shown(dialect):
    content = sent(dialect, WITH_PICTURES)["messages"][-1]["content"]
    if isinstance(content, str):
        return 0, content
    return sum(part["type"] == "image_url" for part in content), content


def test_a_model_that_sees_no_pictures_is_told_that_there_are_some():
    narrower = Dialect().without_refused(BLIND, WITH_PICTURES)
    count, words = shown(narrower)

    assert count == 0
    assert words == "Look" + 3 * "\n[a picture that you cannot see]"
    assert narrower.without_refused(BLIND, WITH_PICTURES) is None


def test_a_model_that_takes_few_pictures_gets_the_newest():
    said = Complaint(status=400, message="At most 1 image(s) may be provided in one prompt.")
    narrower = Dialect().without_refused(said, WITH_PICTURES)

    assert shown(narrower)[0] == 1
    assert shown(narrower)[1][-1]["type"] == "image_url"
    assert narrower.without_refused(BLIND, WITH_PICTURES).pictures == 0


def test_a_request_without_pictures_is_not_refused_for_them():
    assert Dialect(proven=True).without_refused(BLIND, REQUEST) is None


def test_where_nothing_is_said_pictures_are_the_last_to_go():
    said, dialects = Complaint(status=400, message="Bad Request"), [Dialect(proven=True)]
    while following := dialects[-1].without_refused(said, WITH_PICTURES):
        dialects.append(following)

    assert [(one.alternating, one.pictures) for one in dialects] == [
        (False, None),
        (True, None),
        (True, 0),
    ]
    sighted = Dialect(proven=True, sighted=True, alternating=True)
    assert sighted.without_refused(said, WITH_PICTURES) is None
