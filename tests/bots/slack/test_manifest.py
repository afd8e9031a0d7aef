"""The manifest that operators paste asks for exactly what the product uses, and says why."""

import re
from pathlib import Path

import pytest
import yaml

from bots.slack import commands, menus
from bots.slack.manifest import manifest
from sandbox.slack.app import COMMANDS, EVENTS, SCOPES

PATH = Path(__file__).parents[3] / "deploy" / "slack-manifest.yaml"
LINES = PATH.read_text().splitlines()


def section(name: str) -> list[str]:
    """The lines below a key, as far as they are indented deeper."""
    start = next(n for n, line in enumerate(LINES) if line.strip().split(" ")[0] == f"{name}:")
    depth = len(LINES[start]) - len(LINES[start].lstrip())
    rest = LINES[start + 1 :]
    ends = (n for n, line in enumerate(rest) if line.strip() and indent(line) <= depth)
    return rest[: next(ends, len(rest))]


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def items(name: str) -> list[str]:
    return [
        line.split("#")[0].strip(" -") for line in section(name) if line.lstrip().startswith("-")
    ]


def values(key: str) -> list[str]:
    found = (re.match(rf"[\s-]*{key}:\s*([^#]*?)\s*(#.*)?$", line) for line in LINES)
    return [one[1].strip('"') for one in found if one]


def test_it_asks_for_the_scopes_that_the_sandbox_grants():
    assert set(items("bot")) == SCOPES


USES = {
    "app_mentions:read": "app_mention",
    "assistant:write": "assistant_threads_setStatus",
    "channels:history": "message.channels",
    "channels:read": "conversations_info",
    "chat:write": "chat_postMessage",
    "chat:write.public": "def announce",  # ALERT_CHANNEL is any public channel
    "commands": "app.command",
    "files:read": "files_info",
    "files:write": "files_getUploadURLExternal",
    "groups:history": "message.groups",
    "groups:read": "conversations_info",
    "im:history": "message.im",
    "im:read": "users_conversations",
    "im:write": "conversations_open",
    "mpim:history": "message.mpim",
    "mpim:read": "conversations_info",
    "reactions:write": "reactions_add",
    "usergroups:read": "usergroups_list",
    "users:read": "users_info",
}
"""The call, or the event, for which the product needs each scope."""


def test_each_scope_is_needed_by_something_that_the_product_does():
    sources = "".join(one.read_text() for one in Path(commands.__file__).parent.glob("*.py"))

    assert set(USES) == set(items("bot"))
    for scope, use in USES.items():
        assert use in sources or use in items("bot_events"), scope


def test_it_subscribes_to_what_the_sandbox_sends():
    assert set(items("bot_events")) >= EVENTS


def test_each_command_is_answered():
    assert set(values("command")) == {commands.ASK, commands.PARLEY} == COMMANDS


def test_each_entry_of_the_message_menu_is_answered():
    assert set(values("callback_id")) == {menus.ASK_ABOUT, menus.SUMMARISE}


@pytest.mark.parametrize("name", ["bot", "bot_events"])
def test_each_scope_and_event_has_its_reason(name):
    wishes = [line for line in section(name) if line.lstrip().startswith("-")]

    assert all(len(line.partition("#")[2].split()) >= 2 for line in wishes)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("socket_mode_enabled", "true"),
        ("is_enabled", "true"),
        ("messages_tab_enabled", "true"),
        ("messages_tab_read_only_enabled", "false"),
        ("token_rotation_enabled", "false"),
    ],
)
def test_what_has_to_be_switched_on_is_on(key, value):
    assert values(key) == [value]


def test_names_fit_into_slacks_menus():
    assert all(len(name) <= 24 for name in values("name"))
    assert all(len(text) <= 140 for text in values("description"))


def test_it_is_plain_yaml():
    structure = re.compile(r"( *)(- )?([\w.]+:( .+)?|[\w.:]+)( +#.*)?$|\s*(#.*)?$")

    assert not [line for line in LINES if not structure.match(line) or indent(line) % 2]


def test_what_init_prints_is_what_the_file_says():
    assert manifest() == yaml.safe_load(PATH.read_text())


def test_over_http_slack_is_told_where_to_send_everything():
    where = "https://parley.example.org/slack/events"
    found = manifest("https://parley.example.org")

    assert {one["url"] for one in found["features"]["slash_commands"]} == {where}
    assert found["settings"]["event_subscriptions"]["request_url"] == where
    assert found["settings"]["interactivity"]["request_url"] == where
    assert found["settings"]["socket_mode_enabled"] is False
