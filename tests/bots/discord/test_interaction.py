"""/ask, as the asker and everybody else see it answered."""

import asyncio
from dataclasses import replace

import pytest

from bots.discord.interaction import ELSEWHERE, LATER_BELOW, LATER_DIRECTLY, NOT_AT_ALL
from core.errors import ShuttingDown
from core.messages import Author, Role
from core.surface import CodeFile, Delivered, Page, RefusedForGood, Unknown
from sandbox.discord import CommandFailed
from sandbox.faults import Fault

from .conftest import ADA, ADAS_DIRECT, BEN, BOT, GENERAL, GUILD, Clerk


@pytest.fixture
def server_options():
    return {"patience": 0.5}


@pytest.fixture
async def ask(bot, discord, clerk):
    """Use /ask; returns the question, its surface, and the person's wait for a first answer."""
    waiting = []

    async def ask(channel=GENERAL, **options):
        options = {"question": "what is a lease?"} | options
        waiting.append(asyncio.create_task(discord.command(ADA, channel, "ask", options)))
        return (*await clerk.next(), waiting[-1])

    yield ask
    await asyncio.gather(*waiting, return_exceptions=True)


def answers(eyes, channel=GENERAL):
    return [message for message in eyes.space.messages(channel) if message.author == BOT]


async def commands_ended():
    """Wait until nothing that a command started is still at work."""
    invoked = {task for task in asyncio.all_tasks() if task.get_name() == "CommandTree-invoker"}
    await asyncio.wait(invoked, timeout=5)


async def test_an_answer_grows_in_place_of_the_deferral_for_all_to_see(ask, eyes):
    question, surface, used = await ask()
    await surface.status("is thinking")
    await used

    posted = await surface.post(Page("A lease"), "n.0")
    await surface.edit(posted.message, Page("A lease is a promise."))

    (shown,) = answers(eyes)
    assert shown.text == "A lease is a promise."
    assert shown.only_for == ""
    assert shown.id == posted.message
    assert question.text == "what is a lease?"
    assert question.cause.startswith("command:")
    assert await surface.history() == ()


async def test_a_private_answer_is_for_the_asker_alone_on_every_page(ask, eyes):
    _, surface, _ = await ask(private=True)

    one = await surface.post(Page("page one"), "n.0")
    two = await surface.post(Page("page two"), "n.1")
    await surface.edit(two.message, Page("page two, longer"))
    await surface.edit(one.message, Page("page one, done"))

    assert [(m.text, m.only_for) for m in answers(eyes)] == [
        ("page one, done", ADA),
        ("page two, longer", ADA),
    ]


async def test_a_refusal_before_any_work_is_seen_by_the_asker_alone(ask, eyes):
    _, surface, used = await ask()

    assert isinstance(await surface.refuse("Not today."), Delivered)
    await used

    (shown,) = answers(eyes)
    assert shown.only_for == ADA
    assert shown.payload["embeds"][0]["description"] == "Not today."


async def test_a_refusal_after_the_deferral_takes_its_place(ask, eyes):
    _, surface, _ = await ask()
    await surface.status("is thinking")

    await surface.refuse("Not today.")

    (shown,) = answers(eyes)
    assert shown.payload["embeds"][0]["description"] == "Not today.\nAda asked: what is a lease?"


async def test_everybody_can_read_what_was_asked_and_its_markup_shows_as_typed(ask, eyes):
    _, surface, _ = await ask(question="what is [this](https://example.org) *thing*?")
    posted = await surface.post(Page("A link."), "n.0")
    await surface.edit(posted.message, Page("A link to a page."))

    (shown,) = answers(eyes)
    assert shown.text == "A link to a page."
    headline = shown.payload["embeds"][0]["description"]
    assert headline.startswith("Ada asked: what is ")
    assert r"\[this]" in headline


async def test_a_claim_that_takes_long_is_overtaken_by_the_deferral(
    bot, discord, clerk, eyes, monkeypatch
):
    monkeypatch.setattr("bots.discord.commands.GRACE", 0.1)
    clerk.slow = asyncio.Event()

    await discord.command(ADA, GENERAL, "ask", {"question": "hello"})
    clerk.slow.set()
    _, surface = await clerk.next()
    await surface.post(Page("hi"), "n.0")

    assert [m.text for m in answers(eyes)] == ["hi"]


