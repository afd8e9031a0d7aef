"""The pages about settings say what the code does."""

import re

import pytest

from core.settings import Settings
from tests.docs.settings import EXAMPLE, PAGE, example, page, problems, sections

ENOUGH = {"OPENAI_API_KEY": "sk-1", "DISCORD_TOKEN": "d-1"}
HTTP = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "0123", "HTTP_PORT": "8081"}
WORKSPACES = {
    "SLACK_CLIENT_ID": "1.1",
    "SLACK_CLIENT_SECRET": "0123",
    "SLACK_SIGNING_SECRET": "0123",
    "TOKEN_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "HTTP_PORT": "8081",
}
NEEDED = {
    "OPENAI_FALLBACK_KEYS": {"OPENAI_FALLBACK_MODELS": "llama-4@https://llm.example.org/v1"},
    "ADMIN_TOKEN": {"ADMIN_PORT": "8030"},
    "SLACK_SIGNING_SECRET": HTTP,
    "HTTP_PORT": HTTP,
    "HTTP_HOST": HTTP,
    "SLACK_CLIENT_ID": WORKSPACES,
    "SLACK_CLIENT_SECRET": WORKSPACES,
    "TOKEN_KEY": WORKSPACES,
}
"""What a setting means nothing without."""

FILES = {"SSL_CERT_FILE"}
"""What is read when settings are."""


def said():
    return [setting for _, settings in sections() for setting in settings]


def test_each_setting_is_described():
    assert problems() == []


@pytest.mark.parametrize(("file", "written"), [(PAGE, page), (EXAMPLE, example)])
def test_they_are_current(file, written):
    assert file.read_text() == written(), f"{file.name} is not current: run `make docs`."


@pytest.mark.parametrize("setting", said(), ids=lambda setting: setting.name)
def test_an_example_is_accepted(setting, tmp_path):
    if setting.name in FILES:
        return
    others = {"TEMPERATURE": "", "TOP_P": ""} | ENOUGH
    if setting.name.startswith("SLACK_") and setting.name.endswith("_TOKEN"):
        others |= {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    others |= NEEDED.get(setting.name, {})
    file = tmp_path / ".env"
    file.write_text(f"{setting.name}={setting.said['example']}\n")
    others.pop(setting.name, None)
    loaded = Settings.load(others, file)

    assert getattr(loaded, setting.name.lower()) != setting.field.default
    assert not loaded.notes


def test_the_example_file_says_each_setting_once_and_is_accepted_when_filled_in(tmp_path):
    text = EXAMPLE.read_text()
    names = re.findall(r"^(?:# )?([A-Z_]+)=", text, re.MULTILINE)
    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)

    file = tmp_path / ".env"
    file.write_text(text)
    assert Settings.load(ENOUGH, file) == Settings.load(ENOUGH)
