"""How requests to Slack end, and what people see then."""

import asyncio

import pytest

from bots.slack.surface import SlackSurface
from core.errors import PlatformFailed
from core.messages import Role
from core.pace import Urgency
from core.surface import Delivered, Page, RefusedForGood, RefusedForNow, Unknown
from sandbox.faults import Fault


async def asked(office, channel):
    """Where a question in this channel is answered."""
    await office.until_named()
    office.slack.say("U0ADA", channel, "@Parley what is a lease?")
    _, surface = await office.notes.question()
    return surface


@pytest.fixture
async def surface(office):
    return await asked(office, "C0GENERAL")


@pytest.fixture
async def direct(office):
    return await asked(office, "D0ADA")


def ours(office, channel="C0GENERAL"):
    return [one for one in office.messages(channel) if one.author == "U0PARLEY"]


async def test_an_answer_is_posted_in_the_questions_thread(office, surface):
    outcome = await surface.post(Page("A **lease** is a contract."), "n.0")

    (shown,) = ours(office)
    assert outcome == Delivered(shown.id)
    assert shown.thread == surface.conversation.thread
    assert shown.text == "A **lease** is a contract."


async def test_an_answer_to_a_direct_message_stands_at_top_level(office, direct):
    await direct.post(Page("A contract."), "n.0")

    (shown,) = ours(office, "D0ADA")
    assert shown.thread == ""


async def test_an_edit_replaces_the_whole_page(office, surface):
    posted = await surface.post(Page("A lea"), "n.0")

    outcome = await surface.edit(posted.message, Page("A lease.", "Cut off."))

    (shown,) = ours(office)
    assert outcome == posted
    kinds = [block["type"] for block in shown.payload["blocks"]]
    assert kinds == ["rich_text", "context"]


async def test_what_slack_refuses_for_good_is_told_with_its_word(office, surface):
    office.space.channels["C0GENERAL"].archived = True

    assert await surface.post(Page("x"), "n.0") == RefusedForGood("is_archived")
    assert await surface.edit("1700000000.000100", Page("x")) == RefusedForGood("message_not_found")


async def test_a_429_is_a_refusal_for_now_and_the_governor_learns_of_it(office, surface):
    office.slack.faults.add(Fault("chat.postMessage", "rate_limit", seconds=7))

    assert await surface.post(Page("x"), "n.0") == RefusedForNow(7.0)
    waiting = office.governor.ask(surface.plain.begin, 0)
    assert waiting.waits
    office.governor.forget(waiting)


async def test_a_refusal_holds_back_its_channel_and_a_second_one_the_workspace(office, surface):
    """Slack does not say which it means."""
    (here, everywhere) = surface.plain.begin
    elsewhere = office.bot._presence.workspace.budgets.post("C0RANDOM")
    office.slack.faults.add(Fault("chat.postMessage", "rate_limit", seconds=30, times=2))

    def waits(budgets):
        ticket = office.governor.ask(budgets, Urgency.LAST)
        office.governor.forget(ticket)
        return ticket.waits

    await surface.post(Page("x"), "n.0")
    assert waits((here,))
    assert not waits(elsewhere)
    await surface.post(Page("x"), "n.1")
    assert waits((everywhere,))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("chat.postMessage", "status", status=503),
        Fault("chat.postMessage", "reset"),
        Fault("chat.postMessage", "code", code="internal_error"),
    ],
    ids=lambda fault: fault.kind,
)
async def test_an_answer_that_never_came_about_is_posted_once(office, surface, fault):
    office.slack.faults.add(fault)

    assert isinstance(await surface.post(Page("x"), "n.0"), Unknown)
    assert isinstance(await surface.post(Page("x"), "n.0"), Delivered)
    assert len(ours(office)) == 1


