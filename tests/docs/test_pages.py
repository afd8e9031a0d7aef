"""What the pages link to, name and show exists."""

import ast
import configparser
import json
import re
import tomllib

import discord
import pytest
import typer.main

from bots.cli import app
from core.limits import load as load_limits
from core.personas import load as load_personas
from core.prices import load as load_prices
from core.settings import Settings
from tests.docs.pages import PAGES, ROOT, anchors, every, links, prose

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
LANGUAGES = ("sh", "env", "toml", "ini", "json", "yaml", "cron", "python", "text")
PROGRAM = typer.main.get_command(app)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
TOPS = ("core", "bots", "sandbox", "tests")
NAMED = {"view channels": "read_messages"}
"""Where discord.py's name of a permission is not Discord's own."""
ENOUGH = {"OPENAI_API_KEY": "sk-1", "DISCORD_TOKEN": "d-1"}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = page if not path else (page.parent / path).resolve()
        assert target.exists(), f"{page.name}: {link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link} names no heading"


def test_every_page_is_in_the_index():
    index = {link.partition("#")[0] for link in links(ROOT / "docs/README.md")}
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert pages - index == set()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_in_the_prose_exists(page):
    for words in re.findall(r"`(?:\.venv/bin/)?(parley [^`]+|make [a-z][^`]*)`", prose(page)):
        if words.startswith("make"):
            assert words.split()[1] in TARGETS, f"{page.name}: {words}"
        else:
            known(words, page.name)


def test_every_block_says_what_it_is():
    for block in every("", *LANGUAGES):
        assert block.language, f"{block.where}: write the language behind the ```, such as text"


def test_no_block_is_in_a_language_that_nobody_checks():
    fences = {
        language
        for page in PAGES
        for language in re.findall(r"^ *```(\w+)$", page.read_text(), re.MULTILINE)
    }
    assert fences <= set(LANGUAGES)


SETTINGS = [block for block in every("env") if block.page.name != "settings.md"]


@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: block.where)
def test_settings_are_accepted(block, tmp_path):
    if "=/etc/ssl/" in block.text:  # a file that is read at once
        (tmp_path / "ca.pem").write_bytes(certificate(tmp_path))
    file = tmp_path / ".env"
    file.write_text(re.sub(r"=/etc/ssl/\S+", f"={tmp_path}/ca.pem", block.text))
    given = {name: value for name, value in ENOUGH.items() if f"{name}=" not in block.text}

    assert not Settings.load(given, file).notes


@pytest.mark.parametrize("block", every("toml"), ids=lambda block: block.where)
def test_files_of_settings_are_accepted(block, tmp_path):
    file = tmp_path / "file.toml"
    file.write_text(block.text)
    kinds = tomllib.loads(block.text).keys()
    if "models" in kinds:
        assert load_prices(file)
    elif block.page.name == "translating.md":
        assert kinds <= tomllib.loads((ROOT / "core/catalogue/en.toml").read_text()).keys()
    elif block.page.name == "personas.md":
        assert load_personas(file, 32_000)
    else:
        load_limits(file)


@pytest.mark.parametrize(
    "block", every("json", "ini", "yaml", "python"), ids=lambda block: block.where
)
def test_other_files_can_be_read(block):
    if block.language == "json":
        json.loads(block.text)
    elif block.language == "python":
        ast.parse(block.text)
    elif block.language == "ini":
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        parser.optionxform = str
        parser.read_string(block.text)
        assert parser.sections()
    else:
        yaml = pytest.importorskip("yaml")
        assert list(yaml.safe_load_all(block.text))


def test_the_invitation_to_discord_asks_for_the_permissions_that_it_names():
    page = (ROOT / "docs/connect-discord.md").read_text()
    number = re.search(r"permissions=(\d+)", page)[1]
    step = page.partition("The number stands for")[2].partition(". Without")[0]
    named = {" ".join(name.split()).lower() for name in re.findall(r"\*([^*]+)\*", step)}
    asked = {name for name, is_on in discord.Permissions(int(number)) if is_on}

    assert asked == {NAMED.get(name, name.replace(" ", "_")) for name in named}


def test_the_picture_of_the_architecture_names_what_there_is():
    words = set(
        re.findall(
            r"[\w/]+(?:\.py|/)(?=\W)",
            " ".join(
                re.findall(
                    r"<text[^>]*>([^<]*)", (ROOT / "docs/pictures/architecture.svg").read_text()
                )
            ),
        )
    )
    assert len(words) > 20
    for name in words:
        assert (ROOT / name).exists() or (ROOT / "core" / name).exists(), name


def test_the_map_names_what_there_is():
    page = prose(ROOT / "docs/architecture.md")
    for name in re.findall(r"`((?:\w+/)*\w+\.py)`", page):
        assert (
            any(next(ROOT.glob(f"{top}/**/{name}"), None) for top in TOPS) or (ROOT / name).exists()
        ), name


def known(words, where):
    """Hold a command of parley's against the program."""
    command, rest = PROGRAM, words.split()[1:]
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"{where}: {words}: there is no {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    options = {name for one in command.params for name in one.opts} | {"--help"}
    for word in rest:
        if word.startswith("-"):
            name = word.partition("=")[0]
            assert name in options, f"{where}: {words}: there is no {name}"


def certificate(folder):
    from tests.e2e.wall import Authority

    return Authority(folder).file.read_bytes()
