"""Slash commands: acknowledged at once, answered once, in few uses of the response URL."""

import asyncio

import pytest

from bots.slack.commands import HOW_TO_ASK, HOW_TO_ASK_AS, THINKING
from bots.slack.parley import HELP
from bots.slack.response import THE_REST
from core.errors import StoreFailed
from core.messages import Role
from core.pace import Urgency
from core.surface import Delivered, Page, RefusedForGood, RefusedForNow, Unknown
from core.words import Notice
from sandbox.faults import Fault
from tests.bots.slack.conftest import Notes, working


class PromptNotes(Notes):
    """A chat that has its answer before the command is acknowledged."""

    async def accept(self, question, surface):
        self.answering = asyncio.create_task(surface.post(Page("A contract."), "n.0"))
        await asyncio.sleep(0.05)  # as long as a request takes
        return await super().accept(question, surface)


async def ask(office, text, channel="C0GENERAL", person="U0ADA"):
    await office.until_named()
    await office.slack.command(person, channel, "/ask", text)
    return await office.notes.question()


def ours(office, channel="C0GENERAL"):
    return [one for one in office.messages(channel) if one.author == "U0PARLEY"]


async def test_ask_is_acknowledged_to_the_asker_alone(office):
    question, _ = await ask(office, "what is a lease &amp; why?")

    (shown,) = ours(office)
    assert (shown.only_for, shown.text) == ("U0ADA", THINKING)
    assert question.asker.name == "Ada"
    assert question.place == "#general"
    assert question.direct


async def test_each_use_of_the_command_is_a_question_of_its_own(office):
    one, _ = await ask(office, "same")
    await office.slack.command("U0ADA", "C0GENERAL", "/ask", "same")
    two, _ = await office.notes.question(2)

    assert one.cause.startswith("command:")
    assert one.key != two.key
    assert one.conversation != two.conversation


@pytest.mark.parametrize("text", ["", "   ", "public", "PUBLIC  "])
async def test_ask_without_a_question_says_how_to_use_it(office, text):
    await office.slack.command("U0ADA", "C0GENERAL", "/ask", text)

    (shown,) = ours(office)
    assert (shown.only_for, shown.text) == ("U0ADA", HOW_TO_ASK)
    assert not office.notes.taken


@pytest.mark.parametrize("text", ["as:", "AS: ", "as:pirate"])
async def test_ask_as_somebody_without_a_question_says_how_to_use_that(office, text):
    await office.slack.command("U0ADA", "C0GENERAL", "/ask", text)

    assert [one.text for one in ours(office)] == [HOW_TO_ASK_AS]
    assert not office.notes.taken


async def test_parley_says_what_there_is(office):
    await office.slack.command("U0ADA", "C0GENERAL", "/parley", "help")

    assert [one.text for one in ours(office)] == [HELP]


async def test_a_command_that_cannot_be_claimed_says_so(office):
    office.notes.failures.append(StoreFailed("locked"))

    await office.slack.command("U0ADA", "C0GENERAL", "/ask", "what is a lease?")

    assert [one.text for one in ours(office)] == [StoreFailed.says]


@pytest.mark.parametrize("text", ["what is a lease?", "public what is a lease?"])
async def test_a_claim_that_takes_long_is_acknowledged_in_time_and_failed_later(
    office, monkeypatch, text
):
    monkeypatch.setattr("bots.slack.commands.QUICKLY", 0.1)
    office.notes.gate = asyncio.Event()
    office.notes.failures.append(StoreFailed("locked"))

    await office.slack.command("U0ADA", "C0GENERAL", "/ask", text)
    acknowledged = [one.text for one in ours(office)]
    office.notes.gate.set()
    await office.until(lambda: [one.text for one in ours(office)] == [StoreFailed.says])

    assert acknowledged == ([] if "public" in text else [THINKING])
    assert [one.only_for for one in ours(office)] == ["U0ADA"]


async def test_a_claim_that_takes_long_is_answered_in_the_acknowledgements_place(
    office, monkeypatch
):
    monkeypatch.setattr("bots.slack.commands.QUICKLY", 0.1)
    office.notes.gate = asyncio.Event()

    await office.slack.command("U0ADA", "C0GENERAL", "/ask", "what is a lease?")
    office.notes.gate.set()
    _, surface = await office.notes.question()
    await surface.post(Page("A contract."), "n.0")

    assert [one.text for one in ours(office)] == ["A contract."]


