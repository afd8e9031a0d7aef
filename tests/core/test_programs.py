"""Other programs: answered where they are listed, and never without end."""

import asyncio
from dataclasses import replace

import pytest
import structlog

from core.access import Access, Kind, who_may_use
from core.errors import SettingsError
from core.limits import AccessTable, Limits, ProgramsTable, Rates, read
from core.messages import Author, Conversation
from core.notices import NOT_ON_THE_LIST
from core.presets import Scope
from core.programs import Programs
from core.spending import Kind as Whose
from core.spending import SpendingLimit
from core.store.ledger import Unit
from sandbox.model import Answer
from tests.core.house import ADA, answered, ask, outcome, read_only
from tests.core.paper import Paper, Somebody

ROBOT = Author("B1", "Robot", is_bot=True)
NAME = "slack/T1/B1"


def limits(exchanges=2, **more):
    return Limits(other_programs=ProgramsTable(answered=[NAME], exchanges=exchanges), **more)


@pytest.fixture
def chats(house, server):
    """Builds chats that answer the robot twice in a row."""
    server.script = lambda body: Answer(("Well.",))

    async def build(most=2, **options):
        return await house(limits=limits(most, **options.pop("limits", {})), **options)

    return build


def calls(number, thread="1.0", asker=ROBOT, words="and now?"):
    """A question in a thread of the channel."""
    question = ask(words, str(number), asker)
    return replace(question, conversation=Conversation("paper", "W", "C", thread))


async def taken(chat, *questions, paper=None):
    """Which of these are answered, one after the other; none is told why not."""
    paper = paper or Paper(size=2000)
    found = []
    for question in questions:
        before = len(paper.messages)
        async with answered(chat):
            await chat.accept(question, paper)
        found.append(len(paper.messages) > before)
    return found


async def test_a_program_gets_so_many_answers_in_a_row_and_then_none(chats):
    chat, paper = await chats(), Paper(size=2000)

    assert await taken(chat, *map(calls, range(5)), paper=paper) == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert paper.refusals == []


async def test_a_persons_question_opens_it_again(chats):
    chat = await chats()
    await taken(chat, *map(calls, range(3)))

    assert await taken(chat, calls(10, asker=ADA)) == [True]
    assert await taken(chat, *map(calls, range(3, 6))) == [True, True, False]


async def test_a_person_who_says_stop_does_not(chats):
    chat = await chats()
    await taken(chat, *map(calls, range(2)))
    await taken(chat, calls(10, asker=ADA, words="stop"))

    assert await taken(chat, calls(3)) == [False]


async def test_a_program_that_begins_anew_in_its_channel_each_time_comes_no_further(chats):
    chat = await chats()

    assert await taken(chat, *(calls(n, thread=str(n)) for n in range(3))) == [True, True, False]


async def test_what_people_ask_elsewhere_in_the_channel_prolongs_no_thread_of_programs(chats):
    chat = await chats()
    await taken(chat, *map(calls, range(2)))
    await taken(chat, calls(10, asker=ADA, thread="2.0"))

    assert await taken(chat, calls(3)) == [False]
    assert await taken(chat, calls(4, thread="3.0")) == [True]


async def test_of_many_calls_in_one_moment_no_more_are_taken_whichever_process_hears_them(chats):
    one, other = await chats(), await chats()
    async with answered(one), answered(other):
        found = await asyncio.gather(
            *((one, other)[n % 2].accept(calls(n, f"{n}.0"), Paper(size=2000)) for n in range(8))
        )

    assert sorted(found) == [False] * 6 + [True] * 2


async def test_the_count_outlives_the_process(chats, house):
    chat = await chats()
    await taken(chat, *map(calls, range(2)))
    await house.leave(chat)

    assert await taken(await chats(), calls(3)) == [False]


async def test_a_call_that_is_delivered_twice_counts_once(chats):
    chat = await chats()
    await taken(chat, calls(1), calls(1))

    assert await taken(chat, calls(2)) == [True]


