"""The stand-in: what it says depends on the request alone, and it never claims to be a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.recalled import GO_ON
from sandbox.model import Answer, Cut, Reasoning, Stall, pieces_of
from sandbox.model.standin import INTRODUCTION, StandIn
from sandbox.model.talk import Said, Talk, talk_of
from sandbox.model.words import WORDS, words_in


def talk(*said):
    """Messages of a talk in which people and the assistant alternate."""
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(said)]


def answer(*said, **parameters):
    return StandIn()({"messages": talk(*said), **parameters})


def test_its_first_answer_in_a_conversation_says_that_it_is_no_model():
    assert answer("Hello").text.startswith(INTRODUCTION)
    assert INTRODUCTION not in answer("Hello", "Hi", "And now?").text


@pytest.mark.parametrize(
    ("told", "asked", "expected"),
    [
        ("My name is Ada.", "What is my name?", "**Ada**"),
        ("Call me Grace", "who am I", "**Grace**"),
        ("my favourite colour is green", "What's my favourite colour?", "**green**"),
        ("The deadline is Friday!", "when is the deadline", "**Friday**"),
        ("Remember 42 and 7", "Which numbers did I give you?", "**42**, **7**"),
        ("Remember that leases expire", "What did I tell you?", "leases expire"),
    ],
)
def test_it_repeats_what_it_was_told_earlier_in_the_thread(told, asked, expected):
    assert expected in answer(told, "Noted.", asked).text


def test_it_knows_nothing_of_what_it_was_not_told():
    assert "not told me your name" in answer("Hello", "Hi", "What is my name?").text
    assert "not seen a number" in answer("Hello", "Hi", "Which number was it?").text
    assert "first thing" in answer("What did I tell you?").text


@pytest.mark.parametrize(
    ("told", "asked", "expected"),
    [
        ("Ada: my name is Ada", "Ben: what is my name?", "You have not told me your name"),
        ("Ada: call me Countess", "Ben: who am I?", "You have not told me your name"),
        ("Ada: my colour is green", "Ben: what is my colour?", "not told me your colour"),
        ("Ada: my name is Ada", "Ada: what is my name?", "**Ada**"),
        ("Ada: the deadline is Friday", "Ben: when is the deadline?", "**Friday**"),
    ],
)
def test_what_one_person_tells_of_themselves_is_not_taken_for_anothers(told, asked, expected):
    name = asked.partition(":")[0]
    note = f"[Monday, 23 November 2026, 20:36 UTC. Asked by {name} in #general.]\n"

    assert expected in answer(told, "Noted.", note + asked).text


def test_what_is_told_is_noted_and_what_is_asked_is_not():
    assert "I shall remember that your name is **Ada**" in answer("my name is Ada").text
    assert "I shall remember" not in answer("Is my name on the list?").text


def test_names_and_notes_that_a_bot_adds_are_not_taken_for_what_was_said():
    messages = talk(
        "Ada: my name is Ada",
        "Noted.",
        "[Monday, 23 November 2026, 20:36 UTC. Asked by Ben in #general.]\nBen: what is my name?",
    )

    assert talk_of(messages) == Talk("what is my name?", "Ben", (Said("my name is Ada", "Ada"),), 1)


def test_a_colon_in_a_direct_message_is_no_name():
    note = "[Monday, 23 November 2026, 20:36 UTC. Asked by Ada in a direct message.]\n"

    assert talk_of(talk(f"{note}Remember: 42")).question == "Remember: 42"
    assert talk_of(talk("Remember: 42")).question == "Remember: 42"


def test_pictures_are_seen():
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    content = [{"type": "text", "text": "What is this?"}, part]

    assert "1 picture" in StandIn()({"messages": [{"role": "user", "content": content}]}).text


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_every_word_of_the_table_does_something(word):
    plain = answer("Hello")

    assert answer(f"Please: {word.name.upper()}!") != plain
    assert word in words_in(f"show me a {word.name}, please")
    assert word.gives


def test_asked_what_it_can_do_it_lists_its_words():
    told = answer("What can you do?").text

    assert all(f"`{word.name}`: {word.gives}" in told for word in WORDS)


def test_words_are_whole_words():
    assert words_in("decoded acute quotation stables") == ()


def test_wishes_can_be_combined():
    both = answer("some code and a table, as a slow answer with reasoning")

    assert "```python" in both.text
    assert "| SQLite |" in both.text
    assert both.rate == 3
    assert isinstance(both.pieces[0], Reasoning)


def test_failures_are_those_that_their_words_name():
    assert answer("quota").code == "insufficient_quota"
    assert answer("wrong key").status == 401
    assert answer("cut").pieces[-1] == Cut()
    assert answer("no finish").finish is None
    assert answer("content filter").finish == "content_filter"
    assert answer("timeout").pieces == (Stall(),)
    assert answer("empty answer").pieces == ()


def test_busy_fails_once_and_then_answers_the_same_request():
    times = iter([0, 2, 3])
    stand_in, body = StandIn(lambda: next(times)), {"messages": talk("Are you busy?")}

    assert [stand_in(body).status for _ in range(3)] == [429, 200, 429]


def test_busy_fails_once_for_each_of_two_who_ask_the_same_at_once():
    times = iter([0, 0.1, 2, 2.1, 3])
    stand_in, body = StandIn(lambda: next(times)), {"messages": talk("Are you busy?")}

    assert [stand_in(body).status for _ in range(5)] == [429, 429, 200, 200, 429]


def test_the_answer_keeps_to_the_token_limit_and_the_stop_sequences():
    short = answer("long answer", max_completion_tokens=20)
    stopped = answer("table", stop=["SQLite"])

    assert short.finish == "length"
    assert len(short.text) < 200
    assert stopped.finish == "stop"
    assert "SQLite" not in stopped.text


def test_asked_to_continue_it_goes_on_where_the_length_limit_cut_it_off():
    asked = "Ada: a table, with a length limit"
    whole = answer("a table").text
    cut = answer(asked.removeprefix("Ada: ")).text
    note = "[Monday, 23 November 2026, 20:36 UTC. Asked by Ben in #general.]\n"

    more = answer(asked, cut, f"{note}Ben: continue")

    assert more.finish == "stop"
    assert "".join((cut + more.text).split()) == "".join(whole.split())


def test_the_button_continue_gets_the_rest_as_well():
    asked = "code, with a length limit"
    whole, cut = answer("code").text, answer(asked).text

    more = answer(asked, cut, GO_ON)

    assert more.finish == "stop"
    assert "".join((cut + more.text).split()) == "".join(whole.split())


def test_it_continues_as_often_as_it_is_cut_off():
    said = ["a table"]
    while (part := answer(*said, max_completion_tokens=40)).finish == "length":
        said += [part.text, "Continue."]
    written = "".join([*said[1::2], part.text])

    assert len(said) > 3
    assert "".join(written.split()) == "".join(answer("a table").text.split())


def test_an_answer_that_was_whole_is_not_continued():
    assert "You wrote: “continue”" in answer("Hello", answer("Hello").text, "continue").text


def test_the_same_request_gets_the_same_answer():
    assert answer("A markdown tour") == answer("A markdown tour")


@given(st.text())
def test_pieces_are_the_text_whatever_it_is(text):
    assert "".join(pieces_of(text)) == text


@given(st.lists(st.text(), min_size=1))
def test_no_text_can_upset_it(said):
    assert isinstance(answer(*said), Answer)


def test_files_are_told_apart_from_what_is_asked():
    files = (
        "[attached: a.zip (application/zip); it is not shown to you: so]\n"
        "[attached: b.txt (text/plain)]\nSome code.\n[end of b.txt]"
    )
    told = answer(f"what is this?\n{files}").text

    assert "You wrote: “what is this?”" in told
    assert "In b.txt I read “Some code.” Of a.zip I see the name." in told
    assert "```" not in told  # the word stands in the file only


def test_asked_about_files_it_knows_those_that_came_before():
    first = "look\n[attached: b.txt (text/plain)]\nSome words.\n[end of b.txt]"

    assert "In b.txt I read “Some words.”" in answer(first, "Yes.", "what is in the file?").text
    assert "b.txt" not in answer(first, "Yes.", "thank you").text