async def test_an_answer_whose_chat_is_slow_is_deferred_in_time(ask, monkeypatch):
    monkeypatch.setattr("bots.discord.commands.GRACE", 0.1)
    _, _, used = await ask()

    assert await used


async def test_without_a_database_the_asker_is_told_alone(bot, discord, clerk, eyes):
    clerk.broken = True

    await discord.command(ADA, GENERAL, "ask", {"question": "hello"})

    (shown,) = answers(eyes)
    assert shown.only_for == ADA
    assert "database" in shown.payload["embeds"][0]["description"]


async def test_while_it_is_being_stopped_the_asker_is_told_alone(
    bot, discord, clerk, eyes, monkeypatch
):
    monkeypatch.setattr("bots.discord.commands.OTHERS_FIRST", 0.01)
    clerk.draining = True

    await discord.command(ADA, GENERAL, "ask", {"question": "hello"})

    (shown,) = answers(eyes)
    assert shown.only_for == ADA
    assert shown.payload["embeds"][0]["description"] == ShuttingDown.says


@pytest.mark.parametrize("server_options", [{"limited": False}])
async def test_a_process_that_is_being_stopped_does_not_speak_over_another(
    bot, build, discord, clerk, eyes
):
    stopping = Clerk(draining=True)
    other = build(chat=stopping)
    await other.start()
    used = asyncio.create_task(discord.command(ADA, GENERAL, "ask", {"question": "hello"}))
    _, surface = await clerk.next()
    await surface.status("is thinking")
    await used
    await surface.post(Page("hi"), "n.0")
    await stopping.turned_away.get()
    await commands_ended()
    await other.stop()

    assert [r.code for r in discord.requests if r.route == "POST callback"] == [0, 40060]
    (shown,) = answers(eyes)
    assert shown.text == "hi"
    assert "asked: hello" in shown.payload["embeds"][0]["description"]


async def test_a_command_that_another_process_took_is_left_to_it(bot, discord, clerk, eyes):
    async def taken(*_):
        return False

    clerk.accept = taken
    with pytest.raises(CommandFailed):
        await discord.command(ADA, GENERAL, "ask", {"question": "hello"})

    assert answers(eyes) == []


async def test_a_page_of_unknown_fate_is_one_message_for_all_to_see(ask, discord, eyes):
    _, surface, _ = await ask()
    await surface.post(Page("page one"), "n.0")
    discord.faults.add(Fault("POST followup", "after", status=502))

    first = await surface.post(Page("page"), "n.1")
    again = await surface.post(Page("page two"), "n.1")

    assert isinstance(first, Unknown)
    assert isinstance(again, Delivered)
    assert [m.text for m in answers(eyes)] == ["page one", "page two"]


async def test_a_private_page_of_unknown_fate_says_that_it_was_sent_again(ask, discord, eyes):
    _, surface, _ = await ask(private=True)
    await surface.post(Page("page one"), "n.0")
    discord.faults.add(Fault("POST followup", "after", status=502))

    await surface.post(Page("page"), "n.1")
    again = await surface.post(Page("page two"), "n.1")
    await surface.edit(again.message, Page("page two, done", "cut off"))

    shown = answers(eyes)[-1]
    assert shown.text == "page two, done"
    assert shown.payload["embeds"][0]["description"] == "cut off (sent again)"


async def test_a_first_page_of_unknown_fate_is_one_message(ask, discord, eyes):
    _, surface, _ = await ask()
    discord.faults.add(Fault("PATCH original", "reset_after"))

    assert isinstance(await surface.post(Page("on"), "n.0"), Unknown)
    await surface.post(Page("one"), "n.0")

    assert [m.text for m in answers(eyes)] == ["one"]


async def test_a_page_that_came_before_it_was_too_late_is_not_posted_again(
    ask, discord, eyes, monkeypatch
):
    _, surface, _ = await ask()
    await surface.post(Page("page one"), "n.0")
    discord.faults.add(Fault("POST followup", "reset_after"))
    await surface.post(Page("page"), "n.1")

    monkeypatch.setattr("bots.discord.interaction.LIFETIME", -1)
    await surface.post(Page("page two"), "n.1")

    assert [m.text for m in answers(eyes)] == ["page one", "page two"]


FILES = (CodeFile("answer.py", b"one = 1\n"),)


