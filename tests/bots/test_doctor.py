"""`parley doctor` finds what is planted, names the setting, and says what to do."""

import asyncio
import json
import math
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from bots.doctor.command import diagnose
from bots.doctor.examination import admit
from core.store import Installation, Store
from core.vault import Vault
from sandbox.listener import Listener
from sandbox.model import Answer
from tests.bots.plants import CONFIG, REMARKS, WRONG, deaf_to, mute
from tests.bots.terminal import terminal
from tests.e2e.conftest import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOT = Path(__file__).parents[2]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory):
    """The platforms and a model, healthy until something is planted."""
    async with opened(tmp_path_factory.mktemp("town"), limited=False) as town:
        town.model.rate, town.model.first_token = math.inf, 0.0
        yield town


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder from which an operator starts."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(town, home, **changes):
    """A healthy operator's, but for these changes; None takes one away."""
    values = town.environment | {"DATABASE_URL": f"sqlite+aiosqlite:///{home}/data/parley.db"}
    return {name: value for name, value in (values | changes).items() if value is not None}


async def examined(values, home, clock=time.time, **options):
    """The exit code and the document, which is all that was said."""
    patient, problem = admit(values, home / ".env", clock)
    said = []
    code = await diagnose(patient, problem, said.append, as_json=True, **options)
    (document,) = said
    return code, json.loads(document)


async def planted(town, home, plant):
    """The same, with something planted."""
    with ExitStack() as laid:
        more = laid.enter_context(plant.lay(town, home)) if plant.lay else None
        values = settings(town, home, **{**plant.changes, **(more or {})})
        return await examined(values, home, plant.clock)


def of(document, state):
    return [one for one in document["findings"] if one["state"] == state]


def cures(findings, plant):
    """Those findings that name the setting and say what to do."""
    return [
        one
        for one in findings
        if one["setting"] == plant.setting and plant.cure in f"{one['what']} {one['do']}"
    ]


@pytest.mark.parametrize("plant", [pytest.param(one, id=one.what) for one in WRONG])
async def test_what_stops_the_bot_is_red_and_names_the_setting_and_the_cure(town, home, plant):
    code, document = await planted(town, home, plant)

    red = of(document, "wrong")
    assert cures(red, plant), red
    assert all(one["setting"] for one in red)
    assert code == 1
    assert document["ok"] is False


@pytest.mark.parametrize("plant", [pytest.param(one, id=one.what) for one in REMARKS])
async def test_what_is_unknown_or_unwise_is_a_remark_and_stops_no_script(town, home, plant):
    code, document = await planted(town, home, plant)

    assert cures(of(document, "remark"), plant), of(document, "remark")
    assert of(document, "wrong") == []
    assert code == 0


async def test_where_all_is_well_nothing_is_red(town, home):
    code, document = await examined(settings(town, home, **CONFIG), home)

    assert of(document, "wrong") == []
    assert code == 0
    assert document["ok"] is True
    areas = list(dict.fromkeys(one["area"] for one in document["findings"]))
    assert areas == [
        "settings",
        "data folder",
        "database",
        "clock",
        "model",
        "Slack",
        "Discord",
        "budgets",
    ]


def run(home, *words, **values):
    """`parley doctor` as an operator runs it; what it says on both streams."""
    return subprocess.run(
        [sys.executable, "-m", "bots.cli", "doctor", *words],
        cwd=home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **values},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


async def test_with_nothing_configured_json_is_one_document_and_nothing_else(home):
    done = await asyncio.to_thread(run, home, "--json")

    document = json.loads(done.stdout)
    assert document["findings"]
    assert done.returncode == 1
    assert done.stderr == ""


async def test_text_has_a_line_for_each_finding_and_what_to_do_below_it(home):
    patient, problem = admit({}, home / ".env")
    said = []
    code = await diagnose(patient, problem, said.append)

    assert "✘ settings: No platform is set up." in said
    assert said[said.index("✘ settings: No platform is set up.") + 1].startswith("  → Set SLACK_")
    assert "1 thing is wrong" in said[-1]
    assert code == 1


