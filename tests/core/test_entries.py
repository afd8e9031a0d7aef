"""What a person enters for a setting is a value, or gets a sentence that says what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import notices
from core.entries import Bounds, misfit, read, sampling
from core.presets import Audience, Name, Preset, Who
from core.wire import Parameters

BOUNDS = Bounds({"pirate", "lawyer"}, 8000)


def value(name, entry):
    values, problems = read({name: entry}, BOUNDS)
    assert not problems
    return values[name]


def problem(name, entry, bounds=BOUNDS):
    values, problems = read({name: entry}, bounds)
    assert values == {}
    return problems[name]


@pytest.mark.parametrize(
    ("name", "entry", "expected"),
    [
        (Name.MODEL, " gpt-4o ", "gpt-4o"),
        (Name.PERSONA, "Pirate", "pirate"),
        (Name.SYSTEM_PROMPT, " Be brief.\n", "Be brief."),
        (Name.TEMPERATURE, "0,7", 0.7),
        (Name.TEMPERATURE, "2", 2.0),
        (Name.TOP_P, "1", 1.0),
        (Name.ANSWER_TOKENS, "4 096", 4096),
        (Name.ANSWER_TOKENS, "4,096", 4096),
        (Name.ANSWER_TOKENS, "4.096", 4096),
        (Name.PLACE, "Thread", "thread"),
        (Name.NOTICES, "reaction", "reaction"),
        (Name.LANGUAGE, "de", "de"),
        (Name.AUDIENCE, Audience(Who.LISTED, ("U1",)), Audience(Who.LISTED, ("U1",))),
    ],
)
def test_what_is_right_is_taken(name, entry, expected):
    assert value(name, entry) == expected


@pytest.mark.parametrize("name", list(Name))
def test_an_empty_entry_takes_the_setting_away(name):
    assert value(name, "  ") is None


@pytest.mark.parametrize(
    ("name", "entry", "sentence"),
    [
        (Name.MODEL, "no such thing", "“no such thing” cannot be the name of a model."),
        (Name.MODEL, "x" * 201, "cannot be the name of a model."),
        (Name.PERSONA, "ninja", "There is no persona “ninja”. There are: lawyer, pirate."),
        (Name.TEMPERATURE, "inf", notices.BAD_TEMPERATURE),
        (Name.TEMPERATURE, "-0.1", notices.BAD_TEMPERATURE),
        (Name.TOP_P, "1.1", notices.BAD_TOP_P),
        (Name.ANSWER_TOKENS, "1.5", "a whole number of tokens"),
        (Name.ANSWER_TOKENS, "4,0960", "a whole number of tokens"),
        (Name.ANSWER_TOKENS, "15", "from 16 to 7,488"),
        (Name.ANSWER_TOKENS, "٣٠٠", "a whole number of tokens"),
        (Name.PLACE, "moon", "“moon” is none of: thread, channel."),
        (Name.LANGUAGE, "klingon", "“klingon” is none of: auto, de, en."),
        (Name.AUDIENCE, Audience(Who.LISTED), notices.NOBODY_LISTED),
        (Name.SYSTEM_PROMPT, "x" * 100_000, "has 100,000 characters; 20,000 is the most"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(name, entry, sentence):
    assert sentence in problem(name, entry)


def test_a_persona_where_there_are_none_is_answered_with_that():
    assert "none at all" in problem(Name.PERSONA, "pirate", Bounds((), 8000))


def test_temperature_and_top_p_are_not_taken_together():
    _, problems = read({Name.TEMPERATURE: "1", Name.TOP_P: "1"}, BOUNDS)

    assert problems == {Name.TOP_P: notices.ONE_OF_TWO}
    assert read({Name.TEMPERATURE: "1", Name.TOP_P: ""}, BOUNDS)[1] == {}


def test_what_the_operator_has_fixed_cannot_be_set():
    fixed = Bounds((), 8000, sampling_fixed=True)

    assert "OPENAI_EXTRA_BODY" in problem(Name.TEMPERATURE, "1", fixed)
    assert "OPENAI_EXTRA_BODY" in problem(Name.TOP_P, "1", fixed)


@pytest.mark.parametrize(
    ("text", "temperature", "top_p"),
    [
        ("0.7", "0.7", ""),
        ("temperature 0.7", "0.7", ""),
        ("top_p=0.9", "", "0.9"),
        ("Top_P: 0.9", "", "0.9"),
        ("top_p", "", "top_p"),
        ("", "", ""),
        ("hot", "hot", ""),
        ("0.5, top_p 0.9", "0.5", "0.9"),
        ("top_p 0.9 temperature 1", "1", "0.9"),
    ],
)
def test_one_entry_can_hold_either_of_two(text, temperature, top_p):
    assert sampling(text) == {Name.TEMPERATURE: temperature, Name.TOP_P: top_p}


def test_prompt_and_answer_leave_room_for_a_question():
    def preset(prompt, answer):
        return Preset(Parameters("m", answer_tokens=answer), "x" * prompt)

    assert misfit(preset(3000, 1000), BOUNDS) is None
    assert "8,000 tokens" in misfit(preset(15_000, 4000), BOUNDS)


@given(st.sampled_from(list(Name)), st.text(max_size=50))
def test_whatever_is_entered_is_a_value_or_a_sentence(name, text):
    values, problems = read({name: text}, BOUNDS)

    assert set(values) ^ set(problems) == {name}
    assert all(said.endswith((".", "?")) for said in problems.values())