@pytest.mark.parametrize("kind", ["after", "reset_after"])
@pytest.mark.parametrize("channel", ["C0GENERAL", "D0ADA"])
async def test_an_answer_whose_receipt_is_lost_is_not_posted_again(office, kind, channel):
    surface = await asked(office, channel)
    office.slack.faults.add(Fault("chat.postMessage", kind, status=502))

    assert isinstance(await surface.post(Page("some"), "n.0"), Unknown)
    outcome = await surface.post(Page("some more"), "n.0")

    (shown,) = ours(office, channel)
    assert outcome == Delivered(shown.id)
    assert shown.text == "some more"


async def test_a_lost_answer_that_takes_no_edits_is_there_all_the_same(office, surface):
    office.slack.faults.add(Fault("chat.postMessage", "after", status=502))
    office.slack.faults.add(Fault("chat.update", "code", code="cant_update_message"))

    await surface.post(Page("some"), "n.0")
    outcome = await surface.post(Page("some more"), "n.0")

    (shown,) = ours(office)
    assert outcome == Delivered(shown.id)
    assert outcome.shows == Page("some")
    assert shown.text == "some"


async def test_a_second_page_is_not_taken_for_the_first(office, surface):
    await surface.post(Page("one"), "n.0")
    office.slack.faults.add(Fault("chat.postMessage", "status", status=503))

    await surface.post(Page("two"), "n.1")
    await surface.post(Page("two"), "n.1")

    assert [one.text for one in ours(office)] == ["one", "two"]


async def test_a_cancelled_post_is_looked_up_too(office, surface):
    office.slack.faults.add(Fault("chat.postMessage", "slow", seconds=0.2))
    posting = asyncio.create_task(surface.post(Page("x"), "n.0"))
    await office.struck()
    posting.cancel()
    await asyncio.gather(posting, return_exceptions=True)
    await office.until(lambda: ours(office))

    await surface.post(Page("x"), "n.0")

    assert len(ours(office)) == 1


async def test_slow_is_unknown_in_the_end(office, surface, monkeypatch):
    monkeypatch.setattr("bots.slack.calls.CALL_TIMEOUT", 0.1)
    office.slack.faults.add(Fault("chat.postMessage", "slow", seconds=0.5))

    assert await surface.post(Page("x"), "n.0") == Unknown("timeout")


async def test_slack_that_is_not_there_is_unknown(office, surface):
    await office.slack.stop()

    assert isinstance(await surface.post(Page("x"), "n.0"), Unknown)
    assert isinstance(await surface.edit("1700000000.000100", Page("x")), Unknown)
    with pytest.raises(PlatformFailed):
        office.recall.drop("slack")
        await surface.history()


async def test_the_asker_alone_learns_of_a_refusal(office, surface):
    assert isinstance(await surface.refuse("Not today."), Delivered)

    (told,) = ours(office)
    assert told.only_for == "U0ADA"
    assert told.text == "Not today."


async def test_in_a_direct_message_a_refusal_is_a_message(office, direct):
    assert isinstance(await direct.refuse("Not today."), Delivered)

    (told,) = ours(office, "D0ADA")
    assert told.only_for == ""


async def test_who_cannot_be_whispered_to_is_told_in_the_thread(office, surface):
    office.slack.faults.add(Fault("chat.postEphemeral", "code", code="user_not_in_channel"))

    assert isinstance(await surface.refuse("Not today."), Delivered)

    (told,) = ours(office)
    assert told.only_for == ""
    assert told.thread == surface.conversation.thread