@pytest.mark.parametrize("private", [True, False])
async def test_files_stand_below_the_answer_for_whoever_sees_that(ask, eyes, private):
    _, surface, _ = await ask(private=private)
    await surface.post(Page("page one"), "n.0")

    assert isinstance(await surface.attach(FILES, "n.f0"), Delivered)
    _, below = answers(eyes)
    assert [file["filename"] for file in below.payload["attachments"]] == ["answer.py"]
    assert below.only_for == (ADA if private else "")


async def test_files_that_may_have_come_through_under_a_command_are_not_sent_again(
    ask, discord, eyes
):
    _, surface, _ = await ask()
    await surface.post(Page("page one"), "n.0")
    discord.faults.add(Fault("POST followup", "reset_after"))

    assert isinstance(await surface.attach(FILES, "n.f0"), RefusedForGood)
    assert len(answers(eyes)) == 2


async def test_files_that_come_too_late_go_to_the_channel_or_nowhere(ask, eyes, monkeypatch):
    _, surface, _ = await ask()
    await surface.post(Page("page one"), "n.0")
    _, alone, _ = await ask(private=True)
    await alone.post(Page("for one"), "n.0")
    monkeypatch.setattr("bots.discord.interaction.LIFETIME", -1)

    assert isinstance(await surface.attach(FILES, "n.f0"), Delivered)
    assert isinstance(await alone.attach(FILES, "n.f0"), RefusedForGood)
    assert [m.only_for for m in answers(eyes) if m.payload.get("attachments")] == [""]


async def test_what_comes_too_late_goes_on_in_the_channel(ask, discord, eyes, monkeypatch):
    _, surface, _ = await ask()
    one = await surface.post(Page("page one"), "n.0")

    monkeypatch.setattr("bots.discord.interaction.LIFETIME", -1)
    two = await surface.post(Page("page two"), "n.1")
    await surface.edit(one.message, Page("page one, done"))
    await surface.edit(two.message, Page("page two, done"))

    assert [m.text for m in answers(eyes)] == ["page one, done", "page two, done"]
    assert [r.route for r in discord.requests][-3:] == [
        "POST message",
        "PATCH message",
        "PATCH message",
    ]


async def test_what_comes_too_late_for_one_alone_goes_to_their_direct_messages(
    ask, eyes, monkeypatch
):
    _, surface, _ = await ask(private=True)
    one = await surface.post(Page("page one"), "n.0")

    monkeypatch.setattr("bots.discord.interaction.LIFETIME", -1)
    assert isinstance(await surface.edit(one.message, Page("page one, done")), RefusedForGood)
    await surface.post(Page("page two"), "n.1")
    await surface.post(Page("page three"), "n.2")

    direct = answers(eyes, ADAS_DIRECT)
    assert "/ask" in direct[0].payload["embeds"][0]["description"]
    assert [m.text for m in direct] == ["", "page two", "page three"]
    assert [m.text for m in answers(eyes)] == ["page one"]


def notices(eyes, channel=GENERAL):
    shown = [m.payload["embeds"] for m in answers(eyes, channel) if not m.text]
    return [embeds[0]["description"] for embeds in shown if embeds]


@pytest.fixture
def short_life(monkeypatch):
    monkeypatch.setattr("bots.discord.interaction.LIFETIME", 0.2)


async def test_a_private_answer_that_comes_late_is_announced_and_comes_directly(
    ask, short_life, eyes
):
    _, surface, _ = await ask(private=True)
    await surface.status("is thinking")
    (told,) = await eyes.until(lambda: notices(eyes))
    await surface.post(Page("at last"), "n.0")

    assert told.startswith(LATER_DIRECTLY)
    assert [m.text for m in answers(eyes)] == [""]
    assert [m.text for m in answers(eyes, ADAS_DIRECT)] == ["", "at last"]
    assert notices(eyes, ADAS_DIRECT) == [ELSEWHERE]


async def test_a_private_answer_that_can_never_be_shown_says_so_in_time(ask, short_life, eyes):
    eyes.space.channels[ADAS_DIRECT].extra["deny"] = {"SEND_MESSAGES"}
    _, surface, _ = await ask(private=True)
    await surface.status("is thinking")

    (told,) = await eyes.until(lambda: notices(eyes))

    assert told.startswith(NOT_AT_ALL)
    assert answers(eyes, ADAS_DIRECT) == []


async def test_a_public_answer_that_comes_late_is_announced_and_comes_below(ask, short_life, eyes):
    _, surface, _ = await ask()
    await surface.status("is thinking")
    (told,) = await eyes.until(lambda: notices(eyes))
    await surface.post(Page("at last"), "n.0")

    assert told.startswith(LATER_BELOW)
    assert [m.text for m in answers(eyes)] == ["", "at last"]


