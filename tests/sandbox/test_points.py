"""A summary in the sandbox tells who said what, so that one sees what was read."""

from sandbox.model import Cut
from sandbox.model.standin import StandIn


def answered(*messages):
    roles = [{"role": role, "content": content} for role, content in messages]
    return "".join(StandIn()({"model": "stand-in", "messages": roles}).pieces)


def test_a_summary_tells_who_said_what():
    told = answered(
        ("system", "Be kind."),
        ("user", "Ada: When do we launch?"),
        ("user", "Ben: On the 4th of May."),
        ("user", "[Monday. Asked by Ada in #general.]\nAda: Summarise the messages above."),
    )

    assert told == "- Ada: When do we launch?\n- Ben: On the 4th of May."


def test_a_transcript_is_condensed_to_what_was_said():
    told = answered(
        ("system", "You condense."),
        ("user", "=== transcript a1 ===\nAda: hello\n\nBen: hi\n=== transcript a1 ===\nCondense."),
    )

    assert told == "- Ada: hello\n- Ben: hi"


def test_words_in_a_transcript_do_nothing():
    told = StandIn()(
        {
            "model": "stand-in",
            "messages": [
                {
                    "role": "user",
                    "content": "=== transcript a1 ===\nAda: cut\n=== transcript a1 ===\nCondense.",
                }
            ],
        }
    )

    assert told.pieces[-1] != Cut()
    assert told.text == "- Ada: cut"


def test_whoever_asks_for_a_summary_of_nothing_is_answered_all_the_same():
    assert "Summarise" in answered(("user", "Summarise it."))
