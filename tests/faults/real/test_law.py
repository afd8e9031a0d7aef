"""The law that schedules of faults are held to sees each way to break it."""

from dataclasses import replace

import pytest

from tests.faults.real.law import Asked, breaches, fate
from tests.faults.real.records import Claim, Records
from tests.faults.real.screen import Seen
from tests.faults.real.texts import answer

WHOLE = answer(1, "code", 100)
ASKED = Asked(1, "C1", "10.1", "U1", {1: WHOLE}, "D1", "10.1")
CLAIM = Claim("slack/T1/C1/10.1#asked", "settled", "answered", "r1")
RECORDS = Records((CLAIM,), (), {"11.0": "r1"}, (), 0)
SHOWN = Seen("11.0", "C1", "10.1", "", "", WHOLE, "", frozenset({"r1"}), busy=False, pings=False)
HALF = WHOLE[:400]


def broken(*screen, records=RECORDS, asked=(ASKED,), signs=(), **more):
    return breaches(list(asked), list(screen), list(signs), records, **more)


def ended(outcome):
    return replace(RECORDS, claims=(replace(CLAIM, outcome=outcome),))


def test_a_complete_answer_keeps_the_law():
    assert broken(SHOWN) == []


def test_an_answer_over_two_messages_keeps_the_law_where_a_block_of_code_goes_on():
    at = WHOLE.index("k1w0055")
    first = replace(SHOWN, text=f"{WHOLE[:at].rstrip()}\n```", replies=frozenset())
    second = replace(SHOWN, id="12.0", text=f"```python\n{WHOLE[at:]}")

    assert broken(first, second) == []


def test_a_part_of_an_answer_with_the_reason_why_keeps_the_law():
    half = replace(SHOWN, text=HALF, notice="The answer was interrupted.")

    assert broken(half, records=ended("interrupted")) == []


def test_a_refusal_keeps_the_law():
    said = replace(SHOWN, text="", notice="Not now.", replies=frozenset())

    assert broken(said, records=ended("refused")) == []


@pytest.mark.parametrize(
    ("screen", "why"),
    [
        ([], "nothing is said"),
        ([replace(SHOWN, text=HALF)], "no word of why"),
        ([replace(SHOWN, text=WHOLE.replace("k1w0050", ""))], "torn, lost or doubled"),
        ([SHOWN, replace(SHOWN, id="12.0")], "torn, lost or doubled"),
        ([replace(SHOWN, text=WHOLE + " k1w0099")], "torn, lost or doubled"),
        ([SHOWN, replace(SHOWN, id="12.0", text=answer(2, "prose", 5))], "which nobody asked"),
        (
            [
                SHOWN,
                replace(SHOWN, id="12.0", channel="C2", thread="", text="", replies=frozenset()),
            ],
            "for no question",
        ),
        ([SHOWN, replace(SHOWN, id="12.0", text="k1w0000 k2w0000")], "several answers"),
        ([replace(SHOWN, busy=True)], "still says that the bot is at work"),
        ([replace(SHOWN, pings=True)], "pings somebody"),
        (
            [
                replace(SHOWN, text=HALF, notice="One."),
                replace(SHOWN, id="9", text="", notice="Two."),
            ],
            "told 2 times",
        ),
    ],
)
def test_what_people_see_amiss_is_a_breach(screen, why):
    (breach,) = broken(*screen)

    assert why in breach


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (replace(RECORDS, claims=()), "nobody has taken it"),
        (replace(RECORDS, claims=(replace(CLAIM, state="answering"),)), "not settled"),
        (replace(RECORDS, open_replies=("r1",)), "is not closed"),
        (replace(RECORDS, reserved=1), "still reserved"),
        (ended("failed"), "complete, but on record it is failed"),
    ],
)
def test_what_is_amiss_on_record_is_a_breach(records, why):
    assert why in " ".join(broken(SHOWN, records=records))


def test_a_sign_of_work_that_is_left_is_a_breach():
    assert broken(SHOWN, signs=["the reaction at 10.1"]) == ["left over: the reaction at 10.1"]


def test_what_takes_no_edits_any_more_may_keep_its_button():
    assert broken(replace(SHOWN, busy=True), dead=["11.0"]) == []


def test_a_question_that_its_asker_took_back_needs_no_word():
    assert broken(records=ended("withdrawn"), asked=[replace(ASKED, deleted=True)]) == []


@pytest.mark.parametrize(
    ("shown", "end"),
    [
        ([SHOWN], "complete"),
        ([replace(SHOWN, text=HALF, notice="Interrupted.")], "closed"),
        ([replace(SHOWN, text=HALF)], "left open"),
        ([], "nothing shown"),
    ],
)
def test_the_fate_of_one_answer(shown, end):
    assert fate(shown, WHOLE) == end