async def test_an_answer_that_is_shown_in_time_is_not_announced(ask, short_life, eyes):
    _, surface, _ = await ask(private=True)
    await surface.post(Page("at once"), "n.0")
    await asyncio.wait({surface._timer}, timeout=5)

    assert [m.text for m in answers(eyes)] == ["at once"]
    assert answers(eyes, ADAS_DIRECT) == []


async def test_an_answer_that_is_on_its_way_is_not_overwritten(ask, short_life, bot, discord, eyes):
    discord.faults.add(Fault("PATCH original", "slow", seconds=0.5))
    _, surface, _ = await ask()
    await surface.post(Page("just in time"), "n.0")
    await bot.stop()  # when all that was sent has been answered

    assert [m.text for m in answers(eyes)] == ["just in time"]
    assert sum(r.route == "PATCH original" for r in discord.requests) == 1


async def test_nothing_waits_for_an_answer_when_the_bot_stops(ask, bot):
    _, surface, _ = await ask()
    await surface.status("is thinking")

    async with asyncio.timeout(1):
        await bot.stop()

    assert surface._timer.cancelled()


async def test_a_command_that_discord_has_given_up_is_answered_in_the_channel(ask, discord, eyes):
    discord.faults.add(Fault("POST callback", "code", code="10062"))
    _, surface, _ = await ask()

    await surface.status("is thinking")
    await surface.post(Page("hi"), "n.0")

    assert [(m.text, m.only_for) for m in answers(eyes)] == [("hi", "")]


async def test_under_a_command_that_is_dead_nothing_is_announced(ask, discord, eyes):
    discord.faults.add(Fault("PATCH original", "code", code="50027"))
    _, surface, _ = await ask(private=True)
    await surface.status("is thinking")

    await surface.post(Page("hi"), "n.0")
    await asyncio.wait({surface._timer}, timeout=5)

    assert surface._timer.cancelled()
    assert [m.text for m in answers(eyes, ADAS_DIRECT)] == ["", "hi"]


async def test_there_the_answer_says_what_was_asked(ask, discord, eyes):
    discord.faults.add(Fault("POST callback", "code", code="10062"))
    _, surface, _ = await ask(question="who is there?")

    posted = await surface.post(Page("Nob"), "n.0")
    await surface.edit(posted.message, Page("Nobody."))

    (shown,) = answers(eyes)
    assert shown.text == "Nobody."
    assert "who is there?" in shown.payload["embeds"][0]["description"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST callback", "rate_limit", seconds=0.1),
        Fault("POST callback", "status", status=500),
        Fault("POST callback", "after", status=500),
        Fault("POST callback", "reset"),
        Fault("POST callback", "reset_after"),
    ],
    ids=lambda fault: fault.kind,
)
async def test_a_first_response_that_fails_is_sent_again_while_discord_waits(
    ask, discord, eyes, fault
):
    discord.faults.add(replace(fault))
    _, surface, used = await ask(private=True)

    await surface.status("is thinking")
    await used
    await surface.post(Page("hi"), "n.0")

    assert [(m.text, m.only_for) for m in answers(eyes)] == [("hi", ADA)]
    assert answers(eyes, ADAS_DIRECT) == []


@pytest.mark.parametrize("kind", ["after", "reset_after"])
async def test_a_refusal_whose_confirmation_is_lost_is_told_once(ask, discord, eyes, kind):
    discord.faults.add(Fault("POST callback", kind))
    _, surface, used = await ask()

    assert isinstance(await surface.refuse("Not today."), Delivered)
    await used

    assert len(answers(eyes)) == 1


async def test_replies_to_a_public_answer_know_the_question(ask, discord, clerk, eyes):
    _, surface, _ = await ask()
    posted = await surface.post(Page("a promise"), "n.0")

    discord.say(BEN, GENERAL, "by whom?", reply_to=posted.message)
    _, surface = await clerk.next()

    assert [(turn.role, turn.text) for turn in await surface.history()] == [
        (Role.USER, "what is a lease?"),
        (Role.ASSISTANT, "a promise"),
        (Role.USER, "by whom?"),
    ]


