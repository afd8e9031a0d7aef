"""Whatever refuses the start is said in one clear line, at once, and nothing else is."""

import asyncio
import json
import signal
import socket
import sqlite3
import urllib.request

import pytest

from core.notices import RESTARTING
from sandbox.discord import DiscordServer
from sandbox.model import Answer, Pause, Stall
from tests.e2e.conftest import through_sockets
from tests.e2e.places import DiscordPlace, SlackPlace


async def refused(town, *, code=3, **changes):
    """The one line that a refused start says."""
    bot = await town.start(**changes)
    assert await bot.ended(30) == code, bot.said
    lines = bot.said.splitlines()
    assert len(lines) == 1, bot.said
    return lines[0]


async def test_a_wrong_bot_token_of_slack_names_its_setting(town):
    assert "SLACK_BOT_TOKEN" in await refused(town, code=4, SLACK_BOT_TOKEN="xoxb-wrong")


async def test_a_wrong_app_token_of_slack_names_its_setting(town):
    assert "SLACK_APP_TOKEN" in await refused(town, code=4, SLACK_APP_TOKEN="xapp-wrong")


async def test_a_wrong_token_of_discord_names_its_setting(town):
    assert "DISCORD_TOKEN" in await refused(town, code=4, DISCORD_TOKEN="wrong")


async def test_a_missing_intent_of_discord_says_which_switch_to_turn_on(town):
    await town.discord.stop()
    town.discord = DiscordServer(town.world, privileged=frozenset())
    await town.discord.start()

    assert "Message Content Intent" in await refused(town, code=4)


async def test_a_platform_that_is_not_there_names_its_address(town):
    line = await refused(town, SLACK_API_URL="http://127.0.0.1:9/api/")

    assert "SLACK_API_URL" in line or "127.0.0.1:9" in line


async def test_nothing_configured_says_what_to_set_and_how_to_try_it(town):
    nothing = dict.fromkeys(town.environment)
    line = await refused(town, code=2, **nothing)

    for name in ("SLACK_BOT_TOKEN", "DISCORD_TOKEN", "parley sandbox"):
        assert name in line


async def test_a_server_of_ones_own_without_a_model_lists_what_it_offers(town):
    line = await refused(town, code=2, OPENAI_MODEL=None)

    assert "OPENAI_MODEL" in line
    assert all(name in line for name in town.model.models)


async def test_contradictory_settings_are_said_in_a_line(town):
    assert "TEMPERATURE and TOP_P" in await refused(town, code=2, TEMPERATURE="1", TOP_P="0.5")


async def test_a_malformed_file_of_settings_names_the_line(town):
    (town.folder / ".env").write_text("LOG_LEVEL=info\nthis is nonsense\n")

    assert "line 2" in await refused(town, code=2)


async def test_a_data_folder_that_cannot_be_written_is_named(town):
    (town.folder / "data").write_text("in the way")

    assert "DATABASE_URL" in await refused(town)


async def test_a_database_held_by_another_program_is_named(town):
    (town.folder / "data").mkdir()
    holder = sqlite3.connect(town.folder / "data" / "parley.db", isolation_level=None)
    holder.execute("PRAGMA journal_mode=WAL")
    holder.execute("BEGIN EXCLUSIVE")
    line = await refused(town)
    holder.close()

    assert "DATABASE_URL" in line
    assert "locked" in line


async def test_a_port_in_use_is_named(town):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert "ADMIN_PORT" in await refused(town, ADMIN_PORT=str(port))


async def test_oauth_settings_in_the_environment_change_nothing(town):
    async with town.bot(SLACK_CLIENT_ID="1.2", SLACK_CLIENT_SECRET="x"):
        town.model.enqueue("Here.")
        talk = SlackPlace(town.slack, town.world.slack).mention("U0ADA", "hello")
        await talk.until(lambda seen: [one.text for one in seen] == ["Here."])


async def test_a_name_that_is_nearly_a_settings_is_in_the_log(town):
    async with town.bot(OPENAI_MODELL="m") as bot:
        await asyncio.wait_for(said(bot, "Did you mean OPENAI_MODEL?"), 10)