class TestHistory:
    async def test_a_new_thread_needs_no_call(self, office, surface):
        turns = await surface.history()

        assert [turn.text for turn in turns] == ["what is a lease?"]
        assert "conversations.replies" not in office.methods()

    async def test_what_was_said_since_is_remembered(self, office, surface):
        thread = surface.conversation.thread
        await surface.post(Page("A contract."), "n.0")
        office.slack.say("U0BEN", "C0GENERAL", "thanks", thread)
        await office.exchanges(4)

        turns = await surface.history()

        assert [(turn.role, turn.text) for turn in turns] == [
            (Role.USER, "what is a lease?"),
            (Role.ASSISTANT, "A contract."),
            (Role.USER, "thanks"),
        ]
        assert "conversations.replies" not in office.methods()

    async def test_edits_and_deletions_are_kept_up_with(self, office, surface):
        thread = surface.conversation.thread
        one = office.slack.say("U0BEN", "C0GENERAL", "one", thread)
        two = office.slack.say("U0BEN", "C0GENERAL", "two", thread)
        office.slack.edit("U0BEN", "C0GENERAL", one.id, "won")
        office.slack.delete("U0BEN", "C0GENERAL", two.id)
        await office.exchanges(6)

        assert [turn.text for turn in await surface.history()] == ["what is a lease?", "won"]

    async def test_a_thread_that_is_not_remembered_is_read(self, office, surface):
        await surface.post(Page("A *contract*:\n\n```\nx = 1\n```", "A notice."), "n.0")
        office.recall.drop("slack")

        turns = await surface.history()

        assert [(turn.role, turn.text) for turn in turns] == [
            (Role.USER, "what is a lease?"),
            (Role.ASSISTANT, "A _contract_:\n\n```\nx = 1\n```"),
        ]
        assert [turn.author.name for turn in turns] == ["Ada", "Parley"]

    async def test_a_message_that_is_only_a_notice_is_no_turn(self, office, direct):
        await direct.refuse("Not today.")
        office.recall.drop("slack")

        assert [turn.text for turn in await direct.history()] == ["what is a lease?"]

    async def test_a_linear_talk_is_read_oldest_first(self, office, direct):
        await direct.post(Page("A contract."), "n.0")
        office.slack.say("U0ADA", "D0ADA", "between whom?")
        await office.notes.question(2)
        office.recall.drop("slack")

        texts = [turn.text for turn in await direct.history()]

        assert texts == ["what is a lease?", "A contract.", "between whom?"]

    async def test_the_newest_of_a_long_thread_are_read_and_its_root(self, office, surface):
        thread = surface.conversation.thread
        for number in range(1_500):
            office.space.post("C0GENERAL", "U0BEN", str(number), thread=thread)
        office.recall.drop("slack")
        office.bot._ears._memory._distrusted_until = float("inf")

        texts = [turn.text for turn in await surface.history()]

        assert texts[0] == "what is a lease?"
        assert texts[-1] == "1499"
        assert len(texts) == 401

    async def test_other_programs_are_marked_as_such(self, office, surface):
        office.add_program()
        thread = surface.conversation.thread
        office.space.post("C0GENERAL", "U0ROBOT", "deployed", thread=thread)
        await office.exchanges(3)

        turn = (await surface.history())[-1]

        assert (turn.role, turn.author.is_bot, turn.text) == (Role.USER, True, "deployed")

    async def test_a_thread_that_cannot_be_read_says_so(self, office, surface):
        office.recall.drop("slack")
        office.space.channels["C0GENERAL"].members.discard("U0PARLEY")

        with pytest.raises(PlatformFailed):
            await surface.history()

    async def test_a_reconnect_forgets_what_may_have_been_missed(self, office, surface):
        await surface.history()
        await office.slack.drop()
        await office.slack.wait_connected()
        await office.until_forgotten(surface.conversation)

        await surface.history()

        assert office.methods().count("conversations.replies") == 1

    async def test_an_edited_mention_does_not_make_the_bot_forget_its_thread(self, office, surface):
        thread = surface.conversation.thread
        await surface.post(Page("A contract."), "n.0")
        office.recall.drop("slack")

        office.slack.edit("U0ADA", "C0GENERAL", thread, "@Parley what is a rental lease?")
        await office.exchanges(5)

        assert [turn.text for turn in await surface.history()] == [
            "what is a rental lease?",
            "A contract.",
        ]

    async def test_a_mention_that_comes_by_an_edit_has_the_replies_before_it(self, office):
        await office.until_named()
        said = office.slack.say("U0ADA", "C0GENERAL", "what is a lease?")
        office.slack.say("U0BEN", "C0GENERAL", "a contract", said.id)
        office.slack.edit("U0ADA", "C0GENERAL", said.id, "@Parley what is a lease?")
        _, surface = await office.notes.question()

        assert [turn.text for turn in await surface.history()] == [
            "what is a lease?",
            "a contract",
        ]

    async def test_the_second_report_of_a_mention_begins_nothing_anew(self, office):
        office.slack.faults.add(Fault("deliver", "slow", seconds=0.3))
        said = office.slack.say("U0ADA", "C0GENERAL", "@Parley what is a lease?")
        _, surface = await office.notes.question()
        await surface.post(Page("A contract."), "n.0")
        office.recall.drop("slack")
        await office.exchanges(3)

        assert said.id == surface.conversation.thread
        assert [turn.text for turn in await surface.history()] == [
            "what is a lease?",
            "A contract.",
        ]

    async def test_an_edit_of_ours_by_another_process_is_noticed(self, office, surface):
        thread = surface.conversation.thread
        answer = office.space.post("C0GENERAL", "U0PARLEY", "so", thread=thread)
        office.space.edit("C0GENERAL", answer.id, "so it is")
        await office.exchanges(4)

        texts = [turn.text for turn in await surface.history()]

        assert texts == ["what is a lease?", "so it is"]