@pytest.mark.parametrize(("values", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
async def test_a_terminal_has_colours_unless_somebody_wants_none(home, values, coloured):
    async with terminal(home, "doctor", **values) as screen:
        assert await screen.end() == 1

    assert ("\x1b[" in screen.seen) is coloured
    assert "No platform is set up" in screen.seen


async def test_what_nobody_foresaw_is_a_red_finding_of_its_area(town, home):
    async def nonsense(_):
        return web.json_response([])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", nonsense)
    server = Listener(app)
    await server.start()
    try:
        url = f"http://127.0.0.1:{server.port}"
        elsewhere = {"SLACK_API_URL": f"{url}/api/", "DISCORD_API_URL": f"{url}/api/v10"}
        code, document = await examined(settings(town, home, **elsewhere), home)
    finally:
        await server.stop()

    assert code == 1
    assert {one["area"] for one in of(document, "wrong")} == {"Slack", "Discord"}


async def test_what_never_answers_is_one_red_line_each_and_holds_nothing_up(town, home):
    with mute("OPENAI_BASE_URL", "SLACK_API_URL", "DISCORD_API_URL") as nowhere:
        values = settings(town, home, **nowhere)
        code, document = await examined(values, home, seconds=0.5)

    red = [(one["area"], one["setting"]) for one in of(document, "wrong")]
    assert code == 1
    assert red == [
        ("model", "OPENAI_BASE_URL"),
        ("Slack", "SLACK_API_URL"),
        ("Discord", "DISCORD_API_URL"),
    ]
    assert "budgets" in {one["area"] for one in document["findings"]}


@pytest.mark.parametrize("as_json", [True, False])
async def test_no_secret_is_ever_said(town, home, as_json):
    secrets = {
        "OPENAI_API_KEY": town.model.key,
        "SLACK_BOT_TOKEN": "xoxb-a-secret-token",
        "SLACK_APP_TOKEN": "xapp-a-secret-token",
        "DISCORD_TOKEN": "a-secret-token",
        "SLACK_CONFIG_TOKEN": "xoxe.xoxp-a-secret",
        "SLACK_SIGNING_SECRET": "a-signing-secret",
        "HTTPS_PROXY": "http://someone:a-secret-word@127.0.0.1:9",
    }
    # Some servers repeat the key that they were sent.
    town.model.enqueue(Answer((f"What is {town.model.key} to us?",), status=401))
    said = []
    for more in ({}, {"TEMPERATURE": "hot"}):
        patient, problem = admit(settings(town, home, **secrets, **more), home / ".env")
        await diagnose(patient, problem, said.append, as_json=as_json)

    assert "What is [secret] to us?" in "\n".join(said)
    for secret in (*secrets.values(), "a-secret-word"):
        assert secret not in "\n".join(said)


async def test_a_bot_that_runs_is_known_and_may_hold_its_port(town, home):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    values = settings(town, home, ADMIN_PORT=port)
    async with town.bot(**values):
        code, document = await examined(values, home, listen=True)

    said = " ".join(one["what"] for one in document["findings"])
    assert of(document, "wrong") == []
    assert code == 0
    assert f"the bot that runs listens on 127.0.0.1:{port}" in said
    assert "Discord knows the commands" in said
    assert "A bot runs and listens" in said


async def listened(town, home, mention):
    """What is found by listening, where somebody does what they are asked to."""

    def say(words):
        if words.startswith("Mention @parley"):
            mention()
        said.append(words)

    said = []
    patient, problem = admit(settings(town, home), home / ".env")
    code = await diagnose(patient, problem, say, listen=True, listening=1.0)
    return code, "\n".join(said)


async def test_listening_hears_that_a_mention_comes(town, home):
    code, said = await listened(town, home, lambda: mention(town))

    assert "A mention came, with all its events." in said
    assert code == 0


async def test_listening_to_an_app_that_hears_no_messages_says_which_event_is_missing(town, home):
    with deaf_to("message.channels")(town, home):
        code, said = await listened(town, home, lambda: mention(town))

    assert "without the event message.channels" in said
    assert code == 1


async def test_listening_in_vain_is_no_proof(town, home):
    code, said = await listened(town, home, lambda: None)

    assert "Nothing came from Slack within 1 s" in said
    assert code == 0


def mention(town):
    """Somebody mentions the bot as soon as it hears."""

    async def speak():
        await town.slack.wait_connected()
        town.slack.say("U0ADA", "C0GENERAL", "@Parley are you there?")

    town.speaking = asyncio.create_task(speak())


KEY, OTHER_KEY = ("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MD" + end for end in ("E=", "I="))


async def in_workspaces(town, home, key=KEY, *tokens):
    """What is found of a bot that these workspaces have installed."""
    values = settings(town, home, SLACK_BOT_TOKEN=None, SLACK_APP_TOKEN=None)
    store = await Store.open(values["DATABASE_URL"], time.time, 3600)
    for n, token in enumerate(tokens):
        sealed = Vault(KEY).seal(token)
        await store.installations.save(Installation(f"slack/T{n}", f"Workspace {n}", sealed))
    await store.close()
    port = {"HTTP_PORT": "8097", "SLACK_SIGNING_SECRET": "0123"}
    app = {"SLACK_CLIENT_ID": "1.1", "SLACK_CLIENT_SECRET": "0123", "TOKEN_KEY": key}
    code, document = await examined(values | port | app, home)
    return code, [one for one in document["findings"] if one["area"] == "Slack"]


async def test_of_several_workspaces_each_is_asked_about_and_a_void_token_stops_nobody(town, home):
    code, found = await in_workspaces(
        town, home, KEY, "xoxb-void", town.slack.workspace.app.bot_token
    )

    assert [(one["state"], "void" in one["what"]) for one in found] == [
        ("remark", True),
        ("ok", False),
    ]
    assert code == 0


async def test_a_key_that_opens_no_workspaces_token_stops_the_start_and_is_named(town, home):
    code, found = await in_workspaces(town, home, OTHER_KEY, "xoxb-1")

    assert [(one["state"], one["setting"]) for one in found] == [("wrong", "TOKEN_KEY")]
    assert code == 1


async def test_before_anybody_has_installed_it_the_doctor_says_where_to(town, home):
    code, found = await in_workspaces(town, home)

    assert [one["state"] for one in found] == ["remark"]
    assert "/slack/install" in found[0]["do"]
    assert code == 0
