"""What an operator can get wrong, each laid into a folder or a sandbox and taken out again."""

import asyncio
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Thread

from core.store import Store
from sandbox.discord.permissions import Permission
from sandbox.faults import Fault
from sandbox.model import Answer
from sandbox.model.answer import Raw

NEWER = "9999"
MANIFEST = "deploy/slack-manifest.yaml"


@dataclass(frozen=True)
class Plant:
    """A misconfiguration, and what has to be said of it: the setting and words of the cure."""

    what: str
    setting: str
    cure: str
    changes: Mapping[str, str | None] = field(default_factory=dict)
    lay: Callable[..., object] | None = None
    clock: Callable[[], float] = time.time


def app(**changes):
    """Slack's app is set up otherwise."""

    @contextmanager
    def lay(town, _home):
        workspace = town.slack.workspace
        before, workspace.app = workspace.app, replace(workspace.app, **changes)
        yield
        workspace.app = before

    return lay


def lacks(*scopes):
    @contextmanager
    def lay(town, home):
        scopes_ = town.slack.workspace.app.scopes - set(scopes)
        with app(scopes=scopes_)(town, home):
            yield

    return lay


def deaf_to(*events):
    @contextmanager
    def lay(town, home):
        left = town.slack.workspace.app.events - set(events)
        with app(events=left)(town, home):
            yield

    return lay


def otherwise(thing, changes):
    """Some of what belongs to a server is otherwise for a while."""

    @contextmanager
    def lay(town, _home):
        one = thing(town)
        before = {name: getattr(one, name) for name in changes}
        for name, value in changes.items():
            setattr(one, name, value)
        yield
        for name, value in before.items():
            setattr(one, name, value)

    return lay


def realm(**changes):
    """Discord's portal or guild is set up otherwise."""
    return otherwise(lambda town: town.discord.realm, changes)


def faults(server, *planted):
    @contextmanager
    def lay(town, _home):
        for fault in planted:
            getattr(town, server).faults.add(replace(fault))
        yield
        getattr(town, server).faults.clear()

    return lay


def refused(method, code):
    """What Slack says to a call."""
    return faults("slack", Fault(method, "code", code=code))


def answers(*answer):
    """What the model's endpoint answers to the short question."""

    @contextmanager
    def lay(town, _home):
        town.model.enqueue(*answer)
        yield
        town.model._queue.clear()

    return lay


@contextmanager
def newer_database(_town, home):
    _made(home, f"UPDATE alembic_version SET version_num = '{NEWER}'")
    yield


@contextmanager
def older_database(_town, home):
    _made(home, "UPDATE alembic_version SET version_num = '0008'")
    yield


@contextmanager
def other_programs_database(_town, home):
    _made(home, "PRAGMA application_id = 7")
    yield


