"""What stops the start, within seconds, in one line that names the setting."""

import asyncio
import logging
import time
from dataclasses import replace

import pytest

from core.errors import StartError
from core.pace import Governor
from core.recall import Recall
from sandbox.faults import Fault
from tests.bots.slack.conftest import Notes, make_bot, working


async def refusal(bot) -> str:
    async with asyncio.timeout(10):
        with pytest.raises(StartError) as refused:
            await bot.start()
    assert bot._session.closed
    assert not bot.ready
    return str(refused.value)


async def test_a_wrong_bot_token_names_its_setting(slack, capsys, caplog):
    line = await refusal(make_bot(slack, Notes(), bot_token="xoxb-wrong"))

    assert line.startswith("Slack does not accept SLACK_BOT_TOKEN (invalid_auth).")
    assert "\n" not in line
    assert "xoxb-wrong" not in line
    assert [one.method for one in slack.requests] == ["auth.test"]
    assert not capsys.readouterr().out
    assert not [one for one in caplog.records if one.levelno > logging.DEBUG]


async def test_a_wrong_app_token_names_its_setting(slack, capsys, caplog):
    line = await refusal(make_bot(slack, Notes(), app_token="xapp-wrong"))

    assert line.startswith("Slack does not accept SLACK_APP_TOKEN (")
    assert [one.method for one in slack.requests] == ["auth.test", "apps.connections.open"]
    assert not capsys.readouterr().out
    assert not [one for one in caplog.records if one.levelno > logging.DEBUG]


async def test_a_persons_token_is_no_bots(slack):
    slack.workspace.app = replace(slack.workspace.app, bot="", bot_token="xoxp-ada")
    bot = make_bot(slack, Notes(), bot_token="xoxp-ada")

    assert "SLACK_BOT_TOKEN does not belong to a bot" in await refusal(bot)


async def test_a_bot_whose_id_slack_does_not_tell_is_known_by_its_token(slack):
    slack.workspace.app = replace(slack.workspace.app, bot="")
    bot = make_bot(slack, Notes())

    await bot.start()
    await bot.stop()


async def test_swapped_tokens_are_refused(slack):
    bot = make_bot(slack, Notes(), bot_token="xapp-sandbox", app_token="xoxb-sandbox")

    assert "SLACK_BOT_TOKEN" in await refusal(bot)


async def test_slack_that_cannot_be_reached_is_named(slack):
    await slack.stop()
    bot = make_bot(slack, Notes(), api_url="http://127.0.0.1:1/api/")

    line = await refusal(bot)

    assert "Slack cannot be reached at http://127.0.0.1:1/api/ (127.0.0.1:1 does not" in line
    assert "SLACK_API_URL" in line


async def test_slack_that_does_not_answer_is_not_waited_for(slack, monkeypatch):
    monkeypatch.setattr("bots.slack.app.START_TIMEOUT", 0.2)
    slack.faults.add(Fault("auth.test", "slow", seconds=1))

    assert "does not answer in time" in await refusal(make_bot(slack, Notes()))


async def test_a_socket_that_cannot_be_opened_is_named(slack):
    slack.faults.add(Fault("socket", "status", status=503))

    assert "Socket Mode cannot be reached" in await refusal(make_bot(slack, Notes()))


async def test_an_address_is_asked_for_once_a_start(slack):
    async with working(slack, Notes()):
        opened = [one for one in slack.requests if one.method == "apps.connections.open"]

        assert len(opened) == 1
        assert slack.connections == 1


async def test_it_is_ready_once_slack_has_said_hello(slack):
    bot = make_bot(slack, Notes())
    assert not bot.ready

    await bot.start()

    assert bot.ready
    await bot.stop()
    assert not bot.ready


async def test_oauth_variables_in_the_environment_change_nothing(slack, monkeypatch, caplog):
    for name in (
        "SLACK_CLIENT_ID",
        "SLACK_CLIENT_SECRET",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
    ):
        monkeypatch.setenv(name, "from-the-environment")
    notes = Notes()

    async with working(slack, notes):
        slack.say("U0ADA", "C0GENERAL", "@Parley hello")
        question, _ = await notes.question()

    assert question.text == "hello"
    assert [one.method for one in slack.requests].count("auth.test") == 1
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


async def test_no_proxy_is_obeyed(slack, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    notes = Notes()

    async with working(slack, notes):
        slack.say("U0ADA", "D0ADA", "hello")
        await notes.question()


async def test_it_can_be_started_again_after_a_failed_start(slack):
    slack.faults.add(Fault("auth.test", "status", status=503))
    bot = make_bot(slack, Notes(), governor=Governor(time.monotonic), recall=Recall())
    await refusal(bot)

    await bot.start()

    assert bot.ready
    await bot.stop()


async def test_bursts_of_methods_that_there_are_not_are_named(slack):
    bot = make_bot(slack, Notes(), bursts={"chat.updat": 3})

    with pytest.raises(StartError, match=r"SLACK_BURSTS.*chat\.updat\b.*chat\.update"):
        await bot.start()