@pytest.mark.parametrize("page", [0, 1])
async def test_replies_to_a_public_answer_know_the_question_after_a_restart(
    ask, bot, discord, clerk, page
):
    _, surface, _ = await ask(question="what is\na *lease*?")
    posted = [
        await surface.post(Page("a promise"), "n.0"),
        await surface.post(Page("for a time"), "n.1"),
    ]
    await surface.edit(posted[0].message, Page("a promise", "cut off"))
    bot._client.listener.missed()

    discord.say(BEN, GENERAL, "by whom?", reply_to=posted[page].message)
    _, surface = await clerk.next()

    turns = await surface.history()
    assert [(turn.role, turn.text) for turn in turns] == [
        (Role.USER, "what is a *lease*?"),
        (Role.ASSISTANT, "a promise"),
        *[(Role.ASSISTANT, "for a time")] * page,
        (Role.USER, "by whom?"),
    ]
    assert turns[0].author == Author(ADA, "Ada", is_bot=False)


async def test_asking_works_in_direct_messages(ask, eyes):
    question, surface, _ = await ask(channel=ADAS_DIRECT)
    await surface.post(Page("hi"), "n.0")

    assert question.direct
    assert [m.text for m in answers(eyes, ADAS_DIRECT)] == ["hi"]


async def test_a_talk_that_is_read_holds_what_was_asked_by_command(ask, discord, clerk, recall):
    _, surface, _ = await ask(channel=ADAS_DIRECT)
    await surface.post(Page("a promise"), "n.0")
    recall.drop("discord")

    discord.say(ADA, ADAS_DIRECT, "by whom?")
    _, surface = await clerk.next()

    said = [turn.text for turn in await surface.history()]
    assert said == ["what is a lease?", "a promise", "by whom?"]


async def test_nobody_is_pinged_by_an_answer_to_a_command(ask, eyes):
    _, surface, _ = await ask()
    await surface.post(Page("@everyone <@1002>"), "n.0")
    await surface.post(Page("@everyone <@1002>"), "n.1")

    assert [m.payload["pings"] for m in answers(eyes)] == [[], []]


# What an answer waits for.


def waits(words="1st in line"):
    return Page("", words, grows=True)


@pytest.mark.parametrize("private", [True, False])
async def test_a_refusal_takes_the_place_of_what_the_answer_waited_for(ask, eyes, private):
    _, surface, _ = await ask(private=private)
    await surface.post(waits(), "n.0")

    assert isinstance(await surface.refuse("No money."), Delivered)

    (told,) = notices(eyes)
    assert told.startswith("No money.")


async def test_a_refusal_stands_below_an_answer_that_has_begun(ask, eyes):
    _, surface, _ = await ask()
    posted = await surface.post(waits(), "n.0")
    await surface.edit(posted.message, Page("A lease", grows=True))

    await surface.refuse("No more.")

    assert [message.text for message in answers(eyes)] == ["A lease", ""]


@pytest.mark.parametrize("private", [True, False])
async def test_who_waits_too_long_for_the_command_is_told_where_the_answer_will_be(
    ask, short_life, eyes, private
):
    _, surface, _ = await ask(private=private)
    posted = await surface.post(waits(), "n.0")
    later = LATER_DIRECTLY if private else LATER_BELOW
    await eyes.until(lambda: notices(eyes)[0].startswith(later))

    done = await surface.edit(posted.message, Page("At last.", grows=True))
    if private:
        assert isinstance(done, RefusedForGood)
        await surface.post(Page("At last."), "n.1")
        assert [message.text for message in answers(eyes, ADAS_DIRECT)] == ["", "At last."]
    else:
        assert [message.text for message in answers(eyes)] == ["At last."]


@pytest.mark.parametrize(
    ("menu", "name"), [(True, "Summarise this thread"), (False, "parley summary"), (False, "ask")]
)
async def test_what_is_asked_in_a_thread_counts_for_the_channel_that_holds_it(
    bot, discord, clerk, menu, name
):
    """So do its settings, its budget and its rates."""
    asked = discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    posted = await surface.post(Page("one"), "n.0")
    options = {"question": "why?"} if name == "ask" else {}
    using = (
        discord.context_menu(ADA, asked.id, name, posted.message)
        if menu
        else discord.command(ADA, asked.id, name, options)
    )
    used = asyncio.create_task(using)
    question, surface = await clerk.next()

    where = question.conversation
    assert (where.workspace, where.channel) == (GUILD, GENERAL)
    await surface.refuse("Not today.")
    await used