class TestStatus:
    async def test_it_is_the_first_call_of_an_answer(self, office, surface):
        await surface.status("is thinking …")

        (call,) = office.calls("assistant.threads.setStatus")
        assert call["status"] == "is thinking …"
        assert call["thread_ts"] == surface.conversation.thread

    async def test_slack_takes_it_away_when_the_answer_comes(self, office, surface):
        await surface.status("is thinking …")
        await surface.post(Page("x"), "n.0")
        await surface.status("")

        assert len(office.calls("assistant.threads.setStatus")) == 1

    async def test_it_is_taken_away_when_the_answer_takes_the_place_of_another(
        self, office, surface
    ):
        former = (await surface.post(Page("42"), "r.0")).message
        await surface.status("is thinking …")
        await surface.edit(former, Page("43"))
        await surface.status("")

        assert [one["status"] for one in office.calls("assistant.threads.setStatus")] == [
            "is thinking …",
            "",
        ]

    async def test_in_a_linear_talk_it_is_taken_away(self, office, direct):
        await direct.status("is thinking …")
        await direct.post(Page("x"), "n.0")
        await direct.status("")

        assert [one["status"] for one in office.calls("assistant.threads.setStatus")] == [
            "is thinking …",
            "",
        ]

    async def test_the_sign_of_an_earlier_question_is_not_taken_away_from_a_later_one(
        self, office, surface
    ):
        office.slack.say("U0BEN", "C0GENERAL", "between whom?", surface.conversation.thread)
        _, later = await office.notes.question(2)
        await surface.status("is thinking …")
        await later.status("has a question to finish first …")

        await surface.status("")
        await later.status("is thinking …")
        await surface.post(Page("x"), "n.0")
        await later.status("")

        assert [one["status"] for one in office.calls("assistant.threads.setStatus")] == [
            "is thinking …",
            "has a question to finish first …",
            "is thinking …",
            "",
        ]

    async def test_a_status_that_is_shown_after_the_answer_is_taken_away(self, office, surface):
        office.slack.faults.add(Fault("assistant.threads.setStatus", "slow", seconds=0.3))
        showing = asyncio.create_task(surface.status("is thinking …"))
        await office.struck()
        await surface.post(Page("x"), "n.0")
        await showing

        await surface.status("")

        assert [one["status"] for one in office.calls("assistant.threads.setStatus")] == [
            "is thinking …",
            "",
        ]

    @pytest.mark.parametrize("kind", ["status", "reset", "after"])
    async def test_a_status_is_taken_away_though_slack_does_not_say_so_at_first(
        self, office, surface, kind
    ):
        shown = []
        office.slack.workspace.space.watch(shown.append)
        await surface.status("is thinking …")
        office.slack.faults.add(Fault("assistant.threads.setStatus", kind))
        await surface.status("")

        said = [change.note["text"] for change in shown if change.what == "status"]
        assert said[0] == "is thinking …"
        assert said[-1] == ""

    async def test_a_sign_that_waits_to_be_taken_away_leaves_a_later_one_alone(
        self, office, surface
    ):
        office.slack.say("U0BEN", "C0GENERAL", "between whom?", surface.conversation.thread)
        _, later = await office.notes.question(2)
        await surface.status("is thinking …")
        budgets = surface._workspace.budgets.status("C0GENERAL", surface.conversation.thread)
        office.governor.refused(budgets, 0.2)
        clearing = asyncio.create_task(surface.status(""))
        await asyncio.sleep(0)  # it waits for its turn now

        await asyncio.gather(later.status("is thinking …"), clearing)

        shown = [one["status"] for one in office.calls("assistant.threads.setStatus")]
        assert shown == ["is thinking …", "is thinking …"]

    async def test_where_slack_shows_none_a_reaction_is_the_sign(self, office, surface):
        office.slack.faults.add(
            Fault("assistant.threads.setStatus", "code", code="not_allowed", times=-1)
        )
        thread = surface.conversation.thread

        await surface.status("is thinking …")
        seen = office.space.message("C0GENERAL", thread).reactions
        await surface.status("is still thinking …")
        await surface.post(Page("x"), "n.0")
        await surface.status("")

        assert seen == (("eyes", "U0PARLEY"),)
        assert office.space.message("C0GENERAL", thread).reactions == ()
        assert len(office.calls("assistant.threads.setStatus")) == 1
        assert len(office.calls("reactions.add")) == 1

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("reactions.remove", "rate_limit", seconds=1),
            Fault("reactions.remove", "status", status=503, times=3),
        ],
        ids=lambda fault: fault.kind,
    )
    async def test_a_reaction_goes_though_that_takes_longer_than_anybody_waits_for_a_sign(
        self, office, surface, monkeypatch, fault
    ):
        monkeypatch.setattr("bots.slack.sign.AGAIN", 0.1)
        thread = surface.conversation.thread
        office.slack.faults.add(
            Fault("assistant.threads.setStatus", "code", code="not_allowed", times=-1)
        )
        await surface.status("is thinking …")
        office.slack.faults.add(fault)
        monkeypatch.setattr("bots.slack.sign.PATIENCE", 0.05)
        await surface.status("")
        left = office.space.message("C0GENERAL", thread).reactions

        await office.until(lambda: not office.space.message("C0GENERAL", thread).reactions)

        assert left == (("eyes", "U0PARLEY"),)

    async def test_a_reaction_that_never_was_is_not_taken_away_again_and_again(
        self, office, surface
    ):
        office.slack.faults.add(
            Fault("assistant.threads.setStatus", "code", code="not_allowed", times=-1)
        )
        office.slack.faults.add(Fault("reactions.add", "status", status=503))

        await surface.status("is thinking …")
        await surface.status("")

        assert len(office.calls("reactions.remove")) == 1
        assert not office.bot._presence.tasks._running

    async def test_too_many_at_once_is_no_refusal_for_good(self, office, surface):
        office.slack.faults.add(Fault("assistant.threads.setStatus", "rate_limit", seconds=0.1))

        await surface.status("is thinking …")

        assert len(office.calls("assistant.threads.setStatus")) == 2
        assert not office.calls("reactions.add")

    async def test_it_never_raises(self, office, surface):
        await office.slack.stop()

        await surface.status("is thinking …")
        await surface.status("")


@pytest.mark.parametrize("channel", ["C0GENERAL", "D0ADA"])
async def test_where_a_question_was_answered_is_forgotten(office, channel, uncollected):
    """It is so without the garbage collector, which comes seldom."""
    surface = await asked(office, channel)
    await surface.status("is thinking")
    posted = await surface.post(Page("A lea"), "n.0", surface.ways[0])
    await surface.edit(posted.message, Page("A lease."))
    await surface.status("")
    office.notes.taken.clear()
    del surface

    assert uncollected(SlackSurface) == []
