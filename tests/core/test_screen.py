"""What there is to see of an answer, without anybody who sends it."""

from core.screen import Screen
from core.surface import Page
from tests.core.paper import Paper


def shown(screen, paper):
    """Do all that there is to do; what each message shows then, in order."""
    seen = {}
    while step := screen.next():
        message = step.slot.message or f"m{step.slot.number}"
        screen.delivered(step.slot, step.page, message)
        seen[message] = step.page.text
    return list(seen.values())


def test_a_text_that_fills_a_page_and_opens_a_block_has_one_page_until_there_is_code():
    paper = Paper(size=200)
    screen = Screen(paper, "r")

    screen.write("word " * 39 + "\n\n```py\n")

    assert shown(screen, paper) == [("word " * 39).strip()]


def test_a_message_of_the_former_answer_that_takes_no_edits_is_no_part_of_the_new_one():
    paper = Paper()
    screen = Screen(paper, "r", takes=["old"], first=1)
    screen.write("The new answer.")
    screen.finish("", ())

    step = screen.next()
    assert step.slot.message == "old"
    assert screen.died(step, gone=False)

    assert shown(screen, paper) == ["The new answer."]
    assert screen.messages == ("m1",)


def test_below_a_message_that_takes_no_edits_any_more_stands_what_it_does_not_show():
    paper = Paper()
    screen = Screen(paper, "r")
    screen.write("The first words")
    first = screen.next()
    screen.delivered(first.slot, Page("The first", grows=True), "m0")
    screen.finish("", ())

    assert screen.died(screen.next(), gone=False)

    assert shown(screen, paper) == ["words"]
    assert screen.messages == ("m0", "m1")
