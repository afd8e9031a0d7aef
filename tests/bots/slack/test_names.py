import asyncio

import pytest

from bots.slack.calls import CallFailed
from bots.slack.directory import person_name
from bots.slack.names import FRESH, KEPT, Names
from core.languages import Readers
from core.surface import RefusedForGood, Unknown
from sandbox.faults import Fault
from sandbox.world import Person


class Registry:
    """Knows everybody, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failure: CallFailed | None = None
        self.now = 0.0
        self.silent = False

    async def name(self, id_: str) -> str:
        self.asked.append(id_)
        await (asyncio.Event().wait() if self.silent else asyncio.sleep(0))
        if self.failure:
            raise self.failure
        return id_.lower()


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def names(registry):
    return Names(registry.name, lambda: registry.now)


async def test_a_name_is_asked_for_once(registry, names):
    await names.resolve(["ADA", "BEN", "ADA"])
    await names.resolve(["ADA"])

    assert sorted(registry.asked) == ["ADA", "BEN"]
    assert names.known("ADA") == "ada"


async def test_whom_slack_does_not_know_goes_by_id(registry, names):
    registry.failure = CallFailed(RefusedForGood("user_not_found"))

    await names.resolve(["ZOE"])
    await names.resolve(["ZOE"])

    assert names.known("ZOE") == "ZOE"
    assert registry.asked == ["ZOE"]


async def test_what_failed_is_asked_again(registry, names):
    registry.failure = CallFailed(Unknown("timeout"))
    await names.resolve(["ADA"])
    registry.failure = None

    await names.resolve(["ADA"])

    assert names.known("ADA") == "ada"


async def test_an_old_name_is_renewed_when_it_is_needed(registry, names):
    names.learn("ADA", "countess")
    await names.resolve(["ADA"])
    assert names.known("ADA") == "countess"

    registry.now = FRESH + 1
    await names.resolve(["ADA"])

    assert names.known("ADA") == "ada"


async def test_many_who_need_one_name_ask_once(registry, names):
    await asyncio.gather(*(names.resolve(["ADA"]) for _ in range(20)))

    assert registry.asked == ["ADA"]


async def test_nobody_waits_for_names_for_long(names, registry, monkeypatch):
    monkeypatch.setattr("bots.slack.names.PATIENCE", 0.05)
    registry.silent = True

    async with asyncio.timeout(5):
        await names.resolve(["ADA"])

    assert not names.known("ADA")


async def test_only_so_many_are_kept(names):
    for number in range(KEPT + 5):
        names.learn(str(number), "x")

    assert not names.known("4")
    assert names.known("5")


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"name": "ada", "profile": {"display_name": "Ada", "real_name": "A. L."}}, "Ada"),
        ({"name": "ada", "profile": {"display_name": "", "real_name": "A. L."}}, "A. L."),
        ({"name": "ada", "real_name": "A. L."}, "A. L."),
        ({"name": "ada"}, "ada"),
        ({"profile": None}, ""),
        (None, ""),
    ],
)
def test_people_go_by_the_name_that_they_chose(user, name):
    assert person_name(user) == name


async def test_a_new_colleague_is_called_by_name_once_the_bot_is_at_work(office):
    await office.until_named()
    office.hire("U0DAN", "Dan")
    office.hire("U0EVE", "Eve")
    office.slack.say("U0DAN", "C0GENERAL", "@Parley who is @eve?")
    question, surface = await office.notes.question()

    introduced = await surface.introduce(question)

    assert question.asker.name == "U0DAN"
    assert (introduced.asker.name, introduced.text) == ("Dan", "who is @Eve?")
    assert introduced.key == question.key
    assert [turn.author.name for turn in await surface.history()] == ["Dan"]
    assert office.methods().count("users.info") == 2


async def test_what_people_speak_is_read_with_their_names(office):
    await office.until_named()
    office.slack.say("U0CHO", "C0GENERAL", "@Parley hallo")
    _, surface = await office.notes.question()

    assert surface.readers == Readers("de", "de")
    assert "users.info" not in office.methods()


async def test_what_a_new_colleague_speaks_comes_along_with_the_name(office):
    await office.until_named()
    office.space.add_person(Person("U0DAN", "Dan", "dan", locale="de-AT"))
    office.space.channels["C0GENERAL"].members.add("U0DAN")
    office.slack.say("U0DAN", "C0GENERAL", "@Parley servus")
    question, surface = await office.notes.question()

    assert surface.readers == Readers("en", "en")
    await surface.introduce(question)
    assert surface.readers == Readers("de", "de")
    assert office.methods().count("users.info") == 1


async def test_whoever_uses_a_command_is_called_by_name(office):
    await office.until_named()
    office.hire("U0DAN", "Dan")
    await office.slack.command("U0DAN", "C0GENERAL", "/ask", "what is a lease?")
    question, surface = await office.notes.question()

    introduced = await surface.introduce(question)

    assert (question.asker.name, introduced.asker.name) == ("dan", "Dan")


async def test_names_that_cannot_be_read_stop_nothing(slack_without_names):
    office = slack_without_names
    office.slack.say("U0ADA", "C0GENERAL", "@Parley hello")

    question, surface = await office.notes.question()

    assert (await surface.introduce(question)).asker.name in ("U0ADA", "Ada")


@pytest.fixture
async def slack_without_names(office):
    for method in ("users.list", "users.info", "users.conversations", "conversations.info"):
        office.slack.faults.add(Fault(method, "code", code="missing_scope", times=-1))
    return office


async def test_learning_the_names_in_a_question_does_not_count_as_a_change_of_it(office):
    """What is kept with the question, such as a former answer to it, is not erased then."""
    await office.until_named()
    office.hire("U0DAN", "Dan")
    office.slack.say("U0DAN", "C0GENERAL", "@Parley hello")
    question, surface = await office.notes.question()
    changes = []
    office.recall._changed = lambda *what: changes.append(what)

    await surface.introduce(question)

    assert [turn.author.name for turn in await surface.history()] == ["Dan"]
    assert changes == []
