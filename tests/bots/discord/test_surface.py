"""Questions in channels, threads, forums and direct messages, as people see them answered."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from bots.discord import budgets
from bots.discord.surface import DiscordSurface
from core.access import Kind
from core.controls import Control, Controls
from core.errors import PlatformFailed, ShuttingDown, StoreFailed
from core.messages import Conversation, Role
from core.pace import Urgency
from core.recall import Recall
from core.surface import Delivered, Page, RefusedForGood, RefusedForNow, Unknown
from sandbox.discord.objects.members import BOT_ROLE, MODERATOR_ROLE
from sandbox.faults import Fault
from tests.panels import make_panel

from .conftest import ADA, ADAS_DIRECT, BEN, BENS_DIRECT, BOT, FORUM, GENERAL, GUILD


def said(turns):
    return [(turn.role, turn.text) for turn in turns]


def asked_for(discord, route):
    return [request for request in discord.requests if request.route == route]


# Threads


async def test_a_mention_opens_a_thread_on_the_message_and_is_answered_there(
    bot, discord, clerk, eyes
):
    asked = discord.say(ADA, GENERAL, "@Parley how do I undo a commit?")
    question, surface = await clerk.next()

    await surface.status("is thinking")
    posted = await surface.post(Page("With git revert."), "n.0")

    thread = eyes.space.channels[asked.id]
    assert thread.name == "how do I undo a commit?"
    assert thread.parent == GENERAL
    assert isinstance(posted, Delivered)
    assert eyes.last(thread.id).text == "With git revert."
    assert question.text == "how do I undo a commit?"
    assert question.place == "#general"
    assert question.asker.name == "Ada"
    assert question.conversation == Conversation("discord", GUILD, GENERAL, asked.id)
    assert not question.direct


async def test_the_first_sign_does_not_wait_for_the_thread(bot, discord, clerk, eyes):
    discord.faults.add(Fault("POST thread", "slow", seconds=1))
    asked = discord.say(ADA, GENERAL, "@Parley hello")
    _, surface = await clerk.next()

    await surface.status("is thinking")

    assert eyes.typing(GENERAL) == 1
    assert asked.id not in eyes.space.channels

    await eyes.until(lambda: eyes.typing(asked.id))
    await surface.status("")


async def test_a_follow_up_in_its_thread_is_the_same_conversation(bot, discord, clerk, eyes):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    first, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")

    discord.say(BEN, asked.id, "and second?")
    second, surface = await clerk.next()

    assert second.conversation == first.conversation
    assert said(await surface.history()) == [
        (Role.USER, "first"),
        (Role.ASSISTANT, "one"),
        (Role.USER, "and second?"),
    ]
    assert asked_for(discord, "GET messages") == []


async def test_a_thread_is_read_from_discord_when_it_is_not_remembered(
    bot, discord, clerk, eyes, recall
):
    asked = discord.say(ADA, GENERAL, "@Parley first, in <#2002> :wave:")
    _, surface = await clerk.next()
    await surface.post(Page("one", "a notice"), "n.0")
    await surface.post(Page("", "only a notice"), "n.1")
    recall.drop("discord")

    discord.say(BEN, asked.id, "and second, @Ada?")
    discord.say(BEN, asked.id, "@Parley and second, @Ada?")
    _, surface = await clerk.next()
    turns = await surface.history()

    assert said(turns) == [
        (Role.USER, "first, in #engineering :wave:"),
        (Role.ASSISTANT, "one"),
        (Role.USER, "and second, @Ada?"),
        (Role.USER, "and second, @Ada?"),
    ]
    assert [turn.author.name for turn in turns] == ["Ada", "Parley", "Ben", "Ben"]


async def test_memory_follows_edits_and_deletions(bot, discord, clerk, eyes):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    posted = await surface.post(Page("on"), "n.0")
    await surface.edit(posted.message, Page("one"))
    aside = discord.say(ADA, asked.id, "@Ben look")
    gone = discord.say(ADA, asked.id, "@Ben nonsense")

    discord.edit(ADA, GENERAL, asked.id, "@Parley first of all")
    discord.edit(ADA, asked.id, aside.id, "@Ben look here")
    discord.delete(ADA, asked.id, gone.id)
    discord.say(ADA, asked.id, "next")
    _, surface = await clerk.next()

    assert [turn.text for turn in await surface.history()] == [
        "first of all",
        "one",
        "@Ben look here",
        "next",
    ]
    assert asked_for(discord, "GET messages") == []


@pytest.mark.parametrize("now", ["one and more", ""])
async def test_memory_follows_what_another_process_makes_of_an_answer(
    bot, discord, clerk, eyes, now
):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    posted = await surface.post(Page("one", "a notice"), "n.0")

    eyes.space.edit(asked.id, posted.message, now)
    discord.say(ADA, asked.id, "next")
    _, surface = await clerk.next()

    remembered = [turn.text for turn in await surface.history()]
    assert remembered == [text for text in ("first", now, "next") if text]
    assert asked_for(discord, "GET messages") == []


async def test_only_what_others_change_is_looked_for_in_what_is_kept(build, discord, clerk, eyes):
    """An answer that grows is edited every second, and nothing was made of it yet."""
    changed = []
    recall = Recall(changed=lambda talk, message, turn: changed.append(turn.text))
    bot = build(recall=recall)
    await bot.start()
    asked = discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    posted = await surface.post(Page("on"), "n.0")
    await surface.edit(posted.message, Page("one"))
    discord.edit(ADA, GENERAL, asked.id, "@Parley first of all")
    discord.say(ADA, asked.id, "next")
    await clerk.next()
    await bot.stop()

    assert changed[-1] == "first of all"
    assert "one" not in changed


async def test_after_a_change_of_rights_nothing_is_believed_but_discord(bot, discord, clerk, eyes):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")

    eyes.space.channels[GENERAL].extra["deny"] = {"ADD_REACTIONS"}
    eyes.space.add_channel(eyes.space.channels[GENERAL])
    discord.say(ADA, asked.id, "next")
    _, surface = await clerk.next()

    assert [turn.text for turn in await surface.history()] == ["first", "one", "next"]
    assert len(asked_for(discord, "GET messages")) == 1


@pytest.mark.parametrize("server_options", [{"limited": False}])
async def test_after_a_new_session_nothing_is_believed_but_discord(
    at_once, bot, discord, clerk, eyes
):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")

    await discord.drop(resumable=False)
    discord.say(BEN, asked.id, "@Ben unheard")
    await discord.wait_ready()
    discord.say(ADA, asked.id, "next")
    _, surface = await clerk.next()

    assert [turn.text for turn in await surface.history()] == [
        "first",
        "one",
        "@Ben unheard",
        "next",
    ]
    assert len(asked_for(discord, "GET messages")) == 1


async def test_an_edit_of_what_is_too_old_to_be_remembered_is_not_the_newest_message(
    bot, discord, clerk, recall
):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    question, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")
    recall.deleted(question.conversation, asked.id)

    discord.edit(ADA, GENERAL, asked.id, "@Parley first of all")
    discord.say(ADA, asked.id, "next")
    _, surface = await clerk.next()

    assert [turn.text for turn in await surface.history()] == ["one", "next"]


async def test_a_thread_that_the_library_does_not_know_is_looked_up(bot, discord, clerk):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    first, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")
    guild = bot._client.get_guild(int(GUILD))
    guild._remove_thread(guild.get_thread(int(asked.id)))

    discord.say(ADA, asked.id, "next")
    question, surface = await clerk.next()

    assert question.conversation == first.conversation
    assert [turn.text for turn in await surface.history()] == ["first", "one", "next"]


async def test_in_a_thread_that_cannot_be_looked_up_nobody_is_known_to_be_let_in(
    bot, discord, clerk
):
    """The channel that holds it may admit some people only."""
    asked = discord.say(ADA, GENERAL, "@Parley first")
    question, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")
    assert await surface.caller(question.asker).kind() is Kind.MEMBER
    guild = bot._client.get_guild(int(GUILD))
    guild._remove_thread(guild.get_thread(int(asked.id)))
    discord.faults.add(Fault("GET channel", "status", status=503))

    discord.say(ADA, asked.id, "@Parley next")
    question, surface = await clerk.next()

    with pytest.raises(PlatformFailed):
        await surface.caller(question.asker).kind()


async def test_a_mention_of_the_bots_own_role_is_a_mention_of_the_bot(bot, discord, clerk):
    discord.say(ADA, GENERAL, f"<@&{MODERATOR_ROLE}> what is a lease?")
    discord.say(ADA, GENERAL, f"`<@&{BOT_ROLE}>` is my role")
    discord.say(ADA, GENERAL, f"<@&{BOT_ROLE}> what is a lease?")

    question, surface = await clerk.next()

    assert question.text == "what is a lease?"
    assert [turn.text for turn in await surface.history()] == ["what is a lease?"]


async def test_a_channel_that_could_not_be_asked_for_is_asked_for_again(bot, discord, clerk):
    guild = bot._client.get_guild(int(GUILD))
    guild._remove_channel(guild.get_channel(int(GENERAL)))
    discord.faults.add(Fault("GET channel", "status", status=503))

    discord.say(ADA, GENERAL, "@Parley first")
    first, _ = await clerk.next()
    discord.say(ADA, GENERAL, "@Parley second")
    second, _ = await clerk.next()

    assert (first.place, second.place) == ("a channel", "#general")


@pytest.mark.parametrize(
    "text", ["@Ben what do you think?", "hello @everyone", "you there", "@Ada me again"]
)
async def test_in_a_channel_nothing_but_a_mention_asks(bot, discord, clerk, text):
    discord.say(ADA, GENERAL, text)
    discord.say(ADA, GENERAL, "@Parley but this")

    question, _ = await clerk.next()

    assert question.text == "but this"


async def test_in_its_thread_the_bot_leaves_people_alone_who_talk_to_each_other(
    bot, discord, clerk
):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")

    mine = discord.say(ADA, asked.id, "@Ben what do you think?")
    discord.say(BEN, asked.id, "I agree", reply_to=mine.id, ping=False)
    discord.say(ADA, asked.id, "next")

    question, _ = await clerk.next()
    assert question.text == "next"


async def test_in_a_thread_of_other_people_only_a_mention_asks_until_it_takes_part(
    bot, discord, clerk
):
    post = discord.open_post(ADA, FORUM, "A post", "Who knows leases?")
    discord.say(BEN, post.id, "not me")
    discord.say(BEN, post.id, "@Parley do you?")
    first, surface = await clerk.next()
    assert first.text == "do you?"
    assert first.place == "the post “A post” in #questions"

    discord.say(ADA, post.id, "for how long?")
    second, surface = await clerk.next()

    assert second.conversation == first.conversation
    assert [turn.text for turn in await surface.history()] == [
        "Who knows leases?",
        "not me",
        "@Parley do you?".replace("@Parley ", ""),
        "for how long?",
    ]


async def test_a_message_that_comes_twice_is_one_question(bot, discord, clerk):
    asked = discord.say(ADA, GENERAL, "@Parley once")
    discord.redeliver(asked)
    discord.say(ADA, GENERAL, "@Parley twice")

    assert (await clerk.next())[0].text == "once"
    assert (await clerk.next())[0].text == "twice"


async def test_where_a_thread_stands_already_it_is_used_and_read(bot, discord, clerk, eyes):
    asked = discord.say(ADA, GENERAL, "@Parley hello")
    discord.faults.add(Fault("POST thread", "after", status=502))
    _, surface = await clerk.next()

    posted = await surface.post(Page("hi"), "n.0")

    assert isinstance(posted, Delivered)
    assert eyes.last(asked.id).text == "hi"
    assert [turn.text for turn in await surface.history()] == ["hello", "hi"]


@pytest.mark.parametrize("known", [True, False])
async def test_where_it_may_not_open_threads_the_answer_is_a_reply_in_the_channel(
    bot, discord, clerk, eyes, known
):
    if known:
        eyes.space.channels[GENERAL].extra["deny"] = {"CREATE_PUBLIC_THREADS"}
        eyes.space.add_channel(eyes.space.channels[GENERAL])
    else:
        discord.faults.add(Fault("POST thread", "code", code="50013"))
    asked = discord.say(ADA, GENERAL, "@Parley hello")
    _, surface = await clerk.next()

    await surface.status("is thinking")
    await surface.post(Page("hi"), "n.0")
    await surface.status("")

    shown = eyes.last(GENERAL)
    assert shown.text == "hi"
    assert shown.payload["reference"]["message_id"] == asked.id
    assert shown.payload["pings"] == []
    assert len(asked_for(discord, "POST thread")) == (0 if known else 1)


# Replies in channels


@pytest.fixture
async def in_channel(build):
    bot = build(panel=make_panel("channel"))
    await bot.start()
    yield bot
    await bot.stop()


@pytest.mark.parametrize("ping", [True, False])
@pytest.mark.parametrize("remembered", [True, False])
async def test_a_reply_to_the_bot_continues_the_chain(
    in_channel, discord, clerk, eyes, *, ping, remembered
):
    discord.say(BEN, GENERAL, "noise")
    discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    await surface.post(Page("page one"), "n.0")
    posted = await surface.post(Page("page two"), "n.1")
    if not remembered:
        in_channel._client.listener.missed()

    discord.say(BEN, GENERAL, "noise")
    reply = discord.say(BEN, GENERAL, "and then?", reply_to=posted.message, ping=ping)
    question, surface = await clerk.next()

    assert question.text == "and then?"
    assert [turn.text for turn in await surface.history()] == [
        "first",
        "page one",
        "page two",
        "and then?",
    ]
    assert len(asked_for(discord, "GET messages")) == (0 if remembered else 1)
    await surface.post(Page("then that"), "m.0")
    assert eyes.last(GENERAL).payload["reference"]["message_id"] == reply.id


async def test_a_reply_to_the_bot_may_speak_of_somebody_else(in_channel, discord, clerk):
    discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    posted = await surface.post(Page("one"), "n.0")

    discord.say(BEN, GENERAL, "please sum up what @Ada said", reply_to=posted.message)
    question, surface = await clerk.next()

    assert question.text == "please sum up what @Ada said"
    assert [turn.text for turn in await surface.history()] == ["first", "one", question.text]


async def test_two_replies_to_one_message_are_branches_of_their_own(in_channel, discord, clerk):
    discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    posted = await surface.post(Page("one"), "n.0")

    for text in ("left", "right"):
        discord.say(BEN, GENERAL, text, reply_to=posted.message)
        question, surface = await clerk.next()
        assert [turn.text for turn in await surface.history()] == ["first", "one", text]
        await surface.post(Page(f"{text}, then"), f"{question.message}.0")


async def test_a_mention_that_replies_to_somebody_knows_what_they_said(in_channel, discord, clerk):
    theirs = discord.say(BEN, GENERAL, "the build is red")
    discord.say(ADA, GENERAL, "@Parley why?", reply_to=theirs.id)
    _, surface = await clerk.next()

    assert [turn.text for turn in await surface.history()] == ["the build is red", "why?"]


async def test_nobody_is_pinged_whatever_the_model_writes(in_channel, discord, clerk, eyes):
    discord.say(ADA, GENERAL, "@Parley call them all")
    _, surface = await clerk.next()

    posted = await surface.post(Page("@everyone <@1002> @here <@&4000>"), "n.0")
    await surface.edit(posted.message, Page("@everyone <@1001>"))

    assert eyes.last(GENERAL).payload["pings"] == []
    bodies = [r.body for r in discord.requests if r.route in ("POST message", "PATCH message")]
    assert all(body["allowed_mentions"]["parse"] == [] for body in bodies)


# Direct messages


async def test_direct_messages_are_one_talk(bot, discord, clerk, eyes, recall):
    discord.say(ADA, ADAS_DIRECT, "first")
    first, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")
    discord.say(ADA, ADAS_DIRECT, "second")
    second, surface = await clerk.next()

    assert first.direct
    assert first.place == "a direct message"
    assert second.conversation == first.conversation == Conversation("discord", "dm", ADAS_DIRECT)
    assert [turn.text for turn in await surface.history()] == ["first", "one", "second"]
    assert eyes.texts(ADAS_DIRECT) == ["first", "one", "second"]
    assert "reference" not in eyes.space.messages(ADAS_DIRECT)


# Typing


async def test_typing_lasts_until_the_status_is_empty(bot, discord, clerk, eyes, monkeypatch):
    monkeypatch.setattr("bots.discord.signs.AGAIN", 0.05)
    discord.say(ADA, ADAS_DIRECT, "hello")
    _, surface = await clerk.next()

    await surface.status("is thinking")
    await eyes.until(lambda: eyes.typing(ADAS_DIRECT) >= 3)
    await surface.status("is thinking still")
    await surface.status("")
    seen = eyes.typing(ADAS_DIRECT)
    await surface.post(Page("hi"), "n.0")

    assert eyes.typing(ADAS_DIRECT) == seen


async def test_a_sign_that_still_waits_when_there_is_text_is_not_sent(
    discord, clerk, eyes, governor, bot
):
    discord.say(ADA, ADAS_DIRECT, "hello")
    _, surface = await clerk.next()
    governor.refused(budgets.typing(int(ADAS_DIRECT)), 0.5)

    signing = asyncio.create_task(surface.status("is thinking"))
    await asyncio.sleep(0)
    await surface.post(Page("hi"), "n.0")
    await signing
    await governor.turn(budgets.typing(int(ADAS_DIRECT)), Urgency.LAST)

    assert eyes.typing(ADAS_DIRECT) == 0


async def test_where_it_may_not_type_the_answer_comes_all_the_same(bot, discord, clerk, eyes):
    discord.faults.add(Fault("POST typing", "code", code="50001", times=-1))
    discord.say(ADA, ADAS_DIRECT, "hello")
    _, surface = await clerk.next()

    async with asyncio.timeout(2):
        await surface.status("is thinking")

    assert isinstance(await surface.post(Page("hi"), "n.0"), Delivered)


# Outcomes


@pytest.fixture
async def surface(bot, discord, clerk):
    discord.say(ADA, ADAS_DIRECT, "hello")
    _, surface = await clerk.next()
    return surface


async def test_what_discord_refuses_for_good_is_said_with_its_code(surface, discord, eyes):
    posted = await surface.post(Page("one"), "n.0")
    discord.delete(ADA, ADAS_DIRECT, posted.message)

    assert await surface.edit(posted.message, Page("two")) == RefusedForGood("10008")
    assert await surface.post(Page("x" * 2001), "n.1") == RefusedForGood("50035")


async def test_what_discord_refuses_for_now_closes_its_budget(surface, discord, governor):
    posted = await surface.post(Page("one"), "n.0")
    discord.faults.add(Fault("PATCH message", "rate_limit", seconds=0.5))

    outcome = await surface.edit(posted.message, Page("two"))
    before = time.monotonic()
    await governor.turn(surface.plain.grow, Urgency.LAST)

    assert outcome == RefusedForNow(0.5)
    assert time.monotonic() - before > 0.4
    assert len(asked_for(discord, "PATCH message")) == 1, "discord.py must not repeat old text"


@pytest.mark.parametrize("kind", ["status", "reset", "after", "reset_after"])
async def test_a_post_of_unknown_fate_is_one_message_when_repeated(surface, discord, eyes, kind):
    discord.faults.add(Fault("POST message", kind, status=502))

    first = await surface.post(Page("on"), "n.0")
    again = await surface.post(Page("one"), "n.0")

    assert isinstance(first, Unknown)
    assert again == Delivered(eyes.last(ADAS_DIRECT).id)
    assert eyes.texts(ADAS_DIRECT) == ["hello", "one"]


async def test_a_lost_post_that_takes_no_edits_is_there_all_the_same(surface, discord, eyes):
    discord.faults.add(Fault("POST message", "after", status=502))
    discord.faults.add(Fault("PATCH message", "code", code="50001"))

    await surface.post(Page("on"), "n.0")
    again = await surface.post(Page("one"), "n.0")

    assert again == Delivered(eyes.last(ADAS_DIRECT).id)
    assert again.shows == Page("on")
    assert eyes.texts(ADAS_DIRECT) == ["hello", "on"]


async def test_a_post_that_never_arrived_is_made_by_its_second_try_and_not_edited(
    surface, discord, eyes
):
    discord.faults.add(Fault("POST message", "status", status=502))

    await surface.post(Page("on"), "n.0")
    again = await surface.post(Page("one"), "n.0")

    assert again == Delivered(eyes.last(ADAS_DIRECT).id)
    assert asked_for(discord, "PATCH message") == []
    assert eyes.texts(ADAS_DIRECT) == ["hello", "one"]


async def test_a_post_that_is_looked_for_is_not_taken_for_that_of_another_reply(
    surface, discord, eyes, monkeypatch
):
    def refusal(reply):
        return Page("", "It is late.", controls=Controls(reply, (Control.RETRY,), ("Try again",)))

    monkeypatch.setattr("bots.discord.messages.NONCE_LIFE", 0.0)
    other = await surface.post(refusal("other"), "other.0")
    discord.faults.add(Fault("POST message", "status", status=502))
    assert isinstance(await surface.post(refusal("mine"), "mine.0"), Unknown)

    found = await surface.post(refusal("mine"), "mine.0")

    assert found == Delivered(eyes.last(ADAS_DIRECT).id)
    assert found != other


async def test_after_the_nonce_has_died_a_lost_post_is_looked_for(
    surface, discord, eyes, monkeypatch
):
    monkeypatch.setattr("bots.discord.messages.NONCE_LIFE", 0.0)
    discord.faults.add(Fault("POST message", "reset_after"))
    assert isinstance(await surface.post(Page("on"), "n.0"), Unknown)
    discord.faults.add(Fault("GET messages", "status", status=503, times=3))

    blind = await surface.post(Page("one"), "n.0")
    again = await surface.post(Page("one"), "n.0")

    assert isinstance(blind, Unknown)
    assert isinstance(again, Delivered)
    assert eyes.texts(ADAS_DIRECT) == ["hello", "one"]


async def test_the_last_token_of_a_rate_limit_costs_no_time(surface, discord, eyes):
    posted = await surface.post(Page("0"), "n.0")

    before = time.monotonic()
    for number in range(1, 6):
        assert await surface.edit(posted.message, Page(str(number))) == posted
    taken = time.monotonic() - before

    assert taken < 2, "discord.py sleeps for the rest of the window in the fifth"
    assert eyes.last(ADAS_DIRECT).text == "5"


async def test_within_the_budgets_nothing_is_ever_refused(surface, discord, governor, eyes):
    posted = await surface.post(Page("0"), "n.0")
    for number in range(1, 8):
        await governor.turn(surface.plain.grow, Urgency.INTERIM)
        assert isinstance(await surface.edit(posted.message, Page(str(number))), Delivered)

    assert {r.status for r in asked_for(discord, "PATCH message")} == {200}
    assert eyes.last(ADAS_DIRECT).text == "7"


async def test_a_caller_that_is_cancelled_leaves_its_request_on_the_way(surface, discord, eyes):
    posted = await surface.post(Page("one"), "n.0")
    discord.faults.add(Fault("PATCH message", "slow", seconds=0.3))
    editing = asyncio.create_task(surface.edit(posted.message, Page("two")))
    await asyncio.sleep(0.05)
    editing.cancel()

    await eyes.until(lambda: eyes.last(ADAS_DIRECT).text == "two")
    assert editing.cancelled()


async def test_white_space_is_nothing_to_show_yet(surface, discord):
    assert isinstance(await surface.post(Page("\n \n"), "n.0"), RefusedForNow)
    assert asked_for(discord, "POST message") == []


async def test_without_the_permission_to_embed_a_notice_is_small_print(
    bot, discord, clerk, eyes, recall
):
    eyes.space.channels[GENERAL].extra["deny"] = {"EMBED_LINKS"}
    asked = discord.say(ADA, GENERAL, "@Parley hello")
    _, surface = await clerk.next()

    assert isinstance(await surface.post(Page("hi", "cut off"), "n.0"), Delivered)
    recall.drop("discord")

    assert eyes.last(asked.id).text == "hi\n-# ⓘ cut off"
    assert [turn.text for turn in await surface.history()] == ["hello", "hi"]


# Refusals


async def test_a_refusal_is_a_reply_without_ping_and_opens_no_thread(bot, discord, clerk, eyes):
    asked = discord.say(ADA, GENERAL, "@Parley hello")
    _, surface = await clerk.next()

    await surface.status("")
    assert isinstance(await surface.refuse("Not today."), Delivered)

    shown = eyes.last(GENERAL)
    assert [embed["description"] for embed in shown.payload["embeds"]] == ["Not today."]
    assert shown.payload["reference"]["message_id"] == asked.id
    assert shown.payload["pings"] == []
    assert asked.id not in eyes.space.channels


async def test_without_a_database_a_person_is_told_once_a_minute(bot, discord, clerk, eyes):
    clerk.broken = True
    discord.say(ADA, GENERAL, "@Parley one")
    discord.say(ADA, GENERAL, "@Parley two")
    await eyes.until(lambda: eyes.last(GENERAL).author == BOT)
    clerk.broken = False
    discord.say(ADA, GENERAL, "@Parley three")
    await clerk.next()

    told = [m for m in eyes.space.messages(GENERAL) if m.author == BOT]
    assert len(told) == 1
    assert "database" in told[0].payload["embeds"][0]["description"]


@pytest.fixture
def mute(eyes):
    """A channel in which the bot may not write."""
    eyes.space.channels[GENERAL].extra["deny"] = {"SEND_MESSAGES", "SEND_MESSAGES_IN_THREADS"}
    eyes.space.add_channel(eyes.space.channels[GENERAL])


async def test_where_it_may_not_write_the_asker_is_told_directly_once(
    bot, mute, discord, clerk, eyes
):
    told = []
    for person in (ADA, ADA, BEN):
        discord.say(person, GENERAL, "@Parley hello")
        _, surface = await clerk.next()
        assert await surface.post(Page("hi"), "n.0") == RefusedForGood("50013")
        told.append(type(await surface.refuse("I could not post it.")))

    assert told == [Delivered, RefusedForGood, Delivered]
    for channel in (ADAS_DIRECT, BENS_DIRECT):
        (hint,) = notices(eyes, channel)
        assert "#general" in hint
    assert notices(eyes, GENERAL) == []


@pytest.mark.parametrize("code", ["50001", "50083", "160005"])
async def test_where_a_thread_is_closed_the_asker_is_told_directly(bot, discord, clerk, eyes, code):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")
    closed = Fault("POST message", "code", code=code, times=-1)
    closed.only_if = lambda about: about["channel"] == asked.id
    discord.faults.add(closed)
    discord.say(ADA, asked.id, "next")
    _, surface = await clerk.next()

    assert isinstance(await surface.refuse("I could not post it."), Delivered)

    assert "a thread in #general" in notices(eyes, ADAS_DIRECT)[0]


async def test_where_nothing_can_be_said_at_all_the_log_says_so(bot, mute, discord, clerk, eyes):
    eyes.space.channels[ADAS_DIRECT].extra["deny"] = {"SEND_MESSAGES"}
    discord.say(ADA, GENERAL, "@Parley hello")
    _, surface = await clerk.next()

    with capture_logs() as logs:
        assert await surface.refuse("I could not post it.") == RefusedForGood("50007")

    (line,) = [one for one in logs if one["log_level"] == "warning"]
    assert "neither" in line["event"]
    assert line["there"] == "50013"


def notices(eyes, channel):
    shown = [m for m in eyes.space.messages(channel) if m.author == BOT]
    return [embed["description"] for m in shown for embed in m.payload["embeds"]]


async def test_without_a_database_its_own_threads_are_told_and_those_of_others_are_not(
    bot, discord, clerk, eyes
):
    asked = discord.say(ADA, GENERAL, "@Parley first")
    _, surface = await clerk.next()
    await surface.post(Page("one"), "n.0")
    post = discord.open_post(BEN, FORUM, "A post", "Who knows leases?")
    clerk.broken = True

    with capture_logs() as logs:
        unheard = discord.say(BEN, post.id, "nobody?")
        discord.say(ADA, asked.id, "and second?")
        await eyes.until(lambda: notices(eyes, asked.id))
        await bot._client.idle(5)

    assert notices(eyes, asked.id) == [StoreFailed.says]
    assert notices(eyes, post.id) == []
    (line,) = [one for one in logs if str(one.get("message")) == unheard.id]
    assert line["log_level"] == "error"
    assert "unanswered" in line["event"]


async def test_while_it_is_being_stopped_every_asker_is_told_to_ask_again(
    bot, discord, clerk, eyes, monkeypatch
):
    monkeypatch.setattr("bots.discord.listener.OTHERS_FIRST", 0.01)
    clerk.draining = True
    discord.say(ADA, GENERAL, "@Parley hello")
    discord.say(ADA, GENERAL, "@Parley hello?")
    discord.say(BEN, GENERAL, "@Parley and me?")
    discord.say(ADA, ADAS_DIRECT, "hello")
    await eyes.until(lambda: len(notices(eyes, GENERAL)) == 2 and notices(eyes, ADAS_DIRECT))
    await bot._client.idle(5)

    shown = [m for m in eyes.space.messages(GENERAL) if m.author == BOT]
    assert notices(eyes, GENERAL) == [ShuttingDown.says] * 2
    assert {
        eyes.space.message(GENERAL, m.payload["reference"]["message_id"]).author for m in shown
    } == {ADA, BEN}
    assert [m.payload["pings"] for m in shown] == [[], []]


async def test_a_question_that_another_process_has_taken_is_not_contradicted(
    bot, discord, clerk, eyes, monkeypatch
):
    monkeypatch.setattr("bots.discord.listener.OTHERS_FIRST", 0.01)
    clerk.draining = True
    asked = discord.say(ADA, GENERAL, "@Parley hello")
    clerk.part_of.add(Conversation("discord", GUILD, GENERAL, asked.id))
    await clerk.turned_away.get()
    await bot._client.idle(5)

    assert notices(eyes, GENERAL) == []


async def test_telling_that_it_is_being_stopped_holds_nobody_up(
    bot, discord, clerk, governor, monkeypatch
):
    monkeypatch.setattr("bots.discord.listener.DEADLINE", 0.05)
    governor.refused((budgets.ALL,), 60)
    clerk.draining = True
    discord.say(ADA, ADAS_DIRECT, "hello")
    await clerk.turned_away.get()

    await bot._client.idle(5)

    assert not bot._client._handling
    assert asked_for(discord, "POST message") == []


async def test_a_history_that_cannot_be_read_is_a_failure_of_the_platform(surface, discord, recall):
    recall.drop("discord")
    discord.faults.add(Fault("GET messages", "code", code="50001", times=-1))

    with pytest.raises(PlatformFailed):
        await surface.history()


async def test_where_a_question_was_answered_is_forgotten(bot, discord, clerk, uncollected):
    """It is so without the garbage collector, which comes seldom."""
    discord.say(ADA, GENERAL, "@Parley hello")
    _, surface = await clerk.next()
    await surface.status("is thinking")
    posted = await surface.post(Page("One"), "n.0")
    await surface.edit(posted.message, Page("One, two."))
    await surface.status("")
    await bot._client.idle(5)
    del surface

    assert uncollected(DiscordSurface) == []