async def test_an_operators_tools_learn_when_it_is_ready(town):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with town.bot(ADMIN_PORT=str(port)) as bot:
        await asyncio.wait_for(said(bot, "ready"), 10)

        def ask(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return json.load(answer)

        assert (await asyncio.to_thread(ask, "/healthz")) == {"status": "alive"}
        assert (await asyncio.to_thread(ask, "/readyz")) == {"status": "ready"}


async def test_what_is_secret_in_the_models_address_is_not_in_the_log(town):
    address = town.model.base_url.replace("://", "://ada:sesame@")
    async with town.bot(OPENAI_BASE_URL=address, OPENAI_API_KEY=None) as bot:
        await asyncio.wait_for(said(bot, f"endpoint={town.model.base_url} "), 10)

        assert "sesame" not in bot.said


async def said(bot, words):
    while words not in bot.said:
        await asyncio.sleep(0.05)


async def test_the_log_for_machines_is_json_and_holds_no_secret_and_no_words_of_people(town):
    async with town.bot(LOG_FORMAT="json") as bot:
        town.model.enqueue("A private answer.")
        talk = SlackPlace(town.slack, town.world.slack).mention("U0ADA", "a private question")
        await talk.until(lambda seen: [one.text for one in seen] == ["A private answer."])
        await asyncio.wait_for(said(bot, '"answered"'), 10)

    for line in bot.said.splitlines():
        json.loads(line)
    for secret in (
        "xoxb-sandbox",
        "xapp-sandbox",
        "discord-sandbox-token",
        "sk-sandbox",
        "private",
    ):
        assert secret not in bot.said


@through_sockets
async def test_two_processes_with_the_same_tokens_and_database_answer_each_question_once(town):
    slack = SlackPlace(town.slack, town.world.slack)
    discord = DiscordPlace(town.discord, town.world.discord)
    async with town.bot(), town.bot():
        async with asyncio.timeout(20):
            while town.slack.connections < 2 or town.discord.sessions < 2:
                await asyncio.sleep(0.05)
        town.model.script = _echo
        talks = [p.mention(p.ada, f"question {n}") for n in range(6) for p in (slack, discord)]
        for talk in talks:
            await talk.until(lambda seen: bool(seen) and "question" in seen[0].text)
        last = discord.mention(discord.ada, "question last")
        await last.until(lambda seen: bool(seen) and "last" in seen[0].text)

        assert [len(talk.seen()) for talk in talks] == [1] * len(talks)
    assert len(town.model.requests) == len(talks) + 1


def _echo(body):
    content = body["messages"][-1]["content"]
    words = content if isinstance(content, str) else " ".join(part["text"] for part in content)
    return Answer((f"You asked: {words[words.index('question') :]}",))


async def test_an_app_that_is_removed_from_slack_ends_it_with_a_line(town):
    async with town.bot(DISCORD_TOKEN=None) as bot:
        town.slack.uninstall()

        assert await bot.ended(15) == 4, bot.said
    line = bot.said.splitlines()[-1]
    assert line.startswith("parley: Slack has revoked SLACK_BOT_TOKEN (tokens_revoked).")
    assert "Traceback" not in bot.said


async def test_a_token_that_slack_takes_back_without_a_word_ends_it_with_a_line(town):
    async with town.bot(DISCORD_TOKEN=None) as bot:
        town.slack.workspace.installed = False
        town.slack.say("U0ADA", "C0GENERAL", "@Parley hello")

        assert await bot.ended(15) == 4, bot.said
    line = bot.said.splitlines()[-1]
    assert line.startswith("parley: Slack has revoked SLACK_BOT_TOKEN (account_inactive).")
    assert "Traceback" not in bot.said


@pytest.mark.parametrize("tell", [True, False])
async def test_a_token_that_discord_takes_back_ends_it_with_a_line(town, tell):
    async with town.bot(SLACK_BOT_TOKEN=None, SLACK_APP_TOKEN=None) as bot:
        await town.discord.revoke(tell=tell)
        if not tell:
            DiscordPlace(town.discord, town.world.discord).mention("1001", "hello")

        assert await bot.ended(15) == 4, bot.said
    line = bot.said.splitlines()[-1]
    assert line.startswith("parley: DISCORD_TOKEN is not accepted by Discord.")
    assert "Traceback" not in bot.said


@pytest.mark.parametrize(
    "answer", [("Half of it ", Pause(1.0), "and the rest."), ("Half of it", Stall())]
)
async def test_told_to_stop_it_finishes_or_truthfully_closes_what_it_is_writing(town, answer):
    async with town.bot(DRAIN_SECONDS="4") as bot:
        town.model.enqueue(*answer)
        talks = [
            SlackPlace(town.slack, town.world.slack).mention("U0ADA", "go"),
        ]
        await talks[0].until(lambda seen: bool(seen) and seen[0].text.startswith("Half"))
        bot.process.send_signal(signal.SIGTERM)
        assert await bot.ended(10) == 0
        (seen,) = talks[0].seen()

    if len(answer) == 3:
        assert (seen.text, seen.notice) == ("Half of it and the rest.", "")
    else:
        assert seen.text == "Half of it"
        assert seen.notice == RESTARTING