def _made(home, *statements):
    """A database of ours, and then something done to it."""

    async def make():
        await (await Store.open(f"sqlite+aiosqlite:///{home}/data/parley.db", time.time)).close()

    thread = Thread(target=lambda: asyncio.run(make()))
    thread.start()
    thread.join()
    with sqlite3.connect(home / "data/parley.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def writes(name, text):
    @contextmanager
    def lay(_town, home):
        path = home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        yield

    return lay


@contextmanager
def no_folder(_town, home):
    (home / "data").write_text("a file where the folder should be")
    yield


def taken(setting):
    """Somebody else listens on the port that is set: here the sandbox's Slack."""

    @contextmanager
    def lay(town, _home):
        yield {setting: town.slack.workspace.address.rpartition(":")[2]}

    return lay


@contextmanager
def mute(*settings):
    """Something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield {name: f"http://127.0.0.1:{listening.getsockname()[1]}/v1" for name in settings}


NOWHERE = "http://127.0.0.1:9"


@contextmanager
def readable(_town, home):
    (home / ".env").write_text("")
    (home / ".env").chmod(0o644)
    yield


def model(**changes):
    """The endpoint is another sort of server."""
    return otherwise(lambda town: town.model, changes)


priced = writes("prices.toml", '[models."gpt-4o-mini"]\ninput = 0.15\noutput = 0.6\n')
CONFIG = {"SLACK_CONFIG_TOKEN": "xoxe.xoxp-sandbox"}

WRONG = [
    # settings
    Plant("no platform", "SLACK_BOT_TOKEN", "parley sandbox",
          {"SLACK_BOT_TOKEN": None, "SLACK_APP_TOKEN": None, "DISCORD_TOKEN": None}),
    Plant("one Slack token of two", "SLACK_APP_TOKEN", "SLACK_BOT_TOKEN",
          {"SLACK_APP_TOKEN": None}),
    Plant("swapped tokens", "SLACK_BOT_TOKEN", "xapp-",
          {"SLACK_BOT_TOKEN": "xapp-1-A", "SLACK_APP_TOKEN": "xoxb-1"}),
    Plant("a token with a space in it", "DISCORD_TOKEN", "copy it again", {"DISCORD_TOKEN": "a b"}),
    Plant("no number", "CONTEXT_TOKENS", "must be a whole number, not 'many'",
          {"CONTEXT_TOKENS": "many"}),
    Plant("temperature and top_p", "TEMPERATURE", "one of them",
          {"TEMPERATURE": "1", "TOP_P": "1"}),
    Plant("more answer than context", "CONTEXT_TOKENS", "lower", {"CONTEXT_TOKENS": "1100"}),
    Plant("a name that is no setting", "OPENAI_MODEL", "Did you mean OPENAI_MODEL",
          lay=writes(".env", "OPENAI_MODLE=gpt-4o-mini\n")),
    Plant("a line that is none", ".env", "NAME=value", lay=writes(".env", "OPENAI_MODEL\n")),
    Plant("a secret whose file is not there", "DISCORD_TOKEN_FILE", "file",
          {"DISCORD_TOKEN": None, "DISCORD_TOKEN_FILE": "/none"}),
    Plant("a database in memory", "DATABASE_URL", "path of a file",
          {"DATABASE_URL": "sqlite+aiosqlite:///:memory:"}),
    Plant("certificates that are not there", "SSL_CERT_FILE", "must name a file",
          {"SSL_CERT_FILE": "/none.pem"}),
    Plant("a proxy that is not there", "HTTPS_PROXY", "leave it out", {"HTTPS_PROXY": NOWHERE}),
    # data folder and database
    Plant("a file in place of the folder", "DATABASE_URL", "another", lay=no_folder),
    Plant("a database of a newer version", "DATABASE_URL", "Start that version",
          lay=newer_database),
    Plant("a database of another program", "DATABASE_URL", "another file",
          lay=other_programs_database),
    Plant("no database at all", "DATABASE_URL", "restore",
          lay=writes("data/parley.db", "this is no database, but long enough to look at")),
    # clock
    Plant("a clock that is ten minutes fast", "system clock", "set-ntp",
          clock=lambda: time.time() + 600),
    Plant("a clock that is ten minutes slow", "system clock", "set-ntp",
          clock=lambda: time.time() - 600),
    # model
    Plant("a wrong key", "OPENAI_API_KEY", "key", {"OPENAI_API_KEY": "sk-wrong"}),
    Plant("no endpoint there", "OPENAI_BASE_URL", "network", {"OPENAI_BASE_URL": f"{NOWHERE}/v1"}),
    Plant("no API there", "OPENAI_BASE_URL", "/v1",
          lay=answers(Answer((Raw(b"<html>"),), headers={"content-type": "text/html"}))),
    Plant("no model named", "OPENAI_MODEL", "It offers", {"OPENAI_MODEL": None}),
    Plant("a model that is not there", "OPENAI_MODEL", "gpt-6-luna", {"OPENAI_MODEL": "gpt-7"}),
    Plant("an account that is spent", "OPENAI_API_KEY", "Pay",
          lay=answers(Answer(status=429, code="insufficient_quota"))),
    Plant("an endpoint that fails", "OPENAI_BASE_URL", "own log", lay=answers(Answer(status=500))),
    Plant("more answer than the model gives", "ANSWER_TOKENS", "Lower",
          {"ANSWER_TOKENS": "3000000", "CONTEXT_TOKENS": "4000000"}),
    # Slack
    Plant("a wrong bot token", "SLACK_BOT_TOKEN", "OAuth", {"SLACK_BOT_TOKEN": "xoxb-wrong"}),
    Plant("a wrong app token", "SLACK_APP_TOKEN", "connections:write",
          {"SLACK_APP_TOKEN": "xapp-wrong"}),
    Plant("two bot tokens", "SLACK_APP_TOKEN", "begins with xapp-",
          lay=refused("apps.connections.open", "not_allowed_token_type")),
    Plant("an app token without its scope", "SLACK_APP_TOKEN", "connections:write",
          lay=refused("apps.connections.open", "missing_scope")),
    Plant("Socket Mode off", "SLACK_APP_TOKEN", "Socket Mode must be on",
          lay=app(socket_mode=False)),
    Plant("a bot that may not answer", "SLACK_BOT_TOKEN", MANIFEST, lay=lacks("chat:write")),
    Plant("an app token of another app", "SLACK_APP_TOKEN", "same app",
          {"SLACK_APP_TOKEN": "xapp-1-A0OTHER-1-x"}, lay=app(app_token="xapp-1-A0OTHER-1-x")),
    Plant("an app that does not hear mentions", "SLACK_APP_TOKEN", MANIFEST, CONFIG,
          lay=deaf_to("app_mention")),
    Plant("an app that hears no follow-ups", "SLACK_APP_TOKEN", MANIFEST, CONFIG,
          lay=deaf_to("message.channels")),
    Plant("an app that was removed", "SLACK_BOT_TOKEN", "OAuth",
          lay=refused("auth.test", "account_inactive")),
    Plant("a burst of what is no method", "SLACK_BURSTS", "chat.update",
          {"SLACK_BURSTS": "chat.updates=3"}),
    Plant("another Slack that is not there", "SLACK_API_URL", "SLACK_API_URL",
          {"SLACK_API_URL": f"{NOWHERE}/api/"}),
    # Discord
    Plant("a wrong token", "DISCORD_TOKEN", "Developer Portal", {"DISCORD_TOKEN": "wrong"}),
    Plant("Message Content Intent off", "DISCORD_TOKEN", "switch on",
          lay=realm(privileged=frozenset())),
    Plant("a bot that may not write", "DISCORD_TOKEN", "oauth2/authorize",
          lay=realm(withheld=Permission.SEND_MESSAGES)),
    Plant("a bot that may not read back", "DISCORD_TOKEN", "oauth2/authorize",
          lay=realm(withheld=Permission.READ_MESSAGE_HISTORY)),
    Plant("interactions that go elsewhere", "DISCORD_TOKEN", "Interactions Endpoint URL",
          lay=realm(portal={"interactions_endpoint_url": "https://old.example.org/"})),
    Plant("another Discord that is not there", "DISCORD_API_URL", "DISCORD_API_URL",
          {"DISCORD_API_URL": f"{NOWHERE}/api/v10"}),
    # ports
    Plant("a port that somebody has", "ADMIN_PORT", "another port", lay=taken("ADMIN_PORT")),
    Plant("Slack's port that somebody has", "HTTP_PORT", "another port", lay=taken("HTTP_PORT")),
    Plant("one port for two", "HTTP_PORT", "another port",
          {"ADMIN_PORT": "8099", "HTTP_PORT": "8099"}),
    Plant("an address of another machine", "ADMIN_HOST", "127.0.0.1",
          {"ADMIN_PORT": "8098", "ADMIN_HOST": "192.0.2.1"}),
    # money and files
    Plant("nothing may be spent", "BUDGET_USD_PER_DAY", "off",
          {"BUDGET_USD_PER_DAY": "0", "PRICES_FILE": "prices.toml"}, lay=priced),
    Plant("nobody may spend anything", "BUDGET_USD_PER_PERSON_PER_DAY", "off",
          {"BUDGET_USD_PER_PERSON_PER_DAY": "0", "PRICES_FILE": "prices.toml"}, lay=priced),
    Plant("limits that are not there", "LIMITS_FILE", "another file", {"LIMITS_FILE": "none.toml"}),
    Plant("limits that are none", "LIMITS_FILE", "another file", {"LIMITS_FILE": "limits.toml"},
          lay=writes("limits.toml", "[rates]\nper_hour = 3\n")),
    Plant("prices that are none", "PRICES_FILE", "another file", {"PRICES_FILE": "prices.toml"},
          lay=writes("prices.toml", "[models.x]\ninput = 'much'\n")),
    Plant("personas that are none", "PERSONAS_FILE", "another file",
          {"PERSONAS_FILE": "personas.toml"}, lay=writes("personas.toml", "= 3")),
]  # fmt: skip


REMARKS = [
    Plant("a file that others may read", "", "chmod 600", lay=readable),
    Plant("a name of the environment that is nearly one", "OPENAI_MODEL", "Did you mean",
          {"OPENAI_MODELL": "gpt-4o"}),
    Plant("no database yet", "", "first start makes it"),
    Plant("a database of an older version", "", "upgrades it, after a backup", lay=older_database),
    Plant("a clock that is a minute fast", "", "set-ntp", clock=lambda: time.time() + 60),
    Plant("answers that come in one piece", "OPENAI_BASE_URL", "stream", lay=model(streams=False)),
    Plant("an endpoint that lists no models", "", "does not list its models",
          lay=faults("model", Fault("models", "status", status=500))),
    Plant("a model that is not listed", "", "not among the models",
          lay=model(listed=("gpt-6-luna",))),
    Plant("a model that is busy", "", "Try again",
          lay=answers(Answer(status=429, code="rate_limit_exceeded"))),
    Plant("a context that nobody knows", "CONTEXT_TOKENS", "not more than the model takes"),
    Plant("a smaller context than is set", "CONTEXT_TOKENS", "8192", lay=model(told_window=8192)),
    Plant("a price that nobody knows", "PRICES_FILE", "Set PRICES_FILE"),
    Plant("a stand-in that is not there", "OPENAI_FALLBACK_MODELS", "It offers",
          {"OPENAI_FALLBACK_MODELS": "gpt-7"}),
    Plant("a stand-in at an address that is not there", "OPENAI_FALLBACK_MODELS", "FALLBACK_KEYS",
          {"OPENAI_FALLBACK_MODELS": f"llama@{NOWHERE}/v1"}),
    Plant("an app that may do less", "SLACK_BOT_TOKEN", "documents", lay=lacks("files:read")),
    Plant("events that nobody has seen", "SLACK_CONFIG_TOKEN", "--listen"),
    Plant("an app configuration token that is over", "SLACK_CONFIG_TOKEN", "generate a new one",
          {"SLACK_CONFIG_TOKEN": "xoxe.xoxp-old"}),
    Plant("an app that does not hear of its end", "SLACK_APP_TOKEN", MANIFEST, CONFIG,
          lay=deaf_to("app_uninstalled")),
    Plant("a bot that anybody can add", "DISCORD_TOKEN", "Public Bot",
          lay=realm(portal={"bot_public": True})),
    Plant("invitations that do not work", "DISCORD_TOKEN", "Code Grant",
          lay=realm(portal={"bot_require_code_grant": True})),
    Plant("commands that Discord does not know yet", "", "first start tells it"),
    Plant("a bot in no server", "DISCORD_TOKEN", "permissions=", lay=realm(joined=False)),
    Plant("a server that is not allowed", "DISCORD_GUILDS", "Add 4000", {"DISCORD_GUILDS": "77"}),
    Plant("a server that it is not in", "DISCORD_GUILDS", "oauth2/authorize",
          {"DISCORD_GUILDS": "4000,77"}),
    Plant("a bot that may not add files", "DISCORD_TOKEN", "Attach Files",
          lay=realm(withheld=Permission.ATTACH_FILES)),
    Plant("no budget", "BUDGET_USD_PER_DAY", "LIMITS_FILE",
          {"BUDGET_USD_PER_DAY": "off", "BUDGET_USD_PER_PERSON_PER_DAY": "off"}),
    Plant("news for a platform that is off", "ALERT_CHANNEL", "of a platform",
          {"ALERT_CHANNEL": "discord/123456", "DISCORD_TOKEN": None}),
]  # fmt: skip