async def test_a_claim_that_never_ends_is_given_up_aloud(office, monkeypatch):
    monkeypatch.setattr("bots.slack.commands.QUICKLY", 0.1)
    monkeypatch.setattr("bots.slack.commands.CLAIM_TIMEOUT", 0.3)
    office.notes.gate = asyncio.Event()

    await office.slack.command("U0ADA", "C0GENERAL", "/ask", "what is a lease?")

    await office.until(lambda: [one.text for one in ours(office)] == [StoreFailed.says])


async def test_stopping_does_not_wait_for_a_claim_that_takes_long(slack, monkeypatch):
    monkeypatch.setattr("bots.slack.commands.QUICKLY", 0.1)
    notes = Notes(gate=asyncio.Event())
    async with asyncio.timeout(3), working(slack, notes) as bot:
        await slack.command("U0ADA", "C0GENERAL", "/ask", "what is a lease?")

    assert not bot._presence.tasks._running


class TestPrivate:
    async def test_the_answer_takes_the_acknowledgements_place(self, office):
        _, surface = await ask(office, "what is a lease?")

        posted = await surface.post(Page("A"), "n.0")
        await surface.edit(posted.message, Page("A contract.", "A notice."))

        (shown,) = ours(office)
        assert shown.only_for == "U0ADA"
        assert shown.text == "A contract."

    async def test_an_answer_that_is_there_at_once_waits_for_the_acknowledgement(self, slack):
        notes = PromptNotes()
        async with working(slack, notes):
            await slack.command("U0ADA", "C0GENERAL", "/ask", "what is a lease?")
            await notes.answering

        space = slack.workspace.space
        shown = [one for one in space.messages("C0GENERAL") if one.author == "U0PARLEY"]
        assert [one.text for one in shown] == ["A contract."]

    async def test_a_command_that_comes_twice_is_acknowledged_without_a_word(self, office):
        payload = dict.fromkeys(("channel_id", "user_id", "response_url"), "x")
        payload |= {"command": "/ask", "text": "what is a lease?", "trigger_id": "1.2.x"}

        first = await office.slack.sockets.exchange("slash_commands", payload)
        again = await office.slack.sockets.exchange("slash_commands", payload)

        assert first["text"] == THINKING
        assert again == {}

    async def test_interim_edits_leave_the_last_uses_for_the_end(self, office):
        _, surface = await ask(office, "what is a lease?")

        for _ in range(2):
            await office.governor.turn(surface.plain.grow, Urgency.INTERIM)
        third = office.governor.ask(surface.plain.grow, Urgency.INTERIM)
        last = office.governor.ask(surface.plain.grow, Urgency.LAST)

        assert third.waits
        assert not last.waits
        office.governor.forget(third)

    async def test_the_url_is_never_used_up(self, office):
        _, surface = await ask(office, "what is a lease?")

        outcomes = [await surface.edit("response", Page(str(n))) for n in range(6)]

        assert outcomes[4] == Delivered("response")
        assert outcomes[5] == RefusedForGood("expired_url")
        assert len(office.calls("response_url")) == 5

    async def test_what_does_not_fit_goes_to_the_direct_messages_and_says_so(self, office):
        _, surface = await ask(office, "what is a lease?")

        await surface.post(Page("one"), "n.0")
        two = await surface.post(Page("two"), "n.1")
        three = await surface.post(Page("three"), "n.2")
        await surface.edit(three.message, Page("three and more"))

        here = [one.text for one in ours(office)]
        there = ours(office, "D0ADA")
        assert here == ["one", THE_REST]
        assert [one.text for one in there] == ["two", "three and more"]
        assert two.message == there[0].id
        headline = there[0].payload["blocks"][0]["elements"][0]["text"]
        assert headline.startswith("The rest of the answer to what you asked in #general")
        assert len(there[1].payload["blocks"]) == 1

    async def test_what_comes_too_late_goes_to_the_direct_messages(self, office, monkeypatch):
        _, surface = await ask(office, "what is a lease?")
        monkeypatch.setattr("bots.slack.response.LIFETIME", -1)

        assert isinstance(await surface.post(Page("late"), "n.0"), Delivered)

        assert [one.text for one in ours(office, "D0ADA")] == ["late"]

    async def test_an_edit_that_comes_too_late_is_refused_for_good(self, office, monkeypatch):
        _, surface = await ask(office, "what is a lease?")
        posted = await surface.post(Page("some"), "n.0")
        monkeypatch.setattr("bots.slack.response.LIFETIME", -1)

        assert await surface.edit(posted.message, Page("x")) == RefusedForGood("expired_url")
        await surface.post(Page("the rest"), "n.1")

        assert [one.text for one in ours(office, "D0ADA")] == ["the rest"]

    async def test_what_continues_in_direct_messages_is_remembered_there(self, office):
        _, surface = await ask(office, "what is a lease?")
        await surface.post(Page("one"), "n.0")
        await surface.post(Page("two"), "n.1")
        office.slack.say("U0ADA", "D0ADA", "go on")
        _, direct = await office.notes.question(2)

        turns = await direct.history()

        assert [turn.role for turn in turns] == [Role.USER, Role.ASSISTANT, Role.USER]
        assert "what is a lease?" in turns[0].text

    @pytest.mark.parametrize(
        ("fault", "outcome"),
        [
            (Fault("response_url", "status", status=502), Unknown("http_502")),
            (Fault("response_url", "rate_limit", seconds=3), RefusedForNow(3.0)),
            (Fault("response_url", "reset"), Unknown("ServerDisconnectedError")),
        ],
        ids=lambda value: getattr(value, "kind", ""),
    )
    async def test_failures_are_told_apart(self, office, fault, outcome):
        _, surface = await ask(office, "what is a lease?")
        office.slack.faults.add(fault)

        assert await surface.post(Page("x"), "n.0") == outcome

    async def test_a_refusal_takes_the_acknowledgements_place(self, office):
        _, surface = await ask(office, "what is a lease?")

        await surface.refuse("Not today.")

        assert [(one.only_for, one.text) for one in ours(office)] == [("U0ADA", "Not today.")]

    async def test_it_can_be_asked_where_the_bot_is_not(self, office):
        _, surface = await ask(office, "what is a lease?", "C0QUIET")

        await surface.post(Page("A contract."), "n.0")

        assert [(one.only_for, one.text) for one in ours(office, "C0QUIET")] == [
            ("U0ADA", "A contract.")
        ]

    async def test_a_one_off_question_has_no_past(self, office):
        _, surface = await ask(office, "what is a lease?")

        assert await surface.history() == ()


