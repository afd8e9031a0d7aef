"""Whoever has gone least lately goes first, and nobody waits for ever."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from core.line import LATELY, Line


@dataclass(frozen=True)
class Wish:
    person: str
    number: int


def line_of(people):
    line = Line()
    wishes = [Wish(person, number) for number, person in enumerate(people)]
    for wish in wishes:
        line.add(wish)
    return line, wishes


def gone(line, now=0.0):
    """Who goes, one after the other, until nobody waits."""
    went = []
    while line:
        went.append(next(iter(line.in_order(now))))
        line.go(went[-1], now)
    return went


people = st.lists(st.sampled_from("abcd"), max_size=30)


def test_a_person_with_fifty_questions_does_not_hold_up_a_person_with_one():
    line, _ = line_of(["a"] * 50 + ["b"])

    assert [wish.person for wish in gone(line)][:3] == ["a", "b", "a"]


def test_who_has_gone_before_lets_others_go_first():
    line, (first, *_) = line_of("aab")
    line.go(first, 0.0)

    assert [wish.person for wish in gone(line, 1.0)] == ["b", "a"]


@given(people)
def test_what_one_person_asks_goes_in_order(people):
    line, wishes = line_of(people)
    went = gone(line)

    for person in set(people):
        theirs = [wish for wish in wishes if wish.person == person]
        assert [wish for wish in went if wish.person == person] == theirs


@given(people)
def test_of_people_who_wait_nobody_is_more_than_one_turn_ahead(people):
    line, wishes = line_of(people)
    went = gone(line)

    for end in range(len(went)):
        so_far = [wish.person for wish in went[:end]]
        waiting = {wish.person for wish in wishes if wish not in went[:end]}
        counts = [so_far.count(person) for person in waiting]
        assert not counts or max(map(so_far.count, so_far), default=0) - min(counts) <= 1


@given(people, st.lists(st.sampled_from("abcd"), max_size=10))
def test_the_order_that_is_told_is_the_order_in_which_they_go(people, before):
    line, _ = line_of(before)
    gone(line)
    for number, person in enumerate(people):
        line.add(Wish(person, 100 + number))
    told = list(line.in_order(1.0))

    assert told == gone(line, 1.0)


def test_newcomers_do_not_keep_anybody_waiting_for_ever():
    line, now, number = Line(), 0.0, 0
    for _ in range(100):
        wish = Wish("often", number := number + 1)
        line.add(wish)
        line.go(wish, now)
    line.add(Wish("often", 0))
    while Wish("often", 0) in list(line.in_order(now)):
        line.add(Wish(f"new {number}", number := number + 1))
        line.go(next(iter(line.in_order(now))), now)
        now += 1

    assert now <= LATELY + 1


def test_a_turn_that_came_to_nothing_does_not_count():
    line, (first, *_) = line_of("aab")
    line.go(first, 0.0)
    line.come_back(first)
    line.add(first)

    assert [wish.person for wish in gone(line)] == ["a", "b", "a"]


def test_whoever_leaves_is_not_in_anybodys_way():
    line, wishes = line_of("aab")

    assert [line.remove(wish) for wish in (*wishes, wishes[0])] == [True, True, True, False]
    assert not line
