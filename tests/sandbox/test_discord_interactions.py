"""Commands, buttons and forms: who answers in time, how, and what it costs to be late."""

import asyncio

import discord
import pytest
from discord import app_commands

from sandbox.discord import CommandFailed
from tests.sandbox.discord_client import (
    ADA,
    BEN,
    GENERAL,
    PARLEY,
    TALK,
    Bot,
    Clock,
    asking,
    running,
    serving,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def server(clock):
    async with serving(clock=clock, limited=False) as server:
        yield server


class Asked(Bot):
    """A bot with /ask and a few more, each answered by the function that a test sets."""

    def __init__(self):
        super().__init__()
        self.interactions = asyncio.Queue()
        self.add_commands()

    def add_commands(self):
        @self.tree.command(description="Ask something")
        async def ask(interaction: discord.Interaction, question: str, private: bool = False):
            interaction.extras["said"] = (question, private)
            await self.interactions.put(interaction)

        @ask.autocomplete("question")
        async def suggest(_interaction: discord.Interaction, current: str):
            return [app_commands.Choice(name=f"{current}?", value=current)]

        @self.tree.context_menu(name="Explain")
        async def explain(interaction: discord.Interaction, message: discord.Message):
            interaction.extras["message"] = message
            await self.interactions.put(interaction)

    async def asked(self):
        async with asyncio.timeout(5):
            return await self.interactions.get()

    async def on_interaction(self, interaction):
        if interaction.type in (
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        ):
            await self.interactions.put(interaction)


@pytest.fixture
async def bot(server):
    async with running(server, Asked()) as bot:
        await bot.tree.sync()
        yield bot


async def test_a_command_is_answered_by_a_deferral_that_becomes_the_answer(server, bot):
    asking_ = asyncio.create_task(server.command(ADA, GENERAL, "ask", {"question": "Why?"}))
    interaction = await bot.asked()
    await interaction.response.defer(thinking=True)
    await asking_
    (thinking,) = server.world.discord.messages(GENERAL)
    await interaction.edit_original_response(content="Because.")

    (message,) = server.world.discord.messages(GENERAL)
    assert interaction.extras["said"] == ("Why?", False)
    assert thinking.text == ""
    assert thinking.payload["flags"] & 1 << 7
    assert (message.id, message.text, message.payload["flags"]) == (thinking.id, "Because.", 0)
    assert message.payload["interaction"]["name"] == "ask"
    heard = await bot.hears("raw_message_edit", lambda one: one.message.content == "Because.")
    assert heard.message.type is discord.MessageType.chat_input_command
    assert heard.message.webhook_id == int(PARLEY)


async def test_a_private_answer_is_for_one_person_and_no_event(server, bot):
    asking_ = asyncio.create_task(
        server.command(ADA, GENERAL, "ask", {"question": "Why?", "private": True})
    )
    interaction = await bot.asked()
    await interaction.response.defer(ephemeral=True, thinking=True)
    await asking_
    await interaction.edit_original_response(content="Psst.")
    await interaction.followup.send("More.", ephemeral=True)

    messages = list(server.world.discord.messages(GENERAL))
    assert [(one.text, one.only_for) for one in messages] == [("Psst.", ADA), ("More.", ADA)]
    server.say(BEN, GENERAL, "Last")
    await bot.hears("message")
    assert [one.content for one in bot.heard["message"]] == ["Last"]
    assert [one.content async for one in bot.at(GENERAL).history()] == ["Last"]


async def test_the_first_follow_up_of_a_deferral_takes_its_place_and_privacy(server, bot):
    asking_ = asyncio.create_task(server.command(ADA, GENERAL, "ask", {"question": "Why?"}))
    interaction = await bot.asked()
    await interaction.response.defer(thinking=True)
    await asking_
    await interaction.followup.send("First.", ephemeral=True)
    await interaction.followup.send("Second.")

    first, second = server.world.discord.messages(GENERAL)
    assert (first.text, first.only_for) == ("First.", "")
    assert second.payload["reference"]["message_id"] == first.id
    assert second.payload["pings"] == []


async def test_whoever_does_not_answer_in_3_seconds_has_not_answered():
    async with serving(patience=0.05) as server, running(server, Asked()) as bot:
        await bot.tree.sync()
        with pytest.raises(CommandFailed, match="did not respond"):
            await server.command(ADA, GENERAL, "ask", {"question": "Why?"})
        interaction = await bot.asked()
        with pytest.raises(discord.NotFound) as refused:
            await interaction.response.send_message("Late")

        assert refused.value.code == 10062


async def test_an_interaction_is_answered_once(server, bot):
    asking_ = asyncio.create_task(server.command(ADA, GENERAL, "ask", {"question": "Why?"}))
    interaction = await bot.asked()
    await interaction.response.send_message("Because.")
    await asking_
    interaction.response._response_type = None
    with pytest.raises(discord.HTTPException) as refused:
        await interaction.response.send_message("Again")

    assert refused.value.code == 40060


async def test_a_token_works_for_15_minutes(server, bot, clock):
    asking_ = asyncio.create_task(server.command(ADA, GENERAL, "ask", {"question": "Why?"}))
    interaction = await bot.asked()
    await interaction.response.defer(thinking=True)
    await asking_
    clock.wait(899)
    await interaction.edit_original_response(content="Just in time")
    clock.wait(2)
    with pytest.raises(discord.HTTPException) as refused:
        await interaction.edit_original_response(content="Too late")

    assert (refused.value.status, refused.value.code) == (401, 50027)


async def test_before_the_first_answer_there_is_nothing_to_edit(server, bot):
    asking_ = asyncio.create_task(server.command(ADA, GENERAL, "ask", {"question": "Why?"}))
    interaction = await bot.asked()
    with pytest.raises(discord.NotFound) as refused:
        await interaction.followup.send("Hello")
    await interaction.response.send_message("Because.")
    await asking_

    assert refused.value.code == 10015


async def test_an_answer_can_be_read_edited_and_deleted(server, bot):
    asking_ = asyncio.create_task(server.command(ADA, GENERAL, "ask", {"question": "Why?"}))
    interaction = await bot.asked()
    await interaction.response.send_message("Because.")
    await asking_
    more = await interaction.followup.send("More", wait=True)
    await more.edit(content="Much more")
    original = await interaction.original_response()
    await interaction.delete_original_response()

    (left,) = server.world.discord.messages(GENERAL)
    assert (original.content, left.text) == ("Because.", "Much more")


async def test_answers_to_interactions_ping_people_but_never_everyone(server, bot):
    asking_ = asyncio.create_task(server.command(ADA, GENERAL, "ask", {"question": "Why?"}))
    interaction = await bot.asked()
    await interaction.response.send_message(f"<@{BEN}> @everyone")
    await asking_

    (message,) = server.world.discord.messages(GENERAL)
    assert message.payload["pings"] == [BEN]


async def test_interactions_have_a_budget_of_their_own(clock):
    async with serving(clock=clock) as server, running(server, Asked()) as bot:
        await bot.tree.sync()
        asking_ = asyncio.create_task(server.command(ADA, GENERAL, "ask", {"question": "Why?"}))
        interaction = await bot.asked()
        await interaction.response.defer()
        await asking_
        hook = f"/webhooks/{PARLEY}/{interaction.token}"
        async with asking(server) as raw:
            answers = [await raw.ask("POST", hook, json={"content": "!"}) for _ in range(6)]
            elsewhere, _, _ = await raw.send(GENERAL, "Still free")

        assert [status for status, _, _ in answers] == [200] * 5 + [429]
        assert elsewhere == 200


async def test_a_command_works_in_a_direct_message(server, bot):
    asking_ = asyncio.create_task(server.command(ADA, TALK, "ask", {"question": "Why?"}))
    interaction = await bot.asked()
    await interaction.response.send_message("Because.")
    await asking_

    assert interaction.guild_id is None
    assert interaction.user.id == int(ADA)
    assert isinstance(interaction.channel, discord.DMChannel)


@pytest.mark.parametrize(
    ("name", "options"),
    [("nothing", {}), ("ask", {}), ("ask", {"question": 5}), ("ask", {"question": "?", "x": 1})],
)
async def test_a_person_cannot_send_what_the_client_would_not_send(server, bot, name, options):
    with pytest.raises(CommandFailed, match=r"option|command|kind"):
        await server.command(ADA, GENERAL, name, options)


async def test_a_number_beyond_what_the_command_allows_is_not_sent(server, bot):
    @bot.tree.command(description="Count")
    async def count(interaction: discord.Interaction, upto: app_commands.Range[int, 1, 9]):
        await bot.interactions.put(interaction)

    await bot.tree.sync()
    for number in (0, 10):
        with pytest.raises(CommandFailed, match="upto is a number from 1 to 9"):
            await server.command(ADA, GENERAL, "count", {"upto": number})


async def test_a_bot_suggests_while_a_person_types(server, bot):
    choices = await server.autocomplete(ADA, GENERAL, "ask", {"question": "Wh"}, "question")

    assert choices == [{"name": "Wh?", "value": "Wh"}]


async def test_a_command_of_the_menu_shows_the_message_it_was_used_on(server, bot):
    said = server.say(BEN, GENERAL, "E=mc²")
    using = asyncio.create_task(server.context_menu(ADA, GENERAL, "Explain", said.id))
    interaction = await bot.asked()
    await interaction.response.send_message("Energy.", ephemeral=True)
    await using

    assert interaction.extras["message"].content == "E=mc²"


async def test_a_button_changes_its_message(server, bot):
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Stop", custom_id="stop"))
    sent = await bot.at(GENERAL).send("Working", view=view)
    pressing = asyncio.create_task(server.press(ADA, GENERAL, str(sent.id), "stop"))
    interaction = await bot.asked()
    await interaction.response.edit_message(content="Stopped", view=None)
    await pressing

    assert interaction.data["custom_id"] == "stop"
    assert interaction.message.id == sent.id
    assert server.world.discord.message(GENERAL, str(sent.id)).text == "Stopped"
    with pytest.raises(CommandFailed):
        await server.press(ADA, GENERAL, str(sent.id), "stop")


async def test_a_press_can_be_acknowledged_in_silence_and_answered_later(server, bot):
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Again", custom_id="again"))
    sent = await bot.at(GENERAL).send("Answer", view=view)
    pressing = asyncio.create_task(server.press(BEN, GENERAL, str(sent.id), "again"))
    interaction = await bot.asked()
    await interaction.response.defer()
    await pressing
    await interaction.edit_original_response(content="Another answer")
    await interaction.followup.send("For you alone", ephemeral=True)

    changed, private = server.world.discord.messages(GENERAL)
    assert changed.text == "Another answer"
    assert (private.text, private.only_for) == ("For you alone", BEN)


async def test_a_form_opens_and_comes_back_filled(server, bot):
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Bad", custom_id="bad"))
    sent = await bot.at(GENERAL).send("Answer", view=view)
    form = discord.ui.Modal(title="What was wrong?", custom_id="feedback")
    form.add_item(discord.ui.TextInput(label="Tell us", custom_id="why"))
    pressing = asyncio.create_task(server.press(ADA, GENERAL, str(sent.id), "bad"))
    await (await bot.asked()).response.send_modal(form)
    opened = await pressing
    submitting = asyncio.create_task(server.submit(ADA, GENERAL, opened, {"why": "Too long"}))
    interaction = await bot.asked()
    await interaction.response.send_message("Thank you", ephemeral=True)
    await submitting

    assert interaction.data["custom_id"] == "feedback"
    assert interaction.data["components"][0]["components"][0]["value"] == "Too long"


async def test_buttons_alone_are_no_message_and_ids_are_unique(server):
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "A", "custom_id": "a"}] * 2}
    async with asking(server) as raw:
        single = row | {"components": row["components"][:1]}
        _, alone, _ = await raw.send(GENERAL, "", components=[single])
        _, double, _ = await raw.send(GENERAL, "Choose", components=[row])

        assert (alone["code"], double["code"]) == (50006, 50035)