class TestPublic:
    async def test_where_the_bot_is_a_member_the_answer_grows_below_the_question(self, office):
        question, surface = await ask(office, "public what is a lease?")

        await surface.status("is thinking …")
        announced = ours(office)
        posted = await surface.post(Page("A"), "n.0")
        await surface.status("")
        await surface.edit(posted.message, Page("A contract."))

        assert question.text == "what is a lease?"
        assert not question.direct
        (shown,) = ours(office)
        assert [one.id for one in announced] == [shown.id]
        assert shown.only_for == ""
        assert shown.text == "A contract."
        assert headline(shown) == "Ada asked: what is a lease?"

    async def test_further_pages_are_messages_without_a_headline(self, office):
        _, surface = await ask(office, "public what is a lease?")
        await surface.status("is thinking …")
        await surface.post(Page("one"), "n.0")
        await surface.post(Page("two"), "n.1")

        one, two = ours(office)
        assert headline(one)
        assert [block["type"] for block in two.payload["blocks"]] == ["rich_text"]

    async def test_an_answer_that_overtakes_the_announcement_waits_for_it(self, office):
        _, surface = await ask(office, "public what is a lease?")
        office.slack.faults.add(Fault("chat.postMessage", "slow", seconds=0.2))
        announcing = asyncio.create_task(surface.status("is thinking …"))
        await asyncio.sleep(0.05)
        posted = await surface.post(Page("A contract."), "n.0")
        await announcing

        (shown,) = ours(office)
        assert (shown.id, shown.text) == (posted.message, "A contract.")

    async def test_an_announcement_whose_receipt_was_lost_is_found_again(self, office):
        _, surface = await ask(office, "public what is a lease?")
        office.slack.faults.add(Fault("chat.postMessage", "after", status=502))
        await surface.status("is thinking …")

        await surface.post(Page("A contract."), "n.0")

        (shown,) = ours(office)
        assert shown.text == "A contract."
        assert headline(shown)

    async def test_an_announcement_that_was_deleted_is_not_missed(self, office):
        _, surface = await ask(office, "public what is a lease?")
        await surface.status("is thinking …")
        office.space.delete("C0GENERAL", ours(office)[0].id)

        await surface.post(Page("A contract."), "n.0")

        (shown,) = ours(office)
        assert shown.text == "A contract."
        assert headline(shown)

    async def test_an_announcement_that_takes_no_edit_is_taken_away(self, office):
        _, surface = await ask(office, "public what is a lease?")
        await surface.status("is thinking …")
        office.slack.faults.add(Fault("chat.update", "code", code="edit_window_closed"))

        await surface.post(Page("A contract."), "n.0")

        (shown,) = ours(office)
        assert shown.text == "A contract."
        assert headline(shown) == "Ada asked: what is a lease?"

    async def test_an_answer_that_was_deleted_while_it_grew_comes_back_with_its_question(
        self, office
    ):
        _, surface = await ask(office, "public what is a lease?")
        await surface.status("is thinking …")
        posted = await surface.post(Page("A"), "n.0")
        office.space.delete("C0GENERAL", posted.message)

        assert (await surface.edit(posted.message, Page("A contract."))).gone
        await surface.post(Page("A contract."), "n.1")

        (shown,) = ours(office)
        assert headline(shown) == "Ada asked: what is a lease?"

    async def test_a_refusal_leaves_no_working_mark(self, office):
        _, surface = await ask(office, "public what is a lease?")
        await surface.status("is thinking …")

        await surface.refuse("Not today.")

        assert [one.text for one in ours(office)] == ["Not today."]

    async def test_whoever_goes_on_below_the_answer_is_heard_with_the_question(self, office):
        _, surface = await ask(office, "public what is a lease?")
        await surface.status("is thinking …")
        posted = await surface.post(Page("A contract."), "n.0")
        office.slack.say("U0BEN", "C0GENERAL", "between whom?", posted.message)
        question, below = await office.notes.question(2)

        turns = await below.history()

        assert question.conversation.thread == posted.message
        assert [turn.text for turn in turns] == [
            "Ada asked: what is a lease?",
            "A contract.",
            "between whom?",
        ]

    async def test_elsewhere_it_is_answered_through_the_response_url(self, office):
        _, surface = await ask(office, "public what is a lease?", "C0QUIET")
        acknowledged = ours(office, "C0QUIET")
        await surface.post(Page("A contract."), "n.0")

        (shown,) = ours(office, "C0QUIET")
        assert [one.text for one in acknowledged] == [THINKING]
        assert shown.only_for == ""
        assert shown.text == "A contract."
        assert headline(shown) == "Ada asked: what is a lease?"
        assert "chat.postMessage" not in office.methods()

    async def test_elsewhere_everybody_learns_to_whom_the_rest_went(self, office):
        _, surface = await ask(office, "public what is a lease?", "C0QUIET")
        await surface.post(Page("one"), "n.0")
        await surface.post(Page("two"), "n.1")

        one, pointer = ours(office, "C0QUIET")
        assert (one.only_for, pointer.only_for) == ("", "")
        assert pointer.text == Notice("rest_went_to", asker="Ada")
        assert [one.text for one in ours(office, "D0ADA")] == ["two"]

    @pytest.mark.parametrize("channel", ["C0GENERAL", "C0QUIET"])
    async def test_a_one_off_question_has_no_past(self, office, channel):
        _, surface = await ask(office, "public what is a lease?", channel)

        assert await surface.history() == ()

    async def test_a_question_that_pings_is_repeated_without_pinging(self, office):
        _, surface = await ask(office, "public <!channel> @here who knows?")
        await surface.status("is thinking …")

        (shown,) = ours(office)
        assert "<!channel>" not in headline(shown)
        assert "@here" not in headline(shown)


def headline(message) -> str:
    first = message.payload["blocks"][0]
    return first["elements"][0]["text"] if first["block_id"] == "parley_asked" else ""