async def test_the_log_says_once_that_there_are_no_more_answers(chats):
    chat = await chats()
    with structlog.testing.capture_logs() as lines:
        await taken(chat, *map(calls, range(6)))

    (line,) = (line for line in lines if "gets no more answers" in line["event"])
    assert line["program"] == "B1"
    assert line["exchanges"] == 2


async def test_a_program_is_refused_without_a_word_for_whatever_reason(chats):
    spent = [SpendingLimit(Whose.PERSON, Unit.TOKENS, 0)]
    chat, paper = await chats(budgets=spent), Paper(size=2000)

    assert await taken(chat, calls(1), paper=paper) == [False]
    async with read_only(chat._store):
        assert await taken(chat, calls(2), calls(3, words="stop"), paper=paper) == [False, False]
    assert paper.refusals == []


async def test_what_is_refused_does_not_use_up_what_the_channel_may_ask(chats):
    rates = {"rates": Rates(questions_per_minute_per_channel=3)}
    chat = await chats(limits=rates)
    await taken(chat, *map(calls, range(6)))

    assert await taken(chat, calls(10, asker=ADA)) == [True]


async def test_a_program_has_a_persons_budget(chats):
    chat = await chats(9, budgets=[SpendingLimit(Whose.PERSON, Unit.TOKENS, 1150)])

    assert await taken(chat, *map(calls, range(3))) == [True, False, False]
    assert await taken(chat, calls(10, asker=ADA)) == [True]


async def test_a_person_can_ask_once_more_what_a_program_has_asked(chats, server):
    chat = await chats(1)
    await taken(chat, calls(1))
    again = replace(calls(1), cause="retry:1")

    assert await chat._store.questions.claim(again)
    assert await outcome(chat, again.key) == ("claimed", "")


# The rule.


@pytest.mark.parametrize(
    ("answered", "table", "why"),
    [
        ((), None, NOT_ON_THE_LIST),
        ((NAME,), None, None),
        ((NAME,), AccessTable(people=["slack/T1/U1"]), None),
    ],
)
async def test_a_program_needs_to_be_on_the_list_of_programs_and_on_no_list_of_people(
    answered, table, why
):
    access = Access(table=table, programs=Programs(frozenset(answered), 3))
    program = Somebody("B1", Kind.PROGRAM, scope=Scope("slack", "T1", "C1"))

    assert await access.refusal(program) == why


async def test_where_it_may_not_be_used_programs_may_not_either():
    access = Access(
        table=AccessTable(channels=["slack/T1/C2"]), programs=Programs(frozenset({NAME}), 3)
    )
    program = Somebody("B1", Kind.PROGRAM, scope=Scope("slack", "T1", "C1"))

    assert await access.refusal(program) is not None


async def test_the_start_says_how_many_programs_are_answered():
    access = Access(programs=Programs(frozenset({NAME, "discord/1", "discord/2"}), 3))

    assert "other programs: 1, 3 answers in a row" in who_may_use(access, "slack", ["workspace T1"])
    assert "other programs: 2," in who_may_use(access, "discord", ["Guild"])
    assert "other programs" not in who_may_use(Access(), "slack", ["workspace T1"])


# The file.


def test_programs_are_read_from_the_file():
    table = read('[other_programs]\nanswered = ["slack/T1/A1", "discord/12"]', "f").other_programs

    assert Programs.of(table) == Programs(frozenset({"slack/T1/A1", "discord/12"}), 3)


def test_none_is_answered_unless_it_is_listed():
    assert Programs.of(read("", "f").other_programs) == Programs()
    assert not Programs().admits(NAME)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("answered = []", "answered"),
        ("exchanges = 3", "answered"),
        ('answered = ["T1/A1"]', "slack/T0123/A0456"),
        ('answered = ["slack/T1/A1"]\nexchanges = 0', "exchanges"),
        ('answered = ["slack/T1/A1"]\nexchanges = 1000', "exchanges"),
    ],
)
def test_what_is_wrong_with_programs_is_said(line, named):
    with pytest.raises(SettingsError, match=named):
        read(f"[other_programs]\n{line}", "f")