async def test_commands_keep_their_ids_when_they_are_synced_again(server, bot):
    before = await bot.tree.fetch_commands()
    await bot.tree.sync()
    after = await bot.tree.fetch_commands()

    assert [(one.id, one.name) for one in before] == [(one.id, one.name) for one in after]
    assert {one.name for one in after} == {"ask", "Explain"}


async def test_a_command_without_description_is_refused(server):
    async with asking(server) as raw:
        path = f"/applications/{PARLEY}/commands"
        status, answer, _ = await raw.ask("PUT", path, json=[{"name": "Ask"}])

        assert (status, answer["code"]) == (400, 50035)


async def test_stopping_lets_those_who_wait_know():
    async with serving() as server, running(server, Asked()) as bot:
        await bot.tree.sync()
        asking_ = asyncio.create_task(server.command(ADA, GENERAL, "ask", {"question": "Why?"}))
        await bot.asked()
        await server.stop()

        with pytest.raises(CommandFailed):
            async with asyncio.timeout(0.5):
                await asking_


async def test_an_interaction_tells_what_its_person_speaks(server, bot):
    asking_ = asyncio.create_task(server.command("1003", GENERAL, "ask", {"question": "Warum?"}))
    interaction = await bot.asked()
    await interaction.response.send_message("Darum.")
    await asking_

    assert interaction.locale is discord.Locale.german


@pytest.mark.parametrize("localizations", [{"de-DE": "Frag etwas"}, {"de": "x" * 101}, {"de": ""}])
async def test_descriptions_in_other_languages_are_checked(bot, localizations):
    command = {"name": "new", "description": "New", "description_localizations": localizations}

    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.bulk_upsert_global_commands(bot.application_id, [command])
    assert refused.value.code == 50035
