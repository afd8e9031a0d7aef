"""The house rules that a reader of the folders relies on, held against every import."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("core", "bots", "sandbox")


def imports(path):
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def files(package):
    return [path for path in (ROOT / package).rglob("*.py") if "__pycache__" not in path.parts]


def importers(*names, among=PACKAGES):
    """The files that import any of these packages, as paths from the root."""
    return {
        str(path.relative_to(ROOT))
        for package in among
        for path in files(package)
        if any(module.split(".")[0] in names or module in names for module in imports(path))
    }


def test_core_knows_no_platform_and_nothing_of_the_bots():
    assert not importers(
        "slack_bolt", "slack_sdk", "discord", "bots", "sandbox", "aiohttp", among=("core",)
    ) - {"core/endpoint.py", "core/transport.py", "core/unreached.py"}
    assert not importers("slack_bolt", "slack_sdk", "discord", "bots", "sandbox", among=("core",))


def test_the_platforms_never_import_each_other():
    assert not importers("bots.discord", "discord", among=("bots/slack",))
    assert not importers("bots.slack", "slack_sdk", "slack_bolt", among=("bots/discord",))


def test_the_sandbox_is_a_stranger_to_the_bot():
    assert not importers("core", "bots", among=("sandbox",))
    assert importers("sandbox", among=("core", "bots")) == {"bots/cli.py"}


def test_each_platforms_library_has_one_home():
    assert all(path.startswith("bots/slack/") for path in importers("slack_bolt", "slack_sdk"))
    homes = {path.split("/")[:2] == ["bots", "discord"] for path in importers("discord")}
    assert homes == {True}


def test_the_model_and_the_tokenizer_have_one_home_each():
    assert importers("tiktoken") == {"core/tokens.py"}
    assert importers("openai") == {"core/endpoint.py"}


def test_secrets_are_encrypted_in_one_place():
    assert importers("cryptography") == {"core/vault.py"}


def test_each_kind_of_file_is_read_in_one_place():
    assert importers("PIL") == {"core/pictures.py", "core/drawing.py"}
    assert importers("pypdf") == {"core/pdfs.py"}
    assert importers("charset_normalizer") == {"core/texts.py"}


def test_what_is_drawn_is_drawn_in_a_process_of_its_own():
    assert not importers("core.drawing")
    assert not any(name.startswith(("core", "bots")) for name in imports(ROOT / "core/drawing.py"))


def test_sql_is_written_in_the_store_only():
    outside = {path for path in importers("sqlalchemy") if not path.startswith("core/store/")}

    assert outside == {"core/settings.py"}  # which only reads a database's address


def test_every_way_out_leads_through_the_proxy_and_trusts_the_same_certificates():
    for path in (*files("core"), *files("bots")):
        text = path.read_text()
        if "ClientSession(" in text or "TCPConnector(" in text:
            assert "ssl=trusted()" in text or "ssl=self._certificates" in text, path
        if "AsyncWebClient(" in text or "AsyncWebhookClient(" in text:
            assert ".proxy = proxy_to(" in text, path


def test_settings_stop_where_everything_is_built():
    built = {"building.py", "endpoints.py", "platforms.py", "run.py", "watched.py"}
    roots = {"cli.py", "guilds.py", "init.py"} | built
    inside = {path.removeprefix("bots/") for path in importers("core.settings")}
    assert {path for path in inside if not path.startswith("doctor/")} <= roots
    environ = {
        str(path.relative_to(ROOT))
        for package in ("core", "bots")
        for path in files(package)
        if re.search(r"\benviron\b|\bgetenv\b", path.read_text())
    }
    assert environ <= {"bots/cli.py", "core/settings.py"}


@pytest.mark.parametrize("module", ["core.chat", "bots.cli", "bots.slack.app", "bots.discord.bot"])
def test_importing_does_nothing(module):
    program = f"import {module}, threading, asyncio; print(threading.active_count())"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stdout == "1\n"
    assert done.stderr == ""


def test_the_command_line_is_quick_to_start():
    """What is heavy is imported by the command that needs it."""
    program = (
        "import sys, bots.cli;"
        "heavy = {'openai', 'discord', 'slack_bolt', 'sqlalchemy', 'tiktoken', 'PIL', 'pypdf'};"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "set()\n"
