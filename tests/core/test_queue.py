"""Who asked first is answered first; what one person asks meanwhile is answered together."""

from dataclasses import replace
from datetime import UTC, datetime

from core.messages import Author, Question
from core.queue import Asked, Queue
from core.status import Status
from tests.core.paper import THREAD, Paper


def asked(message, person, conversation=THREAD):
    question = Question(
        conversation, message, Author(person, person), "?", datetime.now(UTC), "#general"
    )
    paper = Paper()
    return Asked(question, paper, Status(paper.status))


def messages(taken):
    return [one.question.message for one in taken]


def test_only_the_first_in_a_conversation_has_to_be_worked_on():
    queue = Queue()

    assert queue.add(asked("1", "Ada"))
    assert not queue.add(asked("2", "Ben"))
    assert queue.add(asked("3", "Ada", replace(THREAD, thread="other")))


def test_one_persons_questions_are_taken_together_and_others_keep_their_order():
    queue = Queue()
    for message, person in (("1", "Ada"), ("2", "Ben"), ("3", "Ada"), ("4", "Cho")):
        queue.add(asked(message, person))

    assert messages(queue.take(THREAD)) == ["1", "3"]
    assert messages(queue.take(THREAD)) == ["2"]
    assert messages(queue.waiting(THREAD)) == ["4"]


def test_a_question_that_comes_before_the_line_is_known_to_have_ended_is_not_stranded():
    queue = Queue()
    queue.add(asked("1", "Ada"))
    queue.take(THREAD)

    assert not queue.add(asked("2", "Ben"))
    assert messages(queue.take(THREAD)) == ["2"]
    assert queue.take(THREAD) == ()
    assert queue.add(asked("3", "Ada"))


def test_a_question_that_was_taken_over_leaves_its_line():
    queue = Queue()
    queue.add(asked("1", "Ada"))
    queue.add(asked("2", "Ada"))
    key = asked("1", "Ada").question.key
    assert queue.drop(key).question.key == key
    assert queue.drop(key) is None

    assert messages(queue.take(THREAD)) == ["2"]


def test_all_who_wait_can_be_sent_away():
    queue = Queue()
    queue.add(asked("1", "Ada"))
    queue.add(asked("2", "Ben"))

    assert messages(queue.empty()) == ["1", "2"]
    assert queue.take(THREAD) == ()


def test_questions_that_were_heard_in_another_order_are_answered_as_they_were_asked():
    queue = Queue()
    first, second = asked("1", "Ada"), asked("2", "Ada")
    queue.add(second)
    queue.add(first)

    assert messages(queue.take(THREAD)) == ["1", "2"]
